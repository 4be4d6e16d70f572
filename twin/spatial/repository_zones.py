"""What stands in zones and where one leaves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ZONES = "SELECT ST_Union(geom) AS geom FROM zone WHERE code = ANY(:zones)"


async def cameras(session: AsyncSession, zones: Sequence[str], limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many cameras stand in the zones or reach them, and the nearest: code, name, kind, ``inside``, ``distance_m`` to the zones' edge.

    A camera reaches as far as its ``range_m`` on the plan; whether something stands in its way only the model says
    (``/tiles3d/{site}/cameras/seeing``).
    """
    found = (
        f"FROM camera c CROSS JOIN ({_ZONES}) z"
        " CROSS JOIN LATERAL (SELECT c.zone_code = ANY(:zones) AS inside,"
        " ST_Distance(c.geom::geography, z.geom::geography, false) AS far) d"
        " WHERE d.inside OR d.far <= COALESCE(c.range_m, 0)"
    )
    values = {"zones": list(zones)}
    total = await session.execute(text(f"SELECT count(*) {found}"), values)
    rows = await session.execute(
        text(
            "SELECT c.id, c.code, c.name, c.name_en, c.kind, d.inside, round(d.far::numeric, 1)::float8 AS distance_m"
            f" {found} ORDER BY d.inside DESC, d.far, c.code LIMIT :limit"
        ),
        {**values, "limit": limit},
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]


async def exits(session: AsyncSession, zones: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """The nearest gates and the nearest assembly points: layer, code, name, ``distance_m`` from the zones' middle in a straight line."""
    rows = await session.execute(
        text(
            f"WITH z AS (SELECT ST_PointOnSurface(geom)::geography AS middle FROM ({_ZONES}) u),"
            " places AS (SELECT 'gate' AS layer, id, code, name, name_en, kind, NULL::integer AS capacity, geom FROM gate"
            " UNION ALL SELECT 'assembly_point', id, code, name, name_en, NULL, capacity, geom FROM assembly_point),"
            " near AS (SELECT p.*, ST_Distance(p.geom::geography, z.middle, false) AS far,"
            " row_number() OVER (PARTITION BY layer ORDER BY ST_Distance(p.geom::geography, z.middle, false), code) AS n"
            " FROM places p CROSS JOIN z)"
            " SELECT id, layer, code, name, name_en, kind, capacity, round(far)::integer AS distance_m FROM near"
            " WHERE n <= :limit ORDER BY layer DESC, far"
        ),
        {"zones": list(zones), "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


async def limits(session: AsyncSession, zones: Sequence[str], most: int) -> list[dict[str, Any]]:
    """Limits of the zones' measuring points, alike ones together (``n`` of them; ``name`` of one), safety points first."""
    rows = await session.execute(
        text(
            "SELECT kind, unit_text, limit_ll, limit_l, limit_h, limit_hh, count(*) AS n, min(name) AS name, min(name_en) AS name_en"
            " FROM device WHERE zone_code = ANY(:zones) AND COALESCE(limit_ll, limit_l, limit_h, limit_hh) IS NOT NULL"
            " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY bool_or(safety) DESC, n DESC, kind, name LIMIT :most"
        ),
        {"zones": list(zones), "most": most},
    )
    return [dict(row) for row in rows.mappings()]
