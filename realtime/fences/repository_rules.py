"""SQL of what fences work with: the layer's rows, zones, roads, badges' batteries, and what was true before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shapely import from_wkb
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.fences import roster
from realtime.fences.roster import Entry
from realtime.fences.rules import Row
from realtime.tracking.frame import SiteFrame
from realtime.tracking.outline import Corners, one_ring


@dataclass(frozen=True)
class Road:
    """A road's centre line in degrees and its width in m."""

    code: str
    line: Any
    width: float | None


@dataclass(frozen=True)
class Ground:
    """All that fences of an enterprise are made of.

    Attributes:
        zones: name, parent and outline (degrees) of each zone.
    """

    frame: SiteFrame
    timezone: str
    fences: tuple[Row, ...]
    zones: dict[str, tuple[str, str | None, Corners]]
    roads: tuple[Road, ...]
    entries: dict[UUID, Entry]


@dataclass(frozen=True)
class Standing:
    """A presence as it was kept: a member of a fence, or (``inside`` false) what concerns the fence as a whole."""

    fence: UUID
    subject: UUID
    entered: datetime
    inside: bool
    rules: tuple[str, ...]
    x: float | None
    y: float | None


async def ground(session: AsyncSession, site_code: str) -> Ground | None:
    """What the enterprise's fences are made of; None without a site."""
    site = (
        await session.execute(
            text(
                "SELECT id, crs, origin_lon, origin_lat, origin_h, timezone FROM site"
                " ORDER BY (code = :c) DESC, created_at LIMIT 1"
            ),
            {"c": site_code},
        )
    ).one_or_none()
    if site is None:
        return None
    frame = SiteFrame(site.crs, site.origin_lon, site.origin_lat, site.origin_h)
    rows = await session.execute(
        text(
            "SELECT g.id, g.code, g.name, g.kind, ST_AsBinary(ST_Force2D(g.geom)) AS wkb, g.z_min, g.z_max,"
            " g.floor_code, f.z_min AS floor_z, g.limit_count, g.limit_seconds, g.limit_speed_kmh, g.radius_m,"
            " g.classes, g.allowed, g.schedule, g.grade, g.zone_code, g.enabled FROM geofence g"
            " LEFT JOIN floor f ON f.site_id = g.site_id AND f.code = g.floor_code"
            " WHERE g.site_id = :s ORDER BY g.code"
        ),
        {"s": site.id},
    )
    fences = tuple(
        Row(**{k: v for k, v in row._mapping.items() if k != "wkb"}, outline=_outline(row.wkb)) for row in rows
    )
    found = await session.execute(
        text("SELECT code, name, parent_code, ST_AsBinary(ST_Force2D(geom)) AS wkb FROM zone WHERE site_id = :s"),
        {"s": site.id},
    )
    zones = {row.code: (row.name, row.parent_code, _outline(row.wkb)) for row in found}
    lines = await session.execute(
        text("SELECT code, ST_AsBinary(ST_Force2D(geom)) AS wkb, width_m FROM road WHERE site_id = :s ORDER BY code"),
        {"s": site.id},
    )
    roads = tuple(Road(row.code, tuple(from_wkb(bytes(row.wkb)).coords), row.width_m) for row in lines)
    return Ground(frame, site.timezone, fences, zones, roads, await roster.load(session))


def _outline(wkb: Any) -> Corners:
    return one_ring(from_wkb(bytes(wkb)))


async def standing(session: AsyncSession) -> list[Standing]:
    """What was true when the engine last wrote."""
    rows = await session.execute(
        text("SELECT fence_id, subject_id, entered, inside, rules, x, y FROM fence_presence ORDER BY entered")
    )
    return [Standing(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], row[6]) for row in rows]


async def bearers(session: AsyncSession) -> tuple[set[UUID], dict[UUID, float]]:
    """Who carries a badge, and percent of the battery of each badge that reports it, by who carries it."""
    rows = await session.execute(
        text(
            "SELECT b.subject_id, g.battery FROM badge_binding b JOIN badge g ON g.id = b.badge_id"
            " WHERE b.until IS NULL"
        )
    )
    found = {row.subject_id: row.battery for row in rows}
    return set(found), {who: float(full) for who, full in found.items() if full is not None}
