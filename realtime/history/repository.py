"""SQL of the history: the writer's COPY, the partitions, and what the reader asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history import repository_archive as archive
from realtime.history.samples import COPY_HEADER, COPY_TRAILER, Samples, copy_block, instant, micros

_HOUR = 3_600_000_000

_STAGE = """CREATE TEMP TABLE IF NOT EXISTS sample_stage (tag_id integer, ts timestamptz, received timestamptz,
    value double precision, quality smallint) ON COMMIT DELETE ROWS"""
_UNSTAGE = """INSERT INTO sample (tag_id, ts, received, value, quality)
    SELECT tag_id, ts, received, value, quality FROM sample_stage ORDER BY received ON CONFLICT DO NOTHING"""


async def copy(connection: psycopg.AsyncConnection[Any], samples: Samples) -> int:
    """Put samples into their partitions in one transaction; those that are there already stay as they are.

    The partitions must exist (:func:`make_partitions`). Returns how many rows were new.
    """
    block = copy_block(samples)
    hours = np.unique(samples["ts"] // _HOUR)
    at = [instant(int(hour) * _HOUR) for hour in hours]
    try:
        async with connection.transaction():
            rolled = await archive.enter(connection, at)
            await _copy_into(connection, "sample", block)
            await _spoil(connection, samples, rolled)
        return len(samples)
    except psycopg.errors.UniqueViolation:
        # A repeat: rare (the gateway filters them), so it may cost more.
        async with connection.transaction():
            rolled = await archive.enter(connection, at)
            await connection.execute(_STAGE)
            await _copy_into(connection, "sample_stage", block)
            new = (await connection.execute(_UNSTAGE)).rowcount
            await _spoil(connection, samples, rolled)
            return new


async def _spoil(connection: psycopg.AsyncConnection[Any], samples: Samples, rolled: Sequence[datetime]) -> None:
    """Whoever adds to hours that are rolled up takes their roll-ups away."""
    if not rolled:
        return
    marked = np.isin(samples["ts"] // _HOUR, [micros(hour) // _HOUR for hour in rolled])
    pairs = np.unique(np.stack([samples["tag"][marked].astype("i8"), samples["ts"][marked] // _HOUR]), axis=1)
    await archive.spoil(connection, pairs[0].tolist(), [instant(hour * _HOUR) for hour in pairs[1].tolist()])


async def _copy_into(connection: psycopg.AsyncConnection[Any], table: str, block: bytes) -> None:
    async with connection.cursor().copy(
        f"COPY {table} (tag_id, ts, received, value, quality) FROM STDIN (FORMAT binary)"
    ) as out:
        await out.write(COPY_HEADER)
        await out.write(block)
        await out.write(COPY_TRAILER)


async def make_partitions(connection: psycopg.AsyncConnection[Any], first: date, last: date) -> int:
    """Make the day partitions (UTC days, both inclusive) that are missing; how many were made."""
    async with connection.transaction():
        row = await (await connection.execute("SELECT history_partitions(%s, %s)", [first, last])).fetchone()
    return int(row[0]) if row else 0


async def drop_partitions(connection: psycopg.AsyncConnection[Any], before: date) -> list[date]:
    """Drop the day partitions that lie before a day.

    Raises:
        psycopg.errors.LockNotAvailable: somebody reads for long; nothing was dropped.
    """
    async with connection.transaction():
        rows = await (await connection.execute("SELECT * FROM history_drop(%s)", [before])).fetchall()
    return [row[0] for row in rows]


async def days(connection: psycopg.AsyncConnection[Any]) -> list[date]:
    """The days that have a partition, oldest first."""
    rows = await (await connection.execute("SELECT day FROM history_days()")).fetchall()
    return [row[0] for row in rows]


async def mark_alive(connection: psycopg.AsyncConnection[Any], name: str, at: datetime) -> None:
    """Note that a writer was alive at an instant."""
    await connection.execute(
        "INSERT INTO history_writer (name, alive_at) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET alive_at = greatest(history_writer.alive_at, excluded.alive_at)",
        [name, at],
    )


async def ensure_tags(session: AsyncSession, enterprise_id: UUID, device_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The tag number of each device; new ones are given."""
    wanted = list(device_ids)
    await session.execute(
        text(
            "INSERT INTO tag (enterprise_id, device_id)"
            " SELECT :e, d FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS u (d, n)"
            " WHERE NOT EXISTS (SELECT 1 FROM tag t WHERE t.device_id = d) ORDER BY n ON CONFLICT DO NOTHING"
        ),
        {"e": enterprise_id, "ids": wanted},
    )
    rows = await session.execute(text("SELECT device_id, id FROM tag WHERE device_id = ANY(:ids)"), {"ids": wanted})
    return {row.device_id: row.id for row in rows}


@dataclass(frozen=True)
class Point:
    """A measuring point as the history sees it; ``tag_id`` None while nothing was ever recorded."""

    device_id: UUID
    tag: str
    unit: str
    timezone: str
    tag_id: int | None


async def point(session: AsyncSession, device_id: UUID) -> Point | None:
    """The point, or None when it is not there or another enterprise's."""
    row = (
        await session.execute(
            text(
                "SELECT d.id, d.tag, COALESCE(d.unit_text, '') AS unit, COALESCE(s.timezone, 'UTC') AS timezone,"
                " t.id AS tag_id FROM device d LEFT JOIN site s ON s.id = d.site_id"
                " LEFT JOIN tag t ON t.device_id = d.id WHERE d.id = :d"
            ),
            {"d": device_id},
        )
    ).one_or_none()
    return None if row is None else Point(row.id, row.tag, row.unit, row.timezone, row.tag_id)


@dataclass(frozen=True)
class Stored:
    """A sample as it lies in the database."""

    ts: datetime
    received: datetime
    value: float
    quality: int


async def latest(session: AsyncSession, tag_id: int, before: datetime | None = None) -> Stored | None:
    """The newest sample by source time; with ``before`` the newest one before that instant."""
    row = (
        await session.execute(
            text(
                "SELECT ts, received, value, quality"
                " FROM history_latest(:tag, COALESCE(CAST(:before AS timestamptz), 'infinity'))"
            ),
            {"tag": tag_id, "before": before},
        )
    ).one_or_none()
    return None if row is None else Stored(row.ts, row.received, row.value, row.quality)


async def writer_alive(session: AsyncSession) -> datetime | None:
    """When a writer was last alive."""
    found = (await session.execute(text("SELECT max(alive_at) FROM history_writer"))).scalar()
    return found if isinstance(found, datetime) else None


async def steps(
    session: AsyncSession, tag_id: int, start: datetime, end: datetime, step: str, timezone: str
) -> Sequence[Any]:
    """Rows ``bucket, n, usable, low, high, total, last, state`` of the steps that have samples in the database.

    ``n`` counts all samples, ``usable`` good or uncertain ones, ``last`` is the last usable value, ``state`` the quality
    of the last sample of all. ``start`` is the start of a step.
    """
    rows = await session.execute(
        text(
            "SELECT bucket, n, usable, low, high, total, last, state FROM history_steps(:tag, :start, :end, :step, :tz)"
        ),
        {"tag": tag_id, "step": step, "tz": timezone, "start": start, "end": end},
    )
    return rows.all()


async def raw(session: AsyncSession, tag_id: int, start: datetime, end: datetime, limit: int) -> list[Stored]:
    """Samples in [start, end), oldest first."""
    rows = await session.execute(
        text(
            f"SELECT ts, received, value, quality FROM history_sample WHERE tag_id = {int(tag_id)}"
            " AND ts >= :start AND ts < :end ORDER BY ts LIMIT :limit"
        ),
        {"start": start, "end": end, "limit": limit},
    )
    return [Stored(row.ts, row.received, row.value, row.quality) for row in rows]


async def kept(session: AsyncSession) -> list[tuple[date, int]]:
    """Each day that is kept and its size in bytes on disk, oldest first."""
    rows = await session.execute(text("SELECT day, bytes FROM history_days()"))
    return [(row.day, row.bytes) for row in rows]


async def oldest(session: AsyncSession, first: date) -> datetime | None:
    """The source time of the oldest sample that is kept, looked for from a day on."""
    row = await session.execute(
        text("SELECT min(ts) FROM history_sample WHERE ts >= :a AND ts < :b"),
        {"a": first, "b": first + timedelta(days=1)},
    )
    found = row.scalar()
    return found if isinstance(found, datetime) else None


def span(samples: Samples) -> tuple[date, date]:
    """First and last UTC day of some samples."""
    return instant(int(samples["ts"].min())).date(), instant(int(samples["ts"].max())).date()
