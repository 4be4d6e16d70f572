"""SQL of the field sources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class SourceRow:
    """A source as it is set."""

    id: UUID
    enterprise_id: UUID
    name: str
    kind: str
    settings: dict[str, Any]
    bad_after_s: float
    updated_at: datetime


@dataclass(frozen=True)
class PointRow:
    """A point of a source."""

    device_id: UUID
    source_id: UUID
    address: str
    scale: float
    shift: float


async def revision(session: AsyncSession) -> tuple[Any, ...]:
    """Changes whenever a source or its points were changed, in whatever order the changes were committed."""
    row = await session.execute(
        text("SELECT count(*), sum(extract(epoch FROM updated_at)), count(*) FILTER (WHERE enabled) FROM field_source")
    )
    return tuple(row.one())


async def enabled_sources(session: AsyncSession) -> list[SourceRow]:
    """All sources that are to run."""
    rows = await session.execute(
        text(
            "SELECT id, enterprise_id, name, kind, settings, bad_after_s, updated_at FROM field_source"
            " WHERE enabled ORDER BY id"
        )
    )
    return [SourceRow(*row) for row in rows]


async def source_named(session: AsyncSession, name: str) -> SourceRow | None:
    """The enterprise's source of this name."""
    rows = await session.execute(
        text(
            "SELECT id, enterprise_id, name, kind, settings, bad_after_s, updated_at FROM field_source WHERE name = :n"
        ),
        {"n": name},
    )
    row = rows.one_or_none()
    return None if row is None else SourceRow(*row)


async def devices_by_tag(session: AsyncSession) -> dict[str, UUID]:
    """Every device of the enterprise by its tag."""
    rows = await session.execute(text("SELECT tag, id FROM device"))
    return {row.tag: row.id for row in rows}


async def points(session: AsyncSession, source_id: UUID) -> list[PointRow]:
    """The points of a source whose devices exist."""
    rows = await session.execute(
        text(
            "SELECT p.device_id, p.source_id, p.address, p.scale, p.shift FROM field_point p"
            " JOIN device d ON d.id = p.device_id WHERE p.source_id = :s ORDER BY p.device_id"
        ),
        {"s": source_id},
    )
    return [PointRow(*row) for row in rows]


async def put_source(session: AsyncSession, row: SourceRow, enabled: bool = True) -> UUID:
    """Add a source, or set the one of the same enterprise and name; its id."""
    found = await session.execute(
        text(
            "INSERT INTO field_source (id, enterprise_id, name, kind, settings, bad_after_s, enabled, updated_at)"
            " VALUES (:id, :e, :name, :kind, CAST(:settings AS jsonb), :bad, :enabled, :at)"
            " ON CONFLICT (enterprise_id, name) DO UPDATE SET kind = excluded.kind, settings = excluded.settings,"
            " bad_after_s = excluded.bad_after_s, enabled = excluded.enabled, updated_at = excluded.updated_at"
            " RETURNING id"
        ),
        {
            "id": row.id, "e": row.enterprise_id, "name": row.name, "kind": row.kind,
            "settings": json.dumps(row.settings), "bad": row.bad_after_s, "enabled": enabled, "at": row.updated_at,
        },
    )  # fmt: skip
    made: UUID = found.scalar_one()
    return made


async def put_points(session: AsyncSession, enterprise_id: UUID, source_id: UUID, rows: Sequence[PointRow]) -> None:
    """Let a source measure exactly these points; a point that another source had moves to this one."""
    await session.execute(text("DELETE FROM field_point WHERE source_id = :s"), {"s": source_id})
    await session.execute(
        text(
            "INSERT INTO field_point (device_id, enterprise_id, source_id, address, scale, shift)"
            " SELECT d, :e, :s, a, k, t FROM unnest(CAST(:d AS uuid[]), CAST(:a AS text[]), CAST(:k AS float8[]),"
            " CAST(:t AS float8[])) AS u (d, a, k, t) ON CONFLICT (device_id) DO UPDATE"
            " SET source_id = excluded.source_id, address = excluded.address, scale = excluded.scale,"
            " shift = excluded.shift"
        ),
        {
            "e": enterprise_id, "s": source_id, "d": [r.device_id for r in rows], "a": [r.address for r in rows],
            "k": [r.scale for r in rows], "t": [r.shift for r in rows],
        },
    )  # fmt: skip


@dataclass(frozen=True)
class Fares:
    """How a source fares."""

    source_id: UUID
    enterprise_id: UUID
    connected: bool
    error: str
    counts: Mapping[str, int]
    rate: float = 0.0
    last_at: datetime | None = None
    lag_s: float | None = None


async def put_states(session: AsyncSession, at: datetime, rows: Sequence[Fares]) -> None:
    """Note how sources fare; a source that was taken away meanwhile is left out."""
    await session.execute(
        text(
            "INSERT INTO field_source_state (source_id, enterprise_id, connected, error, counts, at, rate, last_at,"
            " lag_s) SELECT u.s, u.e, u.c, u.x, CAST(u.j AS jsonb), :at, u.r, u.l, u.g"
            " FROM unnest(CAST(:s AS uuid[]), CAST(:e AS uuid[]), CAST(:c AS boolean[]), CAST(:x AS text[]),"
            " CAST(:j AS text[]), CAST(:r AS float8[]), CAST(:l AS timestamptz[]), CAST(:g AS float8[]))"
            " AS u (s, e, c, x, j, r, l, g)"
            " JOIN field_source f ON f.id = u.s"
            " ON CONFLICT (source_id) DO UPDATE SET connected = excluded.connected, error = excluded.error,"
            " counts = excluded.counts, at = excluded.at, rate = excluded.rate, last_at = excluded.last_at,"
            " lag_s = excluded.lag_s"
        ),
        {
            "at": at, "s": [r.source_id for r in rows], "e": [r.enterprise_id for r in rows],
            "c": [r.connected for r in rows], "x": [r.error for r in rows],
            "j": [json.dumps(dict(r.counts)) for r in rows], "r": [r.rate for r in rows],
            "l": [r.last_at for r in rows], "g": [r.lag_s for r in rows],
        },
    )  # fmt: skip


@dataclass(frozen=True)
class SourceView:
    """A source and how it fares, for people; settings are left out (they may hold a password)."""

    id: UUID
    name: str
    kind: str
    enabled: bool
    points: int
    bad_after_s: float
    connected: bool
    error: str
    counts: dict[str, int]
    at: datetime | None
    rate: float
    last_at: datetime | None
    lag_s: float | None


async def views(session: AsyncSession) -> list[SourceView]:
    """All sources of the enterprise by name."""
    rows = await session.execute(
        text(
            "SELECT f.id, f.name, f.kind, f.enabled, (SELECT count(*) FROM field_point p WHERE p.source_id = f.id),"
            " f.bad_after_s, COALESCE(s.connected, false), COALESCE(s.error, ''), COALESCE(s.counts, '{}'), s.at,"
            " COALESCE(s.rate, 0), s.last_at, s.lag_s FROM field_source f LEFT JOIN field_source_state s ON s.source_id = f.id ORDER BY f.name"
        )
    )
    return [SourceView(*row) for row in rows]


async def source(session: AsyncSession, id_: UUID, *, lock: bool = False) -> tuple[SourceRow, bool] | None:
    """A source of the enterprise and whether it is to run."""
    rows = await session.execute(
        text(
            "SELECT id, enterprise_id, name, kind, settings, bad_after_s, updated_at, enabled FROM field_source"
            " WHERE id = :id" + (" FOR UPDATE" if lock else "")
        ),
        {"id": id_},
    )
    row = rows.one_or_none()
    return None if row is None else (SourceRow(*row[:7]), bool(row[7]))


async def change(session: AsyncSession, row: SourceRow, enabled: bool) -> None:
    """Set everything of a source that is there."""
    await session.execute(
        text(
            "UPDATE field_source SET name = :name, settings = CAST(:settings AS jsonb), bad_after_s = :bad,"
            " enabled = :enabled, updated_at = :at WHERE id = :id"
        ),
        {
            "id": row.id, "name": row.name, "settings": json.dumps(row.settings), "bad": row.bad_after_s,
            "enabled": enabled, "at": row.updated_at,
        },
    )  # fmt: skip


async def delete(session: AsyncSession, id_: UUID) -> None:
    """Remove a source with its addresses; what it measured stays in the history."""
    await session.execute(text("DELETE FROM field_source WHERE id = :id"), {"id": id_})


async def points_of(session: AsyncSession, devices: Sequence[UUID]) -> list[PointRow]:
    """The addresses that these devices have now."""
    rows = await session.execute(
        text("SELECT device_id, source_id, address, scale, shift FROM field_point WHERE device_id = ANY(:d)"),
        {"d": list(devices)},
    )
    return [PointRow(*row) for row in rows]


async def touch(session: AsyncSession, ids: Sequence[UUID], at: datetime) -> None:
    """Mark sources as changed: the gateway starts them anew."""
    await session.execute(
        text("UPDATE field_source SET updated_at = :at WHERE id = ANY(:ids)"), {"at": at, "ids": list(ids)}
    )


async def newest(session: AsyncSession, tags: Sequence[int]) -> list[tuple[int, datetime, datetime, int]]:
    """Tag, source time, receipt time, quality of the newest stored sample of each tag that has one."""
    rows = await session.execute(
        text(
            "SELECT u.tag, l.ts, l.received, l.quality FROM unnest(CAST(:t AS integer[])) AS u (tag)"
            " CROSS JOIN LATERAL history_latest(u.tag, 'infinity') l"
        ),
        {"t": list(tags)},
    )
    return [(row.tag, row.ts, row.received, row.quality) for row in rows]
