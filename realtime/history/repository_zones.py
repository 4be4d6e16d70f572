"""Newest values of zones' measuring points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def points_in(session: AsyncSession, zones: Sequence[str], limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many measuring points stand in the zones, and the first of them, safety points before others, each with its newest sample."""
    values = {"zones": list(zones)}
    total = await session.execute(text("SELECT count(*) FROM device WHERE zone_code = ANY(:zones)"), values)
    rows = await session.execute(
        text(
            "SELECT d.id, d.code, d.name, d.name_en, d.kind AS device_kind, l.value, d.unit_text AS unit, l.ts AS at, l.quality"
            " FROM (SELECT * FROM device WHERE zone_code = ANY(:zones) ORDER BY safety DESC, code LIMIT :limit) d"
            " LEFT JOIN tag t ON t.device_id = d.id LEFT JOIN LATERAL history_latest(t.id, 'infinity') l ON true"
            " ORDER BY d.safety DESC, d.code"
        ),
        {**values, "limit": limit},
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]
