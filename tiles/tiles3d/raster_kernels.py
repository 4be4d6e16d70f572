"""Compiled kernels of rasters: which areas cover a texel, and how far its nearest rim is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def paint(
    xy: Any,
    rings: Any,
    number: int,
    reach: float,
    grid: Any,
    window: Any,
    ids: Any,
    edges: Any,
) -> None:
    """Lay one area over what is painted already: smaller ones come later.

    Args:
        xy: (N, 2) corners of all its rings, metres; rings are closed by themselves.
        rings: (R + 1,) where each ring starts.
        number: what is written, 1..65535.
        reach: metres over which the distance to a rim is kept; 0 leaves rims out.
        grid: (4,) west, south, metres per texel in x and in y.
        window: (4,) first and last row, first and last column (inclusive) that may be touched.
        ids: (rows, columns, 2) uint16, slot A the area on top, slot B the one below it.
        edges: (rows, columns, 2) uint8, 0..255 over 0..reach, of the slots.
    """
    r0, r1, c0, c1 = window[0], window[1], window[2], window[3]
    x0, y0, sx, sy = grid[0], grid[1], grid[2], grid[3]
    crossings = np.empty(len(xy), np.float64)
    for row in range(r0, r1 + 1):
        y = y0 + (row + 0.5) * sy
        count = 0
        for r in range(len(rings) - 1):
            for i in range(rings[r], rings[r + 1]):
                j = i + 1 if i + 1 < rings[r + 1] else rings[r]
                if (xy[i, 1] > y) != (xy[j, 1] > y):
                    along = (y - xy[i, 1]) / (xy[j, 1] - xy[i, 1])
                    crossings[count] = (xy[j, 0] - xy[i, 0]) * along + xy[i, 0]
                    count += 1
        crossings[:count].sort()
        for k in range(0, count - 1, 2):
            first = max(c0, int(np.ceil((crossings[k] - x0) / sx - 0.5)))
            last = min(c1, int(np.ceil((crossings[k + 1] - x0) / sx - 0.5)) - 1)
            for column in range(first, last + 1):
                ids[row, column, 1] = ids[row, column, 0]
                ids[row, column, 0] = number
                if reach > 0:
                    edges[row, column, 1] = edges[row, column, 0]
                    edges[row, column, 0] = 255
    if reach > 0:
        for r in range(len(rings) - 1):
            for i in range(rings[r], rings[r + 1]):
                j = i + 1 if i + 1 < rings[r + 1] else rings[r]
                _rim(xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1], number, reach, grid, window, ids, edges)


@njit(cache=True, nogil=True)
def _rim(
    px: float,
    py: float,
    qx: float,
    qy: float,
    number: int,
    reach: float,
    grid: Any,
    window: Any,
    ids: Any,
    edges: Any,
) -> None:
    """Distances to one edge. A rim shows on both of its sides: inside as the area's own, outside as the end of the
    one around it.
    """
    x0, y0, sx, sy = grid[0], grid[1], grid[2], grid[3]
    first = max(window[2], int(np.floor((min(px, qx) - reach - x0) / sx)))
    last = min(window[3], int(np.ceil((max(px, qx) + reach - x0) / sx)))
    low = max(window[0], int(np.floor((min(py, qy) - reach - y0) / sy)))
    high = min(window[1], int(np.ceil((max(py, qy) + reach - y0) / sy)))
    dx, dy = qx - px, qy - py
    square = dx * dx + dy * dy
    length = np.sqrt(square)
    for row in range(low, high + 1):
        y = y0 + (row + 0.5) * sy
        c0, c1 = first, last
        if abs(dy) > 1e-9:
            # of a long slanting edge only the strip around it is visited
            along = px + (y - py) * dx / dy
            half = reach * length / abs(dy) + abs(sy * dx / dy)
            c0 = max(c0, int(np.floor(max((along - half - x0) / sx, -1.0))))
            c1 = min(c1, int(np.ceil(min((along + half - x0) / sx, 1e9))))
        for column in range(c0, c1 + 1):
            x = x0 + (column + 0.5) * sx
            t = 0.0
            if square > 0:
                t = min(max(((x - px) * dx + (y - py) * dy) / square, 0.0), 1.0)
            distance = np.hypot(x - px - t * dx, y - py - t * dy)
            if distance >= reach:
                continue
            value = int(np.floor(distance / reach * 255 + 0.5))
            if value < edges[row, column, 0]:
                edges[row, column, 0] = value
            if ids[row, column, 0] != number and value < edges[row, column, 1]:
                edges[row, column, 1] = value
