"""Geometry checks that name the ring and the vertex, so that whoever drew it can see what to mend.

Input is GeoJSON in EPSG:4326. Indexes in messages count from 1, as people do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shapely import is_valid_reason
from shapely.geometry import LineString, Point, Polygon, shape
from shapely.geometry.base import BaseGeometry

from twin.errors import Invalid

MAX_VERTICES = 20_000
#: A vertex may stick out of the site by this much (metres): drawings and the boundary were surveyed separately.
TOLERANCE_M = 0.5
MIN_AREA_M2 = 0.01
_METRES_PER_DEGREE = 111_320.0
_AT = re.compile(r"\[(-?[\d.e+-]+) (-?[\d.e+-]+)")


class GeometryInvalid(Invalid):
    """The geometry does not hold; ``errors`` names ring and vertex."""

    code = "geometry_invalid"


@dataclass(frozen=True)
class Context:
    """What a geometry is checked against, EPSG:4326; None is not checked."""

    site: BaseGeometry | None = None
    container: BaseGeometry | None = None
    container_name: str = ""


def fault(code: str, where: str, **params: Any) -> dict[str, Any]:
    """An entry of an error's ``errors``; its text is ``error.<code>``."""
    return {"where": where, "code": code, **params}


def check(geometry: Any, kind: str, context: Context | None = None) -> BaseGeometry:
    """The geometry as shapely's (with heights), after all checks.

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
        raise GeometryInvalid(errors=faults[:50])
    made = shape({"type": kind, "coordinates": coordinates})
    faults = [*_topology(made, kind), *_inside(made, context)]
    if faults:
        raise GeometryInvalid(errors=faults[:50])
    return made


def _lines(coordinates: Any, kind: str) -> Iterator[tuple[str, Any]]:
    if kind == "Point":
        yield "geometry", [coordinates]
    elif kind == "LineString":
        yield "geometry", coordinates
    else:
        for number, ring in enumerate(coordinates, 1):
            yield f"geometry.ring[{number}]", ring


def _structure(coordinates: Any, kind: str) -> Iterator[dict[str, Any]]:
    if not isinstance(coordinates, (list, tuple)) or not coordinates:
        yield fault("geometry_empty", "geometry")
        return
    if kind == "Polygon" and not all(isinstance(ring, (list, tuple)) for ring in coordinates):
        yield fault("geometry_empty", "geometry")
        return
    total = 0
    for where, line in _lines(coordinates, kind):
        if not isinstance(line, (list, tuple)):
            yield fault("geometry_empty", where)
            continue
        total += len(line)
        if total > MAX_VERTICES:
            yield fault("geometry_too_many_vertices", where, limit=MAX_VERTICES)
            return
        broken = list(_positions(line, where))
        yield from broken
        if broken:
            continue
        if kind == "Polygon":
            yield from _ring(line, where)
        elif kind == "LineString" and len({tuple(p[:2]) for p in line}) < 2:
            yield fault("geometry_too_few", where, needed=2, found=len(line))


def _positions(line: Any, where: str) -> Iterator[dict[str, Any]]:
    for number, position in enumerate(line, 1):
        place = f"{where}.vertex[{number}]"
        if not isinstance(position, (list, tuple)) or not 2 <= len(position) <= 3:
            yield fault("geometry_position", place, vertex=number)
        elif not all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in position):
            yield fault("geometry_not_finite", place, vertex=number)
        elif not (-180 <= position[0] <= 180 and -90 <= position[1] <= 90):
            yield fault("geometry_out_of_range", place, vertex=number, lon=position[0], lat=position[1])
        elif len(position) == 3 and not -500 <= position[2] <= 9000:
            yield fault("geometry_height", place, vertex=number, height=position[2])


def _ring(ring: Any, where: str) -> Iterator[dict[str, Any]]:
    if len(ring) < 4:
        yield fault("geometry_too_few", where, needed=4, found=len(ring))
    elif list(ring[0][:2]) != list(ring[-1][:2]):
        yield fault("geometry_not_closed", f"{where}.vertex[{len(ring)}]", vertex=len(ring))
    for number, (a, b) in enumerate(zip(ring, ring[1:], strict=False), 2):
        if list(a[:2]) == list(b[:2]) and number < len(ring):
            yield fault("geometry_repeated", f"{where}.vertex[{number}]", vertex=number, lon=b[0], lat=b[1])


def _topology(made: BaseGeometry, kind: str) -> Iterator[dict[str, Any]]:
    if kind == "Polygon":
        reason = is_valid_reason(made)
        if reason != "Valid Geometry":
            at = _AT.search(reason)
            code = "geometry_self_intersection" if "Self-intersection" in reason else "geometry_not_simple"
            if at:
                lon, lat = float(at[1]), float(at[2])
                ring, vertex = _nearest(made, lon, lat)
                yield fault(code, f"geometry.ring[{ring}].vertex[{vertex}]", vertex=vertex, lon=round(lon, 8), lat=round(lat, 8))
            else:
                yield fault(code, "geometry", vertex=0, lon=0, lat=0)
        elif area_m2(made) < MIN_AREA_M2:
            yield fault("geometry_no_area", "geometry")


def _nearest(polygon: BaseGeometry, lon: float, lat: float) -> tuple[int, int]:
    """Ring and vertex (from 1) nearest to a place: where the drawn line is to be mended."""
    best = (math.inf, 1, 1)
    for ring_number, ring in enumerate([polygon.exterior, *polygon.interiors], 1):
        for number, position in enumerate(list(ring.coords)[:-1], 1):
            best = min(best, (math.hypot(position[0] - lon, position[1] - lat), ring_number, number))
    return best[1], best[2]


def _inside(made: BaseGeometry, context: Context) -> Iterator[dict[str, Any]]:
    if context.site is not None:
        yield from _outside(made, context.site, "geometry_outside_site", "")
    if context.container is not None:
        yield from _outside(made, context.container, "geometry_outside_container", context.container_name)


def _outside(made: BaseGeometry, container: BaseGeometry, code: str, name: str) -> Iterator[dict[str, Any]]:
    allowed = container.buffer(TOLERANCE_M / _METRES_PER_DEGREE)
    if allowed.covers(made):
        return
    lines = [made.exterior, *made.interiors] if isinstance(made, Polygon) else [made]
    any_vertex = False
    for ring, line in enumerate(lines, 1):
        for number, position in enumerate(line.coords, 1):
            if not allowed.covers(Point(position[:2])):
                any_vertex = True
                where = f"geometry.ring[{ring}].vertex[{number}]" if isinstance(made, Polygon) else f"geometry.vertex[{number}]"
                yield fault(code, where, vertex=number, lon=round(position[0], 8), lat=round(position[1], 8), container=name)
    if not any_vertex:  # only an edge runs outside
        place = LineString(lines[0].coords).difference(allowed).representative_point() if not isinstance(made, Point) else made
        yield fault(code, "geometry", vertex=0, lon=round(place.x, 8), lat=round(place.y, 8), container=name)


def area_m2(polygon: BaseGeometry) -> float:
    """Area in square metres, good to a percent: enough to tell a sliver."""
    k = math.cos(math.radians(polygon.centroid.y))
    return float(polygon.area) * _METRES_PER_DEGREE**2 * k


def check_heights(z_min: Any, z_max: Any) -> list[dict[str, Any]]:
    """A height range must not be upside down."""
    if isinstance(z_min, (int, float)) and isinstance(z_max, (int, float)) and z_min > z_max:
        return [fault("height_range", "properties.z_max", z_min=z_min, z_max=z_max)]
    return []


def with_height(geometry: dict[str, Any], ground: float) -> dict[str, Any]:
    """The geometry with ``ground`` for every position that has no height."""

    def lift(node: Any) -> Any:
        if isinstance(node[0], (int, float)):
            return [node[0], node[1], node[2] if len(node) > 2 else ground]
        return [lift(child) for child in node]

    return {"type": geometry["type"], "coordinates": lift(geometry["coordinates"])}
