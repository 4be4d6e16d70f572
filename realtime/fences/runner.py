"""The fences of all enterprises beside the tracking process: batches of fixes in, alarms, events and live counts out.

The tracking process calls :meth:`FenceRunner.feed` with every batch, off its own hot path. What a batch leads to is
written in one unit of work; while the database is away it waits and is written later, in order, nothing twice (alarms
are idempotent by their key). Edits of fences, zones, roads, people and badges are followed by the outbox.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from realtime.alarms.raising import AlarmFact, clear_alarms, raise_alarms
from realtime.fences import repository_facts as facts
from realtime.fences import repository_rules as rules
from realtime.fences import roster
from realtime.fences.commands import BadgeCommands
from realtime.fences.facts import Outcome
from realtime.fences.plant import PlantFences
from realtime.fences.streams import FENCES, HEADCOUNT
from realtime.fences.types import Manner
from realtime.hub.ingest import Publisher, Value, socket_path
from realtime.tracking.batch import FixBatch
from realtime.tracking.config import tracking_settings
from twin import clock
from twin.db import outbox
from twin.db.uow import UnitOfWork, unit_of_work
from twin.settings import get_settings

log = structlog.get_logger("realtime.fences")

_TOPICS = ("layer.geofence", "layer.zone", "layer.road", "layer.floor", "layer.site")
#: s between two looks at who carries a badge and how full it is, and between two full looks at the rules.
_LOOK, _RULES = 10.0, 300.0
#: Events that may wait for the database.
_WAITING = 200_000


class Publishes(Protocol):
    """What is needed of :class:`realtime.hub.ingest.Publisher`."""

    def publish(self, enterprise: UUID, topic: str, items: list[Value]) -> None:
        """Hand over values."""


#: Takes changes in order inside a unit of work: conditions that became true, keys with the time they ended.
Desk = Callable[[UnitOfWork, Sequence[AlarmFact | tuple[str, datetime]]], Awaitable[None]]


async def desk(uow: UnitOfWork, changes: Sequence[AlarmFact | tuple[str, datetime]]) -> None:
    """Hand changes to the alarm desk, many at once."""
    for raised, run in groupby(changes, key=lambda change: isinstance(change, AlarmFact)):
        if raised:
            await raise_alarms(uow, [change for change in run if isinstance(change, AlarmFact)])
        else:
            await clear_alarms(uow, [change for change in run if not isinstance(change, AlarmFact)])


@dataclass
class _Running:
    """The fences of one enterprise and what waits to be written."""

    plant: PlantFences
    waiting: Outcome = field(default_factory=Outcome)
    stale: bool = True
    started: bool = False
    rules_at: float = 0.0
    looked_at: float = 0.0


class FenceRunner:
    """A consumer of the tracking process.

    Args:
        publisher: where live counts go; None opens the hub's socket with the first batch.
        manner: how changes are confirmed.
    """

    def __init__(
        self, publisher: Publishes | None = None, *, manner: Manner | None = None, alarm_desk: Desk = desk
    ) -> None:
        self._publisher, self._manner, self._desk = publisher, manner, alarm_desk
        self._plants: dict[UUID, _Running] = {}
        self._stack = contextlib.AsyncExitStack()
        self._follower: asyncio.Task[None] | None = None
        self._commands: asyncio.Task[None] | None = None

    async def feed(self, batch: FixBatch) -> None:
        """Take a batch: evaluate it, show the counts, write what follows."""
        if self._follower is None:
            await self._open()
        running = self._plants.get(batch.enterprise)
        if running is None:
            running = self._plants[batch.enterprise] = _Running(PlantFences(batch.enterprise, self._manner))
        try:
            await self._prepare(running, batch)
        except (DBAPIError, OSError) as error:
            if not outbox.is_outage(error):
                raise
            log.warning("the rules of fences cannot be read", error=str(error).splitlines()[:1])
            if not running.started:
                return  # nothing is known of what was before: judging now would call everybody new
        made = running.plant.take(batch)
        self._show(batch.enterprise, made)
        running.waiting = running.waiting.then(made)
        await self._write(batch.enterprise, running)

    async def _open(self) -> None:
        self._follower = asyncio.create_task(self._follow(), name="fences follow edits")
        if self._publisher is None:
            self._publisher = await self._stack.enter_async_context(Publisher(socket_path(get_settings())))
        if url := tracking_settings().mqtt_url:
            self._commands = asyncio.create_task(BadgeCommands(url).run(), name="commands to badges")

    async def close(self) -> None:
        """Stop following and hang up. What waits is written by the next run from what was kept."""
        tasks = [task for task in (self._follower, self._commands) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._follower = self._commands = None
        await self._stack.aclose()

    async def _follow(self) -> None:
        """Mark an enterprise's rules as edited the moment that an edit is committed."""
        topics = [*_TOPICS, *roster.topics(), "badge_binding"]
        async for events in outbox.follow(topics):
            for event in events:
                running = self._plants.get(event.enterprise_id)
                if running is not None:
                    running.stale, running.looked_at = True, 0.0

    async def _prepare(self, running: _Running, batch: FixBatch) -> None:
        """Bring rules and bearers up to date; at the first batch also what was true before."""
        now = clock.monotonic()
        plant = running.plant
        if running.stale or now - running.rules_at >= _RULES:
            running.stale = False
            try:
                async with unit_of_work(batch.enterprise, origin="fences", snapshot=True) as uow:
                    ground = await rules.ground(uow.session, get_settings().site)
                    standing = [] if running.started else await rules.standing(uow.session)
                if ground is not None:
                    first = not running.started
                    running.waiting = running.waiting.then(plant.change(ground, batch.at))
                    if first:
                        running.waiting = running.waiting.then(plant.restore(standing, batch))
                        running.started = True
                running.rules_at = now
            except BaseException:
                running.stale = True
                raise
        if now - running.looked_at >= _LOOK:
            async with unit_of_work(batch.enterprise, origin="fences") as uow:
                bound, full = await rules.bearers(uow.session)
            plant.bound(bound, full)
            running.looked_at = now

    def _show(self, enterprise: UUID, made: Outcome) -> None:
        if self._publisher is not None:
            for topic, values in ((FENCES, made.fences), (HEADCOUNT, made.headcount)):
                if values:
                    self._publisher.publish(enterprise, topic, values)

    async def _write(self, enterprise: UUID, running: _Running) -> None:
        waiting = running.waiting
        if waiting.empty:
            return
        try:
            async with unit_of_work(enterprise, origin="fences") as uow:
                if waiting.alarms:
                    await self._desk(uow, waiting.alarms)
                await facts.add_events(uow.session, enterprise, waiting.facts)
                kept = [row for row in waiting.standing.values() if row is not None]
                await facts.put_standing(uow.session, enterprise, kept)
                await facts.drop_standing(uow.session, [pair for pair, row in waiting.standing.items() if row is None])
                await facts.put_places(uow.session, enterprise, [p for p in waiting.places.values() if p is not None])
                await facts.drop_places(uow.session, [who for who, place in waiting.places.items() if place is None])
        except (DBAPIError, OSError) as error:
            if not outbox.is_outage(error):
                running.waiting = Outcome()  # what cannot be written would stand in the way of all that follows
                raise
            log.warning("what fences found waits for the database", error=str(error).splitlines()[:1])
            if len(waiting.facts) > _WAITING:
                log.error("events of fences are lost", lost=len(waiting.facts) - _WAITING)
                del waiting.facts[: len(waiting.facts) - _WAITING]
            return
        running.waiting = Outcome()
