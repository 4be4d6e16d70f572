"""SQL of the surveyed radio maps of BLE fields."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.ids import uuid7


async def radio_maps(session: AsyncSession) -> list[Any]:
    """Every map of the unit's enterprise: code, map (as ``calibrate ble`` writes it), updated_at, updated_by."""
    rows = await session.execute(
        text("SELECT code, map, updated_at, updated_by FROM positioning_radio_map ORDER BY code")
    )
    return list(rows)


async def receivers(session: AsyncSession) -> dict[str, str]:
    """Floor code of every BLE receiver of the plant, empty outdoors."""
    rows = await session.execute(text("SELECT code, coalesce(floor_code, '') AS floor FROM anchor WHERE kind = 'ble'"))
    return {row.code: row.floor for row in rows}


async def put_radio_map(
    session: AsyncSession, enterprise: UUID, code: str, given: dict[str, Any], at: datetime, by: str
) -> None:
    """Store a map in place of the one of that code."""
    await session.execute(
        text(
            "INSERT INTO positioning_radio_map (id, enterprise_id, code, map, updated_at, updated_by)"
            " VALUES (:id, :e, :c, CAST(:m AS jsonb), :at, :by) ON CONFLICT (enterprise_id, code) DO UPDATE SET"
            " map = excluded.map, updated_at = excluded.updated_at, updated_by = excluded.updated_by"
        ),
        {"id": uuid7(), "e": enterprise, "c": code, "m": json.dumps(given), "at": at, "by": by},
    )


async def drop_radio_map(session: AsyncSession, code: str) -> bool:
    """Take a map away; whether there was one."""
    found = await session.execute(text("DELETE FROM positioning_radio_map WHERE code = :c RETURNING 1"), {"c": code})
    return found.first() is not None
