"""The gateway's tap: whoever wants every new state of every point, and the ups and downs of the sources, in process.

A package offers ``sinks.py`` with ``SINKS: tuple[Callable[[Settings], SampleSink], ...]``; the gateway makes one of each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from realtime.ingest.feed import Live
from twin.registry.discover import submodules
from twin.settings import Settings

log = structlog.get_logger("realtime.ingest")

#: Seconds between two batches.
PERIOD = 0.05


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
    """A source was heard (``up``), is silent or lost (``down``: every one of its points is bad), or was ``stopped`` on
    purpose (no fault: clear what was raised)."""

    enterprise_id: UUID
    source_id: UUID
    name: str
    kind: Literal["up", "down", "stopped"]
    at: datetime
    reason: str = ""
    points: int = 0


class SampleSink(Protocol):
    """What a module does with the gateway's data. The calls must return at once: they run in the gateway's loop."""

    def points(self, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        """The points that the gateway measures now, all of them: tag -> enterprise, device."""

    def samples(self, batch: SampleBatch) -> None:
        """New states of points."""

    def source(self, event: SourceEvent) -> None:
        """A source came or went. After a start of the gateway every source tells ``up`` or ``down`` once."""

    async def run(self) -> None:
        """Work of its own until cancelled (write to the database and so on); a failure ends the gateway."""


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


class Tap:
    """Hands on to all sinks. A sink that fails is told in the log and hurts nobody else."""

    def __init__(self, sinks: Sequence[SampleSink]) -> None:
        self._sinks = sinks
        self._waiting: list[Live] = []

    def put(self, live: Live) -> None:
        """Take a point's new state."""
        if self._sinks:
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
        for sink in self._sinks:
            try:
                getattr(sink, call)(what)
            except Exception:  # one module's fault must not stop the data
                log.exception("a sink failed", sink=type(sink).__name__, call=call)

    async def run(self) -> None:
        """Hand on until cancelled."""
        async with asyncio.TaskGroup() as group:
            for sink in self._sinks:
                group.create_task(sink.run())
            while True:
                await asyncio.sleep(PERIOD)
                self.flush()
