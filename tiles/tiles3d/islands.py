"""Texture islands: which triangles hang together in a picture, and the rectangles that hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Texture coordinates nearer than this share of a texel are one.
_WELD = 16


def islands(uv: NDArray[np.float64], indices: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rectangles of a picture that triangles use.

    Args:
        uv: (N, 2) texture coordinates in texels.
        indices: (3 T,) triangles.

    Returns:
        Rectangles (R, 4) as x0, y0, x1, y1 in whole texels, half a texel of margin included, and per vertex the number
        of its rectangle (-1 for vertices that no triangle uses). Vertices of one triangle always share a rectangle;
        overlapping rectangles are one where that saves texels.
    """
    q = np.rint(uv * _WELD).astype(np.int64)
    key = (q[:, 0] << 32) + q[:, 1]
    _, welded = np.unique(key, return_inverse=True)
    root = _components(welded[indices.astype(np.int64)], int(welded.max()) + 1)
    used = np.zeros(len(uv), bool)
    used[indices] = True
    labels, island = np.unique(root[welded[used]], return_inverse=True)
    low, high = np.full((len(labels), 2), 2**40), np.full((len(labels), 2), -(2**40))
    np.minimum.at(low, island, np.floor(uv[used] - 0.5).astype(np.int64))
    np.maximum.at(high, island, np.ceil(uv[used] + 0.5).astype(np.int64))
    boxes = np.concatenate([low, high], axis=1)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = np.argsort(-area, kind="stable")
    merged, owner = _merge(boxes[order])
    number = np.empty(len(boxes), np.int64)
    number[order] = owner
    vertex = np.full(len(uv), -1, np.int64)
    vertex[used] = number[island]
    return merged, vertex


@njit(cache=True, nogil=True)
def _components(corners: Any, count: int) -> Any:
    """Union-find over triangles' welded vertices; the representative of each vertex."""
    parent = np.arange(count)
    for t in range(corners.shape[0] // 3):
        a = corners[3 * t]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        for k in range(1, 3):
            b = corners[3 * t + k]
            while parent[b] != b:
                parent[b] = parent[parent[b]]
                b = parent[b]
            parent[b] = a
    for v in range(count):
        a = v
        while parent[a] != a:
            a = parent[a]
        parent[v] = a
    return parent


@njit(cache=True, nogil=True)
def _merge(boxes: Any) -> Any:
    """Join each rectangle (largest first) to an earlier one where the joint rectangle is no larger than the two."""
    kept = np.empty_like(boxes)
    owner = np.empty(boxes.shape[0], np.int64)
    count = 0
    for i in range(boxes.shape[0]):
        x0, y0, x1, y1 = boxes[i, 0], boxes[i, 1], boxes[i, 2], boxes[i, 3]
        area = (x1 - x0) * (y1 - y0)
        owner[i] = -1
        for k in range(count):
            if kept[k, 2] <= x0 or kept[k, 0] >= x1 or kept[k, 3] <= y0 or kept[k, 1] >= y1:
                continue
            u0, v0 = min(x0, kept[k, 0]), min(y0, kept[k, 1])
            u1, v1 = max(x1, kept[k, 2]), max(y1, kept[k, 3])
            own = (kept[k, 2] - kept[k, 0]) * (kept[k, 3] - kept[k, 1])
            if (u1 - u0) * (v1 - v0) <= area + own:
                kept[k, 0], kept[k, 1], kept[k, 2], kept[k, 3] = u0, v0, u1, v1
                owner[i] = k
                break
        if owner[i] < 0:
            kept[count, 0], kept[count, 1], kept[count, 2], kept[count, 3] = x0, y0, x1, y1
            owner[i] = count
            count += 1
    return kept[:count].copy(), owner
