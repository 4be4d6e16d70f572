"""Polygons with holes as one ring, for all that asks an outline by the even-odd rule."""

from __future__ import annotations

from shapely import LinearRing, LineString, Point, Polygon
from shapely.geometry.polygon import orient
from shapely.ops import nearest_points

Corners = tuple[tuple[float, float], ...]


def one_ring(shape: Polygon) -> Corners:
    """The outline of a polygon without a repeated last corner; a way to each hole and back cuts the hole out.

    By the even-odd rule the ring holds what the polygon holds. Each way is the shortest from ring to ring, so it runs
    within the polygon: from outside no part of it is nearer than the polygon's own edge.
    """
    shape = orient(shape)
    ring = _flat(shape.exterior)
    holes = list(shape.interiors)
    while holes:
        around = LinearRing(ring)
        hole = min(holes, key=around.distance)
        holes.remove(hole)
        here, there = nearest_points(around, hole)
        ring = _from(here, ring) + _from(there, _flat(hole))
    return tuple(ring)


def _flat(ring: LinearRing) -> list[tuple[float, float]]:
    return [(corner[0], corner[1]) for corner in ring.coords[:-1]]


def _from(point: Point, ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Once around a ring, from a point of its edge back to it."""
    edges = [LineString([ring[i], ring[(i + 1) % len(ring)]]) for i in range(len(ring))]
    at = min(range(len(ring)), key=lambda i: edges[i].distance(point))
    here = (point.x, point.y)
    return [here, *ring[at + 1 :], *ring[: at + 1], here]
