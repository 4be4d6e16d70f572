"""Tracks that keep where and when: online OPW-TR (opening window, time ratio; Meratnia & de By, EDBT 2004).

A point may be left out when everybody who interpolates in *time* between its kept neighbours still finds the badge
within the tolerance. Plain Douglas-Peucker looks at the line only and moves people in time (design.md: 10 m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.jit import jit
from realtime.positioning.types import Bools, Floats, Ints

#: Fixes that a window holds at most; a longer one is closed, whatever its shape.
WINDOW = 128


@jit
def _run(
    rows: Ints,
    points: Floats,
    breaks: Bools,
    kept: Floats,
    window: Floats,
    count: Ints,
    how: Floats,
    out: NDArray[np.uint8],
) -> None:
    """Bits of ``out``: 1 keep the fix before this one, 2 keep this one (it starts a new window)."""
    tolerance, heartbeat = how[0] * how[0], how[1]
    for i in range(rows.size):
        k = rows[i]
        t, x, y, z = points[i, 0], points[i, 1], points[i, 2], points[i, 3]
        n = count[k]
        if n < 0:
            for j in range(4):
                kept[k, j] = points[i, j]
            count[k], out[i] = 0, 2
            continue
        last = window[k, n - 1, 0] if n > 0 else kept[k, 0]
        if t <= last:
            continue
        if breaks[i]:
            out[i] = 3 if n > 0 else 2
            for j in range(4):
                kept[k, j] = points[i, j]
            count[k] = 0
            continue
        full = n == WINDOW
        far = False
        if not full:
            span = t - kept[k, 0]
            for m in range(n):
                share = (window[k, m, 0] - kept[k, 0]) / span
                dx = kept[k, 1] + share * (x - kept[k, 1]) - window[k, m, 1]
                dy = kept[k, 2] + share * (y - kept[k, 2]) - window[k, m, 2]
                dz = kept[k, 3] + share * (z - kept[k, 3]) - window[k, m, 3]
                if dx * dx + dy * dy + dz * dz > tolerance:
                    far = True
                    break
        if n > 0 and (full or far):
            out[i] = 1
            for j in range(4):
                kept[k, j] = window[k, n - 1, j]
            n = 0
        if t - kept[k, 0] >= heartbeat:
            out[i] |= 2
            for j in range(4):
                kept[k, j] = points[i, j]
            count[k] = 0
            continue
        for j in range(4):
            window[k, n, j] = points[i, j]
        count[k] = n + 1


class Thinning:
    """State of ``count`` subjects.

    Args:
        tolerance: m, for the place at any instant (synchronised Euclidean distance).
        heartbeat: longest time in s between two kept fixes.
    """

    def __init__(self, count: int, tolerance: float = 0.5, heartbeat: float = 60.0) -> None:
        self._how = np.array([tolerance, heartbeat])
        self._kept: Floats = np.zeros((count, 4))
        self._window: Floats = np.zeros((count, WINDOW, 4))
        self._count: Ints = np.full(count, -1, np.int64)

    def grow(self, count: int) -> None:
        """Make room for more subjects."""
        more = count - self._count.size
        if more > 0:
            self._kept = np.concatenate([self._kept, np.zeros((more, 4))])
            self._window = np.concatenate([self._window, np.zeros((more, WINDOW, 4))])
            self._count = np.concatenate([self._count, np.full(more, -1, np.int64)])

    def feed(self, rows: Ints, points: Floats, breaks: Bools) -> tuple[Bools, Bools]:
        """Take one newer fix of some subjects.

        Args:
            rows: (k,) subject rows. points: (k, 4) time in s, x, y, z in m. breaks: (k,) something else than the place
            has changed (floor, state, zone): the fix before and this one are both kept.
        Returns:
            (k,) whether the fix before of that subject is kept, and whether this one is. A fix that is no newer than
            the last one is dropped.
        """
        out = np.zeros(rows.size, np.uint8)
        _run(rows.astype(np.int64), points, breaks, self._kept, self._window, self._count, self._how, out)
        return np.asarray(out & 1 > 0), np.asarray(out & 2 > 0)

    def close(self, rows: Ints) -> Bools:
        """End the tracks of some subjects (lost, given back): (k,) whether their last fix is kept besides."""
        open_ = self._count[rows] > 0
        self._count[rows] = -1
        return np.asarray(open_)
