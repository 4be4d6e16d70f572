"""Queries of vehicles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.vehicles.models import Vehicle

_SELECT = """SELECT v.id, v.plate, v.type, v.driver, v.phone, v.company, v.waybill, v.roads, v.parking,
    v.parking_minutes, v.active, v.version, g.code AS unit, g.battery, l.lon, l.lat, l.h, l.zone, z.name AS zone_name,
    l.speed, l.r95, l.state, l.t
FROM vehicle v
LEFT JOIN badge_binding b ON b.subject_kind = 'vehicle' AND b.subject_id = v.id AND b.until IS NULL
LEFT JOIN badge g ON g.id = b.badge_id
LEFT JOIN place_latest l ON l.subject_id = v.id
LEFT JOIN zone z ON z.code = l.zone"""


async def page(session: AsyncSession, q: str | None, type_: str | None, after: str, limit: int) -> list[Any]:
    """Vehicles in use by plate from behind ``after``."""
    where, params = ["v.active", "v.plate > :after"], dict[str, Any](after=after, limit=limit)
    if q:
        where.append("(strpos(v.plate, upper(:q)) > 0 OR strpos(v.driver, :q) > 0 OR strpos(v.company, :q) > 0)")
        params["q"] = q
    if type_:
        where.append("v.type = :type")
        params["type"] = type_
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY v.plate LIMIT :limit"
    return list(await session.execute(text(query), params))


async def card(session: AsyncSession, vehicle_id: UUID) -> Any | None:
    """One vehicle as in :func:`page`."""
    return (await session.execute(text(f"{_SELECT} WHERE v.id = :id"), {"id": vehicle_id})).one_or_none()


async def vehicle(session: AsyncSession, vehicle_id: UUID) -> Vehicle | None:
    """The row of a vehicle."""
    return await session.get(Vehicle, vehicle_id)


async def all_active(session: AsyncSession) -> list[Vehicle]:
    """Every vehicle in use."""
    return list(await session.scalars(select(Vehicle).where(Vehicle.active)))


async def change(
    session: AsyncSession, vehicle_id: UUID, version: int, values: dict[str, Any], at: datetime
) -> Vehicle | None:
    """Change a vehicle that still has ``version``; None when it has not."""
    found = await session.execute(
        update(Vehicle)
        .where(Vehicle.id == vehicle_id, Vehicle.version == version)
        .values(**values, version=Vehicle.version + 1, updated_at=at)
        .returning(Vehicle)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def unknown(session: AsyncSession, roads: Sequence[str], places: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which of these are no roads, and which neither zones nor fences."""
    rows = await session.execute(
        text(
            "SELECT 1 AS kind, c FROM unnest(CAST(:r AS text[])) c WHERE NOT EXISTS (SELECT 1 FROM road WHERE code = c)"
            " UNION ALL SELECT 2, c FROM unnest(CAST(:p AS text[])) c"
            " WHERE NOT EXISTS (SELECT 1 FROM zone WHERE code = c)"
            " AND NOT EXISTS (SELECT 1 FROM geofence WHERE code = c)"
        ),
        {"r": list(roads), "p": list(places)},
    )
    found = list(rows)
    return [row.c for row in found if row.kind == 1], [row.c for row in found if row.kind == 2]
