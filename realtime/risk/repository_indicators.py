"""Rows of the dynamic risk behind indicators, as they stood at an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.risk.repository import state_at
from twin.registry.indicator import IndicatorRow, Reading


async def lifted(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Units and places whose level was worse than their static one, with the number of steps."""
    zones = {
        r.code: r
        for r in await session.execute(text("SELECT code, name, static_risk FROM zone WHERE kind IN ('unit', 'place')"))
    }
    states = [s for s in await state_at(session, at) if s["zone"] in zones]
    rows = [
        IndicatorRow(f"{zone.code} {zone.name}", "zone", zone.code, float(zone.static_risk - s["after"]), zones=(zone.code,))
        for s in sorted(states, key=lambda s: s["zone"])
        if (zone := zones[s["zone"]]).static_risk > s["after"]
    ]  # fmt: skip
    return Reading(rows, len(states))
