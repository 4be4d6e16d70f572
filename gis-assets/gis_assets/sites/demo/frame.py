"""The site's metric frame: EPSG:4548 (CGCS2000 / 3-degree Gauss-Kruger CM 117E) minus a local origin.

Local coordinates are metres, x grid east, y grid north, z up from the ground datum ``ORIGIN_H`` metres above the
ellipsoid.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pyproj import Transformer

CRS_EPSG = 4548
ORIGIN_E = 568170.0
ORIGIN_N = 4247745.0
ORIGIN_H = 4.0


@cache
def _to_geographic() -> Transformer:
    return Transformer.from_crs(CRS_EPSG, 4326, always_xy=True)


@cache
def _to_grid() -> Transformer:
    return Transformer.from_crs(4326, CRS_EPSG, always_xy=True)


def to_lonlat(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude in degrees (EPSG:4326) of a local point, rounded to 1e-9 degree (0.1 mm)."""
    lon, lat = _to_geographic().transform(ORIGIN_E + x, ORIGIN_N + y)
    return round(lon, 9), round(lat, 9)


def to_position(x: float, y: float, z: float) -> list[float]:
    """GeoJSON position [lon, lat, ellipsoidal height in metres] of a local point."""
    lon, lat = to_lonlat(x, y)
    return [lon, lat, round(ORIGIN_H + z, 3)]


def to_local(lon: float, lat: float, height: float = ORIGIN_H) -> tuple[float, float, float]:
    """Local metres of a geographic point; the inverse of :func:`to_position`."""
    east, north = _to_grid().transform(lon, lat)
    return east - ORIGIN_E, north - ORIGIN_N, height - ORIGIN_H


def ring(points: Iterable[tuple[float, float]], z: float) -> list[list[float]]:
    """Closed GeoJSON ring at local height ``z`` from local points given counter-clockwise and open."""
    positions = [to_position(x, y, z) for x, y in points]
    return [*positions, positions[0]]
