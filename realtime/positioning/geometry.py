"""Polygons and lines for the constraints: many points at once, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.jit import jit
from realtime.positioning.types import Bools, Floats, Ints


class Rings(NamedTuple):
    """Closed rings, flattened.

    Attributes:
        points: (k, 2) all corners in m, each ring without a repeated last one. start: (r + 1,) where each ring begins.
        box: (r, 4) bounds xmin, ymin, xmax, ymax.
    """

    points: Floats
    start: Ints
    box: Floats


def rings(polygons: Sequence[Sequence[tuple[float, float]] | Floats]) -> Rings:
    """Flatten outer rings; a repeated last corner is dropped.

    Raises:
        ValueError: a ring with fewer than three corners.
    """
    arrays = []
    for polygon in polygons:
        ring = np.asarray(polygon, np.float64)[:, :2]
        if len(ring) > 1 and np.array_equal(ring[0], ring[-1]):
            ring = ring[:-1]
        if len(ring) < 3:
            raise ValueError("a ring needs three corners")
        arrays.append(ring)
    start = np.cumsum([0, *(len(r) for r in arrays)]).astype(np.int64)
    box = np.array([[*r.min(axis=0), *r.max(axis=0)] for r in arrays], np.float64).reshape(-1, 4)
    return Rings(np.concatenate(arrays) if arrays else np.zeros((0, 2)), start, box)


@jit
def in_ring(shape: Rings, r: int, x: float, y: float) -> bool:
    """Whether (x, y) lies in ring ``r`` (even-odd rule)."""
    if x < shape.box[r, 0] or y < shape.box[r, 1] or x > shape.box[r, 2] or y > shape.box[r, 3]:
        return False
    inside = False
    first, last = shape.start[r], shape.start[r + 1]
    j = last - 1
    for i in range(first, last):
        yi, yj = shape.points[i, 1], shape.points[j, 1]
        if (yi > y) != (yj > y):
            xi, xj = shape.points[i, 0], shape.points[j, 0]
            if x < (xj - xi) * (y - yi) / (yj - yi) + xi:
                inside = not inside
        j = i
    return inside


@jit
def first_ring(shape: Rings, x: Floats, y: Floats) -> Ints:
    """(n,) the first ring that holds each point, -1 for none."""
    out = np.full(x.size, -1, np.int64)
    for k in range(x.size):
        for r in range(shape.box.shape[0]):
            if in_ring(shape, r, x[k], y[k]):
                out[k] = r
                break
    return out


@jit
def near_ring(shape: Rings, x: Floats, y: Floats, slack: Floats) -> NDArray[np.bool_]:
    """(n,) whether each point lies in a ring or no further than its ``slack`` (m) from one."""
    out = np.zeros(x.size, np.bool_)
    for k in range(x.size):
        for r in range(shape.box.shape[0]):
            _, _, far = nearest(shape, r, x[k], y[k])
            if in_ring(shape, r, x[k], y[k]) or far <= slack[k]:
                out[k] = True
                break
    return out


@jit
def nearest(shape: Rings, r: int, x: float, y: float) -> tuple[float, float, float]:
    """The point of ring ``r``'s edge nearest to (x, y), and its distance."""
    bx, by, best = x, y, np.inf
    first, last = shape.start[r], shape.start[r + 1]
    j = last - 1
    for i in range(first, last):
        ax, ay = shape.points[j, 0], shape.points[j, 1]
        ex, ey = shape.points[i, 0] - ax, shape.points[i, 1] - ay
        length = ex * ex + ey * ey
        t = min(1.0, max(0.0, ((x - ax) * ex + (y - ay) * ey) / length)) if length > 0.0 else 0.0
        px, py = ax + t * ex, ay + t * ey
        d = np.hypot(px - x, py - y)
        if d < best:
            bx, by, best = px, py, d
        j = i
    return bx, by, best


@jit
def crosses(lines: Floats, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether the way from (x0, y0) to (x1, y1) touches one of the lines (m, 4) ``ax, ay, bx, by``."""
    for i in range(lines.shape[0]):
        ax, ay, bx, by = lines[i, 0], lines[i, 1], lines[i, 2], lines[i, 3]
        if (
            max(ax, bx) < min(x0, x1)
            or min(ax, bx) > max(x0, x1)
            or max(ay, by) < min(y0, y1)
            or min(ay, by) > max(y0, y1)
        ):
            continue
        s0 = (bx - ax) * (y0 - ay) - (by - ay) * (x0 - ax)
        s1 = (bx - ax) * (y1 - ay) - (by - ay) * (x1 - ax)
        t0 = (x1 - x0) * (ay - y0) - (y1 - y0) * (ax - x0)
        t1 = (x1 - x0) * (by - y0) - (y1 - y0) * (bx - x0)
        if s0 * s1 <= 0.0 and t0 * t1 <= 0.0:
            return True
    return False


@jit
def leave_obstacles(solid: Rings, lines: Floats, x: Floats, y: Floats, r95: Floats, margin: float) -> Bools:
    """Move points out of solid things (tanks, furnaces) to ``margin`` m outside their nearest edge, in place.

    A soft constraint: it acts only within the point's own r95, and never when the correction would cross one of
    ``lines`` (fence lines): whether somebody is inside a fence is measured, not drawn. Returns (n,) which were moved.
    """
    moved = np.zeros(x.size, np.bool_)
    for k in range(x.size):
        for r in range(solid.box.shape[0]):
            if not in_ring(solid, r, x[k], y[k]):
                continue
            px, py, far = nearest(solid, r, x[k], y[k])
            if far + margin > r95[k]:
                continue
            if far > 0.0:
                px, py = px + (px - x[k]) * margin / far, py + (py - y[k]) * margin / far
            if not crosses(lines, x[k], y[k], px, py):
                x[k], y[k] = px, py
                moved[k] = True
            break
    return moved


def fence_lines(polygons: Sequence[Sequence[tuple[float, float]] | Floats]) -> Floats:
    """(m, 4) edges of closed polygons, for :func:`crosses`."""
    shape = rings(polygons)
    edges = []
    for first, last in zip(shape.start[:-1], shape.start[1:], strict=True):
        ring = shape.points[first:last]
        edges.append(np.concatenate([ring, np.roll(ring, -1, axis=0)], axis=1))
    return np.concatenate(edges) if edges else np.zeros((0, 4))
