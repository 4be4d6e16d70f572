"""BLE: a Bayes filter on a grid. Each badge carries a belief over the cells of its field (one floor of one building).

Every half second of event time the belief is blurred by how far a walker gets, then weighed with the Student-t
likelihood of the mean RSSI of each receiver against the radio map (expectation and its own uncertainty per cell). The
likelihood is tempered: bodies shadow all receivers together, so twelve readings do not carry the evidence of twelve
independent ones.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.jit import jit
from realtime.positioning.types import Floats, Records

#: Seconds of event time that are weighed together.
EPOCH = 0.5


class BleModel(NamedTuple):
    """Numbers of the grid filter, the same everywhere.

    Attributes:
        noise, freedom: scale in dB and degrees of freedom of the Student-t. temper: exponent of the likelihood.
        walk: spread of a walker in m per square root of a second.
        leak: share of belief spread evenly each epoch, so that a wrong belief is never final.
        acquire: r95 in m below which a badge counts as located. forget: silence in s after which it starts anew.
    """

    noise: float = 4.5
    freedom: float = 8.0
    temper: float = 0.4
    walk: float = 0.8
    leak: float = 1e-4
    acquire: float = 10.0
    forget: float = 20.0


class RadioMap(NamedTuple):
    """Expected RSSI of ``s`` receivers over ``nx * ny`` cells (x slowest).

    Attributes:
        origin: (2,) centre of the first cell in m. cell: edge in m. shape: (2,) cells along x and y.
        mean: (s, nx * ny) dBm. spread: (s, nx * ny) 1-sigma in dB of the map itself.
    """

    origin: Floats
    cell: float
    shape: NDArray[np.int64]
    mean: Floats
    spread: Floats


class BleTracks(NamedTuple):
    """Per badge: belief (n, cells), its epoch (-1: none); last estimate: event time (n,) and x, y, r95 (n, 3).

    ``located`` is 0 while a new belief is still too wide; the last estimate then stays what it was.
    """

    belief: NDArray[np.float32]
    epoch: NDArray[np.int64]
    time: Floats
    estimate: Floats
    located: NDArray[np.uint8]


def empty(count: int, cells: int) -> BleTracks:
    """``count`` badges that were never heard."""
    return BleTracks(
        np.zeros((count, cells), np.float32),
        np.full(count, -1, np.int64),
        np.full(count, -np.inf),
        np.full((count, 3), np.nan),
        np.zeros(count, np.uint8),
    )


@jit
def _blur(belief: NDArray[np.float32], nx: int, ny: int, sigma: float, leak: float, work: Floats) -> None:
    """Gaussian blur with ``sigma`` in cells, then normalise and spread ``leak`` evenly."""
    radius = max(1, math.ceil(3.0 * sigma))
    taps = np.empty(2 * radius + 1)
    for j in range(-radius, radius + 1):
        taps[j + radius] = math.exp(-0.5 * (j / sigma) ** 2)
    for i in range(nx):
        for j in range(ny):
            total = 0.0
            for d in range(max(-radius, -j), min(radius, ny - 1 - j) + 1):
                total += taps[d + radius] * belief[i * ny + j + d]
            work[i * ny + j] = total
    whole = 0.0
    for i in range(nx):
        for j in range(ny):
            total = 0.0
            for d in range(max(-radius, -i), min(radius, nx - 1 - i) + 1):
                total += taps[d + radius] * work[(i + d) * ny + j]
            belief[i * ny + j] = total
            whole += total
    even = leak / (nx * ny)
    for c in range(nx * ny):
        belief[c] = (1.0 - leak) * belief[c] / whole + even


@jit
def _weigh(
    belief: NDArray[np.float32], field: RadioMap, sums: Floats, counts: Floats, model: BleModel, work: Floats
) -> None:
    """Multiply the tempered likelihood of one epoch's mean readings into the belief."""
    cells = belief.size
    logs = np.zeros(cells)
    work[:cells] = 1.0
    for s in range(counts.size):
        if counts[s] > 0.0:
            value = sums[s] / counts[s]
            for c in range(cells):
                variance = model.noise * model.noise + field.spread[s, c] * field.spread[s, c]
                off = value - field.mean[s, c]
                work[c] *= 1.0 + off * off / (variance * model.freedom)
                logs[c] += math.log(variance)
    best = -math.inf
    for c in range(cells):
        logs[c] = -0.5 * model.temper * (logs[c] + (model.freedom + 1.0) * math.log(work[c]))
        best = max(best, logs[c])
    whole = 0.0
    for c in range(cells):
        work[c] = belief[c] * math.exp(logs[c] - best)
        whole += work[c]
    for c in range(cells):
        belief[c] = work[c] / whole if whole > 0.0 else 1.0 / cells


@jit
def _estimate(belief: NDArray[np.float32], field: RadioMap, out: Floats, work: Floats) -> None:
    """Mean of the belief and the radius around it that holds 95 %, to a quarter of a cell."""
    nx, ny, cell = field.shape[0], field.shape[1], field.cell
    mx = my = whole = 0.0
    for i in range(nx):
        for j in range(ny):
            b = belief[i * ny + j]
            mx, my, whole = mx + b * i, my + b * j, whole + b
    mx, my = mx / whole, my / whole
    work[:] = 0.0
    for i in range(nx):
        for j in range(ny):
            work[min(work.size - 1, int(4.0 * math.hypot(i - mx, j - my)))] += belief[i * ny + j]
    total, bin95 = 0.0, 0
    while bin95 < work.size - 1 and total + work[bin95] < 0.95 * whole:
        total += work[bin95]
        bin95 += 1
    out[0], out[1] = field.origin[0] + mx * cell, field.origin[1] + my * cell
    out[2] = (bin95 + 1) * cell / 4.0


@jit
def process(batch: Records, tracks: BleTracks, field: RadioMap, model: BleModel) -> None:
    """Run RSSI readings (ascending in time within each badge, ``anchor`` = row of the map) into the beliefs."""
    nx, ny = field.shape[0], field.shape[1]
    sums, counts = np.empty(field.mean.shape[0]), np.empty(field.mean.shape[0])
    work = np.empty(max(nx * ny, 4 * (nx + ny)))
    found = np.empty(3)
    time = 0.0
    i = 0
    while i < batch.size:
        k, epoch = batch[i]["badge"], math.floor(batch[i]["time"] / EPOCH)
        sums[:], counts[:] = 0.0, 0.0
        while i < batch.size and batch[i]["badge"] == k and math.floor(batch[i]["time"] / EPOCH) == epoch:
            sums[batch[i]["anchor"]] += batch[i]["value"]
            counts[batch[i]["anchor"]] += 1.0
            time = batch[i]["time"]
            i += 1
        belief = tracks.belief[k]
        gap = (epoch - tracks.epoch[k]) * EPOCH
        if tracks.epoch[k] < 0 or gap > model.forget:
            belief[:] = 1.0 / belief.size
            tracks.located[k] = 0
        elif gap > 0.0:
            _blur(belief, nx, ny, model.walk * math.sqrt(gap) / field.cell, model.leak, work)
        tracks.epoch[k] = epoch
        _weigh(belief, field, sums, counts, model, work)
        _estimate(belief, field, found, work)
        if found[2] <= model.acquire:
            tracks.located[k] = 1
        if tracks.located[k]:
            tracks.time[k] = time
            tracks.estimate[k, 0], tracks.estimate[k, 1], tracks.estimate[k, 2] = found[0], found[1], found[2]
