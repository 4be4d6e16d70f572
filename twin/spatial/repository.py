"""Reading and writing spatial features. Writes return what twin.db.features would read, so events and snapshots agree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shapely import from_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.db.features import feature_sql
from twin.registry.layer import Layer


@dataclass(frozen=True)
class SiteRow:
    """A site as the service needs it."""

    id: UUID
    code: str
    name: str
    name_en: str
    crs: int
    timezone: str
    origin: tuple[float, float, float]
    geom: BaseGeometry


async def site(session: AsyncSession, code: str | None) -> SiteRow | None:
    """The site called ``code``, else the enterprise's first one."""
    row = (
        await session.execute(
            text(
                "SELECT id, code, name, name_en, crs, timezone, origin_lon, origin_lat, origin_h, ST_AsBinary(ST_Force2D(geom)) "
                "FROM site ORDER BY (code = :code) DESC, created_at LIMIT 1"
            ),
            {"code": code or ""},
        )
    ).first()
    if row is None:
        return None
    return SiteRow(row[0], row[1], row[2], row[3], row[4], row[5], (row[6], row[7], row[8]), from_wkb(bytes(row[9])))


async def footprint(session: AsyncSession, table: str, site_id: UUID, code: str) -> BaseGeometry | None:
    """Flat polygon of a thing by its code, EPSG:4326."""
    row = await session.execute(
        text(f"SELECT ST_AsBinary(ST_Force2D(geom)) FROM {table} WHERE site_id = :s AND code = :c"), {"s": site_id, "c": code}
    )
    found = row.scalar()
    return from_wkb(bytes(found)) if found is not None else None


async def codes(session: AsyncSession, table: str, site_id: UUID) -> set[str]:
    """All codes of a table in a site."""
    rows = await session.execute(text(f"SELECT code FROM {table} WHERE site_id = :s"), {"s": site_id})
    return set(rows.scalars())


async def insert(
    session: AsyncSession, layer: Layer, enterprise_id: UUID, site_id: UUID, rows: Sequence[tuple[UUID, dict[str, Any], dict[str, Any]]],
    now: datetime, by: UUID | None,
) -> None:  # fmt: skip
    """Insert features, each as id, GeoJSON geometry with heights, properties."""
    if not rows:
        return
    names = _columns(layer, rows[0][2])
    statement = (
        f"INSERT INTO {layer.table} (id, enterprise_id, site_id, version, created_at, updated_at, updated_by, geom"
        + "".join(f', "{n}"' for n in names)
        + ") VALUES (:id, :enterprise, :site, 1, :now, :now, :by, ST_SetSRID(ST_Force3DZ(ST_GeomFromGeoJSON(:geom)), 4326)"
        + "".join(f", :p_{n}" for n in names)
        + ")"
    )
    common = {"enterprise": enterprise_id, "site": site_id, "now": now, "by": by}
    await session.execute(
        text(statement),
        [
            {**common, "id": id_, "geom": json.dumps(geometry), **{f"p_{n}": properties.get(n) for n in names}}
            for id_, geometry, properties in rows
        ],
    )


def _columns(layer: Layer, properties: dict[str, Any]) -> list[str]:
    return [f.name for f in layer.all_fields if f.name in properties and f.name not in ("version", "updated_at")]


async def update(
    session: AsyncSession, layer: Layer, id_: UUID, version: int | None, geometry: dict[str, Any] | None, properties: dict[str, Any],
    now: datetime, by: UUID | None,
) -> bool:  # fmt: skip
    """Change a feature if it still has ``version`` (None: whatever it has); whether it did."""
    sets = "".join(f', "{n}" = :p_{n}' for n in properties)
    if geometry is not None:
        sets += ", geom = ST_SetSRID(ST_Force3DZ(ST_GeomFromGeoJSON(:geom)), 4326)"
    result = await session.execute(
        text(
            f"UPDATE {layer.table} SET version = version + 1, updated_at = :now, updated_by = :by{sets} "
            "WHERE id = :id AND (CAST(:version AS integer) IS NULL OR version = :version) RETURNING id"
        ),
        {
            "id": id_, "version": version, "now": now, "by": by, **{f"p_{n}": v for n, v in properties.items()},
            **({"geom": json.dumps(geometry)} if geometry is not None else {}),
        },
    )  # fmt: skip
    return result.first() is not None


async def delete(session: AsyncSession, layer: Layer, id_: UUID, version: int) -> bool:
    """Delete a feature if it still has ``version``; whether it did."""
    result = await session.execute(
        text(f"DELETE FROM {layer.table} WHERE id = :id AND version = :version RETURNING id"), {"id": id_, "version": version}
    )
    return result.first() is not None


async def add_history(
    session: AsyncSession, layer: Layer, enterprise_id: UUID, action: str, features: Sequence[dict[str, Any]], now: datetime, by: UUID | None,
    version: int | None = None,
) -> None:  # fmt: skip
    """Keep versions; ``version`` overrides the feature's own (a deletion takes the next number)."""
    if not features:
        return
    await session.execute(
        text(
            "INSERT INTO feature_history (enterprise_id, layer, feature_id, version, action, feature, at, by) "
            "VALUES (:e, :layer, :id, :version, :action, CAST(:feature AS jsonb), :now, :by)"
        ),
        [
            {
                "e": enterprise_id, "layer": layer.key, "id": UUID(str(f["id"])), "action": action, "feature": json.dumps(f), "now": now,
                "version": version or f["properties"]["version"], "by": by,
            }
            for f in features
        ],
    )  # fmt: skip


async def history(session: AsyncSession, layer: Layer, id_: UUID) -> list[dict[str, Any]]:
    """All versions, newest first, with the name of who made each."""
    rows = await session.execute(
        text(
            "SELECT h.version, h.action, h.at, h.by, a.name, h.feature FROM feature_history h LEFT JOIN account a ON a.id = h.by "
            "WHERE h.layer = :layer AND h.feature_id = :id ORDER BY h.version DESC"
        ),
        {"layer": layer.key, "id": id_},
    )
    return [
        {"version": r[0], "action": r[1], "at": r[2], "by": r[3], "by_name": r[4], "feature": r[5]} for r in rows
    ]


async def existing(session: AsyncSession, layer: Layer, site_id: UUID) -> dict[str, dict[str, Any]]:
    """Features of a site by code, for import and re-loading."""
    rows = await session.execute(
        text(f"SELECT code, {feature_sql(layer)} FROM {layer.table} WHERE site_id = :s"), {"s": site_id}
    )
    return {code: feature for code, feature in rows}


async def saved_views(session: AsyncSession, site_id: UUID) -> list[dict[str, Any]]:
    """The site's camera views in their order."""
    rows = await session.execute(
        text("SELECT key, name, name_en, lon, lat, height, heading, pitch FROM saved_view WHERE site_id = :s ORDER BY position"),
        {"s": site_id},
    )
    return [dict(row) for row in rows.mappings()]


async def replace_views(session: AsyncSession, enterprise_id: UUID, site_id: UUID, views: Sequence[dict[str, Any]], ids: Sequence[UUID]) -> None:
    """Put these views in the place of the old ones."""
    await session.execute(text("DELETE FROM saved_view WHERE site_id = :s"), {"s": site_id})
    if views:
        await session.execute(
            text(
                "INSERT INTO saved_view (id, enterprise_id, site_id, key, position, name, name_en, lon, lat, height, heading, pitch) "
                "VALUES (:id, :e, :s, :key, :position, :name, :name_en, :lon, :lat, :height, :heading, :pitch)"
            ),
            [{**view, "id": id_, "e": enterprise_id, "s": site_id, "position": n} for n, (view, id_) in enumerate(zip(views, ids, strict=True))],
        )


async def bounds(session: AsyncSession, site_id: UUID) -> tuple[float, float, float, float]:
    """West, south, east, north of a site in degrees."""
    row = (await session.execute(text("SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM site WHERE id = :s"), {"s": site_id})).one()
    return (row[0], row[1], row[2], row[3])


async def enterprise_id(session: AsyncSession, code: str) -> UUID | None:
    """Id of an enterprise by its code."""
    found: UUID | None = (await session.execute(text("SELECT id FROM enterprise WHERE code = :c"), {"c": code})).scalar()
    return found


async def renumber(session: AsyncSession, layer: Layer, id_: UUID, version: int) -> None:
    """Set the version of a feature that came back after a deletion."""
    await session.execute(text(f"UPDATE {layer.table} SET version = :v WHERE id = :id"), {"v": version, "id": id_})


async def department(session: AsyncSession, zone_code: str) -> str | None:
    """The department of a zone."""
    found: str | None = (
        await session.execute(text("SELECT department FROM zone WHERE code = :c LIMIT 1"), {"c": zone_code})
    ).scalar()
    return found
