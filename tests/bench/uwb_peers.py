"""What others make of the real UWB walks, judged as ours are: least squares per epoch, and filterpy's filter, gated or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.positioning import recordings, replay
from realtime.positioning.types import FIX, Floats, Model
from tests.unit.positioning.recorded import HEIGHT, UWB, uwb_ranges


def _judge(name: str, times: list[float], places: list[Floats]) -> Floats:
    """Errors (m) of a peer's fixes, judged as ours are."""
    fixes = np.zeros(len(times), FIX)
    fixes["published"], (fixes["x"], fixes["y"]) = times, np.array(places).T
    return replay.errors(fixes, *recordings.read_truth(UWB / f"{name}.truth.csv"))[0]


def squares_walk(name: str) -> Floats:
    """Errors (m) of least squares over the newest range of each anchor, ten times a second, from the last place on."""
    batch, positions = uwb_ranges(name)
    anchors, at = np.array(list(positions.values())), np.mean(list(positions.values()), axis=0)[:2]
    newest: dict[int, tuple[float, float]] = {}
    times, places, done = [], [], 0
    for tick in range(int(batch["time"][0] * 10) + 1, int(batch["time"][-1] * 10) + 1):
        while done < batch.size and batch["time"][done] <= tick / 10:
            newest[int(batch["anchor"][done])] = float(batch["time"][done]), float(batch["value"][done])
            done += 1
        fresh = {a: value for a, (t, value) in newest.items() if tick / 10 - t <= 0.5}
        if len(fresh) >= 3:
            at = _squares(anchors[list(fresh)], np.array(list(fresh.values())), at)
            times.append(tick / 10)
            places.append(at)
    return _judge(name, times, places)


def _squares(anchors: Floats, values: Floats, at: Floats) -> Floats:
    for _ in range(10):
        way = np.column_stack([at - anchors[:, :2], HEIGHT - anchors[:, 2]])
        far = np.linalg.norm(way, axis=1)
        step = np.linalg.lstsq(way[:, :2] / far[:, None], values - far, rcond=None)[0]
        at = at + np.clip(step, -10.0, 10.0)
    return at


def filterpy_walk(name: str, gate: float = 9.0) -> Floats:
    """Errors (m) of filterpy's ExtendedKalmanFilter with our model's noise: range by range, refused beyond ``gate`` (NIS)."""
    from filterpy.common import Q_continuous_white_noise
    from filterpy.kalman import ExtendedKalmanFilter

    batch, positions = uwb_ranges(name)
    anchors, model = np.array(list(positions.values())), Model()
    first = batch[batch["time"] <= batch["time"][0] + 1.0]
    start = [float(np.median(first["value"][first["anchor"] == a])) for a in range(len(anchors))]
    ekf: Any = ExtendedKalmanFilter(dim_x=4, dim_z=1)
    place = _squares(anchors, np.array(start), anchors[:, :2].mean(axis=0))
    ekf.x[:] = [[place[0]], [0.0], [place[1]], [0.0]]
    ekf.R[:] = model.range_sigma**2
    clock, times, places = float(first["time"][-1]), [], []

    def ahead(to: float) -> None:
        nonlocal clock
        if to > clock:
            ekf.F = np.kron(np.eye(2), np.array([[1.0, to - clock], [0.0, 1.0]]))
            ekf.Q = Q_continuous_white_noise(2, to - clock, model.spectral_density, block_size=2)
            ekf.predict()
            clock = to

    def offset(x: Floats, a: int) -> Floats:
        return np.array([x[0, 0], x[2, 0], HEIGHT]) - anchors[a]

    def jacobian(x: Floats, a: int) -> Floats:
        d = offset(x, a)
        return np.array([[d[0], 0.0, d[1], 0.0]]) / np.linalg.norm(d)

    def expected(x: Floats, a: int) -> NDArray[np.float64]:
        return np.array([[np.linalg.norm(offset(x, a))]])

    done = first.size
    for tick in range(int(clock * 10) + 1, int(batch["time"][-1] * 10) + 1):
        while done < batch.size and batch["time"][done] <= tick / 10:
            row, done = batch[done], done + 1
            ahead(float(row["time"]))
            a = int(row["anchor"])
            h, off = jacobian(ekf.x, a), float(row["value"]) - float(expected(ekf.x, a)[0, 0])
            if off * off <= gate * float((h @ ekf.P @ h.T + ekf.R)[0, 0]):
                ekf.update(np.array([[row["value"]]]), jacobian, expected, args=(a,), hx_args=(a,))
        ahead(tick / 10)
        times.append(tick / 10)
        places.append(np.array([ekf.x[0, 0], ekf.x[2, 0]]))
    return _judge(name, times, places)
