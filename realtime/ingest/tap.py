"""The gateway's tap: whoever wants every new state of every point, and the ups and downs of the sources, in process.

A package offers ``sinks.py`` with ``SINKS: tuple[Callable[[Settings], SampleSink], ...]``; the gateway makes one of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from realtime.ingest.feed import Live
from twin import clock
from twin.registry.discover import submodules
from twin.settings import Settings

log = structlog.get_logger("realtime.ingest")

#: Seconds between two batches.
PERIOD = 0.05
#: Batches that wait for one sink at most; beyond, the oldest are lost to it (and told).
QUEUE = 200
#: Seconds until a sink whose work of its own failed starts again; one that ran the last of them starts over.
BACKOFF = (0.2, 1.0, 5.0, 30.0)
#: Seconds without a further fault after which a sink counts as well again.
CALM = 60.0


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """New states of points in the order of their arrival; one point may come several times.

    Late and repeated samples are left out (they only go to the history), the gateway's own marks ("bad, no
    communication") are in. All arrays have the length of the batch.

    Attributes:
        tag: int64, tag number of the history.
        ts: int64, source time in microseconds since 1970; 0: never heard.
        received: int64, receipt time in microseconds since 1970.
        value: float64 in the point's unit; NaN when there is none.
        quality: int64 as in :mod:`realtime.history.samples`; below 0 is bad.
    """

    tag: NDArray[np.int64]
    ts: NDArray[np.int64]
    received: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tag)


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """A source begins and was not heard yet (``starting``), was heard (``up``), is silent or lost (``down``: every one of its
    points is bad), or was ``stopped`` on purpose (no fault: clear what was raised)."""

    enterprise_id: UUID
    source_id: UUID
    name: str
    kind: Literal["starting", "up", "down", "stopped"]
    at: datetime
    reason: str = ""
    points: int = 0


class SampleSink(Protocol):
    """What a module does with the gateway's data. The calls must return at once: they run in the gateway's loop.

    A sink may have a number ``lost``: facts that it could not keep. That it grows is a red system alarm.
    """

    def points(self, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        """The points that the gateway measures now, all of them: tag -> enterprise, device."""

    def samples(self, batch: SampleBatch) -> None:
        """New states of points."""

    def source(self, event: SourceEvent) -> None:
        """A source came or went. After a start of the gateway every source tells ``starting``, then ``up`` or ``down`` once."""

    async def run(self) -> None:
        """Work of its own until cancelled (write to the database and so on). After a failure it is called again: what
        the sink holds in memory must allow that."""


def batch(states: Sequence[Live]) -> SampleBatch:
    """The arrays of these states."""
    return SampleBatch(
        np.array([s.tag for s in states], dtype=np.int64),
        np.array([s.ts or 0 for s in states], dtype=np.int64),
        np.array([s.received for s in states], dtype=np.int64),
        np.array([s.value for s in states], dtype=np.float64),
        np.array([s.quality for s in states], dtype=np.int64),
    )


def declared(settings: Settings) -> list[SampleSink]:
    """One of every sink that a module declares."""
    return [make(settings) for module in submodules("sinks") for make in module.SINKS]


class Lane:
    """One sink's own way out of the tap: a bounded queue, two tasks, and what went wrong lately.

    A fault of the sink costs it the batch at hand or a restart of its work, and nobody else anything.
    """

    def __init__(self, sink: SampleSink, backoff: Sequence[float] = BACKOFF) -> None:
        self.name = type(sink).__name__
        self.faults = 0
        self.lost = 0  # batches
        self._sink = sink
        self._backoff = backoff
        self._queue: deque[tuple[str, Any]] = deque()
        self._wake = asyncio.Event()
        self._trouble: tuple[float, str] | None = None  # monotonic, what happened

    @property
    def trouble(self) -> str:
        """What went wrong within the last minute; empty while the sink is well."""
        if self._trouble is None or clock.monotonic() - self._trouble[0] > CALM:
            return ""
        return self._trouble[1]

    @property
    def facts_lost(self) -> int:
        """Facts that the sink itself could not keep: its public number ``lost``, where it has one."""
        return int(getattr(self._sink, "lost", 0))

    def put(self, call: str, what: Any) -> None:
        """Queue a call. Only batches of samples are ever thrown away, the oldest first."""
        if call == "samples" and sum(1 for waiting, _ in self._queue if waiting == call) >= QUEUE:
            del self._queue[next(n for n, (waiting, _) in enumerate(self._queue) if waiting == call)]
            self.lost += 1
            self._note("samples", "too slow")
        self._queue.append((call, what))
        self._wake.set()

    def _note(self, call: str, why: str) -> None:
        if not self.trouble:  # a sink that always fails must not fill the log
            log.error("a sink failed", sink=self.name, call=call, error=why)
        self._trouble = clock.monotonic(), f"{call}: {why}"

    def _failed(self, call: str, error: Exception) -> None:
        self.faults += 1
        if not self.trouble:
            log.error("a sink failed", sink=self.name, call=call, exc_info=error)
        self._trouble = clock.monotonic(), f"{call}: {type(error).__name__}: {error}"

    async def run(self) -> None:
        """Serve the sink until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._feed())
            group.create_task(self._work())

    async def _feed(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                call, what = self._queue.popleft()
                try:
                    getattr(self._sink, call)(what)
                except Exception as error:
                    self._failed(call, error)
                await asyncio.sleep(0)  # a long queue must not hold up the data

    async def _work(self) -> None:
        tries = 0
        while True:
            began = clock.monotonic()
            try:
                await self._sink.run()
                return  # it has nothing more to do of its own
            except Exception as error:
                self._failed("run", error)
            if clock.monotonic() - began > self._backoff[-1]:
                tries = 0
            await asyncio.sleep(self._backoff[min(tries, len(self._backoff) - 1)])
            tries += 1


class Tap:
    """Hands on to all sinks, to each over a lane of its own."""

    def __init__(self, sinks: Sequence[SampleSink], backoff: Sequence[float] = BACKOFF) -> None:
        self.lanes = [Lane(sink, backoff) for sink in sinks]
        self._waiting: list[Live] = []

    def put(self, live: Live) -> None:
        """Take a point's new state."""
        if self.lanes:
            self._waiting.append(live)

    def flush(self) -> None:
        """Hand on what is waiting."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._each("samples", batch(waiting))

    def points(self, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        """Tell the sinks which points there are, before any of their states."""
        self._each("points", owners)

    def source(self, event: SourceEvent) -> None:
        """Tell the sinks about a source, after all that it said."""
        self.flush()
        self._each("source", event)

    def _each(self, call: str, what: Any) -> None:
        for lane in self.lanes:
            lane.put(call, what)

    async def run(self) -> None:
        """Hand on until cancelled."""
        async with asyncio.TaskGroup() as group:
            for lane in self.lanes:
                group.create_task(lane.run())
            while True:
                await asyncio.sleep(PERIOD)
                self.flush()
