"""Rows of the risk register and of the plant's layout behind indicators. They know the present only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.indicator import IndicatorRow, Reading

#: What a zone of major, considerable, moderate, low static risk counts for in the mean.
LEVEL_WEIGHTS = (100.0, 50.0, 20.0, 0.0)
#: Metres within which a building with people in it is too near to a zone of major risk (looked at by footprint).
NEAR_M = 50.0
OCCUPIED = ("office", "control", "canteen", "dormitory", "laboratory", "gatehouse", "fire_station", "medical")


async def zone_levels(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Zones of kind unit and place with what their static level counts for."""
    found = await session.execute(
        text("SELECT code, name, static_risk FROM zone WHERE kind IN ('unit', 'place') ORDER BY static_risk, code")
    )
    rows = [
        IndicatorRow(f"{r.code} {r.name}", "zone", r.code, LEVEL_WEIGHTS[r.static_risk - 1], zones=(r.code,))
        for r in found
    ]
    return Reading(rows, len(rows))


async def uncontrolled(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Events of the register without any control measure."""
    found = await session.execute(
        text(
            "SELECT e.id, e.name, u.code, u.name AS unit, u.zone_codes FROM risk_event e JOIN risk_unit u ON u.id = e.unit_id"
            " WHERE NOT e.deleted AND NOT EXISTS"
            " (SELECT 1 FROM risk_measure m WHERE m.event_id = e.id AND NOT m.deleted) ORDER BY u.code, e.id"
        )
    )
    rows = [
        IndicatorRow(f"{r.code} {r.unit}: {r.name}", "risk_event", str(r.id), 1.0, zones=tuple(r.zone_codes))
        for r in found
    ]
    basis = await session.execute(text("SELECT count(*) FROM risk_event WHERE NOT deleted"))
    return Reading(rows, int(basis.scalar_one()))


async def buildings_near(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Buildings with people in them within ``NEAR_M`` of a zone of major static risk; the zone is the nearest one."""
    found = await session.execute(
        text(
            "SELECT b.code, b.name, b.zone_code, z.code AS zone, z.name AS zone_name, z.distance FROM building b"
            " CROSS JOIN LATERAL (SELECT z.code, z.name,"
            " ST_Distance(CAST(z.geom AS geography), CAST(b.geom AS geography)) AS distance FROM zone z"
            " WHERE z.static_risk = 1 AND z.kind IN ('unit', 'place')"
            " AND ST_DWithin(CAST(z.geom AS geography), CAST(b.geom AS geography), :near) ORDER BY distance LIMIT 1) z"
            " WHERE b.kind = ANY(:occupied) ORDER BY z.distance, b.code"
        ),
        {"near": NEAR_M, "occupied": list(OCCUPIED)},
    )
    rows = [
        IndicatorRow(
            f"{r.code} {r.name} — {r.zone} {r.zone_name}, {r.distance:.0f} m", "building", r.code, 1.0,
            zones=tuple(dict.fromkeys(c for c in (r.zone_code, r.zone) if c)),
        )
        for r in found
    ]  # fmt: skip
    basis = await session.execute(text("SELECT count(*) FROM building"))
    return Reading(rows, int(basis.scalar_one()))
