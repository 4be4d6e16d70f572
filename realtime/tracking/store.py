"""Keeping tracks: what thinning leaves over, copied into day partitions every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from realtime.positioning.thinning import Thinning
from realtime.positioning.types import Floats, Ints, State
from realtime.tracking import repository_tracks as repository
from realtime.tracking.batch import FixBatch
from realtime.tracking.config import TrackingSettings
from realtime.tracking.repository_tracks import Row
from twin import clock
from twin.db.cluster import app_url
from twin.db.uow import unit_of_work
from twin.errors import Unavailable
from twin.settings import Settings

log = structlog.get_logger("realtime.tracking")

#: Rows that wait for a database that is away; then the oldest are given up and counted.
ROWS = 500_000
_CHUNK = 20_000
_PHASE = np.array([0, 0, 0, 0, 1, 2], np.int64)  # known (a held place is kept on purpose), stale, lost


class Keeper:
    """One enterprise's tracks: takes every batch, gives the rows that are kept.

    ``rows`` hold (subject uuid, instant, lon, lat, h, speed, r95, age, state, source, floor code, zone code).
    """

    def __init__(self) -> None:
        self._thin = Thinning(0)
        self._last: Floats = np.zeros((0, 11))
        self._codes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._was: Ints = np.zeros((0, 3), np.int64)

    def take(self, batch: FixBatch) -> list[Row]:
        """The points that a batch settles, oldest first per subject."""
        count = len(batch.subjects)
        self._thin.grow(count)
        if count > len(self._was):
            more = count - len(self._was)
            self._was = np.concatenate([self._was, np.full((more, 3), -9, np.int64)])
            self._last = np.concatenate([self._last, np.zeros((more, 11))])
        if (batch.floors, batch.zones) != self._codes:  # numbers of floors and zones mean others now
            self._codes = (batch.floors, batch.zones)
            self._was[:], self._last[:] = -9, 0.0
        index, now = batch.index, np.stack([batch.floor, batch.zone, _PHASE[batch.state]], axis=1)
        lost = batch.state == State.LOST
        was = self._was[index]
        # Whoever stays lost leaves no more points: nothing is known of them.
        live = ~(lost & (was[:, 2] == _PHASE[State.LOST]))
        breaks = (was != now).any(axis=1)
        self._was[index] = now
        points = np.stack([np.full(len(batch), batch.at), batch.x, batch.y, batch.h], axis=1)
        rows = np.flatnonzero(live)
        before, this = self._thin.feed(index[rows].astype(np.int64), points[rows], breaks[rows])
        figures = np.stack(
            [
                points[:, 0], batch.lon, batch.lat, batch.alt, batch.speed, batch.r95, batch.age,
                batch.state, batch.source, batch.floor, batch.zone,
            ],
            axis=1,
        )  # fmt: skip
        out = []
        for i in np.flatnonzero(before | this).tolist():
            row = int(index[rows[i]])
            if before[i] and self._last[row, 0] > 0.0:
                out.append(self._row(batch, row, self._last[row].tolist()))
            if this[i]:
                out.append(self._row(batch, row, figures[rows[i]].tolist()))
        self._last[index[rows]] = figures[rows]
        if lost.any():
            self._thin.close(index[lost].astype(np.int64))
        return out

    @staticmethod
    def _row(batch: FixBatch, row: int, figures: list[float]) -> Row:
        floor, zone = int(figures[9]), int(figures[10])
        return (
            batch.subjects[row], *figures[:7], int(figures[7]), int(figures[8]),
            batch.floors[floor] if floor >= 0 else None, batch.zones[zone] if zone >= 0 else None,
        )  # fmt: skip


class Store:
    """Writes rows of all enterprises over one connection; keeps what a database that is away does not take."""

    def __init__(self, settings: Settings, tracking: TrackingSettings) -> None:
        self._settings, self._tracking = settings, tracking
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._days: set[date] = set()
        self._numbers: dict[UUID, int] = {}
        self._waiting: deque[tuple[UUID, Row]] = deque()
        self._figures: dict[str, list[Row]] = {"positioning_accuracy": [], "anchor_health": []}
        self._lock = asyncio.Lock()
        self.lost = 0

    def add(self, enterprise: UUID, rows: Sequence[Row]) -> None:
        """Take points of :class:`Keeper`."""
        self._waiting.extend((enterprise, row) for row in rows)
        while len(self._waiting) > ROWS:
            self._waiting.popleft()
            self.lost += 1

    def figures(self, table: str, rows: Sequence[Row]) -> None:
        """Take rows of one of the figures' tables."""
        kept = self._figures[table]
        kept.extend(rows)
        del kept[: max(0, len(kept) - ROWS)]

    async def flush(self) -> int:
        """Write what waits; how many points.

        Raises:
            Unavailable: the database does not answer; nothing is lost.
        """
        async with self._lock:
            written = 0
            try:
                while self._waiting:
                    written += await self._points()
                for table, rows in self._figures.items():
                    chunk_of = rows[:_CHUNK]
                    if chunk_of:
                        await self._write(table, chunk_of)
                        del rows[: len(chunk_of)]
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError, DBAPIError) as error:
                await self.close()
                raise Unavailable(reason=str(error).strip()) from error
            return written

    async def _points(self) -> int:
        """Write one chunk of points; it waits again when that fails."""
        chunk = [self._waiting.popleft() for _ in range(min(_CHUNK, len(self._waiting)))]
        done = False
        try:
            unknown: dict[UUID, dict[UUID, str]] = {}
            for enterprise, row in chunk:
                if row[0].id not in self._numbers:
                    unknown.setdefault(enterprise, {})[row[0].id] = row[0].kind
            for enterprise, subjects in unknown.items():
                async with unit_of_work(enterprise) as uow:
                    self._numbers |= await repository.ensure_subjects(uow.session, enterprise, subjects.items())
            rows = [(self._numbers[r[0].id], datetime.fromtimestamp(r[1], UTC), *r[2:]) for _, r in chunk]
            await self._write("track_point", rows)
            done = True
        finally:
            if not done:
                self._waiting.extendleft(reversed(chunk))
        return len(chunk)

    async def _write(self, table: str, rows: Sequence[Row]) -> None:
        connection = await self._connect()
        first = clock.now().date() - timedelta(days=self._tracking.keep_days)
        kept = [row for row in rows if row[1].date() >= first]
        days = {row[1].date() for row in kept}
        if not days <= self._days:
            await repository.make_partitions(connection, min(days), max(days))
            self._days |= days
        try:
            await repository.copy(connection, table, kept)
        except psycopg.errors.CheckViolation:  # a partition that was there has been dropped meanwhile
            self._days = set()
            await repository.make_partitions(connection, min(days), max(days))
            await repository.copy(connection, table, kept)

    async def maintain(self) -> list[date]:
        """Make the partitions of the next days, drop those past the retention; the days that were dropped.

        Raises:
            Unavailable: the database does not answer, or somebody reads for long: try later.
        """
        today = clock.now().date()
        async with self._lock:
            try:
                connection = await self._connect()
                await repository.make_partitions(connection, today, today + timedelta(days=self._tracking.ahead_days))
                dropped = await repository.drop_partitions(connection, today - timedelta(days=self._tracking.keep_days))
            except psycopg.errors.LockNotAvailable as error:
                raise Unavailable(reason="locked") from error
            except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:
                await self.close()
                raise Unavailable(reason=str(error).strip()) from error
        self._days.difference_update(dropped)
        return dropped

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                app_url(self._settings), autocommit=True, connect_timeout=5, application_name="tracking"
            )
        return self._connection

    async def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                await connection.close()
