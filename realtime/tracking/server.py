"""The tracking process (``python -m realtime.tracking.server``): sources, engine, live stream, tracks, figures."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import itertools
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from realtime.hub.ingest import Publisher, socket_path
from realtime.tracking import alarms, raw, repository, repository_health
from realtime.tracking.batch import FixBatch
from realtime.tracking.config import TrackingSettings, tracking_settings
from realtime.tracking.health import Verdict
from realtime.tracking.plant import Consumer, PlantTracking
from realtime.tracking.sources import PositionSource
from realtime.tracking.sources.mqtt import MqttSource
from realtime.tracking.sources.sockets import LocalSource, TcpSource, UdpSource, local_path
from realtime.tracking.store import Store
from realtime.tracking.tracker import Call
from realtime.tracking.vendors import Mapping, load
from realtime.tracking.world import build
from twin import clock
from twin.db import outbox, uow
from twin.errors import Unavailable
from twin.ops.lifeline import run_service, until_stopped
from twin.settings import Settings

log = structlog.get_logger("realtime.tracking")

#: Seconds between two batches (halfway those who were measured meanwhile are told), looks at the plant, writes of tracks,
#: of the state, of figures, of the anchors' health.
BEAT, LOOK, WRITE, SAVE, FIGURES, ANCHORS = 1.0, 3.0, 5.0, 15.0, 60.0, 300.0
_RETRY = 2.0
#: Times that a call for help is tried when something else than an outage is in the way.
_TRIES = 50


def outage(error: BaseException) -> bool:
    """Whether an error only says that the database is away."""
    return isinstance(error, Unavailable | OSError) or (isinstance(error, DBAPIError) and outbox.is_outage(error))


class ClockSet(Exception):
    """The wall clock was set. Event times, ages and dwell times on both sides of that do not go together, so the process ends and the
    supervisor starts it anew: positions find themselves within seconds, and no old one is shown as fresh."""


class Tracking:
    """All enterprises of the installation; :meth:`run` until cancelled."""

    def __init__(
        self,
        settings: Settings,
        tracking: TrackingSettings,
        publisher: Publisher,
        *,
        beat: float = BEAT,
        consumers: Sequence[Consumer] | None = None,
    ) -> None:
        self._settings, self._tracking, self._publisher, self._beat = settings, tracking, publisher, beat
        self.store = Store(settings, tracking)
        self.plants: dict[UUID, PlantTracking] = {}
        self._home: UUID | None = None
        self._revision: tuple[Any, ...] | None = None
        self._calls: asyncio.Queue[tuple[UUID, Call]] = asyncio.Queue()
        self._mapping: Mapping | None = load(tracking.vendor) if tracking.vendor else None
        self._consumers = list(consumers) if consumers is not None else _found_consumers()
        self._batches: asyncio.Queue[FixBatch] = asyncio.Queue(maxsize=8)

    def sources(self) -> list[PositionSource]:
        """The transports that are set."""
        t = self._tracking
        found: list[PositionSource] = [LocalSource(local_path(self._settings))]
        if t.udp_port:
            found.append(UdpSource(t.host, t.udp_port))
        if t.tcp_port:
            found.append(TcpSource(t.host, t.tcp_port))
        if t.mqtt_url:
            found.append(MqttSource(t.mqtt_url, t.mqtt_topic))
        return found

    async def run(self) -> None:
        """Run everything; what was collected is written before it ends."""
        await self._first_look()
        steps = [
            self._watch(),
            self._beats(),
            self._writes(),
            self._windows(),
            self._help(),
            self._consume(),
            self._feeds(),
        ]
        tasks = [asyncio.create_task(step) for step in steps]
        tasks += [asyncio.create_task(self._keep(source), name=source.name) for source in self.sources()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._close()

    async def _close(self) -> None:
        while not self._calls.empty():  # a call for help is not lost with the process
            enterprise, call = self._calls.get_nowait()
            try:
                await alarms.sos(enterprise, call)
            except Exception as error:
                log.error("an SOS call could not be raised", subject=call.subject.name, error=repr(error))
        for plant in self.plants.values():
            plant.save()
            plant.write_minute(clock.now())
        try:
            await self.store.flush()
        except Unavailable as error:
            log.error("the last track points could not be written", error=str(error))
        await self.store.close()
        for consumer in self._consumers:
            await consumer.close()

    def take(self, enterprise: UUID | None, message: bytes) -> None:
        """A message of a source."""
        plant = self.plants.get(enterprise or self._home or UUID(int=0))
        if plant is not None:
            plant.take(message, self._mapping, clock.timestamp())

    async def _keep(self, source: PositionSource) -> None:
        """Run a transport again and again."""
        error = ""
        while True:
            try:
                await source.run(self.take)
            except OSError as problem:
                if str(problem) != error:
                    error = str(problem)
                    log.warning("a source of positions is lost", source=source.name, error=error)
            await asyncio.sleep(_RETRY)

    async def _first_look(self) -> None:
        while True:
            try:
                return await self.reload()
            except (DBAPIError, OSError) as error:
                if not outage(error):
                    raise
                log.warning("the plant cannot be read", error=str(error).splitlines()[0])
                await asyncio.sleep(_RETRY)

    async def _watch(self) -> None:
        """Follow the plant, its badges and who carries them."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self.reload()
            except (DBAPIError, OSError) as error:
                if not outage(error):
                    raise
                log.warning("the plant cannot be read", error=str(error).splitlines()[0])

    async def reload(self) -> None:
        """Take over what has changed in the database."""
        async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
            revision = await repository.revision(unit.session)
            if revision == self._revision:
                return
            found = await repository.enterprises(unit.session)
        for enterprise, code in found:
            if code == self._settings.enterprise or self._home is None:
                self._home = enterprise
            async with uow.unit_of_work(enterprise, snapshot=True) as unit:
                plant = await repository.plant(unit.session, enterprise, self._settings.site)
            if plant is None:
                continue
            world = build(plant)
            if enterprise in self.plants:
                self.plants[enterprise].tracker.change(world)
                continue
            made = PlantTracking(self._settings, self._tracking, world, self._publisher, self._calls)
            resumed = made.resume()
            made.watch.short = await alarms.short_zones(enterprise)
            self.plants[enterprise] = made
            log.info(
                "tracking", enterprise=code, badges=len(world.badges), anchors=len(world.table.ids), resumed=resumed
            )
        self._revision = revision

    async def _beats(self) -> None:
        """A batch every beat, on the beat; a beat that was missed is left out, not made up for. Halfway between two batches
        the screens get what is new: no measurement waits longer than half a beat."""
        due, wall = clock.monotonic(), clock.SetWatch()
        for half in itertools.count():
            due = max(due + self._beat / 2, clock.monotonic())
            await asyncio.sleep(due - clock.monotonic())
            if by := wall.jump():
                raise ClockSet(f"the wall clock was set by {by:.3f} s")
            now = clock.timestamp()
            for plant in self.plants.values():
                if half % 2:
                    plant.tell(now)
                    continue
                batch, rows = plant.tick(now)
                self.store.add(plant.enterprise, rows)
                if self._consumers and not self._batches.full():
                    self._batches.put_nowait(batch)

    async def _consume(self) -> None:
        while True:
            batch = await self._batches.get()
            for consumer in self._consumers:
                try:
                    await consumer.feed(batch)
                except Exception as error:  # one module's fault never stops anybody's positions
                    log.error("a consumer of positions failed", consumer=type(consumer).__name__, error=repr(error))

    async def _writes(self) -> None:
        last_save, last_clean = clock.monotonic(), -1e9
        while True:
            await asyncio.sleep(WRITE)
            try:
                await self.store.flush()
                await self._note()
                if clock.monotonic() - last_clean > 3600.0:
                    await self.store.maintain()
                    before = clock.now() - timedelta(hours=self._tracking.raw_hours)
                    for plant in self.plants.values():
                        await asyncio.to_thread(raw.drop, raw.folder(self._settings, plant.enterprise), before)
                    last_clean = clock.monotonic()
            except (Unavailable, DBAPIError, OSError) as error:
                if not outage(error):
                    raise
                log.warning("tracks wait for the database", error=str(error).splitlines()[0])
            if clock.monotonic() - last_save > SAVE:
                last_save = clock.monotonic()
                for plant in self.plants.values():
                    plant.save()

    async def _note(self) -> None:
        for plant in self.plants.values():
            seen, battery = plant.heartbeats()
            async with uow.unit_of_work(plant.enterprise) as unit:
                if seen or battery:
                    await repository.note_badges(unit.session, seen, battery)
                await repository_health.note(
                    unit.session, plant.enterprise, plant.counts(), plant.tracker.clocks.gateways, clock.now()
                )

    async def _windows(self) -> None:
        """Figures of accuracy once a minute, of anchors every five; zones that fall short alarm."""
        anchors_due = clock.monotonic() + FIGURES
        while True:
            await asyncio.sleep(FIGURES)
            now = clock.now()
            for plant in self.plants.values():
                rows, verdicts = plant.close_window(now)
                self.store.figures("positioning_accuracy", rows)
                await asyncio.to_thread(plant.write_minute, now)
                if clock.monotonic() >= anchors_due - 1.0:
                    self.store.figures("anchor_health", plant.anchor_rows(now))
                for verdict in verdicts:
                    await self._tell(plant.enterprise, verdict)
            if clock.monotonic() >= anchors_due - 1.0:
                anchors_due = clock.monotonic() + ANCHORS

    async def _feeds(self) -> None:
        """One alarm while no positions come in; it also ends what an earlier process left."""
        while True:
            await asyncio.sleep(self._beat)
            now = clock.timestamp()
            for plant in self.plants.values():
                lost = plant.feed_lost(now)
                if lost is None or lost == plant.feed_told:
                    continue
                try:
                    await alarms.feed(plant.enterprise, lost, clock.now(), now - plant.tracker.listening.heard)
                    plant.feed_told = lost
                except Exception as error:  # tried again with the next beat; positions go on
                    if not outage(error):
                        log.error("the alarm of a lost feed could not be raised", error=repr(error))

    @staticmethod
    async def _tell(enterprise: UUID, verdict: Verdict) -> None:
        try:
            await alarms.accuracy(enterprise, verdict, clock.now())
        except Exception as error:  # the desk's fault never stops anybody's positions
            log.error("an alarm of accuracy could not be raised", zone=verdict.figures.zone, error=repr(error))

    async def _help(self) -> None:
        """SOS calls: past all buffers, one after the other, tried until the database has taken them."""
        while True:
            enterprise, call = await self._calls.get()
            tries = 0
            while True:
                try:
                    await alarms.sos(enterprise, call)
                    break
                except asyncio.CancelledError:
                    self._calls.put_nowait((enterprise, call))  # :meth:`_close` tries once more
                    raise
                except Exception as error:  # a call for help is never given up while there is hope
                    tries = 0 if outage(error) else tries + 1
                    log.error("an SOS call could not be raised", subject=call.subject.name, error=repr(error))
                    if tries >= _TRIES:
                        break
                    await asyncio.sleep(0.2)


def _found_consumers() -> list[Consumer]:
    """The fences' runner, where it is installed."""
    if importlib.util.find_spec("realtime.fences.runner") is None:
        return []
    made: Consumer = importlib.import_module("realtime.fences.runner").FenceRunner()
    return [made]


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until ``stop`` is set, or until it fails (then the supervisor starts it anew)."""
    async with Publisher(socket_path(settings)) as publisher:
        try:
            await until_stopped(Tracking(settings, tracking_settings(), publisher).run(), stop)
        finally:
            await uow.dispose()


def main() -> None:
    """Entry point."""
    run_service(serve, quiet={"mqtt": logging.CRITICAL})


if __name__ == "__main__":
    main()
