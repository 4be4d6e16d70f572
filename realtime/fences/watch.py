"""Conditions that are about somebody and no fence: off route, parked wrongly, battery low, badge lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from realtime.fences.engine import FenceEngine
from realtime.fences.roster import Entry
from realtime.positioning.types import Floats, State
from realtime.tracking.batch import VEHICLE, FixBatch

#: s that a vehicle may be off its roads, and that it may stand where it may not park.
OFF_ROUTE, PARKING = 15.0, 300.0
#: Percent below which a battery is low, and from which it is well again.
LOW, WELL = 15.0, 25.0
#: s after which a badge that is not heard of, while others are, is lost.
LOST = 900.0


def _silent(batch: FixBatch) -> Floats:
    return batch.age if batch.silent is None else batch.silent


@dataclass(frozen=True)
class Finding:
    """A condition of the subject in row ``row`` that is (or is no longer) true."""

    row: int
    type: str
    broken: bool
    value: float | None = None
    limit: float | None = None


class Watch:
    """Judges subjects one by one. ``open`` holds subject and type of what is broken now."""

    def __init__(self) -> None:
        self.open: set[tuple[UUID, str]] = set()
        self._off: dict[UUID, float] = {}
        self.batteries: dict[UUID, float] = {}

    def pause(self, by: float) -> None:
        """For ``by`` s nobody could be heard: they count for nothing."""
        self._off = {who: since + by for who, since in self._off.items()}

    def judge(self, batch: FixBatch, engine: FenceEngine, entries: Mapping[UUID, Entry]) -> Iterator[Finding]:
        """Changes since the last call."""
        for i in self._due(batch):
            row = int(batch.index[i])
            subject = batch.subjects[row]
            for found in self._of(batch, i, row, engine, entries.get(subject.id)):
                if found.broken != ((subject.id, found.type) in self.open):
                    (self.open.add if found.broken else self.open.discard)((subject.id, found.type))
                    yield found

    def _due(self, batch: FixBatch) -> list[int]:
        """Fixes of those about whom anything can be found: few of many."""
        due = set(np.flatnonzero((_silent(batch) > LOST) | (batch.kind == VEHICLE)).tolist())
        known = {who for who, _ in self.open} | {who for who, full in self.batteries.items() if full < LOW}
        if known:
            due |= {i for i, row in enumerate(batch.index.tolist()) if batch.subjects[row].id in known}
        return sorted(due)

    def _of(self, batch: FixBatch, i: int, row: int, engine: FenceEngine, entry: Entry | None) -> Iterator[Finding]:
        subject, silent = batch.subjects[row], float(_silent(batch)[i])
        if subject.kind == "person":
            if silent > LOST or batch.state[i] <= State.DEGRADED:
                yield Finding(row, "lost_badge", silent > LOST, silent, LOST)
        elif entry is not None and batch.state[i] <= State.HELD:
            yield from self._vehicle(batch.at, row, subject.id, engine, entry)
        full = self.batteries.get(subject.id)
        if full is not None and (full < LOW or full >= WELL):
            yield Finding(row, "low_battery", full < LOW, full, LOW)

    def _vehicle(self, now: float, row: int, subject: UUID, engine: FenceEngine, entry: Entry) -> Iterator[Finding]:
        here = engine.fences_of(row)
        parked = any(name in here for name in entry.parking)
        if entry.roads:
            on = parked or any(f"road:{code}" in here for code in entry.roads)
            since = self._off.setdefault(subject, now)
            if on:
                del self._off[subject]
                yield Finding(row, "off_route", False)
            elif now - since >= OFF_ROUTE:
                yield Finding(row, "off_route", True, now - since, OFF_ROUTE)
        if entry.parking:
            rested = now - engine.rest_since(row)
            limit = (entry.parking_seconds or float("inf")) if parked else PARKING
            yield Finding(row, "parking", rested >= limit, rested, limit)

    def forget(self, subject: UUID) -> list[str]:
        """Types of what was open about somebody who carries no badge any more."""
        gone = [kind for who, kind in self.open if who == subject]
        self.open -= {(subject, kind) for kind in gone}
        self._off.pop(subject, None)
        return gone
