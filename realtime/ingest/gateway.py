"""The gateway process (``python -m realtime.ingest.gateway``): runs every field source, feeds history and hub."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from realtime.history import repository as history
from realtime.history import repository_archive as history_settings
from realtime.history.samples import instant, micros
from realtime.history.writer import Writer
from realtime.hub.ingest import Publisher, socket_path
from realtime.ingest import repository, vault
from realtime.ingest.feed import Feed, Live
from realtime.ingest.live import LiveValues
from realtime.ingest.plugin import AddressInvalid, FieldPoint, SourceError, kinds
from realtime.ingest.recorder import Recorder
from realtime.ingest.spool import Spool
from realtime.ingest.tap import BACKOFF as SINK_BACKOFF
from realtime.ingest.tap import CALM, SampleSink, SourceEvent, Tap, declared
from realtime.ingest.troubles import Troubles
from twin import clock
from twin.db import outbox, uow
from twin.ops.lifeline import run_service, until_stopped
from twin.settings import Settings

log = structlog.get_logger("realtime.ingest")

NAME = "gateway"
#: Seconds until the next try after a source was lost; a source that ran this long starts over with the first.
BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_LOOK = 3.0  # seconds between two looks at what is set
_REST = 0.1  # seconds between two looks at least
_TELL = 10.0  # seconds between two notes on how sources fare


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until they have ended: libraries of the field sometimes swallow a cancellation."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)
    await asyncio.gather(*tasks, return_exceptions=True)  # their failures were told where they happened


@dataclass
class Running:
    """A source that runs."""

    row: repository.SourceRow
    feed: Feed
    owners: dict[int, tuple[UUID, UUID]]
    connected: bool = False
    error: str = ""
    task: asyncio.Task[None] | None = None
    tries: int = 0
    taken: int = 0  # samples that had been taken when it was lost
    began: float = 0.0  # monotonic
    noted: tuple[float, int] = (0.0, 0)  # monotonic, samples taken then
    rate: float = 0.0  # samples a second between the last two notes
    told: bool | None = None  # whether the sinks know it as up


class Gateway:
    """Runs sources; :meth:`run` until cancelled."""

    def __init__(
        self,
        settings: Settings,
        publisher: Publisher,
        *,
        look: float = _LOOK,
        backoff: tuple[float, ...] = BACKOFF,
        sinks: Sequence[SampleSink] | None = None,
        sink_backoff: Sequence[float] = SINK_BACKOFF,
    ) -> None:
        self._look = look
        self._backoff = backoff
        self.recorder = Recorder(Writer(settings, NAME), Spool(settings.var_dir / "spool" / NAME))
        self.live = LiveValues(publisher, {})
        self.tap = Tap(declared(settings) if sinks is None else sinks, sink_backoff)
        self._troubles = Troubles()
        self._lost: dict[tuple[str, str], tuple[int, float]] = {}  # trouble -> how many, when last (monotonic)
        self.sources: dict[UUID, Running] = {}
        self._revision: tuple[Any, ...] | None = None
        self._told: list[tuple[UUID, bool, str]] = []
        self._before: datetime | None = None  # when an earlier gateway was last alive

    async def run(self) -> None:
        """Run all sources; what was collected is written or spooled before it ends."""
        await self._look_back()
        tasks = [
            asyncio.create_task(step)
            for step in (self._watch(), self.recorder.run(), self.live.run(), self.tap.run(), self._care())
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            running = [source.task for source in self.sources.values() if source.task is not None]
            await end(*tasks, *running)
            self.live.flush()
            await self.recorder.close()

    async def _look_back(self) -> None:
        """Ask when an earlier gateway was last alive, before the first write says that this one is: from then on nothing is known of the
        points. Without the database no source is known either, so waiting for it costs nothing."""
        while True:
            try:
                async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
                    self._before = await history.writer_alive(unit.session)
                return
            except (DBAPIError, OSError) as error:
                if not outbox.is_outage(error):
                    raise
                log.warning("the database is away", error=str(error).splitlines()[0])
                await asyncio.sleep(min(self._look, 1.0))

    async def _watch(self) -> None:
        """Follow what is set: sources start, stop and change without a restart of the gateway, at once."""
        async with outbox.Listener() as listener:
            with listener.wake() as wake:
                await self._follow(wake)

    async def _follow(self, wake: asyncio.Event) -> None:
        while True:
            wake.clear()
            try:
                await self.reload()
            except (DBAPIError, OSError) as error:
                if not outbox.is_outage(error):
                    raise
                log.warning("sources cannot be read", error=str(error).splitlines()[0])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await wake.wait()
            await asyncio.sleep(_REST)

    async def reload(self) -> None:
        """Take over what has changed in the database."""
        async with uow.unit_of_work(uow.ALL_ENTERPRISES, snapshot=True) as unit:
            self.live.rates = await history_settings.refresh_rates(unit.session)
            self.recorder.compressor.set(await history_settings.dead_bands(unit.session))
            revision = await repository.revision(unit.session)
            if revision == self._revision:
                return
            rows = {row.id: row for row in await repository.enabled_sources(unit.session)}
        for id_, source in list(self.sources.items()):
            if rows.get(id_) != source.row:
                await self._stop(source)
        await self.recorder.flush()  # the newest stored samples must be all that there are
        for row in rows.values():
            if row.id not in self.sources:
                await self._start(row)
        self._revision = revision

    async def _start(self, row: repository.SourceRow) -> None:
        async with uow.unit_of_work(row.enterprise_id) as unit:
            points = await repository.points(unit.session, row.id)
            tags = await history.ensure_tags(unit.session, row.enterprise_id, [p.device_id for p in points])
            newest = await repository.newest(unit.session, list(tags.values()))
            alive = self._before if self._revision is None else await history.writer_alive(unit.session)
        owners = {tags[p.device_id]: (row.enterprise_id, p.device_id) for p in points}
        self.live.owners = {**self.live.owners, **owners}
        fields = [FieldPoint(tags[p.device_id], p.address, p.scale, p.shift) for p in points]
        feed = Feed(fields, row.bad_after_s, self.recorder.add, self._show)
        feed.resume(
            [(tag, micros(ts), micros(received), quality) for tag, ts, received, quality in newest],
            micros(alive) if alive is not None else 0,
        )
        source = self.sources[row.id] = Running(row, feed, owners, began=clock.monotonic())
        self._tell_points()
        self._tell(source, "starting", "")
        source.task = asyncio.create_task(self._keep(source), name=f"source {row.name}")
        log.info("source starts", source=row.name, kind=row.kind, points=len(points))

    async def _stop(self, source: Running) -> None:
        del self.sources[source.row.id]
        if source.task is not None:
            await end(source.task)
        source.feed.give_up()
        self.live.flush()
        self._tell(source, "stopped", "")
        self._tell_points()
        log.info("source stopped", source=source.row.name)

    def _tell_points(self) -> None:
        self.tap.points({tag: owner for source in self.sources.values() for tag, owner in source.owners.items()})

    def _show(self, live: Live) -> None:
        self.live.put(live)
        self.tap.put(live)

    def _tell(self, source: Running, kind: Literal["starting", "up", "down", "stopped"], reason: str) -> None:
        row = source.row
        source.told = {"up": True, "down": False}.get(kind)
        self.tap.source(
            SourceEvent(row.enterprise_id, row.id, row.name, kind, clock.now(), reason, len(source.feed.points))
        )

    async def _keep(self, source: Running) -> None:
        """Run a source again and again, with growing pauses while it cannot be reached."""
        while True:
            began = clock.monotonic()
            error = await self._once(source)
            if clock.monotonic() - began > self._backoff[-1]:
                source.tries = 0
            source.taken = source.feed.counts.taken
            if error != source.error:
                log.warning("source is lost", source=source.row.name, error=error)
            source.error = error
            await asyncio.sleep(self._backoff[min(source.tries, len(self._backoff) - 1)])
            source.tries += 1

    async def _once(self, source: Running) -> str:
        """Run a source until it is lost; why."""
        kind = kinds().get(source.row.kind)
        if kind is None:
            return f"no such kind of source: {source.row.kind}"
        good = []
        for point in source.feed.points:
            try:
                kind.check(point.address)
                good.append(point)
            except AddressInvalid:
                log.error("an address is not of its kind", source=source.row.name, address=point.address)
        try:
            await kind.run(kind.model.model_validate(vault.opened(source.row.settings)), good, source.feed)
        except (SourceError, OSError) as error:
            return str(error) or type(error).__name__
        except ValidationError as error:
            return "; ".join(f"{e['loc']}: {e['msg']}" for e in error.errors(include_input=False, include_url=False))
        except Exception as error:  # a fault of one kind must not take the others down
            log.exception("source failed", source=source.row.name)
            return f"{type(error).__name__}: {error}"
        return "ended"

    async def _care(self) -> None:
        """Turn bad what has not been heard of in time; note how sources fare."""
        next_note = 0.0
        while True:
            await asyncio.sleep(0.25)
            for source in self.sources.values():
                if turned := source.feed.check():
                    log.warning("points turned bad", source=source.row.name, points=turned)
                source.connected = source.feed.unknown < len(source.feed.points)
                silent = clock.monotonic() - source.began > source.row.bad_after_s
                if source.connected and source.told is not True:
                    self._tell(source, "up", "")
                elif (
                    not source.connected and source.feed.points and source.told is not False and (source.told or silent)
                ):
                    self._tell(source, "down", source.error or "silent")
                if source.feed.counts.taken > source.taken:  # it has spoken since
                    source.error, source.tries = "", 0
            told = [(s.row.id, s.connected, s.error) for s in self.sources.values()]
            if clock.monotonic() >= next_note or told != self._told:
                next_note, self._told = clock.monotonic() + _TELL, told
                await self._note()
            await self._tell_troubles()

    def _wrong(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What is wrong with the gateway itself: type and name of each trouble -> values for its text."""
        wrong: dict[tuple[str, str], dict[str, Any]] = {}
        for lane in self.tap.lanes:
            if lane.trouble:
                wrong["sink_failed", lane.name] = {"name": lane.name, "reason": lane.trouble, "lost": lane.lost}
        counts = {("samples_lost", NAME): self.recorder.counts.lost}
        counts |= {("facts_lost", lane.name): lane.facts_lost for lane in self.tap.lanes}
        for key, count in counts.items():
            if count > self._lost.get(key, (0, 0.0))[0]:
                self._lost[key] = count, clock.monotonic()
            if count and clock.monotonic() - self._lost[key][1] < CALM:
                wrong[key] = {"name": key[1], "count": count}
        return wrong

    async def _tell_troubles(self) -> None:
        try:
            await self._troubles.tell({s.row.enterprise_id for s in self.sources.values()}, self._wrong())
        except Exception as error:  # that it cannot be told must not stop the data
            if not (isinstance(error, (DBAPIError, OSError)) and outbox.is_outage(error)):
                log.exception("a trouble could not be told")

    async def _note(self) -> None:
        now = clock.monotonic()
        for s in self.sources.values():
            before, taken = s.noted
            if now - before >= 1.0:
                s.rate = (s.feed.counts.taken - taken) / (now - before) if before else 0.0
                s.noted = now, s.feed.counts.taken
        rows = [
            repository.Fares(
                s.row.id, s.row.enterprise_id, s.connected, s.error,
                {**asdict(s.feed.counts), "unknown": s.feed.unknown, "points": len(s.feed.points),
                 "spooled_bytes": self.recorder.spooled_bytes, "lost": self.recorder.counts.lost},
                s.rate, instant(s.feed.last) if s.feed.last else None,
                None if s.feed.lag is None else s.feed.lag / 1e6,
            )
            for s in self.sources.values()
        ]  # fmt: skip
        try:
            async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
                await repository.put_states(unit.session, clock.now(), rows)
        except (DBAPIError, OSError) as error:
            if not outbox.is_outage(error):
                raise


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the gateway until ``stop`` is set, or until it fails (then the supervisor starts it anew)."""
    async with Publisher(socket_path(settings)) as publisher:
        try:
            await until_stopped(Gateway(settings, publisher).run(), stop)
        finally:
            await uow.dispose()


def main() -> None:
    """Entry point."""
    run_service(serve, quiet={"asyncua": logging.CRITICAL, "pymodbus.logging": logging.CRITICAL})


if __name__ == "__main__":
    main()
