"""SQL of tracks: COPY into day partitions, and what playback asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

Connection = psycopg.AsyncConnection[Any]

#: Columns of each partitioned table with their types, in the order of the rows that are written.
TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "track_point": (
        ("subject", "int4"), ("ts", "timestamptz"), ("lon", "float8"), ("lat", "float8"), ("h", "float4"),
        ("speed", "float4"), ("r95", "float4"), ("age", "float4"), ("state", "int2"), ("source", "int2"),
        ("floor", "text"), ("zone", "text"),
    ),
    "positioning_accuracy": (
        ("enterprise_id", "uuid"), ("ts", "timestamptz"), ("zone", "text"), ("fixes", "int4"), ("within", "int4"),
        ("limit_m", "float4"), ("r95", "float4"), ("delay_p50", "float4"), ("delay_p99", "float4"),
    ),
    "anchor_health": (
        ("enterprise_id", "uuid"), ("ts", "timestamptz"), ("anchor", "text"), ("count", "int8"),
        ("reject_share", "float4"), ("residual_mean", "float4"), ("residual_rms", "float4"), ("silent", "float4"),
        ("state", "text"),
    ),
}  # fmt: skip
Row = tuple[Any, ...]


async def copy(connection: Connection, table: str, rows: Sequence[Row]) -> None:
    """Put rows into their partitions in one transaction; points that are there already stay as they are."""
    columns = TABLES[table]
    try:
        async with connection.transaction():
            await _copy_into(connection, table, columns, rows)
    except psycopg.errors.UniqueViolation:
        names = ", ".join(name for name, _ in columns)
        async with connection.transaction():
            await connection.execute(f"CREATE TEMP TABLE stage ON COMMIT DROP AS SELECT {_casts(columns)} WHERE false")
            await _copy_into(connection, "stage", columns, rows)
            await connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM stage ON CONFLICT DO NOTHING")


def _casts(columns: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns)


async def _copy_into(
    connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[Row]
) -> None:
    names = ", ".join(name for name, _ in columns)
    async with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN (FORMAT binary)") as out:
        out.set_types([kind for _, kind in columns])
        for row in rows:
            await out.write_row(row)


async def make_partitions(connection: Connection, first: date, last: date) -> None:
    """Make the day partitions (UTC days, both inclusive) that are missing."""
    async with connection.transaction():
        await connection.execute("SELECT tracking_partitions(%s, %s)", [first, last])


async def drop_partitions(connection: Connection, before: date) -> list[date]:
    """Drop the day partitions that lie before a day.

    Raises:
        psycopg.errors.LockNotAvailable: somebody reads for long; nothing was dropped.
    """
    async with connection.transaction():
        rows = await (await connection.execute("SELECT * FROM tracking_drop(%s)", [before])).fetchall()
    return [row[0] for row in rows]


async def ensure_subjects(
    session: AsyncSession, enterprise: UUID, subjects: Iterable[tuple[UUID, str]]
) -> dict[UUID, int]:
    """The number of each subject (id, kind) in the tracks; new ones are given."""
    wanted = list(subjects)
    ids, kinds = [id_ for id_, _ in wanted], [kind for _, kind in wanted]
    await session.execute(
        text(
            "INSERT INTO track_subject (enterprise_id, subject_id, kind)"
            " SELECT :e, u.s, u.k FROM unnest(CAST(:s AS uuid[]), CAST(:k AS text[])) AS u (s, k)"
            " WHERE NOT EXISTS (SELECT 1 FROM track_subject t WHERE t.subject_id = u.s) ON CONFLICT DO NOTHING"
        ),
        {"e": enterprise, "s": ids, "k": kinds},
    )
    rows = await session.execute(
        text("SELECT subject_id, id FROM track_subject WHERE subject_id = ANY(:s)"), {"s": ids}
    )
    return {row.subject_id: row.id for row in rows}


@dataclass(frozen=True)
class TrackSubject:
    """Whose track it is, and what the newest binding says about it."""

    number: int
    id: UUID
    kind: str
    name: str
    klass: str
    department: str


_SUBJECTS = (
    "SELECT t.id, t.subject_id, t.kind, coalesce(b.subject_name, '') AS name, coalesce(b.class, '') AS klass,"
    " coalesce(b.department, '') AS department FROM track_subject t LEFT JOIN LATERAL (SELECT * FROM badge_binding b"
    " WHERE b.subject_id = t.subject_id ORDER BY b.since DESC LIMIT 1) b ON true"
)


async def subjects(session: AsyncSession, ids: Sequence[UUID]) -> list[TrackSubject]:
    """Those of some subjects that have ever had a track."""
    rows = await session.execute(text(_SUBJECTS + " WHERE t.subject_id = ANY(:s) ORDER BY t.id"), {"s": list(ids)})
    return [TrackSubject(*row) for row in rows]


async def in_zones(
    session: AsyncSession, zones: Sequence[str], start: datetime, end: datetime, limit: int
) -> list[TrackSubject]:
    """Subjects that have a kept point in one of these zones in [start, end)."""
    rows = await session.execute(
        text(
            _SUBJECTS + " WHERE t.id IN (SELECT p.subject FROM track p WHERE p.zone = ANY(:z)"
            " AND p.ts >= :a AND p.ts < :b) ORDER BY t.id LIMIT :n"
        ),
        {"z": list(zones), "a": start, "b": end, "n": limit},
    )
    return [TrackSubject(*row) for row in rows]


async def zone_tree(session: AsyncSession, code: str) -> list[str]:
    """A zone and all that lie in it, by code; empty when there is none."""
    rows = await session.execute(
        text(
            "WITH RECURSIVE tree AS (SELECT code FROM zone WHERE code = :c UNION SELECT z.code FROM zone z"
            " JOIN tree ON z.parent_code = tree.code) SELECT code FROM tree"
        ),
        {"c": code},
    )
    return list(rows.scalars())


async def points(session: AsyncSession, number: int, start: datetime, end: datetime) -> list[Row]:
    """Kept points in [start, end), oldest first: s since 1970, lon, lat, h, speed, r95, age, state, source, floor,
    zone. The last one before ``start`` comes first when there is one within the heartbeat."""
    rows = await session.execute(
        text(
            "SELECT extract(epoch FROM ts)::float8, lon, lat, h, speed, r95, age, state, source, floor, zone"
            " FROM track_of(:n, CAST(:a AS timestamptz) - interval '65 seconds', :b)"
            " WHERE ts >= (SELECT coalesce(max(p.ts), :a) FROM"
            " track_of(:n, CAST(:a AS timestamptz) - interval '65 seconds', :a) p)"
        ),
        {"n": number, "a": start, "b": end},
    )
    return [tuple(row) for row in rows]


@dataclass(frozen=True)
class Around:
    """Whose it is, and its kept points beside an instant: the last at or before it, the first after it."""

    subject: TrackSubject
    badge: str
    before: Row
    after: Row | None


_POINT = (
    "extract(epoch FROM p.ts)::float8, p.lon, p.lat, p.h, p.speed, p.r95, p.age, p.state, p.source, p.floor, p.zone"
)
#: As ``_SUBJECTS``, but by the binding of an instant (else the first one after it).
_SUBJECTS_THEN = (
    "SELECT t.id, t.subject_id, t.kind, coalesce(b.subject_name, ''), coalesce(b.class, ''), coalesce(b.department, ''),"
    f" coalesce(b.code, ''), {_POINT} FROM track_subject t LEFT JOIN LATERAL (SELECT b.*, d.code FROM badge_binding b"
    " LEFT JOIN badge d ON d.id = b.badge_id WHERE b.subject_id = t.subject_id ORDER BY b.since > :at,"
    " CASE WHEN b.since > :at THEN b.since - :at ELSE CAST(:at AS timestamptz) - b.since END LIMIT 1) b ON true"
)


async def around(session: AsyncSession, at: datetime, heartbeat: timedelta, forgotten: timedelta) -> list[Around]:
    """Everybody who was heard within ``forgotten`` before an instant, with the points beside it; ``after`` only within the heartbeat."""
    rows = await session.execute(
        text(
            _SUBJECTS_THEN
            + " JOIN tracks_beside(:at, CAST(:gone AS interval), CAST(:beat AS interval)) p ON p.subject = t.id"
            " ORDER BY t.id, p.ts"
        ),
        {"at": at, "beat": heartbeat, "gone": forgotten},
    )
    found: dict[int, Around] = {}
    for row in rows:
        who, badge, point = TrackSubject(*row[:6]), row[6], tuple(row[7:])
        known = found.get(who.number)
        if known is not None:
            found[who.number] = Around(who, badge, known.before, point)
        elif point[0] <= at.timestamp():
            found[who.number] = Around(who, badge, point, None)
    return list(found.values())


async def kept(session: AsyncSession) -> list[tuple[date, str, int]]:
    """Each partition: day, name, bytes on disk; oldest first."""
    rows = await session.execute(text("SELECT day, name, bytes FROM tracking_days()"))
    return [(row.day, row.name, row.bytes) for row in rows]
