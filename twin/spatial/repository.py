"""Reading and writing spatial features. Events carry what twin.db.features reads, so they agree with snapshots."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shapely import from_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert as insert_into
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin import clock
from twin.db.base import Outbox
from twin.db.features import feature_sql
from twin.db.models import Audit
from twin.db.uow import UnitOfWork
from twin.registry.layer import Layer

#: A GeoJSON feature as twin.db.features makes it.
Feature = dict[str, Any]


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

    @property
    def ground(self) -> float:
        """Height in metres above the ellipsoid where a drawing gives none; a surveyed surface may take its place."""
        return self.origin[2]


async def timezone(session: AsyncSession) -> str:
    """Time zone of the enterprise's first site; the order's own where there is none yet."""
    found = (await session.execute(text("SELECT timezone FROM site ORDER BY created_at LIMIT 1"))).scalar()
    return str(found or "Asia/Shanghai")


async def site(session: AsyncSession, code: str | None) -> SiteRow | None:
    """The site called ``code``, else the enterprise's first one."""
    row = (
        await session.execute(
            text(
                "SELECT id, code, name, name_en, crs, timezone, origin_lon, origin_lat, origin_h, "
                "ST_AsBinary(ST_Force2D(geom)) FROM site ORDER BY (code = :code) DESC, created_at LIMIT 1"
            ),
            {"code": code or ""},
        )
    ).first()
    if row is None:
        return None
    return SiteRow(row[0], row[1], row[2], row[3], row[4], row[5], (row[6], row[7], row[8]), from_wkb(bytes(row[9])))


async def footprints(
    session: AsyncSession, layer: Layer, site_id: UUID, codes: Collection[str]
) -> dict[str, tuple[BaseGeometry, float | None, float | None]]:
    """Flat polygons (EPSG:4326) of things by their codes, with their bottoms and tops (metres above the ellipsoid)."""
    rows = await session.execute(
        text(
            f"SELECT code, ST_AsBinary(ST_Force2D(geom)), z_min, z_max FROM {layer.table} "
            "WHERE site_id = :s AND code = ANY(:c)"
        ),
        {"s": site_id, "c": list(codes)},
    )
    return {code: (from_wkb(bytes(wkb)), z_min, z_max) for code, wkb, z_min, z_max in rows}


async def lock_codes(session: AsyncSession, layer: Layer, site_id: UUID, codes: Collection[str]) -> set[str]:
    """Which of these codes exist; they can be neither deleted nor renamed before this transaction ends."""
    rows = await session.execute(
        text(f"SELECT code FROM {layer.table} WHERE site_id = :s AND code = ANY(:c) ORDER BY id FOR KEY SHARE"),
        {"s": site_id, "c": list(codes)},
    )
    return set(rows.scalars())


async def parents(session: AsyncSession, site_id: UUID) -> dict[str, str | None]:
    """Each zone's parent."""
    rows = await session.execute(text("SELECT code, parent_code FROM zone WHERE site_id = :s"), {"s": site_id})
    return {code: parent for code, parent in rows}


async def count_users(session: AsyncSession, users: Sequence[Layer], column: str, site_id: UUID, code: str) -> int:
    """How many features of these layers name ``code`` in ``column``."""
    if not users:
        return 0
    parts = " UNION ALL ".join(
        f'SELECT count(*) AS n FROM {layer.table} WHERE site_id = :s AND "{column}" = :c' for layer in users
    )
    return int(
        (await session.execute(text(f"SELECT sum(n) FROM ({parts}) q"), {"s": site_id, "c": code})).scalar() or 0
    )


async def insert(
    session: AsyncSession,
    layer: Layer,
    enterprise_id: UUID,
    site_id: UUID,
    rows: Sequence[tuple[UUID, dict[str, Any], dict[str, Any]]],
    now: datetime,
    by: UUID | None,
) -> None:
    """Insert features, each as id, GeoJSON geometry with heights, properties."""
    if not rows:
        return
    names = _columns(layer, rows[0][2])
    statement = (
        f"INSERT INTO {layer.table} (id, enterprise_id, site_id, version, created_at, updated_at, updated_by, geom"
        + "".join(f', "{n}"' for n in names)
        + ") VALUES (:id, :enterprise, :site, 1, :now, :now, :by, "
        "ST_SetSRID(ST_Force3DZ(ST_GeomFromGeoJSON(:geom)), 4326)" + "".join(f", :p_{n}" for n in names) + ")"
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
    session: AsyncSession,
    layer: Layer,
    id_: UUID,
    version: int | None,
    geometry: dict[str, Any] | None,
    properties: dict[str, Any],
    now: datetime,
    by: UUID | None,
) -> bool:
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
        text(f"DELETE FROM {layer.table} WHERE id = :id AND version = :version RETURNING id"),
        {"id": id_, "version": version},
    )
    return result.first() is not None


async def add_history(
    session: AsyncSession,
    layer: Layer,
    enterprise_id: UUID,
    action: str,
    features: Sequence[Feature],
    now: datetime,
    by: UUID | None,
    version: int | None = None,
) -> None:
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
                "e": enterprise_id,
                "layer": layer.key,
                "id": UUID(str(f["id"])),
                "action": action,
                "feature": json.dumps(f),
                "now": now,
                "version": version or f["properties"]["version"],
                "by": by,
            }
            for f in features
        ],
    )  # fmt: skip


async def history(session: AsyncSession, layer: Layer, id_: UUID) -> list[dict[str, Any]]:
    """All versions, newest first, with the name of who made each."""
    rows = await session.execute(
        text(
            "SELECT h.version, h.action, h.at, h.by, a.name, h.feature "
            "FROM feature_history h LEFT JOIN account a ON a.id = h.by "
            "WHERE h.layer = :layer AND h.feature_id = :id ORDER BY h.version DESC"
        ),
        {"layer": layer.key, "id": id_},
    )
    return [{"version": r[0], "action": r[1], "at": r[2], "by": r[3], "by_name": r[4], "feature": r[5]} for r in rows]


async def existing(session: AsyncSession, layer: Layer, site_id: UUID) -> dict[str, dict[str, Any]]:
    """Features of a site by code, for import and re-loading."""
    rows = await session.execute(
        text(f"SELECT code, {feature_sql(layer)} FROM {layer.table} WHERE site_id = :s"), {"s": site_id}
    )
    return {code: feature for code, feature in rows}


async def saved_views(session: AsyncSession, site_id: UUID) -> list[dict[str, Any]]:
    """The site's camera views in their order."""
    rows = await session.execute(
        text(
            "SELECT key, name, name_en, lon, lat, height, heading, pitch FROM saved_view "
            "WHERE site_id = :s ORDER BY position"
        ),
        {"s": site_id},
    )
    return [dict(row) for row in rows.mappings()]


async def replace_views(
    session: AsyncSession, enterprise_id: UUID, site_id: UUID, views: Sequence[dict[str, Any]], ids: Sequence[UUID]
) -> None:
    """Put these views in the place of the old ones."""
    await session.execute(text("DELETE FROM saved_view WHERE site_id = :s"), {"s": site_id})
    if views:
        await session.execute(
            text(
                "INSERT INTO saved_view (id, enterprise_id, site_id, key, position, name, name_en, "
                "lon, lat, height, heading, pitch) "
                "VALUES (:id, :e, :s, :key, :position, :name, :name_en, :lon, :lat, :height, :heading, :pitch)"
            ),
            [
                {**view, "id": id_, "e": enterprise_id, "s": site_id, "position": n}
                for n, (view, id_) in enumerate(zip(views, ids, strict=True))
            ],
        )


async def bounds(session: AsyncSession, site_id: UUID) -> tuple[float, float, float, float]:
    """West, south, east, north of a site in degrees."""
    row = (
        await session.execute(
            text("SELECT ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom) FROM site WHERE id = :s"),
            {"s": site_id},
        )
    ).one()
    return (row[0], row[1], row[2], row[3])


async def enterprise_id(session: AsyncSession, code: str) -> UUID | None:
    """Id of an enterprise by its code."""
    found: UUID | None = (
        await session.execute(text("SELECT id FROM enterprise WHERE code = :c"), {"c": code})
    ).scalar()
    return found


async def renumber(session: AsyncSession, layer: Layer, id_: UUID, version: int) -> None:
    """Set the version of a feature that came back after a deletion."""
    await session.execute(text(f"UPDATE {layer.table} SET version = :v WHERE id = :id"), {"v": version, "id": id_})


async def departments(session: AsyncSession) -> dict[str, str | None]:
    """The department of each zone."""
    rows = await session.execute(text("SELECT code, department FROM zone"))
    return {code: department for code, department in rows}


async def site_id_of(session: AsyncSession, layer: Layer, id_: UUID) -> UUID | None:
    """The site that a feature stands in."""
    found: UUID | None = (
        await session.execute(text(f"SELECT site_id FROM {layer.table} WHERE id = :id"), {"id": id_})
    ).scalar()
    return found


async def note_many(
    uow: UnitOfWork, layer: Layer, action: str, changes: Sequence[tuple[Feature | None, Feature]]
) -> None:
    """History, audit rows and events of many written features (before, after), in a few statements."""
    if not changes:
        return
    now = clock.now()
    after = [change[1] for change in changes]
    await add_history(uow.session, layer, uow.enterprise_id, action, after, now, uow.actor_id)
    actor = await uow.session.execute(text("SELECT username FROM account WHERE id = :id"), {"id": uow.actor_id})
    whose = {"enterprise_id": uow.enterprise_id, "at": now}
    who = {"actor_id": uow.actor_id, "actor": actor.scalar() or "", "origin": uow.origin}
    what = {"action": f"{layer.key}.{action}", "kind": layer.key}
    # A JSON null and no value are different things to the audit's digests: leave ``before`` out where there is none.
    for rows in ([c for c in changes if c[0] is None], [c for c in changes if c[0] is not None]):
        content = [({"before": b} if b is not None else {}) | {"after": a, "key": str(a["id"])} for b, a in rows]
        if content:
            await uow.session.execute(insert_into(Audit), [{**whose, **who, **what, **row} for row in content])
    await uow.session.execute(
        insert_into(Outbox),
        [{**whose, "topic": layer.topic, "kind": "put", "key": str(f["id"]), "payload": f} for f in after],
    )
    await uow.session.execute(text("SELECT pg_notify('twin_outbox', '')"))


async def ids_of(session: AsyncSession, layer: Layer, site_id: UUID) -> list[UUID]:
    """Ids of a layer's features in a site, in the order of their codes."""
    rows = await session.execute(text(f"SELECT id FROM {layer.table} WHERE site_id = :s ORDER BY code"), {"s": site_id})
    return list(rows.scalars())
