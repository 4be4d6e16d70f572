"""The site's local frame: metres east, north and up of an origin on the ellipsoid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.geo.crs import transformer

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LocalFrame:
    """East-north-up frame at an origin: degrees (EPSG:4326), height in metres above the ellipsoid."""

    lon: float
    lat: float
    h: float

    @cached_property
    def _rotation(self) -> Array:
        lam, phi = np.radians(self.lon), np.radians(self.lat)
        sl, cl, sp, cp = np.sin(lam), np.cos(lam), np.sin(phi), np.cos(phi)
        return np.array([[-sl, cl, 0.0], [-sp * cl, -sp * sl, cp], [cp * cl, cp * sl, sp]])

    @cached_property
    def _origin(self) -> Array:
        return np.array(transformer("4979", "4978").transform(self.lon, self.lat, self.h))

    def to_local(self, lonlath: Array) -> Array:
        """N x 3 degrees, degrees, metres to N x 3 metres east, north, up."""
        points = np.asarray(lonlath, float)
        ecef = np.column_stack(transformer("4979", "4978").transform(points[:, 0], points[:, 1], points[:, 2]))
        local: Array = (ecef - self._origin) @ self._rotation.T
        return local

    def to_lonlath(self, enu: Array) -> Array:
        """N x 3 metres east, north, up to N x 3 degrees, degrees, metres."""
        ecef = np.asarray(enu, float) @ self._rotation + self._origin
        return np.column_stack(transformer("4978", "4979").transform(ecef[:, 0], ecef[:, 1], ecef[:, 2]))
