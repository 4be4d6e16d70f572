"""The alarm engine inside the gateway: it sees every new state in memory, and writes what follows without ever making
the data wait. While the database is away alarms queue up in memory, in order."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from sqlalchemy.exc import DBAPIError

from realtime.alarms import repository_points
from realtime.alarms.engine import Change, Engine
from realtime.alarms.raising import AlarmFact, clear_alarms, raise_alarms
from realtime.alarms.setpoints import GRADES, STAGES, Setpoint, layer_limits
from realtime.history.samples import instant, micros
from realtime.ingest.tap import SampleBatch, SourceEvent
from twin import clock
from twin.db.outbox import is_outage
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.settings import Settings

log = structlog.get_logger("realtime.alarms")

#: Seconds between two looks at what is set, and between two looks at the delays.
LOOK, TICK = 0.5, 0.1
_BATCH = 1000
#: Facts kept while the database is away; beyond, the oldest are lost (and told).
MEMORY = 200_000


@dataclass(frozen=True, slots=True)
class Point:
    """What a point's alarms say of it."""

    enterprise: UUID
    row: Mapping[str, Any]
    grades: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ended:
    """A condition is gone."""

    key: str
    at: datetime


class AlarmSink:
    """A sink of the gateway's tap. Public numbers: ``written``, ``lost``."""

    def __init__(self, settings: Settings, *, look: float = LOOK) -> None:
        self._look = look
        self.engine = Engine()
        self.points_of: dict[UUID, Point] = {}
        self._tags: dict[int, UUID] = {}
        self._lookup = np.zeros(0, dtype=np.int64)
        self._early: dict[int, tuple[Any, Any, Any, Any]] = {}  # newest state of points that are not known yet
        self._sources: dict[UUID, list[UUID]] = {}
        self._silent: set[UUID] = set()  # sources that are lost, were stopped or were not heard yet
        self._sourceless: list[UUID] = []  # points that no source measures
        self._waiting: deque[tuple[UUID, AlarmFact | Ended]] = deque()
        self._wake = asyncio.Event()
        self._revision: tuple[Any, ...] | None = None
        self._careful = False  # write one by one
        self._clock = clock.SetWatch()
        self.written = self.lost = 0

    # The gateway's calls -----------------------------------------------------------------------------

    def points(self, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        """The points that the gateway measures now."""
        self._tags = {tag: device for tag, (_, device) in owners.items()}
        self._index()

    def samples(self, batch: SampleBatch) -> None:
        """Judge new states."""
        self._look_at_clock()
        index = np.full(len(batch), -1, dtype=np.int64)
        known = batch.tag < len(self._lookup)
        index[known] = self._lookup[batch.tag[known]]
        for k in np.flatnonzero(index < 0):  # its set-points are not read yet; a value that stands is not sent again
            self._early[int(batch.tag[k])] = (batch.ts[k], batch.received[k], batch.value[k], batch.quality[k])
        rows = index >= 0
        if rows.any():
            self._put(
                self.engine.take(
                    index[rows], batch.ts[rows], batch.received[rows], batch.value[rows], batch.quality[rows]
                )
            )

    def source(self, event: SourceEvent) -> None:
        """A source came or went: its communication alarm (clause M9.2)."""
        key = f"comm:{event.source_id}"
        if event.kind == "up":
            self._silent.discard(event.source_id)
        else:  # whoever stops a source knows that its points say nothing, and needs no alarm for each of thousands
            self._silent.add(event.source_id)
        if event.kind == "down":
            title = {"name": event.name, "points": event.points, "reason": event.reason}
            fact = AlarmFact(
                key=key, source="comm", type="comm", grade=GRADES["comm"], at=event.at, title=title,
                value=float(event.points), subject_layer="source", subject_id=event.source_id, subject_name=event.name,
            )  # fmt: skip
            self._queue(event.enterprise_id, fact)
        elif event.kind != "starting":
            self._queue(event.enterprise_id, Ended(key, event.at))
        self._cover()

    async def run(self) -> None:
        """Follow what is set, end the delays, and write what was found."""
        async with asyncio.TaskGroup() as group:
            for part in (self._follow(), self._ticks(), self._write()):
                group.create_task(part)

    # What is set -------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            try:
                await self.reload()
            except (DBAPIError, OSError) as error:
                if not is_outage(error):
                    raise
            await asyncio.sleep(self._look)

    async def reload(self) -> None:
        """Take over set-points that have changed; the first time also what was active before."""
        async with unit_of_work(ALL_ENTERPRISES, snapshot=True) as uow:
            revision = await repository_points.revision(uow.session)
            if revision == self._revision:
                return
            rows = await repository_points.points(uow.session)
            first = self._revision is None
            active = await repository_points.active_keys(uow.session) if first else []
        settings, points, sources = [], {}, dict[UUID, list[UUID]]()
        self._sourceless = [row["id"] for row in rows if row["source_id"] is None]
        for row in rows:
            setpoint = Setpoint.model_validate(row["settings"] or {})
            settings.append(setpoint.setting(row["id"], layer_limits(row), row["enabled"], row["bad_after_s"] or 0.0))
            points[row["id"]] = Point(row["enterprise_id"], row, {**GRADES, **setpoint.grades})
            if row["source_id"] is not None:
                sources.setdefault(row["source_id"], []).append(row["id"])
        before, self.points_of, self._sources = self.points_of, points, sources
        restored = []
        for enterprise, key in active:
            head, _, rest = key.partition(":")
            device, kind = _parts(rest)
            if head == "point" and device in points:
                restored.append((device, kind))
            elif head == "point" or device not in sources:
                self._queue(enterprise, Ended(key, clock.now()))  # its point or source is no more
        changes = self.engine.configure(settings, micros(clock.now()), restored)
        self._revision = revision
        self._index()
        self._cover()
        self._put(changes, before)

    def _index(self) -> None:
        self._lookup = np.full(max(self._tags, default=-1) + 1, -1, dtype=np.int64)
        for tag, device in self._tags.items():
            self._lookup[tag] = self.engine.index.get(device, -1)
        ready = [tag for tag in self._early if tag in self._tags and self._lookup[tag] >= 0]
        if ready:
            ts, received, value, quality = zip(*(self._early.pop(tag) for tag in ready), strict=True)
            index = self._lookup[np.array(ready)]
            self._put(self.engine.take(index, np.array(ts), np.array(received), np.array(value), np.array(quality)))

    def _cover(self) -> None:
        down = np.zeros(len(self.engine.index), dtype=np.bool_)
        silent = (self._sources.get(source, ()) for source in self._silent)
        for device in chain(self._sourceless, *silent):
            if (i := self.engine.index.get(device)) is not None:
                down[i] = True
        self.engine.cover(down, micros(clock.now()))

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._look_at_clock()
            self._put(self.engine.tick(micros(clock.now())))

    def _look_at_clock(self) -> None:
        """A clock that was set back would otherwise keep every delayed alarm waiting for as long as it was set back."""
        if by := self._clock.jump():
            log.warning("the wall clock was set", by_s=round(by, 3))
            self.engine.shift(round(by * 1e6))

    # What follows ------------------------------------------------------------------------------------

    def _put(self, changes: list[Change], before: Mapping[UUID, Point] | None = None) -> None:
        for change in changes:
            point = self.points_of.get(change.device) or (before or {}).get(change.device)
            if point is not None:
                self._queue(point.enterprise, _fact(change, point) if change.on else _ended(change))

    def _queue(self, enterprise: UUID, fact: AlarmFact | Ended) -> None:
        if len(self._waiting) >= MEMORY:
            self._waiting.popleft()
            self.lost += 1
        self._waiting.append((enterprise, fact))
        self._wake.set()

    async def _write(self) -> None:
        self._wake.set()  # what an earlier run left
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                try:
                    await self.flush()
                except (DBAPIError, OSError) as error:
                    if not is_outage(error):
                        raise
                    await asyncio.sleep(0.5)

    async def flush(self) -> None:
        """Write the oldest waiting facts of one enterprise: a run of raises or a run of ends, in one transaction.

        A run that the database refuses is tried one by one, and what it refuses alone is left out and counted as lost:
        one bad fact must not hold back the alarms behind it.
        """
        enterprise, head = self._waiting[0]
        run: list[AlarmFact | Ended] = []
        while self._waiting and len(run) < _BATCH:
            owner, fact = self._waiting[0]
            if owner != enterprise or type(fact) is not type(head):
                break
            run.append(fact)
            self._waiting.popleft()
        try:
            while run:
                part = run[: 1 if self._careful else _BATCH]
                try:
                    await _store(enterprise, part)
                except Exception as error:
                    if isinstance(error, (DBAPIError, OSError)) and is_outage(error):
                        raise
                    if len(part) > 1:
                        self._careful = True
                        continue
                    log.exception("an alarm could not be written", key=part[0].key)
                    self.lost += 1
                else:
                    self.written += len(part)
                del run[: len(part)]
        finally:
            self._careful = False
            self._waiting.extendleft((enterprise, fact) for fact in reversed(run))


async def _store(enterprise: UUID, run: list[AlarmFact | Ended]) -> None:
    async with unit_of_work(enterprise, origin="alarm engine") as uow:
        if facts := [fact for fact in run if isinstance(fact, AlarmFact)]:
            await raise_alarms(uow, facts)
        else:
            await clear_alarms(uow, [(fact.key, fact.at) for fact in run if isinstance(fact, Ended)])


def _parts(rest: str) -> tuple[UUID, str]:
    """Id and condition of a key; the nil id for a key that is not one of ours."""
    device, _, kind = rest.partition(":")
    try:
        return UUID(device), kind
    except ValueError:
        return UUID(int=0), kind


def _key(change: Change) -> str:
    return f"point:{change.device}:{change.type}"


def _ended(change: Change) -> Ended:
    return Ended(_key(change), instant(change.at))


def _fact(change: Change, point: Point) -> AlarmFact:
    row = point.row
    title = {
        "name": row["name"], "tag": row["tag"], "unit": row["unit_text"] or "",
        "value": _short(change.value), "limit": _short(change.limit),
    }  # fmt: skip
    return AlarmFact(
        key=_key(change), source="point", type=change.type, grade=point.grades[change.type], at=instant(change.at),
        title=title, value=change.value, limit=change.limit, subject_layer="device", subject_id=row["id"],
        subject_name=row["name"], zone_code=row["zone_code"], lon=row["lon"], lat=row["lat"], h=row["h"],
        stage=STAGES.get(change.type, 0),
    )  # fmt: skip


def _short(value: float) -> str | float:
    return "-" if not math.isfinite(value) else float(f"{value:.6g}")


SINKS = (AlarmSink,)
