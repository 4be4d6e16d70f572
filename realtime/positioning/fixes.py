"""Finished positions (GNSS, RTK, vendor gateways): already filtered, so they are never smoothed again.

The newest by event time is the position; its neighbours only give the velocity that carries it to the publish time. A
fix that would need more than the badge's top speed is refused, unless others follow that agree with it.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.jit import jit
from realtime.positioning.kernel import coast, radius95
from realtime.positioning.types import Bools, Floats, Model, Records, Source

#: Columns per source: 0 GNSS, 1 vendor.
SOURCES = (Source.GNSS, Source.VENDOR)
#: 1-sigma (m) of a fix that does not state its own.
DEFAULT_SIGMA = (1.5, 2.0)
_SIGMA = np.array(DEFAULT_SIGMA)
_KIND_FIX = 3
_FIRST = int(Source.GNSS)
#: 1-sigma (m/s) of a velocity taken from two fixes; refused fixes after which the newcomer is believed; longest pair
#: (s).
_SPEED_SIGMA, _REFUSALS, _PAIR = 0.5, 3, 5.0


class FixTracks(NamedTuple):
    """(n, 2) per badge and source: position, velocity, 1-sigma, event time, refusals in a row, stated floor."""

    x: Floats
    y: Floats
    vx: Floats
    vy: Floats
    sigma: Floats
    time: Floats
    refused: NDArray[np.int32]
    floor: NDArray[np.int16]


def empty(count: int) -> FixTracks:
    """No fix yet for ``count`` badges."""
    shape = (count, len(SOURCES))
    return FixTracks(
        x=np.zeros(shape),
        y=np.zeros(shape),
        vx=np.zeros(shape),
        vy=np.zeros(shape),
        sigma=np.zeros(shape),
        time=np.full(shape, -np.inf),
        refused=np.zeros(shape, np.int32),
        floor=np.zeros(shape, np.int16),
    )


def copy(tracks: FixTracks) -> FixTracks:
    """A copy to run waiting fixes on."""
    columns: list[Any] = [column.copy() for column in tracks]
    return FixTracks(*columns)


@jit
def process(batch: Records, tracks: FixTracks, limits: Floats) -> int:
    """Run fixes (ascending in time within each badge) into the tracks; the number of accepted ones."""
    accepted = 0
    for i in range(batch.size):
        m = batch[i]
        k, s, time = m["badge"], int(m["source"]) - _FIRST, m["time"]
        if m["kind"] != _KIND_FIX or s < 0 or s > 1 or time <= tracks.time[k, s]:
            continue
        sigma = m["sigma"] if m["sigma"] > 0.0 else _SIGMA[s]
        dt = time - tracks.time[k, s]
        dx, dy = m["x"] - tracks.x[k, s], m["y"] - tracks.y[k, s]
        vx = vy = 0.0
        if dt < math.inf:
            far = math.hypot(dx, dy) > limits[k] * dt + 3.0 * (sigma + tracks.sigma[k, s])
            if far and tracks.refused[k, s] < _REFUSALS:
                tracks.refused[k, s] += 1
                continue
            if dt <= _PAIR and not far:
                vx, vy = 0.5 * (tracks.vx[k, s] + dx / dt), 0.5 * (tracks.vy[k, s] + dy / dt)
                speed = math.hypot(vx, vy)
                if speed > limits[k]:
                    vx, vy = vx * limits[k] / speed, vy * limits[k] / speed
        tracks.x[k, s], tracks.y[k, s], tracks.vx[k, s], tracks.vy[k, s] = m["x"], m["y"], vx, vy
        tracks.sigma[k, s], tracks.time[k, s], tracks.refused[k, s] = sigma, time, 0
        tracks.floor[k, s] = m["floor"]
        accepted += 1
    return accepted


@jit
def extrapolate(tracks: FixTracks, s: int, limits: Floats, now: float, model: Model, rests: Bools, out: Floats) -> None:
    """Carry source ``s`` of every badge to ``now``; ``out``: (n, 5) x, y, r95, vx, vy, NaN without a fix.

    ``rests``: (n,) badges whose accelerometer says that they have not moved since.
    """
    for k in range(tracks.time.shape[0]):
        if tracks.time[k, s] == -math.inf:
            for j in range(5):
                out[k, j] = math.nan
            continue
        dt = 0.0 if rests[k] else max(0.0, now - tracks.time[k, s])
        a, b = coast(0.0, dt, model.coast, model.fade)
        out[k, 0], out[k, 1] = tracks.x[k, s] + a * tracks.vx[k, s], tracks.y[k, s] + a * tracks.vy[k, s]
        out[k, 3], out[k, 4] = b * tracks.vx[k, s], b * tracks.vy[k, s]
        v = tracks.sigma[k, s] ** 2
        grown = v + (a * _SPEED_SIGMA) ** 2 + model.spectral_density * dt * dt * dt / 3.0
        out[k, 2] = min(radius95(grown, 0.0, grown), radius95(v, 0.0, v) + limits[k] * dt)
