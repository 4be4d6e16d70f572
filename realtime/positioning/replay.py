"""Recordings through the very engine that serves live, causally: a fix at t knows only what had arrived by t."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.engine import Engine
from realtime.positioning.types import Floats, Records

#: Fixes per second.
UWB_RATE, BLE_RATE = 10, 2
#: Truth is interpolated only between samples at most this far apart, s.
_TRUTH_GAP = 1.0


def run(engine: Engine, batch: Records, rate: int) -> Records:
    """Feed a recording in the order of its rows and publish ``rate`` times a second; fixes (dtype ``FIX``) of located
    badges.

    A row arrives when the recording has reached its time, and never before the row above it.
    """
    if not batch.size:
        return engine.publish(0.0)
    with np.errstate(invalid="ignore"):
        arrival: Floats = np.fmax.accumulate(batch["time"])
    arrival = np.where(np.isnan(arrival), np.nanmin(arrival), arrival)
    first, last = int(np.ceil(arrival[0] * rate)), int(np.ceil(arrival[-1] * rate))
    out, done = [], 0
    for tick in range(first, last + 1):
        now = tick / rate
        until = int(np.searchsorted(arrival, now, side="right"))
        if until > done:
            engine.feed(batch[done:until], now)
            done = until
        out.append(engine.publish(now))
    return np.concatenate(out) if out else engine.publish(float(arrival[-1]))


class Score(NamedTuple):
    """Errors of fixes against the truth, in m; shares of fixes within 3 m and 5 m, and within their own r95."""

    judged: int
    p50: float
    p95: float
    worst: float
    within3: float
    within5: float
    covered: float


def errors(fixes: Records, time: Floats, place: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Distance of each judged fix to the interpolated truth (m), and which fixes are judged: (j,), (n,).

    A fix is judged when the truth has a sample on both sides, near in time, and both may be judged.
    """
    t = fixes["published"]
    after = np.clip(np.searchsorted(time, t, side="left"), 1, max(1, time.size - 1))
    before = after - 1
    if time.size < 2:
        return np.zeros(0), np.zeros(t.size, np.bool_)
    span = time[after] - time[before]
    share = ((t - time[before]) / span)[:, None]
    truth = place[before] * (1.0 - share) + place[after] * share
    judged = (t >= time[0]) & (t <= time[-1]) & (span <= _TRUTH_GAP) & ~np.isnan(truth).any(axis=1)
    return np.hypot(fixes["x"] - truth[:, 0], fixes["y"] - truth[:, 1])[judged], judged


def score(fixes: Records, time: Floats, place: Floats) -> Score | None:
    """Score of fixes against the truth (see :func:`errors`); None when nothing can be judged."""
    off, judged = errors(fixes, time, place)
    if not off.size:
        return None
    p50, p95 = np.quantile(off, [0.5, 0.95])
    covered = np.mean(off <= fixes["r95"][judged])
    shares = (float(np.mean(off <= 3.0)), float(np.mean(off <= 5.0)), float(covered))
    return Score(int(off.size), float(p50), float(p95), float(off.max()), *shares)
