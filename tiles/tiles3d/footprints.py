"""Building footprints with heights (GeoJSON, WKB, WKT) as plain blocks: a model where no survey has been flown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from tiles.tiles3d import georef as geo
from tiles.tiles3d.errors import BrokenFile, EmptyTile
from tiles.tiles3d.georef import Georef, ecef
from tiles.tiles3d.job import Building, Options, Progress
from tiles.tiles3d.mesh import F64, Mesh, Part, snap
from tiles.tiles3d.nodes import Record, Writer
from tiles.tiles3d.sources import Delivery

#: Metres of a storey where only their number is given, and of a building about which nothing is.
_STOREY, _DEFAULT = 3.3, 6.0
_ROOF, _WALL = (172, 176, 178, 255), (208, 205, 198, 255)


@dataclass
class _Block:
    polygon: shapely.Polygon
    base: float
    top: float


def _number(properties: dict[str, Any], *names: str) -> float | None:
    for name in names:
        try:
            value = float(properties[name])
        except (KeyError, TypeError, ValueError):
            continue
        if np.isfinite(value):
            return value
    return None


def _blocks(shape: BaseGeometry, properties: dict[str, Any]) -> list[_Block]:
    """Blocks of one feature. Heights: ``z_min`` and ``z_max`` (ellipsoidal), else the geometry's z plus ``height``
    or storeys.
    """
    found = []
    for part in shapely.get_parts(shape):
        if not isinstance(part, shapely.Polygon) or part.is_empty:
            continue
        z = shapely.get_coordinates(part, include_z=True)[:, 2]
        own = float(z[np.isfinite(z)].min()) if np.isfinite(z).any() else 0.0
        base = _number(properties, "z_min", "base", "min_height")
        base = own if base is None else base
        top = _number(properties, "z_max", "top")
        if top is None:
            storeys = _number(properties, "storeys", "levels", "building:levels")
            height = _number(properties, "height", "Height", "HEIGHT")
            top = base + (height if height is not None else storeys * _STOREY if storeys is not None else _DEFAULT)
        if top > base:
            found.append(_Block(shapely.force_2d(part), base, top))
    return found


def read_blocks(delivery: Delivery) -> list[_Block]:
    """All blocks of the delivery's files, longitude and latitude.

    Raises:
        BrokenFile: not readable, or coordinates that are no degrees. EmptyTile: no polygon.
    """
    found: list[_Block] = []
    for file in delivery.files:
        label, data = delivery.relative(file), file.read_bytes()
        try:
            if file.suffix.lower() == ".wkb":
                found += _blocks(shapely.from_wkb(data), {})
            elif file.suffix.lower() == ".wkt":
                found += _blocks(shapely.from_wkt(data.decode()), {})
            else:
                doc = orjson.loads(data)
                features = doc["features"] if doc.get("type") == "FeatureCollection" else [doc]
                for feature in features:
                    if feature.get("geometry"):
                        shape = shapely.from_geojson(orjson.dumps(feature["geometry"]))
                        found += _blocks(shape, feature.get("properties") or {})
        except (shapely.errors.ShapelyError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokenFile(label, f"footprints cannot be read: {error}") from error
        for block in found:
            west, south, east, north = block.polygon.bounds
            if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
                raise BrokenFile(label, "coordinates are not longitude and latitude in degrees (mixed units?)")
    if not found:
        raise EmptyTile(delivery.relative(delivery.files[0]), "not a single polygon")
    return found


def _prism(ring_list: list[F64], base: float, top: float, triangles: F64) -> tuple[F64, NDArray[np.uint32], F64]:
    """Positions, indices and colours of a block from local rings and the roof's triangles (T, 3, 2)."""
    positions: list[F64] = []
    colors: list[F64] = []
    roof = np.concatenate([triangles.reshape(-1, 2), np.full((len(triangles) * 3, 1), top)], axis=1)
    positions.append(roof)
    colors.append(np.tile(_ROOF, (len(roof), 1)))
    for ring in ring_list:
        a, b = ring[:-1], ring[1:]
        low, high = np.full((len(a), 1), base), np.full((len(a), 1), top)
        corners = [np.hstack([a, low]), np.hstack([b, low]), np.hstack([b, high]), np.hstack([a, high])]
        quad = np.stack(corners, axis=1)[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
        positions.append(quad)
        # Walls a little darker by the way they face, so that corners show without light.
        angle = np.arctan2(b[:, 1] - a[:, 1], b[:, 0] - a[:, 0])
        shade = (0.86 + 0.1 * np.cos(angle - 0.7)).repeat(6)[:, None]
        colors.append(np.hstack([np.tile(_WALL[:3], (len(quad), 1)) * shade, np.full((len(quad), 1), 255)]))
    every = np.concatenate(positions)
    return every, np.arange(len(every), dtype=np.uint32), np.concatenate(colors)


def build_footprints(
    delivery: Delivery, building: Building, options: Options, progress: Progress
) -> tuple[Georef, Record]:
    """The tileset of blocks; local frame east, north, up at the middle of all."""
    blocks = read_blocks(delivery)
    bounds = np.array([b.polygon.bounds for b in blocks])
    lon, lat = float(bounds[:, [0, 2]].mean()), float(bounds[:, [1, 3]].mean())
    base = min(b.base for b in blocks)
    georef = geo.resolve(f"ENU:{lat!r},{lon!r},{base!r}", (0.0, 0.0, 0.0), height_offset=options.height_offset)
    inverse = np.linalg.inv(georef.transform)

    def local(coordinates: F64, height: float) -> F64:
        h = np.full(len(coordinates), height + options.height_offset)
        return np.asarray(ecef(coordinates[:, 0], coordinates[:, 1], h) @ inverse[:3, :3].T + inverse[:3, 3])

    parts = []
    for number, block in enumerate(blocks):
        polygon = shapely.orient_polygons(block.polygon)
        pieces = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
        corners = np.array([shapely.get_coordinates(p)[:3] for p in pieces]).reshape(-1, 3, 2)
        u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        turned = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] < 0
        corners[turned] = corners[turned][:, ::-1]
        rings = [shapely.get_coordinates(r) for r in (polygon.exterior, *polygon.interiors)]
        positions, indices, colors = _prism(rings, block.base, block.top, corners)
        moved = np.empty_like(positions)
        for height in np.unique(positions[:, 2]):
            at = positions[:, 2] == height
            moved[at] = local(positions[at, :2], float(height))
        parts.append(Part(snap(moved), indices, colors=np.rint(colors).astype(np.uint8)))
        progress(0.5 * (number + 1) / len(blocks), "tiles")
    mesh = Mesh(parts)
    low, high = mesh.bounds()
    record, _ = Writer(building.folder, options.style()).subtree(mesh, low, high, 0, "blocks")
    return georef, record
