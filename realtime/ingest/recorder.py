"""From the gateway's memory into the history, over the spool when the database is away. In order, nothing twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from realtime.history.compress import Compressor
from realtime.history.samples import Row, Samples, pack
from realtime.history.writer import Writer
from realtime.ingest.spool import BATCH, Spool, SpoolFull
from twin import clock
from twin.errors import Unavailable

log = structlog.get_logger("realtime.ingest")

#: Samples that are kept in memory when neither the database nor the disk takes them; beyond, the oldest are lost.
MEMORY = 1_000_000


@dataclass
class Counts:
    """What became of samples: written (new), repeated, outside the kept days, spooled, lost."""

    written: int = 0
    repeated: int = 0
    outside: int = 0
    spooled: int = 0
    lost: int = 0


class Recorder:
    """Collects samples and writes them once a second; :meth:`close` writes or spools what is left."""

    def __init__(self, writer: Writer, spool: Spool, period: float = 1.0) -> None:
        self._writer = writer
        self._spool = spool
        self._period = period
        self._rows: list[Row] = []
        self._away = False
        self._lock = asyncio.Lock()
        self.counts = Counts()
        #: Leaves out what a point's dead-band allows; alarms and screens get every sample all the same.
        self.compressor = Compressor(lambda row: self._rows.append(row))

    def add(self, row: Row) -> None:
        """Take a sample."""
        self.compressor.add(row)

    @property
    def spooled_bytes(self) -> int:
        """What waits on disk."""
        return self._spool.size

    async def run(self) -> None:
        """Write until cancelled."""
        next_care = 0.0
        while True:
            await asyncio.sleep(self._period)
            await self.flush()
            if not self._away and clock.monotonic() >= next_care:
                next_care = clock.monotonic() + await self._care()

    async def _care(self) -> float:
        """Partitions ahead and retention; seconds until the next time."""
        try:
            await self._writer.maintain()
        except Unavailable as error:
            log.warning("partitions could not be looked after", error=str(error))
            return 60.0
        return 3600.0

    async def flush(self) -> None:
        """Drain the spool and write what was collected; spool it when the database is away."""
        async with self._lock:
            await self._flush()

    async def _flush(self) -> None:
        rows, self._rows = self._rows, []
        batches = [pack(rows[n : n + BATCH]) for n in range(0, len(rows), BATCH)]
        done = 0
        try:
            for spooled in self._spool.drain():
                await self._write(spooled)
            for batch in batches:
                await self._write(batch)
                done += 1
            await self._writer.alive()
            if self._away:
                log.info("the database is back", written=self.counts.written, lost=self.counts.lost)
            self._away = False
        except Unavailable as error:
            if not self._away:
                log.warning("the database is away; samples go to disk", error=str(error))
            self._away = True
            self._keep(batches[done:], rows[done * BATCH :])
        except BaseException:  # not written as far as we know; a repeat does no harm
            self._rows = rows[done * BATCH :] + self._rows
            raise

    def _keep(self, batches: list[Samples], rows: list[Row]) -> None:
        kept = 0
        try:
            for batch in batches:
                self._spool.append(batch)
                self.counts.spooled += len(batch)
                kept += len(batch)
        except SpoolFull as error:
            self._rows = rows[kept:] + self._rows
            lost = max(0, len(self._rows) - MEMORY)
            self.counts.lost += lost
            del self._rows[:lost]
            log.error("the spool is full", error=str(error), in_memory=len(self._rows), lost=self.counts.lost)

    async def _write(self, samples: Samples) -> None:
        result = await self._writer.write(samples)
        self.counts.written += result.new
        self.counts.repeated += result.repeated
        self.counts.outside += result.outside

    async def close(self) -> None:
        """Write (or spool) what is left and hang up."""
        try:
            await self.flush()
        finally:
            if self._rows:  # the flush failed in a way of its own
                self._keep([pack(self._rows)], list(self._rows))
            await self._writer.close()
