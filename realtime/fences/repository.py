"""SQL of fences and calls for help."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def in_charge(session: AsyncSession, zone: str | None) -> set[UUID]:
    """Active accounts in charge of a zone or of one that it lies in: bound to it, or its named owner."""
    if zone is None:
        return set()
    rows = await session.execute(
        text(
            "WITH RECURSIVE up(code, parent, owner) AS ("
            " SELECT code, parent_code, owner FROM zone WHERE code = :z"
            " UNION SELECT z.code, z.parent_code, z.owner FROM zone z JOIN up ON z.code = up.parent)"
            " SELECT a.id FROM account a WHERE a.active AND (a.zones && (SELECT array_agg(code) FROM up)"
            " OR a.name IN (SELECT owner FROM up WHERE owner <> ''))"
        ),
        {"z": zone},
    )
    return {row.id for row in rows}


async def zone_name(session: AsyncSession, code: str | None) -> str:
    """A zone's name, empty when there is none."""
    found = await session.execute(text("SELECT name FROM zone WHERE code = :c"), {"c": code})
    return str(found.scalar() or "")


async def zone_at(session: AsyncSession, lon: float, lat: float) -> str | None:
    """Code of the smallest zone that holds a point, heights aside."""
    found = await session.execute(
        text(
            "SELECT code FROM zone WHERE ST_Intersects(geom, ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
            " ORDER BY ST_Area(geom) LIMIT 1"
        ),
        {"x": lon, "y": lat},
    )
    return found.scalar()
