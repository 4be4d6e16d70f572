"""SQL of the tracking process: the plant that it works in, badges and who carries them, what it notes about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from shapely import from_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.tracking.batch import Subject
from realtime.tracking.frame import SiteFrame
from realtime.tracking.outline import one_ring
from realtime.tracking.repository_maps import radio_maps
from realtime.tracking.world import KEY_LIMIT, LIMIT, AnchorRow, BadgeRow, FloorRow, Plant, RadioMapRow, Ring, ZoneRow

_PLANT_TABLES = ("site", "anchor", "building", "floor", "passage", "zone", "tank", "geofence")


async def enterprises(session: AsyncSession) -> list[tuple[UUID, str]]:
    """Every enterprise that has a site: id and code."""
    rows = await session.execute(
        text("SELECT e.id, e.code FROM enterprise e WHERE EXISTS (SELECT 1 FROM site s WHERE s.enterprise_id = e.id)")
    )
    return [(row.id, row.code) for row in rows]


async def revision(session: AsyncSession) -> tuple[Any, ...]:
    """Changes whenever something that the engine works with was changed."""
    parts = [f"(SELECT count(*) || ':' || coalesce(max(updated_at)::text, '') FROM {t})" for t in _PLANT_TABLES]
    # Heartbeats and batteries change a badge all the time; they are no change here.
    parts += [
        "(SELECT count(*) || ':' || count(*) FILTER (WHERE active) || ':' || coalesce(max(updated_at)::text, '') FROM badge)",
        "(SELECT count(*) || ':' || count(until) || ':' || coalesce(max(since)::text, '') || ':'"
        " || coalesce(md5(string_agg(subject_name || class || department, '' ORDER BY id)"
        " FILTER (WHERE until IS NULL)), '') FROM badge_binding)",
        "(SELECT coalesce(max(updated_at)::text, '') || count(*) FROM positioning_limit)",
        "(SELECT coalesce(max(updated_at)::text, '') || count(*) FROM positioning_radio_map)",
    ]
    return tuple((await session.execute(text("SELECT " + ", ".join(parts)))).one())


async def plant(session: AsyncSession, enterprise: UUID, site_code: str) -> Plant | None:
    """The plant of the unit's enterprise; None without a site."""
    site = (
        await session.execute(
            text(
                "SELECT id, crs, origin_lon, origin_lat, origin_h FROM site"
                " ORDER BY (code = :c) DESC, created_at LIMIT 1"
            ),
            {"c": site_code},
        )
    ).one_or_none()
    if site is None:
        return None
    frame = SiteFrame(site.crs, site.origin_lon, site.origin_lat, site.origin_h)
    buildings = await _outlines(session, site.id, frame)
    floors = await _floors(session, site.id, frame)
    return Plant(
        enterprise,
        frame,
        anchors=await _anchors(session, site.id, frame),
        buildings=buildings,
        floors=floors,
        passages=await _passages(session, site.id, frame, buildings, {floor.building for floor in floors}),
        zones=await _zones(session, site.id, frame),
        badges=await badges(session),
        radio_maps=await _radio_maps(session),
        # One goes round a tank, but walks beneath a sphere or a vessel on legs.
        solids=await _rings(session, site.id, frame, "tank", "kind IN ('fixed_roof', 'floating_roof')"),
        fences=await _rings(session, site.id, frame, "geofence", "enabled"),
    )


async def _radio_maps(session: AsyncSession) -> tuple[RadioMapRow, ...]:
    rows = sorted(await radio_maps(session), key=lambda row: row.updated_at, reverse=True)
    return tuple(RadioMapRow(row.code, row.updated_at, frozenset(row.map["sensors"]), row.map) for row in rows)


def _ring(frame: SiteFrame, shape: BaseGeometry) -> Ring:
    """Outer ring in m of the site's frame."""
    return _local(frame, shape.exterior.coords[:-1])


def _local(frame: SiteFrame, corners: Sequence[tuple[float, ...]]) -> Ring:
    degrees = np.asarray(corners, np.float64)
    x, y = frame.to_local(degrees[:, 0], degrees[:, 1])
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


async def _anchors(session: AsyncSession, site: UUID, frame: SiteFrame) -> tuple[AnchorRow, ...]:
    rows = (
        await session.execute(
            text(
                "SELECT a.code, a.kind, ST_X(a.geom) AS lon, ST_Y(a.geom) AS lat, ST_Z(a.geom) AS h,"
                " coalesce(f.level, 0) AS level FROM anchor a"
                " LEFT JOIN floor f ON f.site_id = a.site_id AND f.code = a.floor_code"
                " WHERE a.site_id = :s ORDER BY a.code"
            ),
            {"s": site},
        )
    ).all()
    if not rows:
        return ()
    x, y = frame.to_local(np.array([r.lon for r in rows]), np.array([r.lat for r in rows]))
    return tuple(
        AnchorRow(r.code, r.kind, float(x[i]), float(y[i]), r.h - frame.h, r.level) for i, r in enumerate(rows)
    )


async def _outlines(session: AsyncSession, site: UUID, frame: SiteFrame) -> dict[str, Ring]:
    rows = await session.execute(
        text("SELECT code, ST_AsBinary(ST_Force2D(geom)) AS wkb FROM building WHERE site_id = :s ORDER BY code"),
        {"s": site},
    )
    return {row.code: _ring(frame, from_wkb(bytes(row.wkb))) for row in rows}


async def _rings(session: AsyncSession, site: UUID, frame: SiteFrame, table: str, where: str) -> tuple[Ring, ...]:
    """Every ring of the polygons of a layer, those of holes too."""
    rows = await session.execute(
        text(f"SELECT ST_AsBinary(ST_Force2D(geom)) AS wkb FROM {table} WHERE site_id = :s AND {where} ORDER BY code"),
        {"s": site},
    )
    shapes = [from_wkb(bytes(row.wkb)) for row in rows]
    return tuple(_local(frame, ring.coords[:-1]) for shape in shapes for ring in (shape.exterior, *shape.interiors))


async def _passages(
    session: AsyncSession, site: UUID, frame: SiteFrame, buildings: Mapping[str, Ring], housed: set[str]
) -> tuple[Ring, ...]:
    """Stairs and lifts; a building of several storeys where nobody has drawn any counts as all stairs."""
    rows = (
        await session.execute(
            text(
                "SELECT building_code, ST_AsBinary(ST_Force2D(geom)) AS wkb FROM passage WHERE site_id = :s ORDER BY code"
            ),
            {"s": site},
        )
    ).all()
    known = {row.building_code for row in rows}
    drawn = [_ring(frame, from_wkb(bytes(row.wkb))) for row in rows]
    return tuple(drawn) + tuple(buildings[code] for code in sorted(housed - known) if code in buildings)


async def _floors(session: AsyncSession, site: UUID, frame: SiteFrame) -> tuple[FloorRow, ...]:
    rows = await session.execute(
        text(
            "SELECT code, building_code, level, coalesce(z_min, ST_ZMin(geom)) AS z FROM floor"
            " WHERE site_id = :s AND level <> 0 ORDER BY code"
        ),
        {"s": site},
    )
    return tuple(FloorRow(row.code, row.building_code, row.level, row.z - frame.h) for row in rows)


async def _zones(session: AsyncSession, site: UUID, frame: SiteFrame) -> tuple[ZoneRow, ...]:
    rows = await session.execute(
        text(
            "SELECT z.code, z.parent_code, z.z_min, z.z_max, ST_AsBinary(ST_Force2D(z.geom)) AS wkb, l.limit_m,"
            " z.static_risk <= 2 AND coalesce(z.hazards, '') LIKE '%爆%' AS key FROM zone z"
            " LEFT JOIN positioning_limit l ON l.zone_code = z.code AND l.enterprise_id = z.enterprise_id"
            " WHERE z.site_id = :s ORDER BY z.code"
        ),
        {"s": site},
    )
    out = []
    for row in rows:
        low = row.z_min - frame.h if row.z_min is not None else -1000.0
        high = row.z_max - frame.h if row.z_max is not None else 10_000.0
        limit = row.limit_m if row.limit_m is not None else KEY_LIMIT if row.key else LIMIT
        outline = _local(frame, one_ring(from_wkb(bytes(row.wkb))))
        out.append(ZoneRow(row.code, outline, low, high, row.parent_code, limit))
    return tuple(out)


async def badges(session: AsyncSession) -> tuple[BadgeRow, ...]:
    """Every badge in use by code, with who carries it."""
    rows = await session.execute(
        text(
            "SELECT g.id, g.code, b.subject_kind, b.subject_id, b.subject_name, b.class AS klass, b.department"
            " FROM badge g LEFT JOIN badge_binding b ON b.badge_id = g.id AND b.until IS NULL"
            " WHERE g.active ORDER BY g.code"
        )
    )
    out = []
    for row in rows:
        subject = None
        if row.subject_id is not None:
            subject = Subject(row.subject_id, row.subject_kind, row.subject_name, row.klass, row.department, row.code)
        out.append(BadgeRow(row.code, row.id, subject))
    return tuple(out)


async def note_badges(session: AsyncSession, seen: Mapping[str, datetime], battery: Mapping[str, float]) -> None:
    """Note when badges were last heard, and how full their batteries are."""
    codes = sorted({*seen, *battery})
    await session.execute(
        text(
            "UPDATE badge SET last_heartbeat = greatest(badge.last_heartbeat, u.at),"
            " battery = coalesce(u.charge, badge.battery)"
            " FROM unnest(CAST(:c AS text[]), CAST(:t AS timestamptz[]), CAST(:b AS float8[])) AS u (code, at, charge)"
            " WHERE badge.code = u.code"
        ),
        {"c": codes, "t": [seen.get(c) for c in codes], "b": [battery.get(c) for c in codes]},
    )
