"""Anchors: the table that the engine works with, their health, and where more of them are needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.kernel import (
    HEALTH_COUNT,
    HEALTH_MEAN,
    HEALTH_REJECTS,
    HEALTH_SHARE,
    HEALTH_SQUARE,
    HEALTH_TIME,
    radius95,
)
from realtime.positioning.types import Floats, Model, Publishing, Records


class AnchorTable(NamedTuple):
    """Fixed devices, one row each: UWB anchors, BLE receivers or beacons, reference barometers.

    Attributes:
        ids: names. position: (m, 3) in m, plant frame. level: (m,) floor, 0 outdoors.
        field, row: (m,) which radio map and which row of it, -1 without BLE.
    """

    ids: tuple[str, ...]
    position: Floats
    level: NDArray[np.int16]
    field: NDArray[np.int32]
    row: NDArray[np.int32]


def table(
    positions: Mapping[str, Sequence[float]],
    levels: Mapping[str, int] | None = None,
    maps: Sequence[Sequence[str]] = (),
) -> AnchorTable:
    """A table from ``{id: (x, y, z)}``; ``maps`` lists the ids of each radio map in the order of its rows.

    Raises:
        ValueError: a position that is not three finite numbers.
    """
    ids = tuple(positions)
    position = np.array([list(positions[i]) for i in ids], np.float64).reshape(len(ids), -1)
    if position.size and (position.shape[1] != 3 or not np.isfinite(position).all()):
        raise ValueError("an anchor needs three finite coordinates")
    position = position.reshape(-1, 3)
    level = np.array([(levels or {}).get(i, 0) for i in ids], np.int16)
    field, row = np.full(len(ids), -1, np.int32), np.full(len(ids), -1, np.int32)
    for f, names in enumerate(maps):
        for r, name in enumerate(names):
            field[ids.index(name)], row[ids.index(name)] = f, r
    return AnchorTable(ids, position, level, field, row)


class AnchorState(IntEnum):
    """What is wrong with an anchor."""

    OK = 0
    UNUSED = 1  #: never measured
    SILENT = 2  #: measured before, not now
    REJECTED = 3  #: too many of its measurements are gated
    BIASED = 4  #: its residuals have a mean: moved, or surveyed wrongly


HEALTH = np.dtype(
    [
        ("count", np.int64),
        ("rejects", np.int64),
        ("reject_share", np.float64),
        ("residual_mean", np.float64),
        ("residual_rms", np.float64),
        ("silent", np.float64),
        ("state", np.uint8),
    ]
)


def health(
    figures: Floats, now: float, *, silent: float = 60.0, reject_share: float = 0.3, bias: float = 0.5
) -> Records:
    """Health of every anchor (dtype ``HEALTH``) from the engine's running figures; thresholds in s, share and m."""
    out = np.zeros(figures.shape[0], HEALTH)
    out["count"], out["rejects"] = figures[:, HEALTH_COUNT], figures[:, HEALTH_REJECTS]
    out["reject_share"], out["residual_mean"] = figures[:, HEALTH_SHARE], figures[:, HEALTH_MEAN]
    out["residual_rms"] = np.sqrt(figures[:, HEALTH_SQUARE])
    used = out["count"] > 0
    out["silent"] = np.where(used, now - figures[:, HEALTH_TIME], np.nan)
    state = np.where(np.abs(out["residual_mean"]) > bias, int(AnchorState.BIASED), int(AnchorState.OK))
    state = np.where(out["reject_share"] > reject_share, int(AnchorState.REJECTED), state)
    state = np.where(out["silent"] > silent, int(AnchorState.SILENT), state)
    out["state"] = np.where(used, state, int(AnchorState.UNUSED))
    return out


class AccuracyMap(NamedTuple):
    """Expected r95 over a grid: x (nx,), y (ny,) cell centres, r95 (nx, ny) in m (inf: no fix), anchors in reach."""

    x: Floats
    y: Floats
    r95: Floats
    anchors: NDArray[np.int64]


def accuracy_map(
    position: Floats,
    bounds: tuple[float, float, float, float],
    *,
    cell: float = 1.0,
    height: float = 1.0,
    reach: float = 40.0,
    sigma: float = 0.3,
) -> AccuracyMap:
    """Planning aid: what one epoch of ranges from the anchors (m, 3) within ``reach`` m would give over a floor.

    Geometric dilution for range noise ``sigma`` (m), at badge height ``height``, with what the engine adds to every ring
    that it publishes: bodies and survey, which no number of anchors averages out. Walls are not looked at: give the
    anchors of one room. A place that sees fewer than three anchors, or anchors on one line through it, has no fix.
    """
    least = math.hypot(Model().body, Publishing().r95_floor)
    xmin, ymin, xmax, ymax = bounds
    x = np.arange(xmin + cell / 2, xmax, cell)
    y = np.arange(ymin + cell / 2, ymax, cell)
    gx, gy = np.meshgrid(x, y, indexing="ij")
    dx, dy = gx[..., None] - position[:, 0], gy[..., None] - position[:, 1]
    distance = np.maximum(0.1, np.sqrt(dx**2 + dy**2 + (height - position[:, 2]) ** 2))
    heard = distance <= reach
    hx, hy = np.where(heard, dx / distance, 0.0), np.where(heard, dy / distance, 0.0)
    jxx, jxy, jyy = (hx * hx).sum(-1), (hx * hy).sum(-1), (hy * hy).sum(-1)
    det = jxx * jyy - jxy * jxy
    count = heard.sum(axis=-1)
    r95 = np.full(gx.shape, math.inf)
    for i, j in np.argwhere((count >= 3) & (det > 1e-6)):
        v = sigma * sigma / det[i, j]
        r95[i, j] = math.hypot(radius95(v * jyy[i, j], -v * jxy[i, j], v * jxx[i, j]), least)
    return AccuracyMap(x, y, r95, count)
