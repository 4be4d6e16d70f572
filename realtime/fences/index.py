"""Which points lie in which fences: a grid over their bounds, then the exact ring, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.fences.types import Fence
from realtime.positioning.geometry import Rings, in_ring, nearest, rings
from realtime.positioning.jit import jit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Most cells along one axis.
_MOST = 256


class FenceIndex(NamedTuple):
    """Outlines with a grid over them.

    Attributes:
        shape: rings of all fences. origin, cell, size: the grid in m and cells. start, fence: fences of each cell
        (CSR).
        low, high: heights with tolerance. on: whether a fence is enabled. groups: bits of the badges it concerns.
    """

    shape: Rings
    origin: Floats
    cell: float
    size: Ints
    start: Ints
    fence: Ints
    low: Floats
    high: Floats
    on: Bools
    groups: Ints


def build(fences: Sequence[Fence], slack: float) -> FenceIndex:
    """Index of fences; ``slack`` (m) widens their height ranges.

    Raises:
        ValueError: an outline with fewer than three corners.
    """
    shape = rings([f.outline for f in fences])
    box = shape.box
    origin, top = (box[:, :2].min(axis=0), box[:, 2:].max(axis=0)) if len(box) else (np.zeros(2), np.zeros(2))
    extent = box[:, 2:] - box[:, :2]
    cell = max(5.0, float(np.median(extent)) if len(box) else 5.0, float((top - origin).max()) / _MOST)
    size = (np.floor((top - origin) / cell) + 1).astype(np.int64)
    lists: list[list[int]] = [[] for _ in range(int(size[0] * size[1]))]
    for f, (x0, y0, x1, y1) in enumerate(box):
        i0, j0 = ((np.array([x0, y0]) - origin) // cell).astype(int)
        i1, j1 = ((np.array([x1, y1]) - origin) // cell).astype(int)
        for i in range(i0, i1 + 1):
            for j in range(j0, j1 + 1):
                lists[i * int(size[1]) + j].append(f)
    start = np.cumsum([0, *(len(cells) for cells in lists)]).astype(np.int64)
    flat = np.array([f for cells in lists for f in cells], np.int64)
    low, high = np.array([f.z_min for f in fences]) - slack, np.array([f.z_max for f in fences]) + slack
    on = np.array([f.enabled for f in fences], np.bool_)
    groups = np.array([f.groups for f in fences], np.int64)
    heights = low.astype(np.float64), high.astype(np.float64)
    return FenceIndex(shape, origin, cell, size, start, flat, *heights, on, groups)


@jit
def ring_holds(points: Floats, first: int, last: int, x: float, y: float) -> bool:
    """Whether a point lies in the ring of the corners ``first`` to ``last`` (even-odd rule); its box was asked."""
    inside, j = False, last - 1
    yj = points[j, 1]
    for i in range(first, last):
        yi = points[i, 1]
        if (yi > y) != (yj > y):
            xi, xj = points[i, 0], points[j, 0]
            if x < (xj - xi) * (y - yi) / (yj - yi) + xi:
                inside = not inside
        j, yj = i, yi
    return inside


@jit
def beyond_one(index: FenceIndex, f: int, x: float, y: float, z: float, hysteresis: float) -> bool:
    """Whether a point is clearly out of a fence: further than ``hysteresis`` m from it, or off its heights."""
    if not (index.on[f] and index.low[f] <= z <= index.high[f]):
        return True
    box = index.shape.box
    if (
        x < box[f, 0] - hysteresis
        or y < box[f, 1] - hysteresis
        or x > box[f, 2] + hysteresis
        or y > box[f, 3] + hysteresis
    ):
        return True
    _, _, far = nearest(index.shape, f, x, y)
    return far > hysteresis and not in_ring(index.shape, f, x, y)


@jit
def members(index: FenceIndex, f: int, group: Ints, known: Bools, x: Floats, y: Floats, z: Floats) -> Bools:
    """(badges,) which badges lie in a fence by their last places, heights included."""
    out = np.zeros(x.size, np.bool_)
    if index.on[f]:
        for k in range(x.size):
            if known[k] and index.groups[f] & group[k] and index.low[f] <= z[k] <= index.high[f]:
                out[k] = in_ring(index.shape, f, x[k], y[k])
    return out
