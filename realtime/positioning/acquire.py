"""Where is a badge that nobody has located yet? Robust multilateration, many starts, no guess on a tie."""

from __future__ import annotations

import math

import numpy as np

from realtime.positioning.jit import jit
from realtime.positioning.tracks import RING, RING_A, RING_B, RING_TIME, RING_VALUE
from realtime.positioning.types import Floats

_ANGLES = 12
_STEPS = 15
#: Residual (m) from which weights fall, and at which they stop costing.
_SOFT, _CAP = 0.5, 3.0
#: Two places at least this far apart (m) whose mean costs differ by less than this (m) are a tie.
_APART, _TIE = 3.0, 0.15
#: 1-sigma (m) of a range at acquisition: noise plus what body and survey add.
_SIGMA = 0.3
#: Widest 1-sigma (m) of an acquired place along its worst direction.
_WIDEST = 15.0


@jit
def _residual(
    anchors: Floats, a: int, a2: int, value: float, x: float, y: float, z: float
) -> tuple[float, float, float]:
    """Residual and Jacobian of one range or range difference at (x, y, z)."""
    dx, dy, dz = x - anchors[a, 0], y - anchors[a, 1], z - anchors[a, 2]
    d = max(1e-6, math.sqrt(dx * dx + dy * dy + dz * dz))
    hx, hy, expected = dx / d, dy / d, d
    if a2 >= 0:
        dx, dy, dz = x - anchors[a2, 0], y - anchors[a2, 1], z - anchors[a2, 2]
        d = max(1e-6, math.sqrt(dx * dx + dy * dy + dz * dz))
        hx, hy, expected = hx - dx / d, hy - dy / d, expected - d
    return value - expected, hx, hy


@jit
def _descend(
    ring: Floats, z: float, use: Floats, anchors: Floats, x: float, y: float
) -> tuple[float, float, float, float, float, float]:
    """Gauss-Newton with Huber weights from one start: ``(mean capped residual, x, y, jxx, jxy, jyy)``."""
    jxx = jxy = jyy = 0.0
    for _ in range(_STEPS):
        jxx = jxy = jyy = bx = by = 0.0
        for i in range(RING):
            if use[i] > 0.0:
                r, hx, hy = _residual(anchors, int(ring[i, RING_A]), int(ring[i, RING_B]), ring[i, RING_VALUE], x, y, z)
                w = 1.0 if abs(r) <= _SOFT else _SOFT / abs(r)
                jxx, jxy, jyy = jxx + w * hx * hx, jxy + w * hx * hy, jyy + w * hy * hy
                bx, by = bx + w * hx * r, by + w * hy * r
        det = (jxx + 1e-3) * (jyy + 1e-3) - jxy * jxy
        sx, sy = ((jyy + 1e-3) * bx - jxy * by) / det, ((jxx + 1e-3) * by - jxy * bx) / det
        step = math.hypot(sx, sy)
        if step > 10.0:
            sx, sy = sx * 10.0 / step, sy * 10.0 / step
        x, y = x + sx, y + sy
        if step < 1e-3:
            break
    cost = count = 0.0
    for i in range(RING):
        if use[i] > 0.0:
            r, _, _ = _residual(anchors, int(ring[i, RING_A]), int(ring[i, RING_B]), ring[i, RING_VALUE], x, y, z)
            cost, count = cost + min(abs(r), _CAP), count + 1.0
    return cost / count, x, y, jxx, jxy, jyy


@jit
def _candidates(ring: Floats, time: float, window: float, use: Floats) -> tuple[int, int, int]:
    """Mark the ring entries that are recent: ``(how many, distinct anchors, entry with the shortest range or -1)``."""
    count = distinct = 0
    nearest = -1
    for i in range(RING):
        use[i] = 1.0 if time - ring[i, RING_TIME] <= window else 0.0
        if use[i] == 0.0:
            continue
        count += 1
        new = True
        for j in range(i):
            if use[j] > 0.0 and ring[j, RING_A] == ring[i, RING_A] and ring[j, RING_B] == ring[i, RING_B]:
                new = False
        distinct += 1 if new else 0
        if ring[i, RING_B] < 0 and (nearest < 0 or ring[i, RING_VALUE] < ring[nearest, RING_VALUE]):
            nearest = i
    return count, distinct, nearest


@jit
def locate(
    ring: Floats,
    z: float,
    anchors: Floats,
    time: float,
    last: Floats,
    reach: float,
    window: float,
    least: int,
    worst: float,
) -> tuple[bool, float, float, float, float, float]:
    """Place of the badge at height ``z`` from its ring (RING, 5): ``(found, x, y, pxx, pxy, pyy)``.

    Nothing is found with fewer than three distinct anchors (or pairs) or fewer than ``least`` ranges in ``window``,
    when the residual is above ``worst``, when the geometry leaves a direction open, or when two places explain the
    ranges alike (anchors on a line) and the state ``last``, no further than ``reach`` away, does not tell them apart:
    no fix is better than a false one.
    """
    use = np.zeros(RING)
    count, distinct, nearest = _candidates(ring, time, window, use)
    if count < least or distinct < 3:
        return False, 0.0, 0.0, 0.0, 0.0, 0.0
    cx = cy = 0.0
    for i in range(RING):
        if use[i] > 0.0:
            cx, cy = cx + anchors[int(ring[i, RING_A]), 0] / count, cy + anchors[int(ring[i, RING_A]), 1] / count
    rings = 1 if nearest >= 0 else 3
    found = np.empty((_ANGLES * rings, 6))
    for k in range(_ANGLES * rings):
        angle = 2.0 * math.pi * (k % _ANGLES) / _ANGLES
        radius = 3.0 * 4.0 ** (k // _ANGLES)
        ox, oy = cx, cy
        if nearest >= 0:
            radius = max(1.0, ring[nearest, RING_VALUE])
            ox, oy = anchors[int(ring[nearest, RING_A]), 0], anchors[int(ring[nearest, RING_A]), 1]
        cost, x, y, jxx, jxy, jyy = _descend(
            ring, z, use, anchors, ox + radius * math.cos(angle), oy + radius * math.sin(angle)
        )
        found[k, 0], found[k, 1], found[k, 2], found[k, 3], found[k, 4], found[k, 5] = cost, x, y, jxx, jxy, jyy
    best, second = _rank(found, last[0], last[2], reach)
    if best < 0 or found[best, 0] > worst or (second >= 0 and found[second, 0] - found[best, 0] < _TIE):
        return False, 0.0, 0.0, 0.0, 0.0, 0.0
    jxx, jxy, jyy = found[best, 3], found[best, 4], found[best, 5]
    det = jxx * jyy - jxy * jxy
    if det <= 1e-12 or _SIGMA * _SIGMA * (jxx + jyy) / det > _WIDEST * _WIDEST:
        return False, 0.0, 0.0, 0.0, 0.0, 0.0
    v = _SIGMA * _SIGMA / det
    return True, found[best, 1], found[best, 2], v * jyy, -v * jxy, v * jxx


@jit
def _rank(found: Floats, x: float, y: float, reach: float) -> tuple[int, int]:
    """The cheapest solution and the cheapest that lies apart from it; with a finite ``reach`` only near (x, y)."""
    best = second = -1
    for k in range(found.shape[0]):
        inside = reach == math.inf or math.hypot(found[k, 1] - x, found[k, 2] - y) <= reach
        if inside and (best < 0 or found[k, 0] < found[best, 0]):
            best = k
    if best >= 0:
        for k in range(found.shape[0]):
            inside = reach == math.inf or math.hypot(found[k, 1] - x, found[k, 2] - y) <= reach
            apart = math.hypot(found[k, 1] - found[best, 1], found[k, 2] - found[best, 2]) > _APART
            if inside and apart and (second < 0 or found[k, 0] < found[second, 0]):
                second = k
    return best, second
