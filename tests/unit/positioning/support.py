"""Badges walking among anchors, with the truth known."""

from __future__ import annotations

import numpy as np

from realtime.positioning import anchors
from realtime.positioning.engine import Engine
from realtime.positioning.types import Floats, Kind, Records, measurements

#: Corners of a 40 m square hall, anchors at 3 m.
HALL = {"a": (0.0, 0.0, 3.0), "b": (40.0, 0.0, 3.0), "c": (40.0, 40.0, 3.0), "d": (0.0, 40.0, 3.0)}
POSITIONS: Floats = np.array(list(HALL.values()))


def engine(count: int = 1, **options: object) -> Engine:
    return Engine(anchors.table(HALL), count, **options)  # type: ignore[arg-type]


def ranges(
    times: Floats, path: Floats, rng: np.random.Generator, *, sigma: float = 0.1, badge: int = 0, height: float = 1.0
) -> Records:
    """One range per anchor of the hall at each time; ``path`` (n, 2) in m."""
    n, m = len(times), len(POSITIONS)
    d = np.sqrt(np.square(path[:, None] - POSITIONS[None, :, :2]).sum(-1) + (height - POSITIONS[:, 2]) ** 2)
    d = d + rng.normal(0.0, sigma, d.shape)
    t = times[:, None] + np.arange(m) * 0.001
    return measurements(
        n * m, badge=badge, kind=Kind.RANGE, anchor=np.tile(np.arange(m), n), time=t.ravel(), value=d.ravel()
    )


def straight(times: Floats, start: tuple[float, float], velocity: tuple[float, float]) -> Floats:
    """A walk at constant velocity."""
    return np.asarray(np.array(start) + (times - times[0])[:, None] * np.array(velocity))


def play(unit: Engine, batch: Records, until: float, rate: float = 10.0) -> Records:
    """Feed in order of time and publish ``rate`` times a second until ``until``; all fixes."""
    out, done = [], 0
    for tick in range(1, int(until * rate) + 1):
        now = tick / rate
        stop = int(np.searchsorted(batch["time"], now, side="right"))
        unit.feed(batch[done:stop], now)
        done = stop
        out.append(unit.publish(now))
    return np.concatenate(out)
