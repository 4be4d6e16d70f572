"""Reading a layer's rows as GeoJSON features: the one place that turns a row into what OGC API, hub and exports all show.

PostgreSQL builds the JSON itself, so a page costs one query and no Python per row; the hub's deltas are made by the same expression,
which is what makes *stale snapshot + events == fresh snapshot* hold by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.layer import Layer

#: Digits after the decimal point in GeoJSON: 8 in degrees is a millimetre.
DIGITS = 8


def feature_sql(layer: Layer, geometry: str = "geom") -> str:
    """SQL expression (type ``json``) of a feature; ``geometry`` may wrap the column, e.g. to transform it."""
    pairs = ", ".join(f"'{f.name}', {_value(f.name, f.kind)}" for f in layer.all_fields)
    return (
        "json_build_object('type', 'Feature', 'id', id, 'geometry', "
        f"ST_AsGeoJSON({geometry}, {DIGITS}, 0)::json, 'properties', json_build_object({pairs}))"
    )


def _value(name: str, kind: str) -> str:
    if kind == "datetime":
        return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    return f'"{name}"'


async def features(session: AsyncSession, layer: Layer, ids: Sequence[UUID] | None = None) -> list[dict[str, Any]]:
    """Features of a layer that the session's enterprise may see, ordered by id; all of them when ``ids`` is None."""
    where = "WHERE id = ANY(:ids)" if ids is not None else ""
    rows = await session.execute(
        text(f"SELECT {feature_sql(layer)} FROM {layer.table} {where} ORDER BY id"),
        {"ids": list(ids)} if ids is not None else {},
    )
    return [row[0] for row in rows]


async def feature(session: AsyncSession, layer: Layer, feature_id: UUID) -> dict[str, Any] | None:
    """One feature, or None when it is not there (or not this enterprise's)."""
    found = await features(session, layer, [feature_id])
    return found[0] if found else None


async def head(session: AsyncSession, enterprise_id: UUID, topic: str) -> int:
    """The newest sequence number of a topic: the version key of its tiles. 0 before the first change."""
    row = await session.execute(
        text("SELECT seq FROM layer_head WHERE enterprise_id = :e AND topic = :t"), {"e": enterprise_id, "t": topic}
    )
    return int(row.scalar() or 0)
