"""Open alarms of zones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def open_in(session: AsyncSession, zones: Sequence[str], limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many alarms are not closed, and the most urgent of them: active first, then by grade, newest first."""
    where = "FROM alarm WHERE status <> 'closed' AND zone_code = ANY(:zones)"
    total = await session.execute(text(f"SELECT count(*) {where}"), {"zones": list(zones)})
    rows = await session.execute(
        text(
            "SELECT id, subject_name AS name, zone_code, type, grade, status, active, value, limit_value, raised_at"
            f" {where} ORDER BY active DESC, grade, raised_at DESC, id LIMIT :limit"
        ),
        {"zones": list(zones), "limit": limit},
    )
    return int(total.scalar_one()), [dict(row) for row in rows.mappings()]
