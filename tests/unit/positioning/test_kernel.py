"""The kernel against filterpy, acquisition, re-acquisition."""

from __future__ import annotations

import numpy as np
import pytest
from filterpy.common import Q_continuous_white_noise
from filterpy.kalman import ExtendedKalmanFilter
from hypothesis import given
from hypothesis import strategies as st

from realtime.positioning import kernel, tracks
from realtime.positioning.types import Kind, Model, Records, measurements
from tests.unit.positioning.support import POSITIONS, ranges, straight

MODEL = Model()


def _oracle(batch: Records, x: np.ndarray, p: np.ndarray, start: float, height: float) -> list[np.ndarray]:
    """The same model in filterpy: state and covariance after every measurement."""
    ekf = ExtendedKalmanFilter(dim_x=4, dim_z=1)
    ekf.x, ekf.P = x.reshape(4, 1).copy(), p.copy()
    time = heard = start
    out = []
    for m in batch:
        dt = float(m["time"] - time)
        a, b = kernel.coast(time - heard, dt, MODEL.coast, MODEL.fade)
        ekf.F = np.kron(np.eye(2), np.array([[1.0, a], [0.0, b]]))
        ekf.Q = Q_continuous_white_noise(2, dt=dt, spectral_density=MODEL.spectral_density, block_size=2)
        ekf.predict()
        time = float(m["time"])

        def direction(state: np.ndarray, anchor: int) -> tuple[np.ndarray, float]:
            d = np.array([state[0, 0], state[2, 0], height]) - POSITIONS[anchor]
            r = float(np.linalg.norm(d))
            return np.array([[d[0] / r, 0.0, d[1] / r, 0.0]]), r

        def jacobian(state: np.ndarray, m: Records = m) -> np.ndarray:
            h, _ = direction(state, m["anchor"])
            return h if m["kind"] == Kind.RANGE else h - direction(state, m["anchor2"])[0]

        def expected(state: np.ndarray, m: Records = m) -> np.ndarray:
            _, r = direction(state, m["anchor"])
            return np.array([[r if m["kind"] == Kind.RANGE else r - direction(state, m["anchor2"])[1]]])

        variance = (MODEL.range_sigma if m["kind"] == Kind.RANGE else MODEL.tdoa_sigma) ** 2
        h = jacobian(ekf.x)
        residual = float(m["value"] - expected(ekf.x)[0, 0])
        nis = residual**2 / float((h @ ekf.P @ h.T)[0, 0] + variance)
        if nis <= MODEL.gate:
            weight = max(1.0, np.sqrt(nis) / MODEL.huber)
            ekf.update(np.array([[m["value"]]]), jacobian, expected, R=np.array([[variance * weight]]))
            heard = time
        out.append(np.concatenate([ekf.x.ravel(), ekf.P.ravel()]))
    return out


def _mixed(rng: np.random.Generator) -> Records:
    """Ranges and range differences of a walker, with outliers of every size and two gaps."""
    times = np.concatenate([np.arange(0.1, 8.0, 0.1), np.arange(11.0, 13.0, 0.1), np.arange(16.0, 18.0, 0.1)])
    path = straight(times, (8.0, 9.0), (1.1, 0.7))
    batch = ranges(times, path, rng)
    batch["value"] += np.where(rng.random(batch.size) < 0.1, rng.exponential(1.0, batch.size), 0.0)
    pairs = rng.random(batch.size) < 0.4
    second = (batch["anchor"] + 1) % 4
    place = np.concatenate([np.repeat(path, 4, axis=0), np.ones((batch.size, 1))], axis=1)
    far = np.linalg.norm(place - POSITIONS[second], axis=1)
    batch["kind"][pairs], batch["anchor2"][pairs] = Kind.TDOA, second[pairs]
    batch["value"][pairs] -= far[pairs]
    return batch


def test_same_model_same_numbers_as_filterpy() -> None:
    batch = _mixed(np.random.default_rng(7))
    unit = tracks.empty(1, 1.0)
    unit.x[0] = [7.5, 0.5, 9.5, 0.5]
    unit.p[0] = np.diag([2.0, 1.0, 2.0, 1.0])
    unit.time[0] = unit.heard[0] = 0.0
    unit.phase[0] = 1
    expected = _oracle(batch, unit.x[0].copy(), unit.p[0].copy(), 0.0, 1.0)
    health = np.zeros((4, 6))
    taken = 0
    for i, wanted in enumerate(expected):
        taken += kernel.process(batch[i : i + 1], unit, POSITIONS, health, MODEL, True)
        got = np.concatenate([unit.x[0], unit.p[0].ravel()])
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)
    assert taken < batch.size, "no measurement met the gate: the test says nothing about it"
    assert health[:, kernel.HEALTH_REJECTS].sum() == batch.size - taken


@given(age=st.floats(0.0, 5.0), first=st.floats(0.0, 5.0), second=st.floats(0.0, 5.0), speed=st.floats(-4.0, 4.0))
def test_a_gap_may_be_cut_anywhere_and_drift_is_bounded(age: float, first: float, second: float, speed: float) -> None:
    whole, left = kernel.coast(age, first + second, 1.0, 1.0)
    a, b = kernel.coast(age, first, 1.0, 1.0)
    a2, b2 = kernel.coast(age + first, second, 1.0, 1.0)
    assert whole == pytest.approx(a + b * a2, abs=1e-9)
    assert left == pytest.approx(b * b2, abs=1e-9)
    assert 0.0 <= whole * abs(speed) <= 2.0 * abs(speed) + 1e-9


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_r95_holds_95_percent_of_a_normal_error(ratio: float) -> None:
    rng = np.random.default_rng(1)
    errors = rng.normal(size=(400_000, 2)) * [2.0, 2.0 * ratio]
    radius = kernel.radius95(4.0, 0.0, 4.0 * ratio**2)
    assert np.mean(np.hypot(*errors.T) <= radius) == pytest.approx(0.95, abs=0.004)


def _acquired(batch: Records, positions: np.ndarray, count: int = 1) -> tracks.Tracks:
    unit = tracks.empty(count, 1.0)
    kernel.process(batch, unit, positions, np.zeros((len(positions), 6)), MODEL, True)
    return unit


def test_acquires_anywhere_in_the_hall_despite_a_wild_range() -> None:
    rng = np.random.default_rng(3)
    off = []
    for _ in range(60):
        place = rng.uniform(2.0, 38.0, 2)
        batch = ranges(np.arange(0.0, 0.5, 0.1), np.tile(place, (5, 1)), rng)
        batch["value"][rng.integers(0, 4)] += rng.uniform(5.0, 30.0)
        unit = _acquired(batch, POSITIONS)
        assert unit.phase[0] == 1
        off.append(np.hypot(unit.x[0, 0] - place[0], unit.x[0, 2] - place[1]))
    assert max(off) < 0.7


def test_no_fix_rather_than_a_mirrored_one() -> None:
    line = np.array([[0.0, 0.0, 1.0], [10.0, 0.0, 1.0], [20.0, 0.0, 1.0], [30.0, 0.0, 1.0]])
    d = np.linalg.norm(np.array([12.0, 8.0, 1.0]) - line, axis=1)
    batch = measurements(
        8, kind=Kind.RANGE, anchor=np.tile(np.arange(4), 2), time=np.arange(8) * 0.01, value=np.tile(d, 2)
    )
    assert _acquired(batch, line).phase[0] == 0


def test_two_anchors_are_no_fix() -> None:
    batch = ranges(np.arange(0.0, 3.0, 0.1), np.tile([10.0, 10.0], (30, 1)), np.random.default_rng(0))
    assert _acquired(batch[batch["anchor"] < 2], POSITIONS).phase[0] == 0


def test_finds_itself_again_after_a_jump_and_ignores_one_broken_anchor() -> None:
    rng = np.random.default_rng(5)
    times = np.arange(0.0, 6.0, 0.1)
    path = np.where((times < 3.0)[:, None], [10.0, 10.0], [22.0, 18.0])
    unit = _acquired(ranges(times, path, rng), POSITIONS)
    assert np.hypot(unit.x[0, 0] - 22.0, unit.x[0, 2] - 18.0) < 0.5
    broken = ranges(times, np.tile([10.0, 10.0], (60, 1)), rng)
    broken["value"][(broken["anchor"] == 2) & (broken["time"] > 1.0)] += 12.0
    unit = _acquired(broken, POSITIONS)
    assert np.hypot(unit.x[0, 0] - 10.0, unit.x[0, 2] - 10.0) < 0.3


def test_tdoa_alone_locates() -> None:
    place = np.array([14.0, 23.0, 1.0])
    d = np.linalg.norm(place - POSITIONS, axis=1)
    second = (np.arange(12) + 1) % 4
    first = np.arange(12) % 4
    batch = measurements(
        12, kind=Kind.TDOA, anchor=first, anchor2=second, time=np.arange(12) * 0.05, value=d[first] - d[second]
    )
    unit = _acquired(batch, POSITIONS)
    assert unit.phase[0] == 1
    assert np.hypot(unit.x[0, 0] - 14.0, unit.x[0, 2] - 23.0) < 0.2
