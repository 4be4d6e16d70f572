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
        low, high: heights with tolerance. on: whether a fence is enabled.
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
    return FenceIndex(shape, origin, cell, size, start, flat, low.astype(np.float64), high.astype(np.float64), on)


@jit
def hits(index: FenceIndex, badge: Ints, x: Floats, y: Floats, z: Floats) -> Ints:
    """Keys ``badge * fences + fence`` of all points in a fence; x, y, z by badge row; ascending where ``badge`` is."""
    fences = index.on.size
    out = np.empty(max(16, 2 * badge.size), np.int64)
    n = 0
    for k in badge:
        i = int(np.floor((x[k] - index.origin[0]) / index.cell))
        j = int(np.floor((y[k] - index.origin[1]) / index.cell))
        if not (0 <= i < index.size[0] and 0 <= j < index.size[1]):
            continue
        cell = i * index.size[1] + j
        for at in range(index.start[cell], index.start[cell + 1]):
            f = index.fence[at]
            if index.on[f] and index.low[f] <= z[k] <= index.high[f] and in_ring(index.shape, f, x[k], y[k]):
                if n == out.size:
                    more = np.empty(2 * n, np.int64)
                    more[:n] = out
                    out = more
                out[n] = k * fences + f
                n += 1
    return out[:n]


@jit
def beyond(index: FenceIndex, key: Ints, x: Floats, y: Floats, z: Floats, hysteresis: float) -> Bools:
    """Which pairs are clearly out: further than ``hysteresis`` m from the fence, or off its heights."""
    fences = index.on.size
    out = np.ones(key.size, np.bool_)
    for n in range(key.size):
        k, f = key[n] // fences, key[n] % fences
        if index.on[f] and index.low[f] <= z[k] <= index.high[f]:
            _, _, far = nearest(index.shape, f, x[k], y[k])
            out[n] = far > hysteresis and not in_ring(index.shape, f, x[k], y[k])
    return out
