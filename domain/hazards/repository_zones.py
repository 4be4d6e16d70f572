"""Open hazards as zones and the risk engine see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.hazards.repository import OPEN

_FACT = "SELECT id, code, name, zone_code, level, overdue, status, created_at FROM hazard"


async def open_in(session: AsyncSession, zones: Sequence[str], limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many hazards are open, and the most urgent of them: major ones first, then by deadline."""
    where = "FROM hazard WHERE status = ANY(:open) AND zone_code = ANY(:zones)"
    values = {"open": list(OPEN), "zones": list(zones)}
    total = await session.execute(text(f"SELECT count(*) {where}"), values)
    rows = await session.execute(
        text(
            "SELECT id, code, name, zone_code, level, status, owner_name, deadline, days_left, overdue"
            f" {where} ORDER BY level DESC, deadline NULLS LAST, id LIMIT :limit"
        ),
        {**values, "limit": limit},
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]


async def facts(session: AsyncSession) -> list[dict[str, Any]]:
    """Every open hazard that lies in a zone."""
    rows = await session.execute(
        text(f"{_FACT} WHERE status = ANY(:open) AND zone_code IS NOT NULL ORDER BY id"), {"open": list(OPEN)}
    )
    return [dict(row) for row in rows.mappings()]


async def fact(session: AsyncSession, hazard_id: UUID) -> dict[str, Any] | None:
    """One hazard, open or not; None: there is none."""
    row = (await session.execute(text(f"{_FACT} WHERE id = :id"), {"id": hazard_id})).mappings().first()
    return dict(row) if row is not None else None
