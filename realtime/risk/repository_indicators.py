"""Rows of the dynamic risk behind indicators, as they stood at an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.risk.repository import levels_at
from twin.registry.indicator import IndicatorRow, Reading


async def lifted(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Units and places whose level was worse than their static one, with the number of steps."""
    zones = {
        r.code: r
        for r in await session.execute(text("SELECT code, name, static_risk FROM zone WHERE kind IN ('unit', 'place')"))
    }
    levels = {code: level for code, level in (await levels_at(session, at)).items() if code in zones}
    rows = [
        IndicatorRow(f"{code} {zone.name}", "zone", code, float(zone.static_risk - level), zones=(code,))
        for code, level in sorted(levels.items())
        if (zone := zones[code]).static_risk > level
    ]  # fmt: skip
    return Reading(rows, len(levels))
