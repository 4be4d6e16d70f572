"""Which zone a local point is in: the deepest one of the tree whose height range holds it."""

from __future__ import annotations

from functools import cache

from shapely import Polygon, prepare
from shapely.geometry import Point

from gis_assets.sites.demo.zones import ZONES

_DEPTH = {"plant": 0, "area": 1, "unit": 2, "place": 3}


@cache
def _shapes() -> tuple[tuple[str, Polygon, float, float], ...]:
    ordered = sorted(ZONES, key=lambda z: -_DEPTH[z.kind])
    shapes = tuple((z.code, Polygon(z.outline), z.z_min, z.z_max) for z in ordered)
    for _, polygon, _, _ in shapes:
        prepare(polygon)
    return shapes


def zone_at(x: float, y: float, z: float = 1.0) -> str:
    """Code of the deepest zone that contains the point (local metres); ``LookupError`` outside the plant."""
    for code, polygon, low, high in _shapes():
        if low <= z <= high and polygon.contains(Point(x, y)):
            return code
    raise LookupError(f"no zone at {x}, {y}, {z}")
