"""From what each source knows about a badge to the one fix that is shown: source choice, pinning, state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.types import Bools, Floats, Publishing, State


class Fusion(NamedTuple):
    """Memory of the publisher, one row per badge; times in s, NaN or -1 where there is none.

    Attributes:
        active: row of the source in use. challenger, since: the source that wants to take over and since when.
        rest_x, rest_y, rest_time: where and since when the dot has stayed. pin_x, pin_y: where it is pinned.
    """

    active: NDArray[np.int64]
    challenger: NDArray[np.int64]
    since: Floats
    rest_x: Floats
    rest_y: Floats
    rest_time: Floats
    pin_x: Floats
    pin_y: Floats


def empty(count: int) -> Fusion:
    """Nothing published yet."""
    nothing = np.full(count, -1, np.int64)
    unknown = [np.full(count, np.nan) for _ in range(6)]
    return Fusion(nothing, nothing.copy(), *unknown)


def choose(memory: Fusion, r95: Floats, times: Floats, now: float, how: Publishing) -> NDArray[np.int64]:
    """Source of each badge, with hysteresis so that a dot never flickers between two sources.

    Args:
        r95: (sources, n) at ``now``, NaN where a source has nothing. times: (sources, n) newest event times.
    Returns: (n,) row of the source, -1 where no source has anything.
    """
    rows = np.arange(r95.shape[1])
    error = np.where(np.isnan(r95), np.inf, r95)
    age = now - times
    best = np.where(age <= how.held, error, np.inf).argmin(axis=0)
    fresh = np.isfinite(error[best, rows]) & (age[best, rows] <= how.held)
    newest = np.where(np.isfinite(error), times, -np.inf).argmax(axis=0)
    best = np.where(fresh, best, np.where(np.isfinite(error[newest, rows]), newest, -1))
    active = memory.active
    none = (active < 0) & (best >= 0)
    silent = (active >= 0) & fresh & (age[active, rows] > how.held)
    wants = (active >= 0) & fresh & (best != active) & (error[best, rows] < how.switch_gain * error[active, rows])
    started = wants & (memory.challenger != best)
    memory.challenger[:] = np.where(wants, best, -1)
    memory.since[started] = now
    take = none | silent | (wants & (now - memory.since >= how.switch_time))
    active[take] = best[take]
    memory.challenger[take] = -1
    return active


def pin(memory: Fusion, x: Floats, y: Floats, r95: Floats, still: Bools, now: float, how: Publishing) -> Bools:
    """Pin dots that rest: the noise of a still badge is no path. Changes ``x``, ``y`` and ``r95`` in place.

    A dot that stays within a small circle for ``still_time``, or whose accelerometer says still, is shown at one place
    until the estimate leaves it clearly; r95 then includes how far the estimate has gone meanwhile. Returns (n,) which
    are pinned.
    """
    moved = ~(np.hypot(x - memory.rest_x, y - memory.rest_y) <= np.maximum(how.still_radius, how.still_share * r95))
    memory.rest_x[moved], memory.rest_y[moved], memory.rest_time[moved] = x[moved], y[moved], now
    resting = still | (now - memory.rest_time >= how.still_time)
    away = np.hypot(x - memory.pin_x, y - memory.pin_y)
    leaves = away > np.maximum(how.pin_release, how.pin_share * r95)
    memory.pin_x[leaves] = memory.pin_y[leaves] = np.nan
    start = resting & np.isnan(memory.pin_x) & ~np.isnan(x)
    memory.pin_x[start], memory.pin_y[start] = x[start], y[start]
    pinned = ~np.isnan(memory.pin_x)
    away = np.where(start, 0.0, away)
    r95[pinned] = np.hypot(r95[pinned], away[pinned])
    x[pinned], y[pinned] = memory.pin_x[pinned], memory.pin_y[pinned]
    return np.asarray(pinned)


def states(age: Floats, r95: Floats, supported: Bools, asleep: Bools, how: Publishing) -> NDArray[np.uint8]:
    """State of each fix from its age (s), r95 (m), enough anchors or not, and whether the badge rightly sleeps."""
    sure = (r95 <= how.r95_limit) & supported
    out = np.where(sure, int(State.GOOD), int(State.DEGRADED))
    out = np.where(age > how.fresh, int(State.HELD), out)
    out = np.where((age > how.held) & ~asleep, int(State.STALE), out)
    out = np.where((age > how.stale) & ~asleep, int(State.LOST), out)
    return out.astype(np.uint8)
