"""Where anchors have to hang so that 3 m holds: expected accuracy over a floor, before anybody drills a hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from realtime.positioning.types import Floats
from realtime.tracking.frame import SiteFrame

#: Cells of one map at most.
CELLS = 40_000


@dataclass(frozen=True)
class Plan:
    """Expected r95 over a grid.

    Attributes:
        lon, lat: (nx,), (ny,) centres of columns and rows at the grid's middle, degrees. r95: (nx, ny) m, None: no fix.
        anchors: (nx, ny) in reach. within: share of cells with r95 up to ``limit`` m.
    """

    cell: float
    limit: float
    lon: list[float]
    lat: list[float]
    r95: list[list[float | None]]
    anchors: list[list[int]]
    within: float


def plan(
    frame: SiteFrame, bounds: tuple[float, float, float, float], bottom: float, anchors: Floats,
    *, cell: float, reach: float, sigma: float, limit: float,
) -> Plan:  # fmt: skip
    """A map over ``bounds`` (west, south, east, north; degrees) at badge height above ``bottom`` (m, ellipsoidal).

    Args:
        anchors: (m, 3) lon, lat, ellipsoidal height.

    Raises:
        ValueError: more than :data:`CELLS` cells.
    """
    west, south, east, north = bounds
    x, y = frame.to_local(np.array([west, east]), np.array([south, north]))
    xmin, xmax, ymin, ymax = float(x.min()), float(x.max()), float(y.min()), float(y.max())
    if (xmax - xmin) * (ymax - ymin) > CELLS * cell * cell or xmax - xmin < cell or ymax - ymin < cell:
        raise ValueError("cells")
    place = np.zeros((len(anchors), 3))
    if len(anchors):
        place[:, 0], place[:, 1] = frame.to_local(anchors[:, 0], anchors[:, 1])
        place[:, 2] = anchors[:, 2] - bottom
    from realtime.positioning.anchors import accuracy_map  # compiled code: loaded with the first plan

    found = accuracy_map(place, (xmin, ymin, xmax, ymax), cell=cell, height=1.0, reach=reach, sigma=sigma)
    lon, _ = frame.to_lonlat(found.x, np.full(found.x.size, (ymin + ymax) / 2))
    _, lat = frame.to_lonlat(np.full(found.y.size, (xmin + xmax) / 2), found.y)
    r95: list[list[Any]] = [[round(v, 2) if np.isfinite(v) else None for v in row] for row in found.r95.tolist()]
    within = float(np.mean(found.r95 <= limit))
    return Plan(cell, limit, lon.tolist(), lat.tolist(), r95, found.anchors.tolist(), within)
