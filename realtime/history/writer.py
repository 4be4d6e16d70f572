"""The one writer of samples: makes the partitions that it needs, copies batches, enforces the retention.

A batch either is in the database as a whole or it is not; giving it again never doubles a sample, so a caller that got
no answer gives it again.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
import structlog

from realtime.history import repository
from realtime.history import repository_archive as archive
from realtime.history.config import HistorySettings, history_settings
from realtime.history.samples import Samples, micros, settle
from twin import clock
from twin.db.cluster import app_url
from twin.errors import Unavailable
from twin.settings import Settings

log = structlog.get_logger("realtime.history")


@dataclass(frozen=True)
class Written:
    """What became of a batch: rows that were new, repeats left out, rows outside the kept days."""

    new: int
    repeated: int
    outside: int


class Writer:
    """Writes samples over a connection of its own, one task at a time."""

    def __init__(self, settings: Settings, name: str, history: HistorySettings | None = None) -> None:
        self._settings = settings
        self._history = history or history_settings()
        self._name = name
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._days: set[date] = set()
        self._keep_days = self._history.keep_days
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()

    async def write(self, samples: Samples) -> Written:
        """Put a batch into the database.

        Raises:
            Unavailable: the database does not answer; the batch may be given again.
        """
        kept, outside = self._within(settle(samples))
        if not len(kept):
            return Written(0, 0, outside)
        async with self._lock:
            new = await self._write(kept)
        return Written(new, len(kept) - new, outside)

    async def _write(self, kept: Samples) -> int:
        try:
            connection = await self._connect()
            await self._partitions(connection, kept)
            try:
                return await repository.copy(connection, kept)
            except psycopg.errors.CheckViolation:  # a partition that was there has been dropped meanwhile
                self._days.clear()
                await self._partitions(connection, kept)
                return await repository.copy(connection, kept)
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
            await self.close()
            raise Unavailable(reason=str(error).strip()) from error

    async def alive(self) -> None:
        """Note that the gateway runs: until then, a value that did not change still holds.

        Raises:
            Unavailable: the database does not answer.
        """
        try:
            async with self._lock:
                await repository.mark_alive(await self._connect(), self._name, clock.now())
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
            await self.close()
            raise Unavailable(reason=str(error).strip()) from error

    async def maintain(self) -> list[date]:
        """Make the partitions of the next days, drop those past the retention; the days that were dropped.

        Raises:
            Unavailable: the database does not answer, or somebody reads for long: try later.
        """
        today = clock.now().date()
        try:
            async with self._lock:
                connection = await self._connect()
                self._keep_days = await archive.longest_keep(connection, "measured", self._history.keep_days)
                await repository.make_partitions(connection, today, today + timedelta(days=self._history.ahead_days))
                dropped = await repository.drop_partitions(connection, self._first_day())
        except psycopg.errors.LockNotAvailable as error:
            raise Unavailable(reason="locked") from error
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
            await self.close()
            raise Unavailable(reason=str(error).strip()) from error
        self._days.difference_update(dropped)
        if dropped:
            log.info("history past its retention was dropped", days=len(dropped), up_to=str(dropped[-1]))
        return dropped

    def _first_day(self) -> date:
        """The oldest day that is kept whole."""
        return clock.now().date() - timedelta(days=self._keep_days)

    def _within(self, samples: Samples) -> tuple[Samples, int]:
        first = self._first_day()
        last = clock.now().date() + timedelta(days=self._history.ahead_days + 1)
        low = (first - date(1970, 1, 1)).days * 86_400_000_000
        high = (last - date(1970, 1, 1)).days * 86_400_000_000
        inside = (samples["ts"] >= low) & (samples["ts"] < high)
        if inside.all():
            return samples, 0
        return samples[inside], int(len(samples) - np.count_nonzero(inside))

    async def _partitions(self, connection: psycopg.AsyncConnection[Any], samples: Samples) -> None:
        first, last = repository.span(samples)
        wanted = {first + timedelta(days=n) for n in range((last - first).days + 1)}
        if not wanted <= self._days:
            await repository.make_partitions(connection, first, last)
            self._days |= wanted

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                app_url(self._settings), autocommit=True, connect_timeout=5, application_name=f"history {self._name}"
            )
            await archive.see_all(self._connection)
        return self._connection


def now_micros() -> int:
    """The present instant in microseconds since 1970."""
    return micros(clock.now())
