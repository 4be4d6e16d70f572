"""Samples as a process gives them: a value of a 12-bit transmitter that wanders, scanned once a second."""

from __future__ import annotations

import numpy as np

from realtime.history.samples import SAMPLE, Samples


def process_like(
    rng: np.random.Generator, tags: int, seconds: int, start: int = 1_767_225_600_000_000, first: int = 1
) -> Samples:
    """Samples of ``tags`` tags at 1 Hz by tag and time, receipt 5 to 25 ms after the source's scan.

    The value is an autoregressive walk with noise of two steps, rounded to 4096 steps of its range, as a 4-20 mA
    transmitter behind a 12-bit converter gives it. ``start``: microseconds since 1970.
    """
    made = np.empty(tags * seconds, dtype=SAMPLE)
    grid = start + np.arange(seconds, dtype="i8") * 1_000_000
    for n in range(tags):
        slow = np.cumsum(rng.normal(0, 0.35, seconds))
        noise = rng.normal(0, 0.8, seconds)
        steps = np.clip(np.round(2048 + slow - slow.mean() + noise), 0, 4095)
        part = made[n * seconds : (n + 1) * seconds]
        part["tag"], part["ts"], part["value"], part["quality"] = first + n, grid, steps * (100 / 4095), 0
        part["received"] = grid + rng.integers(5_000, 25_000, seconds)
    return made
