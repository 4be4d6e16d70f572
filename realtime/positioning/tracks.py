"""State of the range filter of every badge, as arrays that numba and numpy share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.types import AGILITY, SPEED_LIMIT, Floats

#: Measurements per badge that are remembered for acquisition.
RING = 16
#: Columns of the ring: event time, value, 1-sigma, anchor, second anchor (-1: none).
RING_TIME, RING_VALUE, RING_SIGMA, RING_A, RING_B = range(5)


class Tracks(NamedTuple):
    """One row per badge. Positions in m (plant frame), times in s.

    Attributes:
        x: (n, 4) state ``[x, vx, y, vy]`` (filterpy's order by dimension).
        p: (n, 4, 4) its covariance.
        time: event time of the state. ``heard``: event time of the last accepted measurement.
        phase: 0 never located, 1 tracking, 2 has to be located anew (the old state is still the last known one).
        rejects: leaky count of gated measurements. ``tried``: event time of the last acquisition attempt.
        sound: event time at which ``rejects`` was 0 last.
        height: badge height z. ``limit``: top speed in m/s. ``agility``: factor of its process noise.
        still: 1 while the accelerometer says still.
        ring: (n, RING, 5) latest measurements, columns ``RING_*``. ``ring_at``: where the next one goes.
    """

    x: Floats
    p: Floats
    time: Floats
    heard: Floats
    phase: NDArray[np.uint8]
    rejects: NDArray[np.int32]
    tried: Floats
    sound: Floats
    height: Floats
    limit: Floats
    agility: Floats
    still: NDArray[np.uint8]
    ring: Floats
    ring_at: NDArray[np.int32]


def empty(count: int, height: float) -> Tracks:
    """Tracks of ``count`` badges that were never located, carried by persons at ``height`` (m)."""
    past = np.full(count, -np.inf)
    return Tracks(
        x=np.zeros((count, 4)),
        p=np.zeros((count, 4, 4)),
        time=past.copy(),
        heard=past.copy(),
        phase=np.zeros(count, np.uint8),
        rejects=np.zeros(count, np.int32),
        tried=past.copy(),
        sound=past.copy(),
        height=np.full(count, height),
        limit=np.full(count, SPEED_LIMIT[0]),
        agility=np.full(count, AGILITY[0]),
        still=np.zeros(count, np.uint8),
        ring=np.full((count, RING, 5), -np.inf),
        ring_at=np.zeros(count, np.int32),
    )


def take(tracks: Tracks, rows: NDArray[Any]) -> Tracks:
    """A copy of some rows."""
    columns: list[Any] = [column[rows] for column in tracks]
    return Tracks(*columns)
