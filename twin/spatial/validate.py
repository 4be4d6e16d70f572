"""Geometry checks that name the ring and the vertex, so that whoever drew it can see what to mend.

Input is GeoJSON in EPSG:4326. Indexes in messages count from 1, as people do; faults in a hole have codes ending in
``_hole`` and say which hole.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shapely import is_valid_reason, prepare
from shapely.geometry import LineString, Point, Polygon, shape
from shapely.geometry.base import BaseGeometry

from twin.errors import Invalid

MAX_VERTICES = 20_000
MAX_FAULTS = 50
#: A vertex may stick out of the site by this much (metres): drawings and the boundary were surveyed separately.
TOLERANCE_M = 0.5
MIN_AREA_M2 = 0.01
_METRES_PER_DEGREE = 111_320.0
_AT = re.compile(r"\[(-?[\d.e+-]+) (-?[\d.e+-]+)")

Fault = dict[str, Any]


class GeometryInvalid(Invalid):
    """The geometry does not hold; ``errors`` names ring and vertex."""

    code = "geometry_invalid"


@dataclass(frozen=True)
class Container:
    """Something that a geometry must lie in: EPSG:4326, bottom and top in metres above the ellipsoid if they are known."""

    shape: BaseGeometry
    name: str = ""
    z_min: float | None = None
    z_max: float | None = None

    @cached_property
    def allowed(self) -> BaseGeometry:
        """The shape with its tolerance, prepared for many tests."""
        allowed = self.shape.buffer(TOLERANCE_M / _METRES_PER_DEGREE)
        prepare(allowed)
        return allowed


@dataclass(frozen=True)
class Context:
    """What a geometry must lie in: the site, and a floor in its building. None is not checked."""

    site: Container | None = None
    building: Container | None = None


def fault(code: str, where: str, **params: Any) -> Fault:
    """An entry of an error's ``errors``; its text is ``error.<code>``."""
    return {"where": where, "code": code, **params}


def check(geometry: Any, kind: str, context: Context | None = None) -> BaseGeometry:
    """The geometry as shapely's (flat), after all checks.

    Raises:
        GeometryInvalid: with every fault found, each naming ring and vertex.
    """
    context = context or Context()
    if not isinstance(geometry, dict) or geometry.get("type") != kind:
        found = geometry.get("type") if isinstance(geometry, dict) else None
        raise GeometryInvalid(errors=[fault("geometry_type", "geometry", expected=kind, found=str(found)[:40])])
    coordinates = geometry.get("coordinates")
    faults = list(_structure(coordinates, kind))
    if faults:
        raise GeometryInvalid(errors=faults[:MAX_FAULTS])
    made = shape({"type": kind, "coordinates": _flat(coordinates)})
    faults = [*_topology(made, kind), *_inside(made, context)]
    if faults:
        raise GeometryInvalid(errors=faults[:MAX_FAULTS])
    return made


def _flat(node: Any) -> Any:
    if isinstance(node[0], (int, float)):
        return (float(node[0]), float(node[1]))
    return [_flat(child) for child in node]


def _vertex(code: str, ring: int, vertex: int, position: Any = (), **params: Any) -> Fault:
    """A fault at a vertex; ring 0 is a point or line, 1 the outline of a polygon, 2 its first hole."""
    where = f"geometry.ring[{ring}].vertex[{vertex}]" if ring else f"geometry.vertex[{vertex}]"
    if len(position) >= 2:
        params |= {"lon": round(position[0], 8), "lat": round(position[1], 8)}
    if ring > 1:
        return fault(f"{code}_hole", where, vertex=vertex, hole=ring - 1, **params)
    return fault(code, where, vertex=vertex, **params)


def _lines(coordinates: Any, kind: str) -> Iterator[tuple[int, Any]]:
    if kind == "Point":
        yield 0, [coordinates]
    elif kind == "LineString":
        yield 0, coordinates
    else:
        yield from enumerate(coordinates, 1)


def _structure(coordinates: Any, kind: str) -> Iterator[Fault]:
    if not isinstance(coordinates, (list, tuple)) or not coordinates:
        yield fault("geometry_empty", "geometry")
        return
    total = 0
    for ring, line in _lines(coordinates, kind):
        where = f"geometry.ring[{ring}]" if ring else "geometry"
        if not isinstance(line, (list, tuple)) or not line:
            yield fault("geometry_empty", where)
            continue
        total += len(line)
        if total > MAX_VERTICES:
            yield fault("geometry_too_many_vertices", where, limit=MAX_VERTICES)
            return
        broken = list(_positions(line, ring))
        yield from broken
        if broken:
            continue
        if kind == "Polygon":
            yield from _ring(line, ring)
        elif kind == "LineString":
            yield from _line(line)


def _finite(value: Any) -> bool:
    """A JSON number that a float can hold; ``10**400`` is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _positions(line: Any, ring: int) -> Iterator[Fault]:
    for number, position in enumerate(line, 1):
        if not isinstance(position, (list, tuple)) or not 2 <= len(position) <= 3:
            yield _vertex("geometry_position", ring, number)
        elif not all(_finite(v) for v in position):
            yield _vertex("geometry_not_finite", ring, number)
        elif not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
            yield _vertex("geometry_out_of_range", ring, number, position)
        elif len(position) == 3 and not -500 <= position[2] <= 9000:
            yield _vertex("geometry_height", ring, number, height=position[2])


def _ring(line: Any, ring: int) -> Iterator[Fault]:
    if len(line) < 4:
        yield fault("geometry_too_few", f"geometry.ring[{ring}]", needed=4, found=len(line))
    elif list(line[0][:2]) != list(line[-1][:2]):
        yield _vertex("geometry_not_closed", ring, len(line), line[-1])
    yield from _repeated(line, ring, len(line) - 1)


def _line(line: Any) -> Iterator[Fault]:
    if len(line) < 2:
        yield fault("geometry_too_few", "geometry", needed=2, found=len(line))
    yield from _repeated(line, 0, len(line))


def _repeated(line: Any, ring: int, last: int) -> Iterator[Fault]:
    for number, (a, b) in enumerate(itertools.pairwise(line), 2):
        if list(a[:2]) == list(b[:2]) and number <= last:
            yield _vertex("geometry_repeated", ring, number, b)


def _topology(made: BaseGeometry, kind: str) -> Iterator[Fault]:
    if kind != "Polygon":
        return
    reason = is_valid_reason(made)
    if reason == "Valid Geometry":
        if area_m2(made) < MIN_AREA_M2:
            yield fault("geometry_no_area", "geometry")
        return
    at = _AT.search(reason)
    code = "geometry_self_intersection" if "Self-intersection" in reason else "geometry_not_simple"
    place = (float(at[1]), float(at[2])) if at else made.exterior.coords[0]
    ring, vertex = _nearest(made, *place[:2])
    yield _vertex(code, ring, vertex, place)


def _nearest(polygon: BaseGeometry, lon: float, lat: float) -> tuple[int, int]:
    """Ring and vertex (from 1) nearest to a place: where the drawn line is to be mended."""
    best = (math.inf, 1, 1)
    for ring_number, ring in enumerate([polygon.exterior, *polygon.interiors], 1):
        for number, position in enumerate(list(ring.coords)[:-1], 1):
            best = min(best, (math.hypot(position[0] - lon, position[1] - lat), ring_number, number))
    return best[1], best[2]


def _inside(made: BaseGeometry, context: Context) -> Iterator[Fault]:
    if context.site is not None:
        yield from _outside(made, context.site, "outside_site")
    if context.building is not None:
        yield from _outside(made, context.building, "outside_container")


def _outside(made: BaseGeometry, container: Container, code: str) -> Iterator[Fault]:
    allowed = container.allowed
    if allowed.covers(made):
        return
    polygon = isinstance(made, Polygon)
    lines = [(n, ring) for n, ring in enumerate([made.exterior, *made.interiors], 1)] if polygon else [(0, made)]
    found = False
    for ring, line in lines:
        points = list(line.coords)
        for number, position in enumerate(points[:-1] if polygon else points, 1):
            if not allowed.covers(Point(position)):
                found = True
                yield _vertex(f"geometry_{code}", ring, number, position, container=container.name)
    if found:
        return
    for ring, line in lines:  # every vertex is inside: an edge cuts a corner
        for number, edge in enumerate(zip(line.coords, line.coords[1:], strict=False), 1):
            if not allowed.covers(LineString(edge)):
                place = LineString(edge).difference(allowed).representative_point()
                yield _vertex(
                    f"geometry_edge_{code}", min(ring, 1), number, (place.x, place.y), container=container.name
                )
                return
    place = made.difference(allowed).representative_point()  # it covers a hole of its container
    ring, vertex = _nearest(made, place.x, place.y)
    yield _vertex(f"geometry_{code}", min(ring, 1), vertex, (place.x, place.y), container=container.name)


def area_m2(polygon: BaseGeometry) -> float:
    """Area in square metres, good to a percent: enough to tell a sliver."""
    k = math.cos(math.radians(polygon.centroid.y))
    return float(polygon.area) * _METRES_PER_DEGREE**2 * k


def check_heights(z_min: Any, z_max: Any) -> list[Fault]:
    """A height range must not be upside down."""
    if isinstance(z_min, (int, float)) and isinstance(z_max, (int, float)) and z_min > z_max:
        return [fault("height_range", "properties.z_max", z_min=z_min, z_max=z_max)]
    return []


def check_storey(z_min: Any, z_max: Any, building: Container | None) -> list[Fault]:
    """A floor must not stick out of its building upwards or downwards."""
    faults = []
    if (
        building is not None
        and z_min is not None
        and building.z_min is not None
        and z_min < building.z_min - TOLERANCE_M
    ):
        faults.append(
            fault("below_container", "properties.z_min", z=z_min, limit=building.z_min, container=building.name)
        )
    if (
        building is not None
        and z_max is not None
        and building.z_max is not None
        and z_max > building.z_max + TOLERANCE_M
    ):
        faults.append(
            fault("above_container", "properties.z_max", z=z_max, limit=building.z_max, container=building.name)
        )
    return faults


def with_height(geometry: dict[str, Any], height: Callable[[], float]) -> dict[str, Any]:
    """The geometry with what ``height`` answers for every position that has none, one after the other."""

    def lift(node: Any) -> Any:
        if isinstance(node[0], (int, float)):
            return [node[0], node[1], node[2] if len(node) > 2 else height()]
        return [lift(child) for child in node]

    return {"type": geometry["type"], "coordinates": lift(geometry["coordinates"])}
