"""The alarm engine beside a plain Python loop over the same samples: 10,000 points, batches as the gateway's tap gives."""

from __future__ import annotations

import math
import time
from uuid import UUID

import numpy as np

from realtime.alarms.engine import Engine, Setting
from tests.bench.harness import Row, interleave

POINTS, BATCH, BATCHES = 10_000, 2_000, 50
NONE = math.nan


def _samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    index = np.concatenate([rng.permutation(POINTS) for _ in range(BATCH * BATCHES // POINTS)])
    return index, rng.normal(5.0, 1.5, len(index))


INDEX, VALUE = _samples()


def _ours() -> float:
    engine = Engine()
    engine.configure([Setting(UUID(int=n), (1.0, 2.0, 8.0, 9.0), deadband=0.2) for n in range(POINTS)], 1)
    zero = np.zeros(BATCH, dtype=np.int64)
    start = time.perf_counter()
    for n in range(BATCHES):
        rows = slice(n * BATCH, (n + 1) * BATCH)
        ts = np.full(BATCH, (n + 1) * 1_000_000, dtype=np.int64)
        engine.take(INDEX[rows], ts, ts, VALUE[rows], zero)
    return len(INDEX) / (time.perf_counter() - start)


def _plain() -> float:
    """Four levels with a dead-band and nothing else: less than the engine does."""
    active = [[False] * 4 for _ in range(POINTS)]
    index, value = INDEX.tolist(), VALUE.tolist()
    start = time.perf_counter()
    told = 0
    for i, v in zip(index, value, strict=True):
        state = active[i]
        for k, (limit, sign) in enumerate(((1.0, -1), (2.0, -1), (8.0, 1), (9.0, 1))):
            over = sign * (v - limit)
            on = over >= 0 if not state[k] else over >= -0.2
            if on != state[k]:
                state[k] = on
                told += 1
    return len(index) / (time.perf_counter() - start)


def rows() -> list[Row]:
    """Samples per second."""
    ours, plain = interleave(_ours, _plain, of=max)
    return [
        Row("alarms.engine", "samples/s", ours, None, "", "higher", 50_000.0),
        Row("alarms.engine_beside_loop", "samples/s", ours, plain, "plain Python loop, levels only", "higher"),
    ]
