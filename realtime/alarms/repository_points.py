"""SQL of the measuring points that are watched, and of their set-points."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_POINT = """SELECT d.id, d.enterprise_id, d.tag, d.code, d.name, d.unit_text, d.kind, d.safety, d.zone_code, d.limit_ll, d.limit_l,
    d.limit_h, d.limit_hh, ST_X(d.geom) AS lon, ST_Y(d.geom) AS lat, ST_Z(d.geom) AS h,
    s.settings, COALESCE(s.enabled, true) AS enabled, COALESCE(s.version, 0) AS setpoint_version
FROM device d LEFT JOIN alarm_setpoint s ON s.device_id = d.id"""


async def revision(session: AsyncSession) -> tuple[Any, ...]:
    """Changes whenever a point, a set-point or the source of a point was changed.

    Sums, not only the newest times: a transaction may commit after a later one.
    """
    row = await session.execute(
        text(
            "SELECT d.*, a.*, s.*, (SELECT count(*) FROM field_point) FROM"
            " (SELECT count(*), sum(extract(epoch FROM updated_at)) FROM device) d,"
            " (SELECT count(*), sum(extract(epoch FROM updated_at)) FROM alarm_setpoint) a,"
            " (SELECT count(*), sum(extract(epoch FROM updated_at)) FROM field_source) s"
        )
    )
    return tuple(row.one())


async def points(session: AsyncSession) -> list[dict[str, Any]]:
    """Every point with what is set for it and the source that measures it (None: none)."""
    found = await session.execute(
        text(
            _POINT.replace("\nFROM", ", p.source_id, f.bad_after_s\nFROM", 1)
            + " LEFT JOIN field_point p ON p.device_id = d.id LEFT JOIN field_source f ON f.id = p.source_id ORDER BY d.id"
        )
    )
    return [dict(row) for row in found.mappings()]


async def point(session: AsyncSession, device_id: UUID) -> dict[str, Any] | None:
    """One point as in :func:`points`, without its source."""
    found = await session.execute(text(_POINT + " WHERE d.id = :d"), {"d": device_id})
    row = found.mappings().first()
    return None if row is None else dict(row)


async def active_keys(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Enterprise and key of every active alarm of points and sources."""
    rows = await session.execute(
        text("SELECT enterprise_id, key FROM alarm WHERE active AND source IN ('point', 'comm')")
    )
    return [(row[0], row[1]) for row in rows]


async def active_system_keys(session: AsyncSession, head: str) -> list[tuple[UUID, str]]:
    """Enterprise and key of every active system alarm whose key begins with ``head``."""
    rows = await session.execute(
        text("SELECT enterprise_id, key FROM alarm WHERE active AND source = 'system' AND starts_with(key, :head)"),
        {"head": head},
    )
    return [(row[0], row[1]) for row in rows]


async def put_setpoint(
    session: AsyncSession, enterprise_id: UUID, device_id: UUID, settings: dict[str, Any], enabled: bool, version: int,
    at: datetime,
) -> bool:  # fmt: skip
    """Set a point's set-points based on ``version`` (0: none yet); False when somebody else was first."""
    found = await session.execute(
        text(
            "INSERT INTO alarm_setpoint (device_id, enterprise_id, enabled, settings, version, updated_at)"
            " SELECT :d, :e, :enabled, CAST(:s AS jsonb), 1, :at WHERE :v = 0 ON CONFLICT (device_id) DO NOTHING"
            " RETURNING 1"
            if version == 0
            else "UPDATE alarm_setpoint SET enabled = :enabled, settings = CAST(:s AS jsonb), version = version + 1,"
            " updated_at = :at WHERE device_id = :d AND enterprise_id = :e AND version = :v RETURNING 1"
        ),
        {"d": device_id, "e": enterprise_id, "enabled": enabled, "s": json.dumps(settings), "at": at, "v": version},
    )
    return found.first() is not None
