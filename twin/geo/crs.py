"""Coordinate systems by name, and conversion of arrays and GeoJSON geometries to and from the database's EPSG:4326.

Axis order is always x (longitude or easting), y (latitude or northing), whatever the authority says. CGCS2000 and
WGS 84 are taken as equal (they agree within a few centimetres), which is what pyproj's transformations between them do.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Invalid
from twin.geo import gcj

if TYPE_CHECKING:  # loaded when first needed: a start does without it
    from pyproj import CRS, Transformer

Array = NDArray[np.float64]
WGS84 = "4326"
#: The shifted systems, which no EPSG code names.
SHIFTED = ("gcj02", "bd09")
_NAMES = re.compile(
    r"(?:epsg:|urn:ogc:def:crs:epsg:[^:]*:|https?://www\.opengis\.net/def/crs/epsg/[^/]+/|\[epsg:)?(\d{4,6})\]?",
    re.IGNORECASE,
)


class UnknownCrs(Invalid):
    """No such coordinate system."""

    code = "unknown_crs"


def normalise(name: str) -> str:
    """The short name of a system: ``EPSG:4490``, ``http://www.opengis.net/def/crs/EPSG/0/4490`` and ``4490`` give
    ``4490``; ``CRS84`` gives ``4326``; ``GCJ-02`` gives ``gcj02``.

    Raises:
        UnknownCrs: when nothing is known by that name.
    """
    text = name.strip()
    plain = text.lower().replace("-", "").replace("_", "")
    if plain in SHIFTED:
        return plain
    if plain.endswith("crs84") or plain.endswith("crs84h"):
        return WGS84
    match = _NAMES.fullmatch(text)
    if match is None:
        raise UnknownCrs(name=name[:100])
    code = match.group(1)
    crs_of(code)
    return code


@lru_cache(maxsize=128)
def crs_of(code: str) -> CRS:
    """The pyproj CRS of an EPSG code.

    Raises:
        UnknownCrs: when the code is not in the database of EPSG.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_epsg(int(code))
    except CRSError as error:
        raise UnknownCrs(name=code) from error


@lru_cache(maxsize=128)
def transformer(source: str, target: str) -> Transformer:
    """A transformer between EPSG codes, x before y."""
    from pyproj import Transformer

    return Transformer.from_crs(crs_of(source), crs_of(target), always_xy=True)


def to_wgs84(crs: str, x: Array, y: Array) -> tuple[Array, Array]:
    """Coordinates of ``crs`` (a normalised name) to longitude and latitude in degrees, EPSG:4326."""
    if crs == "gcj02":
        return gcj.gcj02_to_wgs84(x, y)
    if crs == "bd09":
        return gcj.bd09_to_wgs84(x, y)
    if crs == WGS84:
        return np.asarray(x, float), np.asarray(y, float)
    lon, lat = transformer(crs, WGS84).transform(x, y)
    return np.asarray(lon), np.asarray(lat)


def from_wgs84(crs: str, lon: Array, lat: Array) -> tuple[Array, Array]:
    """Longitude and latitude in degrees, EPSG:4326, to coordinates of ``crs``."""
    if crs == "gcj02":
        return gcj.wgs84_to_gcj02(lon, lat)
    if crs == "bd09":
        return gcj.wgs84_to_bd09(lon, lat)
    if crs == WGS84:
        return np.asarray(lon, float), np.asarray(lat, float)
    x, y = transformer(WGS84, crs).transform(lon, lat)
    return np.asarray(x), np.asarray(y)


def convert(geometry: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    """A GeoJSON geometry from one system to another; heights stay as they are."""
    if source == target:
        return geometry

    def walk(node: Any) -> Any:
        if node and isinstance(node[0], (int, float)):
            return list(node)
        if node and node[0] and isinstance(node[0][0], (int, float)):
            return _positions(node, source, target)
        return [walk(child) for child in node]

    coordinates = geometry["coordinates"]
    if geometry["type"] == "Point":
        return {**geometry, "coordinates": _positions([coordinates], source, target)[0]}
    return {**geometry, "coordinates": walk(coordinates)}


def _positions(positions: list[list[float]], source: str, target: str) -> list[list[float]]:
    x = np.array([p[0] for p in positions], float)
    y = np.array([p[1] for p in positions], float)
    lon, lat = to_wgs84(source, x, y)
    x, y = from_wgs84(target, lon, lat)
    return [[float(a), float(b), *p[2:]] for a, b, p in zip(x, y, positions, strict=True)]
