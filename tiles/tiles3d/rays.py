"""Compiled kernels: triangles on a regular grid, heights straight down, lines of sight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_EPS = 1e-9


@njit(cache=True, nogil=True)
def build_grid(v: Any, t: Any, x0: float, y0: float, cell: float, nx: int, ny: int) -> Any:
    """Triangles per cell in compressed rows: (start (nx * ny + 1,), items), each triangle in every cell its box
    touches.
    """
    start = np.zeros(nx * ny + 1, np.int64)
    for turn in range(2):
        if turn == 1:
            for k in range(nx * ny):
                start[k + 1] += start[k]
            items = np.empty(start[nx * ny], np.int32)
            fill = start[:-1].copy()
        for i in range(t.shape[0]):
            a, b, c = t[i, 0], t[i, 1], t[i, 2]
            i0 = min(max(int((min(v[a, 0], v[b, 0], v[c, 0]) - x0) / cell), 0), nx - 1)
            i1 = min(max(int((max(v[a, 0], v[b, 0], v[c, 0]) - x0) / cell), 0), nx - 1)
            j0 = min(max(int((min(v[a, 1], v[b, 1], v[c, 1]) - y0) / cell), 0), ny - 1)
            j1 = min(max(int((max(v[a, 1], v[b, 1], v[c, 1]) - y0) / cell), 0), ny - 1)
            for j in range(j0, j1 + 1):
                for k in range(i0, i1 + 1):
                    if turn == 0:
                        start[j * nx + k + 1] += 1
                    else:
                        items[fill[j * nx + k]] = i
                        fill[j * nx + k] += 1
    return start, items


@njit(cache=True, nogil=True)
def top_heights(
    v: Any,
    t: Any,
    start: Any,
    items: Any,
    x0: float,
    y0: float,
    cell: float,
    nx: int,
    ny: int,
    p: Any,
    limit: Any,
    out: Any,
) -> None:
    """Raise ``out`` (N,) to the highest surface at ``p`` (N, 2) that is not above ``limit`` (N,)."""
    for n in range(p.shape[0]):
        x, y = p[n, 0], p[n, 1]
        i, j = int(np.floor((x - x0) / cell)), int(np.floor((y - y0) / cell))
        if i == nx and x <= x0 + nx * cell + 1e-6:
            i -= 1
        if j == ny and y <= y0 + ny * cell + 1e-6:
            j -= 1
        if i < 0 or j < 0 or i >= nx or j >= ny:
            continue
        for k in range(start[j * nx + i], start[j * nx + i + 1]):
            a, b, c = t[items[k], 0], t[items[k], 1], t[items[k], 2]
            ux, uy = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1]
            wx, wy = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1]
            area = ux * wy - uy * wx
            if abs(area) < _EPS:
                continue
            s = ((x - v[a, 0]) * wy - (y - v[a, 1]) * wx) / area
            r = (ux * (y - v[a, 1]) - uy * (x - v[a, 0])) / area
            if s < -1e-6 or r < -1e-6 or s + r > 1 + 1e-6:
                continue
            z = v[a, 2] + s * (v[b, 2] - v[a, 2]) + r * (v[c, 2] - v[a, 2])
            if z <= limit[n] and not z <= out[n]:
                out[n] = z


@njit(cache=True, nogil=True)
def _hits(v: Any, a: int, b: int, c: int, o: Any, d: Any, low: float, high: float) -> bool:
    """Whether the segment o + s d, low < s < high, meets a triangle (Moeller and Trumbore)."""
    e1x, e1y, e1z = v[b, 0] - v[a, 0], v[b, 1] - v[a, 1], v[b, 2] - v[a, 2]
    e2x, e2y, e2z = v[c, 0] - v[a, 0], v[c, 1] - v[a, 1], v[c, 2] - v[a, 2]
    px, py, pz = d[1] * e2z - d[2] * e2y, d[2] * e2x - d[0] * e2z, d[0] * e2y - d[1] * e2x
    det = e1x * px + e1y * py + e1z * pz
    if abs(det) < 1e-12:
        return False
    tx, ty, tz = o[0] - v[a, 0], o[1] - v[a, 1], o[2] - v[a, 2]
    u = (tx * px + ty * py + tz * pz) / det
    if u < 0 or u > 1:
        return False
    qx, qy, qz = ty * e1z - tz * e1y, tz * e1x - tx * e1z, tx * e1y - ty * e1x
    w = (d[0] * qx + d[1] * qy + d[2] * qz) / det
    if w < 0 or u + w > 1:
        return False
    s = (e2x * qx + e2y * qy + e2z * qz) / det
    return bool(low < s < high)


@njit(cache=True, nogil=True)
def blocked(
    v: Any,
    t: Any,
    start: Any,
    items: Any,
    x0: float,
    y0: float,
    cell: float,
    nx: int,
    ny: int,
    o: Any,
    ends: Any,
    gap: float,
    out: Any,
) -> None:
    """Set ``out`` (N,) where the mesh lies between ``o`` (3,) and ``ends`` (N, 3); ``gap`` metres at both ends do not
    count.

    Walks the cells under each segment one by one (Amanatides and Woo).
    """
    d = np.empty(3)
    for n in range(ends.shape[0]):
        if out[n]:
            continue
        for k in range(3):
            d[k] = ends[n, k] - o[k]
        length = np.sqrt(d[0] ** 2 + d[1] ** 2 + d[2] ** 2)
        if length <= 2 * gap:
            continue
        low, high = gap / length, 1 - gap / length
        # Part of the segment above this grid.
        s0, s1 = low, high
        for k in range(2):
            lo, hi = (x0, x0 + nx * cell) if k == 0 else (y0, y0 + ny * cell)
            if abs(d[k]) < _EPS:
                if o[k] < lo or o[k] > hi:
                    s0, s1 = 1.0, 0.0
                continue
            f, g = (lo - o[k]) / d[k], (hi - o[k]) / d[k]
            s0, s1 = max(s0, min(f, g)), min(s1, max(f, g))
        if s0 > s1:
            continue
        i = min(max(int((o[0] + s0 * d[0] - x0) / cell), 0), nx - 1)
        j = min(max(int((o[1] + s0 * d[1] - y0) / cell), 0), ny - 1)
        si, sj = (1 if d[0] > 0 else -1), (1 if d[1] > 0 else -1)
        big = 1e30
        tx = (x0 + (i + (si > 0)) * cell - o[0]) / d[0] if abs(d[0]) > _EPS else big
        ty = (y0 + (j + (sj > 0)) * cell - o[1]) / d[1] if abs(d[1]) > _EPS else big
        dx = cell / abs(d[0]) if abs(d[0]) > _EPS else big
        dy = cell / abs(d[1]) if abs(d[1]) > _EPS else big
        while not out[n] and 0 <= i < nx and 0 <= j < ny:
            for k in range(start[j * nx + i], start[j * nx + i + 1]):
                if _hits(v, t[items[k], 0], t[items[k], 1], t[items[k], 2], o, d, low, high):
                    out[n] = True
                    break
            if min(tx, ty) > s1:
                break
            if tx < ty:
                i += si
                tx += dx
            else:
                j += sj
                ty += dy
