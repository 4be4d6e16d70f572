"""SQL of roll-ups and of sealing days, for the jobs that do it; what readers ask of sealed days."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history.compress import DeadBand
from realtime.history.samples import COPY_HEADER, SAMPLE, Samples, unpack_copy


@dataclass(frozen=True)
class SealedDay:
    """A UTC day that lies in files.

    Attributes:
        generation: which folder of the day holds.
        waiting: whether samples that came later wait in the database.
        files: name of each file -> its SHA-256.
    """

    day: date
    generation: int
    waiting: bool
    rows: int
    bytes: int
    files: Mapping[str, str]
    sealed_at: datetime


_SEALED = "SELECT day, generation, late > late_sealed, rows, bytes, files, sealed_at FROM history_day"


async def hold(session: AsyncSession) -> None:
    """From now to the end of the transaction no partition goes away; asked before anything is read."""
    await session.execute(text("SELECT history_hold()"))


async def sealed_days(session: AsyncSession, first: date, last: date) -> list[SealedDay]:
    """The days in [first, last] that lie in files, oldest first."""
    rows = await session.execute(
        text(f"{_SEALED} WHERE generation > 0 AND day BETWEEN :a AND :b ORDER BY day"), {"a": first, "b": last}
    )
    return [SealedDay(*row) for row in rows]


async def newest_sealed(session: AsyncSession, before: date) -> date | None:
    """The newest day before a day that lies in files."""
    found = await session.execute(
        text("SELECT max(day) FROM history_day WHERE generation > 0 AND day < :d"), {"d": before}
    )
    day = found.scalar()
    return day if isinstance(day, date) else None


async def tags_of_enterprise(session: AsyncSession) -> list[int]:
    """The tags that this unit of work may see."""
    return list((await session.execute(text("SELECT id FROM tag ORDER BY id"))).scalars())


async def rows_of(session: AsyncSession, tag_id: int, start: datetime, end: datetime) -> Samples:
    """A tag's samples of [start, end) that are in the database, oldest first."""
    rows = (
        await session.execute(
            text(
                "SELECT CAST(extract(epoch FROM ts) * 1000000 AS bigint) AS ts,"
                " CAST(extract(epoch FROM received) * 1000000 AS bigint) AS received, value, quality"
                " FROM history_raw(:tag, :a, :b)"
            ),
            {"tag": tag_id, "a": start, "b": end},
        )
    ).all()
    return np.array([(tag_id, row.ts, row.received, row.value, row.quality) for row in rows], dtype=SAMPLE)


async def enter(connection: psycopg.AsyncConnection[Any], hours: Sequence[datetime]) -> list[datetime]:
    """Announce a write into some hours in its transaction; those among them that are rolled up."""
    row = await (await connection.execute("SELECT history_enter(%s)", [list(hours)])).fetchone()
    return list(row[0] or ()) if row else []


async def spoil(connection: psycopg.AsyncConnection[Any], tags: Sequence[int], hours: Sequence[datetime]) -> None:
    """Delete the roll-ups of these tags and hours (pairs)."""
    await connection.execute("SELECT history_spoil(%s, %s)", [list(tags), list(hours)])


async def mark_hours(connection: psycopg.AsyncConnection[Any], start: datetime, end: datetime) -> list[datetime]:
    """The hours of [start, end) whose roll-ups are to be made."""
    async with connection.transaction():
        rows = await (await connection.execute("SELECT * FROM history_mark(%s, %s)", [start, end])).fetchall()
    return [row[0] for row in rows]


async def call_done(connection: psycopg.AsyncConnection[Any], hour: datetime, done: bool) -> None:
    """Say whether an hour needs no more rolling."""
    await connection.execute("SELECT history_done(%s, %s)", [hour, done])


async def roll(connection: psycopg.AsyncConnection[Any], hour: datetime, first: int, last: int) -> int:
    """Make the roll-ups of an hour for the tags first..last; how many were made."""
    row = await (await connection.execute("SELECT history_roll(%s, %s, %s)", [hour, first, last])).fetchone()
    return int(row[0]) if row else 0


async def largest_tag(connection: psycopg.AsyncConnection[Any]) -> int:
    """The highest tag number."""
    row = await (await connection.execute("SELECT COALESCE(max(id), 0) FROM tag")).fetchone()
    return int(row[0]) if row else 0


async def see_all(connection: psycopg.AsyncConnection[Any]) -> None:
    """Let a job's connection see every enterprise."""
    await connection.execute("SELECT set_config('twin.enterprise', '*', false)")


async def days_known(connection: psycopg.AsyncConnection[Any]) -> tuple[list[date], dict[date, SealedDay]]:
    """Days with a partition, and days in files."""
    hot = await (await connection.execute("SELECT day FROM history_days()")).fetchall()
    cold = await (await connection.execute(f"{_SEALED} WHERE generation > 0 ORDER BY day")).fetchall()
    return [row[0] for row in hot], {row[0]: SealedDay(*row) for row in cold}


async def seal_begin(connection: psycopg.AsyncConnection[Any], day: date) -> int:
    """Count the writes into a day from now on; the count so far."""
    async with connection.transaction():
        row = await (await connection.execute("SELECT history_seal_begin(%s)", [day])).fetchone()
    return int(row[0]) if row else 0


async def count(connection: psycopg.AsyncConnection[Any], start: datetime, end: datetime) -> int:
    """How many samples the database holds in [start, end), of all enterprises."""
    row = await (await connection.execute("SELECT history_rows(%s, %s)", [start, end])).fetchone()
    return int(row[0]) if row else 0


async def dump(connection: psycopg.AsyncConnection[Any], start: datetime, first: int, last: int) -> Samples:
    """The samples of the day that begins at ``start`` of the tags first..last, by tag and time."""
    query = (
        "COPY (SELECT tag_id, ts, received, value, quality FROM history_sample"
        f" WHERE tag_id >= {int(first)} AND tag_id <= {int(last)} AND ts >= '{start.isoformat()}'"
        f" AND ts < '{(start + timedelta(days=1)).isoformat()}' ORDER BY tag_id, ts) TO STDOUT (FORMAT binary)"
    )
    block = bytearray()
    async with connection.cursor().copy(query) as out:
        async for data in out:
            block += data
    return unpack_copy(memoryview(block)[len(COPY_HEADER) :])


async def seal(
    connection: psycopg.AsyncConnection[Any],
    day: SealedDay,
    seen: int,
    newest: Sequence[tuple[int, int, int, float, int]],
) -> bool:
    """Let files take the place of a day's partition; False when somebody wrote into it after ``seen``.

    Raises:
        psycopg.errors.LockNotAvailable: somebody reads for long; nothing has changed.
    """
    rows = [(t, ts, received, value if value == value else "NaN", q) for t, ts, received, value, q in newest]
    async with connection.transaction():
        row = await (
            await connection.execute(
                "SELECT history_seal(%s, %s, %s, %s, %s, %s, %s, %s)",
                [day.day, seen, day.generation, day.rows, day.bytes, json.dumps(dict(day.files)), day.sealed_at,
                 json.dumps(rows)],
            )
        ).fetchone()  # fmt: skip
    return bool(row and row[0])


async def keep_days(session: AsyncSession) -> dict[str, int]:
    """How many days this enterprise keeps each class, where it has set that."""
    rows = await session.execute(text("SELECT class, keep_days FROM history_keep"))
    return {row[0]: row.keep_days for row in rows}


async def longest_keep(connection: psycopg.AsyncConnection[Any], class_: str, default: int) -> int:
    """The longest that any enterprise keeps a class; ``default`` holds for those that have not set it."""
    query = (
        "SELECT max(COALESCE(k.keep_days, %s)) FROM enterprise e"
        " LEFT JOIN history_keep k ON k.enterprise_id = e.id AND k.class = %s"
    )
    row = await (await connection.execute(query, [default, class_])).fetchone()
    return default if row is None or row[0] is None else int(row[0])


async def enterprises(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Id and code of every enterprise in sight."""
    rows = await session.execute(text("SELECT id, code FROM enterprise ORDER BY code"))
    return [(row.id, row.code) for row in rows]


async def set_keep_days(session: AsyncSession, enterprise: UUID, class_: str, days: int) -> None:
    """Set how long an enterprise keeps a class."""
    await session.execute(
        text(
            "INSERT INTO history_keep (enterprise_id, class, keep_days) VALUES (:e, :c, :d)"
            " ON CONFLICT (enterprise_id, class) DO UPDATE SET keep_days = excluded.keep_days"
        ),
        {"e": enterprise, "c": class_, "d": days},
    )


async def refresh_rates(session: AsyncSession) -> dict[UUID, float]:
    """Seconds between two values of a point on screens, of each enterprise (in sight) that has set it."""
    rows = await session.execute(text("SELECT enterprise_id, refresh_ms FROM point_setting"))
    return {row.enterprise_id: row.refresh_ms / 1000 for row in rows}


async def set_refresh_rate(session: AsyncSession, enterprise: UUID, milliseconds: int) -> None:
    """Set an enterprise's refresh rate."""
    await session.execute(
        text(
            "INSERT INTO point_setting (enterprise_id, refresh_ms) VALUES (:e, :ms)"
            " ON CONFLICT (enterprise_id) DO UPDATE SET refresh_ms = excluded.refresh_ms"
        ),
        {"e": enterprise, "ms": milliseconds},
    )


async def is_safety(session: AsyncSession, device_id: UUID) -> bool:
    """Whether a measuring point is marked as safety-critical."""
    return bool((await session.execute(text("SELECT safety FROM device WHERE id = :d"), {"d": device_id})).scalar())


async def dead_band(session: AsyncSession, device_id: UUID) -> DeadBand | None:
    """A point's dead-band, None without one."""
    rows = await session.execute(
        text("SELECT deviation, longest_s FROM point_compression WHERE device_id = :d"), {"d": device_id}
    )
    row = rows.one_or_none()
    return None if row is None else DeadBand(row.deviation, row.longest_s)


async def set_dead_band(session: AsyncSession, enterprise: UUID, device_id: UUID, band: DeadBand | None) -> None:
    """Give a point a dead-band, or take it away."""
    await session.execute(text("DELETE FROM point_compression WHERE device_id = :d"), {"d": device_id})
    if band is not None:
        await session.execute(
            text(
                "INSERT INTO point_compression (device_id, enterprise_id, deviation, longest_s) VALUES (:d, :e, :v, :l)"
            ),
            {"d": device_id, "e": enterprise, "v": band.deviation, "l": band.longest_s},
        )


async def dead_bands(session: AsyncSession) -> dict[int, DeadBand]:
    """The dead-band of every tag in sight that has one."""
    rows = await session.execute(
        text("SELECT t.id, c.deviation, c.longest_s FROM point_compression c JOIN tag t ON t.device_id = c.device_id")
    )
    return {row.id: DeadBand(row.deviation, row.longest_s) for row in rows}
