"""SQL of point lists: addresses of imported points, and the points that the design documents demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.ingest.repository import PointRow


async def devices_by_code(session: AsyncSession, codes: Sequence[str]) -> dict[str, UUID]:
    """These devices of the enterprise by code."""
    rows = await session.execute(text("SELECT code, id FROM device WHERE code = ANY(:c)"), {"c": list(codes)})
    return {row.code: row.id for row in rows}


async def sources_by_name(session: AsyncSession) -> dict[str, tuple[UUID, str]]:
    """Id and kind of every source by name."""
    rows = await session.execute(text("SELECT name, id, kind FROM field_source"))
    return {row.name: (row.id, row.kind) for row in rows}


async def assign(session: AsyncSession, enterprise_id: UUID, rows: Sequence[PointRow]) -> None:
    """Give these devices their addresses; all others stay as they are."""
    await session.execute(
        text(
            "INSERT INTO field_point (device_id, enterprise_id, source_id, address, scale, shift)"
            " SELECT d, :e, s, a, k, t FROM unnest(CAST(:d AS uuid[]), CAST(:s AS uuid[]), CAST(:a AS text[]),"
            " CAST(:k AS float8[]), CAST(:t AS float8[])) AS u (d, s, a, k, t) ON CONFLICT (device_id) DO UPDATE"
            " SET source_id = excluded.source_id, address = excluded.address, scale = excluded.scale,"
            " shift = excluded.shift"
        ),
        {
            "e": enterprise_id, "d": [r.device_id for r in rows], "s": [r.source_id for r in rows],
            "a": [r.address for r in rows], "k": [r.scale for r in rows], "t": [r.shift for r in rows],
        },
    )  # fmt: skip


@dataclass(frozen=True)
class Required:
    """A point that a design document demands."""

    tag: str
    name: str
    document: str


async def put_required(session: AsyncSession, enterprise_id: UUID, rows: Sequence[Required]) -> None:
    """Let the list be exactly this."""
    await session.execute(text("DELETE FROM point_required"))
    await session.execute(
        text(
            "INSERT INTO point_required (enterprise_id, tag, name, document)"
            " SELECT :e, t, n, d FROM unnest(CAST(:t AS text[]), CAST(:n AS text[]), CAST(:d AS text[])) u (t, n, d)"
        ),
        {
            "e": enterprise_id, "t": [r.tag for r in rows], "n": [r.name for r in rows],
            "d": [r.document for r in rows],
        },
    )  # fmt: skip


@dataclass(frozen=True)
class Covered:
    """A demanded point as it stands: its device, its source, and the quality of its newest sample (None: no sample)."""

    tag: str
    name: str
    document: str
    device_id: UUID | None
    source: str | None
    quality: int | None


async def covered(session: AsyncSession) -> list[Covered]:
    """Every demanded point, by tag."""
    rows = await session.execute(
        text(
            "SELECT r.tag, r.name, r.document, d.id, f.name, l.quality FROM point_required r"
            " LEFT JOIN device d ON d.tag = r.tag LEFT JOIN field_point p ON p.device_id = d.id"
            " LEFT JOIN field_source f ON f.id = p.source_id AND f.enabled"
            " LEFT JOIN tag h ON h.device_id = d.id"
            " LEFT JOIN LATERAL history_latest(h.id, 'infinity') l ON h.id IS NOT NULL ORDER BY r.tag"
        )
    )
    return [Covered(*row) for row in rows]
