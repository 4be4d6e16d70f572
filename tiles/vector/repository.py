"""Mapbox vector tiles cut by PostGIS from the stored Web Mercator geometry (WebMercatorQuad, extent 4096)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from twin.db import reads
from twin.registry.layer import Layer

EXTENT = 4096
#: Units of the tile's grid that geometries reach over its edge, so that outlines and labels meet their neighbours.
BUFFER = 64


def tile_sql(layer: Layer) -> str:
    """The query of one layer's tile.

    A feature's number is the last 12 hexadecimal digits of its UUID (48 random bits, exact in JavaScript); ``id`` is
    the whole of it.
    """
    fields = "".join(f', "{f.name}"' for f in layer.all_fields if f.tile)
    envelope = "ST_TileEnvelope(%(z)s, %(x)s, %(y)s{})"
    return (
        f"SELECT ST_AsMVT(t, '{layer.key}', {EXTENT}, 'geom', 'fid') FROM ("
        f"SELECT ST_AsMVTGeom(geom_3857, {envelope.format('')}, {EXTENT}, {BUFFER}, true) AS geom,"
        f" ('x' || right(id::text, 12))::bit(48)::bigint AS fid, id::text AS id{fields} FROM {layer.table}"
        f" WHERE geom_3857 && {envelope.format(f', margin => {BUFFER / EXTENT}')}) AS t WHERE geom IS NOT NULL"
    )


async def tile(enterprise_id: UUID, layers: Sequence[Layer], z: int, x: int, y: int) -> bytes:
    """The tile of several layers from one snapshot; empty when none has anything there."""
    query = "SELECT " + " || ".join(f"({tile_sql(layer)})" for layer in layers)
    ((content,),) = await reads.fetch(enterprise_id, query, {"z": z, "x": x, "y": y}, binary=True)
    return content or b""
