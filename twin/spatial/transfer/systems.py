"""Coordinate systems of files: EPSG codes, GCJ-02, BD-09, the site's metric one (``site``) and its ``local`` one.

Local coordinates are metres, grid east and north of the site's origin in its metric system, and height above the
origin: what plant-layout drawings use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from twin.geo import crs
from twin.spatial.repository import SiteRow
from twin.spatial.transfer.model import CrsMismatch, CrsUnsuitable

_GEOGRAPHIC = ("4326", "4490", "4979", "4480")


@dataclass(frozen=True)
class System:
    """A coordinate system with its way to and from EPSG:4326; ``origin`` shifts local coordinates (metres)."""

    name: str
    base: str
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def epsg(self) -> int | None:
        """Code for files that state one; None for local and shifted systems."""
        return None if self.name == "local" or self.base in crs.SHIFTED else int(self.base)

    @property
    def degrees(self) -> bool:
        """Whether coordinates are degrees rather than metres."""
        return self.base in crs.SHIFTED or bool(crs.crs_of(self.base).is_geographic)

    def to_wgs84(self, geometry: dict[str, Any] | None) -> dict[str, Any] | None:
        """A geometry of this system in EPSG:4326. Malformed positions stay, for the validation to name them."""

        def convert(xy: Any) -> Any:
            return crs.to_wgs84(self.base, xy[:, 0] + self.origin[0], xy[:, 1] + self.origin[1])

        return _each_position(geometry, convert, self.origin[2])

    def from_wgs84(self, geometry: dict[str, Any]) -> dict[str, Any]:
        """A geometry of EPSG:4326 in this system, rounded to a tenth of a millimetre.

        Raises:
            CrsUnsuitable: it has no finite coordinates there.
        """
        digits = 9 if self.degrees else 4

        def convert(xy: Any) -> Any:
            x, y = crs.from_wgs84(self.base, xy[:, 0], xy[:, 1])
            if not (np.isfinite(x).all() and np.isfinite(y).all()):
                raise CrsUnsuitable(name=self.name)
            return np.round(x - self.origin[0], digits), np.round(y - self.origin[1], digits)

        converted = _each_position(geometry, convert, -self.origin[2])
        assert converted is not None
        return converted


def system(name: str, site: SiteRow) -> System:
    """The system called ``name`` for files of a site.

    Raises:
        UnknownCrs: nothing is known by that name.
        CrsUnsuitable: it has no longitude and latitude or easting and northing.
    """
    plain = name.strip().lower()
    metric = str(site.crs)
    if plain == "local":
        x, y = crs.from_wgs84(metric, np.array([site.origin[0]]), np.array([site.origin[1]]))
        return System("local", metric, (float(x[0]), float(y[0]), site.origin[2]))
    code = metric if plain == "site" else crs.normalise(name)
    if code not in crs.SHIFTED:
        found = crs.crs_of(code)
        if not (found.is_geographic or found.is_projected):
            raise CrsUnsuitable(name=name[:60])
    return System(code, code)


def chosen(name: str, stated: str | None, site: SiteRow) -> System:
    """The system of a file: the one that was chosen, or with ``auto`` the one that the file states (else EPSG:4326).

    Raises:
        CrsMismatch: the file states another one. Shifted coordinates are stored as if they were geographic ones, so
            these two go together.
    """
    if name.strip().lower() in ("", "auto"):
        return system(stated or crs.WGS84, site)
    found = system(name, site)
    if stated is None or stated == found.name or (stated in _GEOGRAPHIC and found.base in (*_GEOGRAPHIC, *crs.SHIFTED)):
        return found
    if stated not in crs.SHIFTED and found.epsg is not None and crs.crs_of(stated).equals(crs.crs_of(found.base)):
        return found
    raise CrsMismatch(stated=label(stated), chosen=label(found.name))


def label(name: str) -> str:
    """How people write a system's name."""
    return {"gcj02": "GCJ-02", "bd09": "BD-09"}.get(name, f"EPSG:{name}" if name.isdigit() else name)


def _each_position(geometry: dict[str, Any] | None, convert: Any, lift: float) -> dict[str, Any] | None:
    """Put converted positions in the place of all well-formed ones."""
    if not isinstance(geometry, dict) or "coordinates" not in geometry:
        return geometry
    found: list[list[Any]] = []

    def copy(node: Any, depth: int = 0) -> Any:
        if not isinstance(node, (list, tuple)) or depth > 5:
            return node
        if len(node) >= 2 and all(_number(v) for v in node):
            position = list(node)
            found.append(position)
            return position
        return [copy(child, depth + 1) for child in node]

    copied = copy(geometry["coordinates"])
    if found:
        x, y = convert(np.array([p[:2] for p in found], float))
        for position, a, b in zip(found, x, y, strict=True):
            position[0], position[1] = float(a), float(b)
            if len(position) > 2 and lift:
                position[2] = round(position[2] + lift, 6)
    return {"type": geometry.get("type"), "coordinates": copied}


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
