"""What the 3D side reads from PostGIS: the site's frame, footprints for rasters, cameras."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from twin.db import reads

#: Layers whose things are parts of the model that can be told apart.
OBJECT_LAYERS = ("building", "unit", "tank", "warehouse")


@dataclass(frozen=True)
class SiteFrame:
    """A site and the origin of its frame: degrees and ellipsoidal metres."""

    id: str
    origin: tuple[float, float, float]


@dataclass(frozen=True)
class CameraRow:
    """A camera as the layer has it: lens at ``place``; angles in degrees, heading clockwise from north."""

    id: str
    code: str
    name: str
    name_en: str
    kind: str
    place: tuple[float, float, float | None]
    heading: float | None
    tilt: float | None
    fov: float | None
    range: float | None


async def site_frame(enterprise_id: UUID, code: str) -> SiteFrame | None:
    """The enterprise's site of that code."""
    rows = await reads.fetch(
        enterprise_id,
        "SELECT id::text, origin_lon::text, origin_lat::text, origin_h::text FROM site WHERE code = %(code)s",
        {"code": code},
    )
    if not rows:
        return None
    key, lon, lat, height = rows[0]
    return SiteFrame(_text(key), (_float(lon), _float(lat), _float(height)))


async def heads(enterprise_id: UUID, site_id: str, layers: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Id to (layer, version) of everything in these layers."""
    parts = " UNION ALL ".join(
        f"SELECT '{layer}', id::text, version::text FROM {layer} WHERE site_id = %(site)s::uuid" for layer in layers
    )
    rows = await reads.fetch(enterprise_id, parts, {"site": site_id})
    return {_text(key): (_text(layer), _text(version)) for layer, key, version in rows}


async def footprints(
    enterprise_id: UUID, layer: str, ids: Collection[str]
) -> list[tuple[str, bytes, float | None, float | None]]:
    """(id, geometry as WKB in EPSG:4326 with heights, bottom, top) of things of one layer."""
    rows = await reads.fetch(
        enterprise_id,
        f"SELECT id::text, ST_AsBinary(geom), z_min::text, z_max::text FROM {layer} WHERE id = ANY(%(ids)s::uuid[])",
        {"ids": list(ids)},
        binary=True,
    )
    return [(_text(key), bytes(wkb or b""), _maybe(low), _maybe(high)) for key, wkb, low, high in rows]


async def cameras(enterprise_id: UUID, site_id: str, camera: str | None = None) -> list[CameraRow]:
    """The site's cameras by code, or the one whose id or code is given."""
    rows = await reads.fetch(
        enterprise_id,
        "SELECT id::text, code, name, name_en, kind, ST_X(geom)::text, ST_Y(geom)::text, ST_Z(geom)::text,"
        " heading_deg::text, tilt_deg::text, fov_deg::text, range_m::text FROM camera WHERE site_id = %(site)s::uuid"
        " AND (%(camera)s::text IS NULL OR id::text = %(camera)s OR code = %(camera)s) ORDER BY code",
        {"site": site_id, "camera": camera},
    )
    return [
        CameraRow(
            _text(row[0]), _text(row[1]), _text(row[2]), _text(row[3]), _text(row[4]),
            (_float(row[5]), _float(row[6]), _maybe(row[7])),
            _maybe(row[8]), _maybe(row[9]), _maybe(row[10]), _maybe(row[11]),
        )
        for row in rows
    ]  # fmt: skip


def _text(value: Any) -> str:
    return "" if value is None else bytes(value).decode()


def _maybe(value: Any) -> float | None:
    return None if value is None else float(value)


def _float(value: Any) -> float:
    return float(value)
