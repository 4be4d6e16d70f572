"""Coordinate systems of the OGC API (Part 2): names, axis order, boxes and geometries on their way into EPSG:4326."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from shapely import force_2d, transform
from shapely.geometry import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.geo.crs import UnknownCrs, crs_of, normalise, to_wgs84

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
#: Offered for every layer, besides the system of the enterprise's site.
COMMON = (4326, 4490, 3857)
#: A side of a box in another system is no straight line here; so many pieces follow it.
_PIECES = 24


@dataclass(frozen=True)
class Crs:
    """A coordinate system of an answer.

    Attributes:
        uri: its name in ``Content-Crs``.
        srid: EPSG code.
        flip: the authority's axis order is latitude (northing) first.
    """

    uri: str
    srid: int
    flip: bool

    @property
    def geometry_sql(self) -> str:
        """The stored geometry in this system and its axis order; heights stay ellipsoidal metres."""
        moved = "geom" if self.srid == 4326 else f"ST_Transform(geom, {self.srid})"
        return f"ST_FlipCoordinates({moved})" if self.flip else moved


DEFAULT = Crs(CRS84, 4326, False)


@lru_cache(maxsize=64)
def epsg(code: int) -> Crs:
    """The system of an EPSG code, with the axis order that EPSG gives it."""
    return Crs(f"{_EPSG}{code}", code, crs_of(str(code)).axis_info[0].direction == "north")


def offered(site_crs: Sequence[int]) -> list[str]:
    """Names of all systems that a collection is offered in; the stored one first."""
    return [CRS84, CRS84H, *(epsg(code).uri for code in dict.fromkeys((*COMMON, *site_crs)))]


def find(name: str, site_crs: Sequence[int]) -> Crs | None:
    """The system called ``name`` (URI, URN or ``EPSG:4490``), if it is offered."""
    text = name.strip().strip("[]")
    if text in (CRS84, CRS84H) or text.upper() in ("CRS84", "OGC:CRS84", "OGC:CRS84H"):
        return Crs(CRS84H if text.upper().endswith("CRS84H") else CRS84, 4326, False)
    try:
        code = int(normalise(text))
    except (UnknownCrs, ValueError):
        return None
    return epsg(code) if code in COMMON or code in site_crs else None


def to_database(geometry: BaseGeometry, crs: Crs) -> BaseGeometry:
    """A geometry of ``crs`` (its own axis order), flat, in EPSG:4326.

    Raises:
        ValueError: a coordinate cannot be expressed there.
    """

    def move(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        x, y = (xy[:, 1], xy[:, 0]) if crs.flip else (xy[:, 0], xy[:, 1])
        lon, lat = to_wgs84(str(crs.srid), x, y)
        return np.column_stack([lon, lat])

    flat = force_2d(geometry)
    moved = flat if crs.srid == 4326 and not crs.flip else transform(flat, move)
    if not all(math.isfinite(v) for v in moved.bounds):
        raise ValueError("outside the coordinate system")
    return moved


def _box(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    """A box that may be a line or a point."""
    if x0 == x1 or y0 == y1:
        return Point(x0, y0) if (x0, y0) == (x1, y1) else LineString([(x0, y0), (x1, y1)])
    return box(x0, y0, x1, y1)


def box_to_database(low: tuple[float, float], high: tuple[float, float], crs: Crs) -> BaseGeometry:
    """A box by its corners in the axis order of ``crs``, as an area in EPSG:4326.

    A geographic box whose west lies east of its east goes over the antimeridian.

    Raises:
        ValueError: the corners do not make a box.
    """
    geographic = bool(crs_of(str(crs.srid)).is_geographic)
    (x0, y0), (x1, y1) = (low[::-1], high[::-1]) if crs.flip else (low, high)
    if y0 > y1 or (x0 > x1 and not geographic):
        raise ValueError("upside down")
    if geographic:
        if not (-360 <= x0 <= 360 and -360 <= x1 <= 360 and y0 >= -90 and y1 <= 90):
            raise ValueError("outside the coordinate system")
        parts = [(x0, x1)] if x0 <= x1 else [(x0, 180.0), (-180.0, x1)]
        return unary_union([_box(a, y0, b, y1) for a, b in parts])
    steps = np.linspace(0.0, 1.0, _PIECES, endpoint=False)
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    ring = [(ax + t * (bx - ax), ay + t * (by - ay)) for (ax, ay), (bx, by) in pairwise(corners) for t in steps]
    return to_database(Polygon([p[::-1] for p in ring] if crs.flip else ring), crs)
