"""What the risk engine reads of alarms."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def active(session: AsyncSession) -> list[dict[str, Any]]:
    """Active alarms that have a zone, oldest first."""
    rows = await session.execute(
        text(
            "SELECT id, zone_code, grade, type, stage, source, status, subject_name, subject_layer, subject_id, raised_at"
            " FROM alarm WHERE active AND zone_code IS NOT NULL ORDER BY raised_at, id"
        )
    )
    return [dict(row) for row in rows.mappings()]


async def device_kind(session: AsyncSession, device: str) -> str | None:
    """What a measuring point measures."""
    found = await session.execute(text("SELECT kind FROM device WHERE id = CAST(:id AS uuid)"), {"id": device})
    kind: str | None = found.scalar()
    return kind
