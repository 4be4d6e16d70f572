"""Where a delivery stands on the earth: SRS forms of metadata.xml, origin, grid convergence, curvature, vertical datum.

A delivery's coordinates are metres on a map projection, minus an origin. Tiles need a rigid transform to earth-
centred coordinates (EPSG:4978; CGCS2000 equals WGS84 within centimetres). The transform here is the east-north-up
frame at the origin, turned by the grid convergence, so that the local axes stay the projection's axes (x grid east, y
grid north): rasters cut in the site's metric frame fit the tiles directly. What a rigid transform cannot hold - earth
curvature (8 cm at 1 km) and the projection's scale - is a smooth polynomial applied to every vertex.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from tiles.tiles3d.errors import BrokenFile, SrsError
from tiles.tiles3d.mesh import F64

_A, _F = 6378137.0, 1 / 298.257223563


def ecef(lon: Any, lat: Any, h: Any) -> F64:
    """Earth-centred coordinates (N, 3) of longitude and latitude in degrees and ellipsoidal height in metres
    (WGS84).
    """
    lam, phi = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    e2 = _F * (2 - _F)
    n = _A / np.sqrt(1 - e2 * np.sin(phi) ** 2)
    x, y = (n + h) * np.cos(phi) * np.cos(lam), (n + h) * np.cos(phi) * np.sin(lam)
    return np.stack([x, y, (n * (1 - e2) + h) * np.sin(phi)], axis=-1)


def geodetic(xyz: NDArray[Any]) -> F64:
    """Longitude, latitude (degrees) and ellipsoidal height (m), (N, 3), of earth-centred coordinates (N, 3);
    Bowring's formula, iterated.
    """
    x, y, z = np.moveaxis(np.asarray(xyz, np.float64), -1, 0)
    e2 = _F * (2 - _F)
    p = np.hypot(x, y)
    phi = np.arctan2(z, p * (1 - e2))
    for _ in range(4):
        n = _A / np.sqrt(1 - e2 * np.sin(phi) ** 2)
        h = p * np.cos(phi) + z * np.sin(phi) - _A * np.sqrt(1 - e2 * np.sin(phi) ** 2)
        phi = np.arctan2(z, p * (1 - e2 * n / (n + h)))
    h = p * np.cos(phi) + z * np.sin(phi) - _A * np.sqrt(1 - e2 * np.sin(phi) ** 2)
    return np.stack([np.degrees(np.arctan2(y, x)), np.degrees(phi), h], axis=-1)


def enu_frame(lon: float, lat: float, h: float) -> F64:
    """4 x 4 matrix from east-north-up metres at a point to earth-centred coordinates."""
    lam, phi = np.radians(lon), np.radians(lat)
    m = np.eye(4)
    m[:3, 0] = -np.sin(lam), np.cos(lam), 0.0
    m[:3, 1] = -np.sin(phi) * np.cos(lam), -np.sin(phi) * np.sin(lam), np.cos(phi)
    m[:3, 2] = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)
    m[:3, 3] = ecef(lon, lat, h)
    return m


@dataclass
class Georef:
    """The tie of a local frame to the earth.

    Attributes:
        srs: the SRS as the delivery gave it (or as the caller overrode it).
        crs: its WKT; empty for the ENU form.
        origin: SRSOrigin (x, y, z) in ``crs``; for the ENU form an offset in metres.
        lonlat: the origin's longitude, latitude (degrees), ellipsoidal height (m).
        height_offset: metres added to every height of the delivery (1985 national height to ellipsoidal).
        transform: 4 x 4, local frame to earth-centred.
        convergence: grid convergence at the origin, degrees, positive when grid north points east of true north.
        scale: length on the grid of one metre on the ellipsoid at the origin.
        coefficients: (20, 3) of the curvature correction, or None.
    """

    srs: str
    crs: str
    origin: tuple[float, float, float]
    lonlat: tuple[float, float, float]
    height_offset: float
    transform: F64
    convergence: float = 0.0
    scale: float = 1.0
    geoid: str = ""
    coefficients: F64 | None = field(default=None, repr=False)
    span: float = 1.0

    def exact(self, local: NDArray[Any]) -> F64:
        """Local delivery coordinates (N, 3) to the tileset's frame (N, 3) through the projection itself."""
        local = np.asarray(local, np.float64)
        if not self.crs:
            return local
        inverse = np.linalg.inv(self.transform)
        lon, lat, h = self._geodetic(local)
        return np.asarray(ecef(lon, lat, h) @ inverse[:3, :3].T + inverse[:3, 3])

    def _geodetic(self, local: F64) -> tuple[F64, F64, F64]:
        to_lonlat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        lon, lat = to_lonlat.transform(local[:, 0] + self.origin[0], local[:, 1] + self.origin[1])
        h = local[:, 2] + self.origin[2] + self.height_offset
        if self.geoid:
            h = h + geoid_height(self.geoid, lon, lat)
        return lon, lat, h

    def fit(self, low: NDArray[Any], high: NDArray[Any]) -> float:
        """Fit the curvature correction over a box of the local frame; returns the largest remaining error in metres."""
        if not self.crs:
            return 0.0
        self.span = float(max(np.abs(low).max(), np.abs(high).max(), 100.0))
        axes = [np.linspace(low[k], max(high[k], low[k] + 1.0), 9 if k < 2 else 3) for k in range(3)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        target = self.exact(points) - points
        terms = self._terms(points)
        self.coefficients = np.linalg.lstsq(terms, target, rcond=None)[0]
        return float(np.abs(terms @ self.coefficients - target).max())

    def _terms(self, local: F64) -> F64:
        x, y, z = (local / self.span).T
        flat = [np.ones_like(x), x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3]
        return np.stack(flat + [t * z for t in flat], axis=1)

    def apply(self, local: NDArray[Any]) -> F64:
        """Local delivery coordinates (N, 3) to the tileset's frame, by the fitted correction (call ``fit`` first)."""
        local = np.asarray(local, np.float64)
        if self.coefficients is None:
            return local
        return local + self._terms(local) @ self.coefficients

    def lonlat_of(self, frame: NDArray[Any]) -> F64:
        """Tileset frame (N, 3) to longitude, latitude, ellipsoidal height (N, 3)."""
        return geodetic(np.asarray(frame, np.float64) @ self.transform[:3, :3].T + self.transform[:3, 3])


def geoid_height(grid: str, lon: NDArray[Any], lat: NDArray[Any]) -> F64:
    """Height of the geoid above the ellipsoid (m) from a PROJ grid file (GTX or GeoTIFF), at (N,) degrees.

    Raises:
        SrsError: the grid cannot be read or does not cover the points.
    """
    try:
        shift = Transformer.from_pipeline(
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad"
            f" +step +proj=vgridshift +grids={grid} +multiplier=1"
            " +step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )
        _, _, height = shift.transform(np.asarray(lon), np.asarray(lat), np.zeros(len(lon)), errcheck=True)
    except ProjError as error:
        raise SrsError(grid, f"the geoid model cannot be used here: {error}") from error
    return cast(F64, np.asarray(height))


def read_metadata(file: Path) -> tuple[str, tuple[float, float, float]]:
    """SRS text and SRSOrigin of a metadata.xml; a missing SRS is the empty string.

    Raises:
        BrokenFile: no XML, or an origin that is not three numbers.
    """
    try:
        text = file.read_bytes()
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise BrokenFile(file.name, "document types and entities are not taken")
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, OSError) as error:
        raise BrokenFile(file.name, f"not readable as XML: {error}") from error
    srs = (root.findtext(".//SRS") or "").strip()
    origin_text = (root.findtext(".//SRSOrigin") or "").strip()
    if not origin_text:
        return srs, (0.0, 0.0, 0.0)
    try:
        numbers = [float(v) for v in re.split(r"[,;\s]+", origin_text) if v]
    except ValueError as error:
        raise BrokenFile(file.name, f"SRSOrigin is not three numbers: {origin_text!r}") from error
    if len(numbers) not in (2, 3) or not np.isfinite(numbers).all():
        raise BrokenFile(file.name, f"SRSOrigin is not three numbers: {origin_text!r}")
    x, y, z = [*numbers, 0.0][:3]
    return srs, (x, y, z)


def candidates(origin: tuple[float, float, float], near: tuple[float, float] | None = None) -> list[str]:
    """Likely CGCS2000 systems for an origin, best first: 3-degree zones, then 6-degree ones; zone numbers in the
    easting decide.

    Args:
        origin: SRSOrigin, x (east) and y (north) in metres.
        near: longitude and latitude of the site, when known; sorts by distance.
    """
    x, y, _ = origin
    if abs(x) <= 180 and abs(y) <= 90:
        return (
            ["EPSG:4490", "EPSG:4326", f"ENU:{y:.6f},{x:.6f}"]
            if (x, y) != (0.0, 0.0)
            else ["ENU:<latitude>,<longitude>"]
        )
    zone = int(x // 1_000_000)
    off = _from_meridian(x - zone * 1_000_000, y)
    if off is None:
        return []
    found: list[tuple[float, str]] = []
    for code, meridian in _systems(zone):
        lon, lat = meridian + off[0], off[1]
        # Nothing but a known place tells the meridian; else those of the coastal chemical provinces first,
        # narrow zones first.
        far = abs(meridian - 117) + (50 if code < 4513 else 0)
        if near is not None:
            far = float(np.hypot(lon - near[0], lat - near[1])) + (0.001 if code < 4513 else 0)
        found.append((far, f"EPSG:{code}"))
    return [code for _, code in sorted(found)][:6]


def _systems(zone: int) -> list[tuple[int, float]]:
    """EPSG codes and central meridians of CGCS2000 Gauss-Krueger systems: with a zone number in the easting, or all
    without.
    """
    if zone == 0:
        return [(4534 + k, 75.0 + 3 * k) for k in range(21)] + [(4502 + k, 75.0 + 6 * k) for k in range(11)]
    if 25 <= zone <= 45:
        return [(4513 + zone - 25, 3.0 * zone)]
    return [(4491 + zone - 13, 6.0 * zone - 3)] if 13 <= zone <= 23 else []


def _from_meridian(x: float, y: float) -> tuple[float, float] | None:
    """Longitude from the central meridian and latitude, degrees, of a Gauss-Krueger easting and northing; None off
    China.
    """
    try:
        lon, lat = Transformer.from_crs("EPSG:4534", "EPSG:4326", always_xy=True).transform(x, y, errcheck=True)
    except ProjError:
        return None
    return (float(lon) - 75.0, float(lat)) if 0 < lat < 60 and abs(lon - 75.0) < 6 else None


def resolve(
    srs: str,
    origin: tuple[float, float, float],
    *,
    file: str = "metadata.xml",
    height_offset: float = 0.0,
    geoid: str = "",
    near: tuple[float, float] | None = None,
) -> Georef:
    """Make the tie from an SRS (``EPSG:n``, ``ENU:lat,lon`` or WKT) and an origin.

    Raises:
        SrsError: missing, unknown, geographic with metric values, or the origin falls outside of where the system is
            valid.
    """
    text = srs.strip()
    if not text:
        raise SrsError(file, "no SRS in the delivery", candidates(origin, near))
    if text.upper().startswith("ENU"):
        return _resolve_enu(text, origin, file, height_offset)
    try:
        crs = CRS.from_user_input(text)
    except CRSError as error:
        raise SrsError(file, f"SRS is not understood: {text[:80]!r}", candidates(origin, near)) from error
    if not crs.is_projected:
        raise SrsError(file, f"SRS {crs.name!r} is not a map projection in metres", candidates(origin, near))
    unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    if abs(unit - 1.0) > 1e-9:
        raise SrsError(file, f"SRS {crs.name!r} is not in metres (mixed units)", candidates(origin, near))
    try:
        lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(origin[0], origin[1], errcheck=True)
    except ProjError as error:
        raise SrsError(file, f"SRSOrigin {origin} is outside of {crs.name!r}", candidates(origin, near)) from error
    _refuse_far(crs, lon, lat, origin, file, near)
    h = origin[2] + height_offset
    if geoid:
        h += float(geoid_height(geoid, np.array([lon]), np.array([lat]))[0])
    georef = Georef(srs, crs.to_wkt(), origin, (lon, lat, h), height_offset, np.eye(4), geoid=geoid)
    # Convergence and scale from the projection itself, one metre up the grid: needs no formula per projection.
    lon2, lat2, h2 = georef._geodetic(np.array([[0.0, -50.0, 0.0], [0.0, 50.0, 0.0]]))
    frame = enu_frame(lon, lat, h)
    step = np.diff(ecef(lon2, lat2, np.full_like(h2, h)), axis=0)[0] @ frame[:3, :3]
    georef.convergence = float(np.degrees(np.arctan2(step[0], step[1])))
    georef.scale = 100.0 / float(np.hypot(step[0], step[1]))
    turn = np.eye(4)
    c, s = np.cos(np.radians(georef.convergence)), np.sin(np.radians(georef.convergence))
    turn[:2, :2] = (c, s), (-s, c)
    georef.transform = frame @ turn
    return georef


def _refuse_far(
    crs: CRS, lon: float, lat: float, origin: tuple[float, float, float], file: str, near: tuple[float, float] | None
) -> None:
    """Refuse origins that the system puts where nobody uses it: the sign of a wrong zone or of a zone number in the
    easting.
    """
    params = crs.coordinate_operation.params if crs.coordinate_operation else ()
    meridian = next((float(p.value) for p in params if "Longitude of natural origin" in p.name), lon)
    off = abs((lon - meridian + 180) % 360 - 180)
    if off > 4.0 and "transverse" in crs.to_wkt().lower():
        raise SrsError(
            file,
            f"SRSOrigin {origin} lies {off:.1f} degrees from the central meridian of {crs.name!r}",
            candidates(origin, near),
        )
    if near is not None and np.hypot(lon - near[0], lat - near[1]) > 1.0:
        raise SrsError(
            file,
            f"SRSOrigin falls at {lon:.4f}, {lat:.4f}, far from the site at {near[0]:.4f}, {near[1]:.4f}",
            candidates(origin, near),
        )


def _resolve_enu(text: str, origin: tuple[float, float, float], file: str, height_offset: float) -> Georef:
    match = re.fullmatch(r"ENU:\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)(?:\s*,\s*(-?[\d.]+))?", text, re.IGNORECASE)
    if match is None:
        raise SrsError(file, f"ENU form is not ENU:latitude,longitude: {text[:80]!r}")
    lat, lon, h = float(match[1]), float(match[2]), float(match[3] or 0.0) + height_offset
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        swapped = [f"ENU:{lon},{lat}"] if abs(lon) <= 90 else []
        raise SrsError(file, f"ENU latitude {lat} or longitude {lon} out of range", swapped)
    shift = np.eye(4)
    shift[:3, 3] = origin
    transform = enu_frame(lon, lat, h) @ shift
    at = geodetic(transform[:3, 3])
    return Georef(text, "", origin, (float(at[0]), float(at[1]), float(at[2])), height_offset, transform)
