"""The site's metric frame for arrays: degrees to metres of the site's projected CRS minus its origin, and back.

Once a second for every badge pyproj would cost more than the filter. A cubic fit over the plant is exact to a
fraction of a millimetre (checked when it is made), and is a matrix product.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.geo.crs import transformer

Floats = NDArray[np.float64]
#: Half the edge in m of the square around the origin over which the fit is made.
REACH = 5000.0
_EXACT = 0.001


def _basis(x: Floats, y: Floats) -> Floats:
    one = np.ones_like(x)
    return np.stack([one, x, y, x * x, x * y, y * y, x * x * x, x * x * y, x * y * y, y * y * y], axis=-1)


class SiteFrame:
    """Metres grid east and grid north of an origin, up from its height.

    Args:
        crs: EPSG code of the site's projected system. lon, lat: of the origin, degrees. h: its ellipsoidal height, m.

    Raises:
        ValueError: the system cannot be fitted (it is not metric, or the origin lies far outside of it).
    """

    def __init__(self, crs: int, lon: float, lat: float, h: float) -> None:
        self.h = h
        forward, back = transformer("4326", str(crs)), transformer(str(crs), "4326")
        self._east, self._north = forward.transform(lon, lat)
        self._lon, self._lat = lon, lat
        grid = np.linspace(-REACH, REACH, 15)
        x, y = (part.ravel() for part in np.meshgrid(grid, grid))
        degrees = np.column_stack(back.transform(self._east + x, self._north + y)) - [lon, lat]
        self._span = np.abs(degrees).max(axis=0)
        scaled = degrees / self._span
        self._to_degrees = np.linalg.lstsq(_basis(x / REACH, y / REACH), scaled, rcond=None)[0]
        self._to_metres = np.linalg.lstsq(_basis(scaled[:, 0], scaled[:, 1]), np.column_stack([x, y]), rcond=None)[0]
        place = self.to_local(degrees[:, 0] + lon, degrees[:, 1] + lat)
        off = np.hypot(place[0] - x, place[1] - y)
        there = np.column_stack(self.to_lonlat(x, y)) - [lon, lat]
        off2 = np.abs(there - degrees).max() * 111_000.0
        if not (max(float(off.max()), float(off2)) < _EXACT):
            raise ValueError(f"EPSG:{crs} around {lon}, {lat} is no metric plant frame")

    def to_local(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Degrees (EPSG:4326) to metres in the frame."""
        scaled = (np.stack([lon, lat], axis=-1) - [self._lon, self._lat]) / self._span
        out = _basis(scaled[..., 0], scaled[..., 1]) @ self._to_metres
        return out[..., 0], out[..., 1]

    def to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Metres in the frame to degrees (EPSG:4326)."""
        out = (_basis(x / REACH, y / REACH) @ self._to_degrees) * self._span
        return out[..., 0] + self._lon, out[..., 1] + self._lat
