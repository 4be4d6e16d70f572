"""Positioning: the kernel beside a filterpy loop, the engine's own cost, and errors on the real recordings."""

from __future__ import annotations

# Single-threaded work is timed by this thread's own CPU time: a figure per core, whatever else the machine does.
import time

import numpy as np

from realtime.fences.engine import FenceEngine
from realtime.fences.types import Fence, Rule
from realtime.positioning import anchors, kernel, tracks
from realtime.positioning.engine import Engine
from realtime.positioning.types import FIX, Kind, Model, Records, State, measurements
from tests.bench import uwb_peers
from tests.bench.harness import Row, interleave
from tests.unit.positioning import recorded

_GOAL = "goal of the issue"
_HALL = np.array([[0.0, 0.0, 3.0], [50.0, 0.0, 3.0], [0.0, 50.0, 3.0], [50.0, 50.0, 3.0]])


def _batch(badges: int, epochs: int, step: float, start: float = 0.0) -> Records:
    """Ranges of still badges to four anchors, sorted by badge and time."""
    n = badges * epochs * 4
    rng = np.random.default_rng(0)
    batch = measurements(n, kind=Kind.RANGE, badge=np.repeat(np.arange(badges), epochs * 4))
    batch["anchor"] = np.tile(np.arange(4), badges * epochs)
    batch["time"] = start + np.tile(np.repeat(np.arange(epochs) * step, 4), badges)
    place = rng.uniform(5.0, 45.0, (badges, 2))[batch["badge"]]
    batch["value"] = np.sqrt(np.square(place - _HALL[batch["anchor"], :2]).sum(1) + 4.0) + rng.normal(0, 0.1, n)
    return batch


def _kernel_speed() -> float:
    batch, unit, health = _batch(5000, 10, 0.1), tracks.empty(5000, 1.0), np.zeros((4, 6))
    kernel.process(batch, unit, _HALL, health, Model(), True)
    batch["time"] += 1.0
    start = time.thread_time()
    kernel.process(batch, unit, _HALL, health, Model(), True)
    return batch.size / (time.thread_time() - start)


def _filterpy_speed() -> float:
    from filterpy.common import Q_continuous_white_noise
    from filterpy.kalman import ExtendedKalmanFilter

    batch, ekf = _batch(1, 250, 0.1), ExtendedKalmanFilter(dim_x=4, dim_z=1)
    ekf.x[:] = [[25.0], [0.0], [25.0], [0.0]]
    ekf.R[:] = 0.0169

    def offset(x: np.ndarray, a: int) -> np.ndarray:
        return np.array([x[0, 0], x[2, 0], 1.0]) - _HALL[a]

    def jacobian(x: np.ndarray, a: int) -> np.ndarray:
        d = offset(x, a)
        r = np.linalg.norm(d)
        return np.array([[d[0] / r, 0.0, d[1] / r, 0.0]])

    def expected(x: np.ndarray, a: int) -> np.ndarray:
        return np.array([[np.linalg.norm(offset(x, a))]])

    start, last = time.thread_time(), 0.0
    for row in batch:
        dt = float(row["time"]) - last
        if dt > 0.0:
            ekf.F = np.kron(np.eye(2), np.array([[1.0, dt], [0.0, 1.0]]))
            ekf.Q = Q_continuous_white_noise(2, dt, 0.4, block_size=2)
            ekf.predict()
            last += dt
        a = int(row["anchor"])
        ekf.update(np.array([[row["value"]]]), jacobian, expected, args=(a,), hx_args=(a,))
    return batch.size / (time.thread_time() - start)


def _engine_share() -> float:
    """Share of one core for 10,000 badges x 4 anchors x 1 Hz, fed and published once a second."""
    table = anchors.table({str(i): tuple(p) for i, p in enumerate(_HALL)})
    engine, batch = Engine(table, 10_000), _batch(10_000, 1, 1.0)
    for second in range(3):
        batch["time"] = float(second)
        engine.feed(batch, float(second))
        engine.publish(float(second))
    start = time.thread_time()
    for second in range(3, 8):
        batch["time"] = float(second)
        engine.feed(batch, float(second))
        engine.publish(float(second))
    return (time.thread_time() - start) / 5.0


def _fence_speed() -> float:
    """Points a second through 500 fences, 10,000 badges walking, dwell and hysteresis included."""
    rng = np.random.default_rng(0)
    areas = []
    for i, (x, y) in enumerate(rng.uniform(0.0, 970.0, (500, 2))):
        angles = np.linspace(0.0, 2.0 * np.pi, 13)[:-1]
        outline = tuple((float(x + 15 * np.cos(a)), float(y + 15 * np.sin(a))) for a in angles)
        areas.append(Fence(str(i), outline, rules=(Rule.OVER_COUNT,), limit_count=30))
    unit, batch = FenceEngine(10_000, areas), np.zeros(10_000, FIX)
    batch["badge"], batch["state"], batch["r95"] = np.arange(10_000), State.GOOD, 1.0
    place = rng.uniform(0.0, 1000.0, (10_000, 2))
    spent = 0.0
    for second in range(8):
        place += rng.normal(0.0, 1.0, place.shape)
        batch["x"], batch["y"], batch["published"] = place[:, 0], place[:, 1], float(second)
        start = time.thread_time()
        unit.evaluate(batch)
        spent += time.thread_time() - start if second >= 3 else 0.0
    return 5 * 10_000 / spent


def _recorded() -> list[Row]:
    """Errors on the real recordings, beside what others make of the same ranges; nothing when they are not there."""
    if not (recorded.UWB.is_dir() and recorded.BLE.is_dir()):
        return []
    walks = [recorded.uwb_walk(name) for name in recorded.WALKS]
    off, r95 = (np.concatenate([walk[i] for walk in walks]) for i in (1, 2))
    rare = np.concatenate([recorded.uwb_walk(name, every=1.0)[1] for name in recorded.WALKS])
    ble, ble95 = (np.concatenate(part) for part in zip(*(recorded.ble_walk(n) for n in recorded.ROOMS), strict=True))
    peers = {
        "filterpy EKF with our gate": np.concatenate([uwb_peers.filterpy_walk(n) for n in recorded.WALKS]),
        "filterpy EKF without a gate": np.concatenate([uwb_peers.filterpy_walk(n, np.inf) for n in recorded.WALKS]),
        "least squares per epoch": np.concatenate([uwb_peers.squares_walk(n) for n in recorded.WALKS]),
    }
    p95 = float(np.quantile(off, 0.95))

    def percent(holds: np.ndarray) -> float:
        return float(np.mean(holds)) * 100.0

    return [
        *(
            # the same filter by another hand is no worse: that its figure is ours is what it is there to show
            Row("UWB walks, P95", "m", p95, float(np.quantile(e, 0.95)), name, "lower", 1.05)
            for name, e in peers.items()
        ),
        *(Row("UWB walks, within 5 m", "%", percent(off <= 5), percent(e <= 5), n, "higher") for n, e in peers.items()),
        Row("UWB walks, P95", "m", p95, None, _GOAL, "lower", 1.3),
        Row("UWB walks, largest", "m", float(off.max()), None, _GOAL, "lower", 3.2),
        Row("UWB walks, within 3 m", "%", percent(off <= 3), None, _GOAL, "higher", 99.9),
        Row("UWB walks, within 5 m", "%", percent(off <= 5), None, _GOAL, "higher", 100.0),
        Row("UWB walks, within r95 (93-99 %)", "%", percent(off <= r95), None, _GOAL, "higher", 93.0),
        Row("UWB walks at 1 Hz, within 5 m", "%", percent(rare <= 5), None, _GOAL, "higher", 99.5),
        Row("BLE walks, P95", "m", float(np.quantile(ble, 0.95)), None, _GOAL, "lower", 3.4),
        Row("BLE walks, within 5 m", "%", percent(ble <= 5), None, _GOAL, "higher", 99.6),
        Row("BLE walks, within r95 (93-99 %)", "%", percent(ble <= ble95), None, _GOAL, "higher", 93.0),
    ]


def rows() -> list[Row]:
    """Figures of the positioning engine."""
    _kernel_speed()
    ours, peer = interleave(_kernel_speed, _filterpy_speed, rounds=7, of=max)
    fence = max(_fence_speed() for _ in range(3))
    share = min(_engine_share() for _ in range(3)) * 100.0
    return [
        Row("range updates, one core", "1/s", ours, peer, "filterpy loop", "higher", 200.0),
        Row("range updates, one core", "1/s", ours, None, "goal of the issue", "higher", 5e6),
        Row("10,000 badges x 4 anchors x 1 Hz", "% of a core", share, None, "goal of the issue", "lower", 15.0),
        Row(
            "fence evaluation, 500 fences",
            "points/s",
            fence,
            None,
            "goal of the issue (PostGIS: 21-73k)",
            "higher",
            2e6,
        ),
        *_recorded(),
    ]
