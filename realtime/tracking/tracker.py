"""The engine of one enterprise at work: messages in at any time, one batch of fixes a second out. No input or output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.engine import Engine
from realtime.positioning.scatter import together
from realtime.positioning.types import Floats, Ints, Kind, Records, State
from realtime.tracking.batch import PERSON, VEHICLE, FixBatch, Subject
from realtime.tracking.clocks import Clocks
from realtime.tracking.listening import Listening
from realtime.tracking.messages import Heard
from realtime.tracking.world import World, make_engine

#: s after which somebody who was lost is no longer shown at all.
FORGET = 24 * 3600.0
#: Measurements that may wait for the next beat.
_QUEUE = 2_000_000
#: s in which a pressed button is one call.
_AGAIN = 10.0


@dataclass(frozen=True)
class Call:
    """Somebody pressed the SOS button; ``place`` (lon, lat, h, floor code, age in s) is the last good fix."""

    subject: Subject
    t: float
    lon: float | None
    lat: float | None
    h: float | None
    floor: str | None
    zone: str | None
    age: float | None


class Tracker:
    """Runs a :class:`World`; not thread-safe, one event loop drives it.

    Args:
        call: told at once when a bound badge's SOS button is pressed.
        silent_s: s without any message after which the feed counts as lost.
    """

    def __init__(self, world: World, call: Callable[[Call], None], silent_s: float = 60.0) -> None:
        self.world, self._call = world, call
        self.listening = Listening(silent_s)
        self.engine: Engine = make_engine(world)
        self.clocks = Clocks()
        self.counters: Counter[str] = Counter()
        self.strangers: dict[str, float] = {}
        self.battery: dict[str, float] = {}
        self.last: FixBatch | None = None
        self._queue: list[Records] = []
        self._queued = 0
        self._called: dict[str, float] = {}
        self.roster = 0
        self._subjects: tuple[Subject, ...] = ()
        self._subject_of: Ints = np.zeros(0, np.int64)
        self._kind_of: NDArray[np.int8] = np.zeros(0, np.int8)
        self._given: Floats = np.zeros(0)
        self._bind()

    def take(self, heard: Heard, now: float) -> None:
        """A message that arrived at ``now``."""
        self.counters["messages"] += 1
        self.listening.word(now)
        batch = self.clocks.settle(heard.gateway, heard.measurements, now)
        for code in heard.unknown:
            self.counters["unknown_badge"] += 1
            if len(self.strangers) < 10_000:
                self.strangers[code] = now
        self.battery.update(heard.battery)
        for code, t in heard.sos:
            self._sos(code, min(t, now), now)
        if self._queued + batch.size > _QUEUE:
            self.counters["overflow"] += batch.size
            return
        self._queue.append(batch)
        self._queued += batch.size

    def _sos(self, code: str, t: float, now: float) -> None:
        if now - self._called.get(code, -np.inf) < _AGAIN:
            self._called[code] = now
            return
        row = self.world.names.badges.get(code, -1)
        badge = self.world.plant.badges[row] if row >= 0 else None
        if badge is None or badge.subject is None:
            self.counters["sos_unbound"] += 1
            return
        self._called[code] = now
        self._call(self._whereabouts(badge.subject, row, t, now))

    def _whereabouts(self, subject: Subject, row: int, t: float, now: float) -> Call:
        batch = self.last
        at = np.flatnonzero(batch.index == self._subject_of[row]) if batch is not None else np.zeros(0, np.int64)
        if batch is None or not at.size:
            return Call(subject, t, None, None, None, None, None, None)
        i = int(at[0])
        floor, zone = int(batch.floor[i]), int(batch.zone[i])
        return Call(
            subject, t, float(batch.lon[i]), float(batch.lat[i]), float(batch.alt[i]),
            batch.floors[floor] if floor >= 0 else None, batch.zones[zone] if zone >= 0 else None,
            max(0.0, now - float(batch.t[i])),
        )  # fmt: skip

    def tick(self, now: float) -> FixBatch:
        """All fixes as of ``now``."""
        fixes, subject = self._fixes(now)
        self.last = self._batch(fixes, subject, now)
        return self.last

    def news(self, now: float) -> FixBatch:
        """Fixes as of ``now`` of those alone who were measured since their last one."""
        fixes, subject = self._fixes(now)
        new = fixes["event_time"] > self._given[subject]
        return self._batch(fixes.compress(new), subject[new], now)

    def _fixes(self, now: float) -> tuple[Records, Ints]:
        """Everybody's fix and subject index."""
        if self._queue:
            queue, self._queue, self._queued = self._queue, [], 0
            self.engine.feed(queue[0] if len(queue) == 1 else together(queue), now)
        fixes = self.engine.publish(now)
        subject = self._subject_of[fixes["badge"]] if fixes.size else np.zeros(0, np.int64)
        keep = (subject >= 0) & (fixes["age"] <= FORGET)
        if not keep.all():
            fixes, subject = fixes.compress(keep), subject[keep]
        return fixes, subject

    def _batch(self, fixes: Records, subject: Ints, now: float) -> FixBatch:
        world, floors = self.world, self.engine.floors
        self._given[subject] = fixes["event_time"]
        x, y, z = (np.ascontiguousarray(fixes[name]) for name in ("x", "y", "z"))
        lon, lat = world.plant.frame.to_lonlat(x, y)
        inside = floors.building[fixes["badge"]] if floors is not None else np.full(fixes.size, -1, np.int64)
        return FixBatch(
            enterprise=world.plant.enterprise, at=now, roster=self.roster, subjects=self._subjects,
            floors=world.floors, zones=world.zones.codes,
            index=subject.astype(np.int32), kind=self._kind_of[subject],
            t=fixes["event_time"].copy(), age=fixes["age"].copy(), x=x, y=y, h=z, lon=lon, lat=lat,
            floor=world.floor_of(inside, fixes["floor"]), zone=world.zones.of(x, y, z),
            speed=fixes["speed"].copy(), r95=fixes["r95"].copy(),
            state=fixes["state"].copy(), source=fixes["source"].copy(), base=world.plant.frame.h,
            silent=self.listening.silent(fixes["event_time"], now), deaf=self.listening.deaf(now),
        )  # fmt: skip

    def change(self, world: World) -> None:
        """Go on in a changed plant: what is known of each badge and anchor is kept."""
        if self._same_engine(world):
            self.world = world
            self.engine.constrain(world.plant.solids, world.plant.fences)
            self._roles()
        else:
            before, saved = self.world, self.engine.snapshot()
            self.world, self.engine = world, make_engine(world)
            self.engine.restore(
                carry(saved, before.badges, before.table.ids, self.engine.snapshot(), world.badges, world.table.ids)
            )
        self._bind()

    def _same_engine(self, world: World) -> bool:
        mine, new = self.world.plant, world.plant
        return (self.world.badges, mine.anchors, mine.floors, mine.buildings, mine.passages, mine.radio_maps) == (
            world.badges, new.anchors, new.floors, new.buildings, new.passages, new.radio_maps
        )  # fmt: skip

    def _roles(self) -> None:
        fresh = make_engine(self.world)
        self.engine.tracks.limit[:], self.engine.tracks.agility[:] = fresh.tracks.limit, fresh.tracks.agility

    def _bind(self) -> None:
        """Give every carried badge a subject index; known subjects keep theirs."""
        known = {(s.kind, s.id): i for i, s in enumerate(self._subjects)}
        subjects = list(self._subjects)
        rows = np.full(max(1, len(self.world.badges)), -1, np.int64)
        for row, badge in enumerate(self.world.plant.badges):
            if badge.subject is None:
                continue
            key = (badge.subject.kind, badge.subject.id)
            if key in known:
                subjects[known[key]] = badge.subject
            else:
                known[key] = len(subjects)
                subjects.append(badge.subject)
            rows[row] = known[key]
        made = tuple(subjects)
        if made != self._subjects or rows.tolist() != self._subject_of.tolist():
            self.roster += 1
            self._given = np.append(self._given, np.full(len(made) - self._given.size, -np.inf))
            self._subjects, self._subject_of = made, rows
            self._kind_of = np.array([VEHICLE if s.kind == "vehicle" else PERSON for s in made] or [PERSON], np.int8)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """What a restart needs, with the names of its rows."""
        names = {"badges": np.array(self.world.badges), "anchors": np.array(self.world.table.ids)}
        return {**self.engine.snapshot(), **names}

    def restore(self, saved: dict[str, NDArray[Any]]) -> None:
        """Go on from a snapshot of another run; badges and anchors may have come and gone."""
        saved = dict(saved)
        badges, anchors = (tuple(saved.pop(name).tolist()) for name in ("badges", "anchors"))
        world = self.world
        fresh = self.engine.snapshot()
        self.engine.restore(carry(saved, badges, anchors, fresh, world.badges, world.table.ids))
        self.listening.heard = float(self.engine.seen.max(initial=-np.inf))  # since then nobody has listened


def carry(
    saved: dict[str, NDArray[Any]], badges: tuple[str, ...], anchors: tuple[str, ...],
    fresh: dict[str, NDArray[Any]], new_badges: tuple[str, ...], new_anchors: tuple[str, ...],
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """A snapshot with the rows of other badges and anchors: known ones bring their state, new ones start fresh.

    Ranges of the acquisition ring name anchors by row: they are forgotten when the rows of anchors have moved.
    """
    old_badge, old_anchor = ({code: i for i, code in enumerate(codes)} for codes in (badges, anchors))
    pairs = [(i, old_badge[code]) for i, code in enumerate(new_badges) if code in old_badge]
    to, of = (np.array([p[side] for p in pairs], np.int64) for side in (0, 1))
    out = {}
    for name, blank in fresh.items():
        have, value = saved.get(name), blank.copy()
        if name.startswith(("waiting", "arrived")):
            continue
        if have is None or have.ndim != blank.ndim:
            pass
        elif name == "health":
            for i, code in enumerate(new_anchors):
                if code in old_anchor:
                    value[i] = have[old_anchor[code]]
        elif name == "tracks.ring" and anchors != new_anchors:
            pass
        elif have.shape[1:] == blank.shape[1:] and to.size:
            value[to] = have[of]
        out[name] = value
    for name in [n for n in saved if n.startswith("waiting")]:
        arrived = name.replace("waiting", "arrived", 1)
        out[name], out[arrived] = _renamed(saved[name], saved[arrived], badges, anchors, new_badges, new_anchors)
    return out


def _renamed(
    kept: Records, arrived: Floats,
    badges: tuple[str, ...], anchors: tuple[str, ...], new_badges: tuple[str, ...], new_anchors: tuple[str, ...],
) -> tuple[Records, Floats]:  # fmt: skip
    """Measurements that wait, with the rows of other badges and anchors; those of unknown ones are left out."""
    badge, anchor = (
        np.array([new.get(code, -1) for code in old] + [-1], np.int32)
        for old, new in (
            (badges, {c: i for i, c in enumerate(new_badges)}),
            (anchors, {c: i for i, c in enumerate(new_anchors)}),
        )
    )
    out = kept.copy()
    out["badge"] = badge[kept["badge"]]
    had = kept["anchor"] >= 0
    for column in ("anchor", "anchor2"):
        out[column] = np.where(kept[column] >= 0, anchor[kept[column]], -1)
    by_anchor = had & np.isin(kept["kind"], (Kind.RANGE, Kind.TDOA, Kind.RSSI))
    known = (out["badge"] >= 0) & (~by_anchor | (out["anchor"] >= 0))
    known &= (kept["kind"] != Kind.TDOA) | (out["anchor2"] >= 0)
    return out[known], arrived[known]


def usable(batch: FixBatch) -> NDArray[np.bool_]:
    """(n,) fixes that were measured just now."""
    return np.asarray((batch.state == State.GOOD) | (batch.state == State.DEGRADED))
