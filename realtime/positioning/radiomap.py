"""Fitting a radio map from surveyed walks.

Per receiver a log-distance path loss with a prior, plus a Gaussian process for what walls, shelves and antennas add.
The map states its own uncertainty, so cells that no survey came near are weighed less, not wrongly.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from realtime.positioning.ble import RadioMap
from realtime.positioning.types import Floats, Ints

FORMAT = "twin.ble-calibration.1"


class MapModel(NamedTuple):
    """Prior of the map: level and exponent of the path loss with their 1-sigma, scale (m) and 1-sigma (dB) of the
    deviations, noise of a reading (dB), edge of survey bins and of map cells (m), margin around the receivers (m)."""

    level: float = -58.0
    level_sigma: float = 8.0
    exponent: float = 1.8
    exponent_sigma: float = 0.4
    scale: float = 2.0
    deviation: float = 2.5
    noise: float = 5.0
    bin: float = 1.0
    cell: float = 0.5
    margin: float = 2.0


class Survey(NamedTuple):
    """Readings with known places: receiver row, dBm, and badge position (n, 3) in m."""

    sensor: Ints
    rssi: Floats
    place: Floats


def _bins(place: Floats, rssi: Floats, edge: float) -> tuple[Floats, Floats, Ints]:
    """Mean place, median reading and count per square bin: standing still for a minute must not outweigh the walk."""
    keys = np.floor(place[:, :2] / edge).astype(np.int64)
    _, group, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    centre = np.stack([np.bincount(group, place[:, i]) / counts for i in (0, 1)], axis=1)
    median = np.array([np.median(rssi[group == g]) for g in range(counts.size)])
    return centre, median, counts.astype(np.int64)


def _covariance(a: Floats, b: Floats, model: MapModel) -> Floats:
    squared = np.square(a[:, None] - b[None]).sum(axis=-1)
    return np.asarray(model.deviation**2 * np.exp(-0.5 * squared / model.scale**2), np.float64)


def _basis(xy: Floats, sensor: Floats, height: float) -> Floats:
    """Columns of the path loss: 1 and -10 log10(distance)."""
    distance = np.sqrt(np.square(xy - sensor[:2]).sum(axis=1) + (height - sensor[2]) ** 2)
    return np.stack([np.ones(distance.size), -10.0 * np.log10(np.maximum(distance, 0.3))], axis=1)


def fit(survey: Survey, sensors: Floats, model: MapModel | None = None) -> RadioMap:
    """Fit the map over the bounding box of the receivers and the survey.

    Args:
        sensors: (s, 3) receiver positions in m. A receiver without readings keeps its path-loss prior.
    """
    model = model or MapModel()
    height = float(np.mean(survey.place[:, 2])) if survey.place.size else 1.2
    corners = np.concatenate([sensors[:, :2], survey.place[:, :2]])
    origin = corners.min(axis=0) - model.margin
    shape = np.ceil((corners.max(axis=0) + model.margin - origin) / model.cell).astype(np.int64)
    xs, ys = (origin[i] + np.arange(shape[i]) * model.cell for i in (0, 1))
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    prior = np.array([model.level, model.exponent])
    prior_variance = np.diag([model.level_sigma**2, model.exponent_sigma**2])
    mean, spread = np.empty((len(sensors), len(grid))), np.empty((len(sensors), len(grid)))
    for s, sensor in enumerate(sensors):
        mine = survey.sensor == s
        to = _basis(grid, sensor, height)
        mean[s] = to @ prior
        variance = model.deviation**2 + np.einsum("ij,jk,ik->i", to, prior_variance, to)
        if mine.any():
            at, level, counts = _bins(survey.place[mine], survey.rssi[mine], model.bin)
            via = _basis(at, sensor, height)
            known = _covariance(at, at, model) + via @ prior_variance @ via.T
            known += np.diag(model.noise**2 / counts)
            cross = _covariance(grid, at, model) + to @ prior_variance @ via.T
            inverse = np.linalg.inv(known)
            mean[s] += cross @ (inverse @ (level - via @ prior))
            variance -= ((cross @ inverse) * cross).sum(axis=1)
        spread[s] = np.sqrt(np.maximum(variance, 0.0))
    return RadioMap(origin, model.cell, shape, mean, spread)


def prior(sensors: Floats, model: MapModel | None = None) -> RadioMap:
    """The map that path loss alone gives around receivers (s, 3): right to some metres until a survey is made."""
    nothing = Survey(np.zeros(0, np.int64), np.zeros(0), np.zeros((0, 3)))
    return fit(nothing, sensors, model or MapModel(cell=1.0, margin=12.0))


def to_json(field: RadioMap, ids: list[str]) -> dict[str, Any]:
    """The map as a file: cells in row order, a hundredth of a dB."""
    return {
        "format": FORMAT,
        "origin": field.origin.tolist(),
        "cell": field.cell,
        "shape": field.shape.tolist(),
        "sensors": {
            name: {"mean_dbm": np.round(field.mean[s], 2).tolist(), "spread_db": np.round(field.spread[s], 2).tolist()}
            for s, name in enumerate(ids)
        },
    }


def from_json(data: dict[str, Any], ids: list[str]) -> RadioMap:
    """Read a map; receivers in the order of ``ids``.

    Raises:
        ValueError: another format, or a receiver that the calibration does not know.
    """
    if data.get("format") != FORMAT:
        raise ValueError(f"format {data.get('format')!r} is not {FORMAT!r}")
    missing = sorted(set(ids) - set(data["sensors"]))
    if missing:
        raise ValueError(f"not calibrated: {', '.join(missing)}")
    rows = [data["sensors"][name] for name in ids]
    return RadioMap(
        np.array(data["origin"], np.float64),
        float(data["cell"]),
        np.array(data["shape"], np.int64),
        np.array([row["mean_dbm"] for row in rows], np.float64),
        np.array([row["spread_db"] for row in rows], np.float64),
    )
