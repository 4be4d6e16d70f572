"""The range filter: one numba kernel over the time-ordered measurements of all badges.

An extended Kalman filter per badge with state ``[x, vx, y, vy]``, white acceleration noise (filterpy's
``Q_continuous_white_noise``: it does not depend on how a span is cut into steps), a gate on the normalised innovation
squared and Huber weights (the variance of a surprising measurement is inflated by its normalised innovation over the
threshold). tests/unit/positioning holds it against filterpy's ``ExtendedKalmanFilter`` to 1e-9.
"""

from __future__ import annotations

import math

import numpy as np

from realtime.positioning.acquire import locate
from realtime.positioning.jit import jit
from realtime.positioning.tracks import RING, RING_A, RING_B, RING_SIGMA, RING_TIME, RING_VALUE, Tracks
from realtime.positioning.types import Floats, Ints, Model, Records

#: Columns of the health accumulator, one row per anchor.
HEALTH_COUNT, HEALTH_REJECTS, HEALTH_MEAN, HEALTH_SQUARE, HEALTH_SHARE, HEALTH_TIME = range(6)
#: Weight of the newest residual in an anchor's running figures.
HEALTH_WEIGHT = 0.01

#: Anchors count for the geometry of a place when they were heard within this before the last accepted range, s.
BIAS_WINDOW = 2.5
_TDOA, _MOTION = 2, 7
#: Variance of the speed of a still badge (m^2/s^2), and 1-sigma of an unknown speed as a share of the top speed.
_STILL_VARIANCE, _FREE_SHARE = 1e-7, 0.5


@jit
def coast(age: float, span: float, full: float, fade: float) -> tuple[float, float]:
    """How a badge goes on, ``age`` seconds after its last accepted measurement and for ``span`` seconds more.

    Returns ``(a, b)``: position += a * velocity, velocity *= b. Up to ``full`` seconds the velocity is kept (a = span,
    b = 1), then it decays with time constant ``fade``: a silent badge drifts at most ``full + fade`` seconds of its
    speed.
    """
    end = age + span
    if end <= full:
        return span, 1.0
    left = math.exp((max(age, full) - end) / fade)
    return max(0.0, full - age) + fade * (1.0 - left), left


@jit
def predict(x: Floats, p: Floats, k: int, a: float, b: float, dt: float, density: float) -> None:
    """Row ``k``: ``x = F x``, ``P = F P F' + Q(dt)`` in place, with ``F = [[1, a], [0, b]]`` per axis."""
    x[k, 0] += a * x[k, 1]
    x[k, 1] *= b
    x[k, 2] += a * x[k, 3]
    x[k, 3] *= b
    q2 = density * dt * dt * 0.5
    q3, q1 = q2 * dt * (2.0 / 3.0), density * dt
    u, v, w = p[k, 0, 1], p[k, 1, 1], p[k, 2, 3]
    p[k, 0, 0] += a * (2.0 * u + a * v) + q3
    p[k, 0, 1] = p[k, 1, 0] = b * (u + a * v) + q2
    p[k, 1, 1] = b * b * v + q1
    v = p[k, 3, 3]
    p[k, 2, 2] += a * (2.0 * w + a * v) + q3
    p[k, 2, 3] = p[k, 3, 2] = b * (w + a * v) + q2
    p[k, 3, 3] = b * b * v + q1
    u, v, w = p[k, 0, 3], p[k, 1, 3], p[k, 1, 2]
    p[k, 0, 2] = p[k, 2, 0] = p[k, 0, 2] + a * (u + w + a * v)
    p[k, 0, 3] = p[k, 3, 0] = b * (u + a * v)
    p[k, 1, 2] = p[k, 2, 1] = b * (w + a * v)
    p[k, 1, 3] = p[k, 3, 1] = b * b * v


@jit
def update(
    x: Floats, p: Floats, k: int, hx: float, hy: float, residual: float, variance: float, gate: float, huber: float
) -> bool:
    """Row ``k``: fold in one scalar measurement with Jacobian ``[hx, 0, hy, 0]``; False when the gate rejects it."""
    g0 = p[k, 0, 0] * hx + p[k, 0, 2] * hy
    g1 = p[k, 0, 1] * hx + p[k, 1, 2] * hy
    g2 = p[k, 0, 2] * hx + p[k, 2, 2] * hy
    g3 = p[k, 0, 3] * hx + p[k, 2, 3] * hy
    s = hx * g0 + hy * g2 + variance
    nis = residual * residual / s
    if nis > gate:
        return False
    if nis > huber * huber:
        s += variance * (math.sqrt(nis) / huber - 1.0)
    inverse = 1.0 / s
    k0, k1, k2, k3 = g0 * inverse, g1 * inverse, g2 * inverse, g3 * inverse
    x[k, 0] += k0 * residual
    x[k, 1] += k1 * residual
    x[k, 2] += k2 * residual
    x[k, 3] += k3 * residual
    p[k, 0, 0] -= k0 * g0
    p[k, 1, 1] -= k1 * g1
    p[k, 2, 2] -= k2 * g2
    p[k, 3, 3] -= k3 * g3
    p[k, 0, 1] = p[k, 1, 0] = p[k, 0, 1] - k0 * g1
    p[k, 0, 2] = p[k, 2, 0] = p[k, 0, 2] - k0 * g2
    p[k, 0, 3] = p[k, 3, 0] = p[k, 0, 3] - k0 * g3
    p[k, 1, 2] = p[k, 2, 1] = p[k, 1, 2] - k1 * g2
    p[k, 1, 3] = p[k, 3, 1] = p[k, 1, 3] - k1 * g3
    p[k, 2, 3] = p[k, 3, 2] = p[k, 2, 3] - k2 * g3
    return True


@jit
def _set_motion(x: Floats, p: Floats, k: int, variance: float) -> None:
    """Zero-velocity hold: a still badge has no speed; one that starts again may have any speed."""
    for i in (1, 3):
        x[k, i] = 0.0
        for j in range(4):
            p[k, i, j] = p[k, j, i] = 0.0
        p[k, i, i] = variance


@jit
def _note(health: Floats, a: int, residual: float, accepted: bool, time: float) -> None:
    """Running figures of one anchor: residual of what was accepted, share of what was not."""
    health[a, HEALTH_COUNT] += 1
    health[a, HEALTH_TIME] = time
    w = max(HEALTH_WEIGHT, 1.0 / health[a, HEALTH_COUNT])
    health[a, HEALTH_SHARE] += w * ((0.0 if accepted else 1.0) - health[a, HEALTH_SHARE])
    if accepted:
        w = max(HEALTH_WEIGHT, 1.0 / (health[a, HEALTH_COUNT] - health[a, HEALTH_REJECTS]))
        health[a, HEALTH_MEAN] += w * (residual - health[a, HEALTH_MEAN])
        health[a, HEALTH_SQUARE] += w * (residual * residual - health[a, HEALTH_SQUARE])
    else:
        health[a, HEALTH_REJECTS] += 1


@jit
def _acquire(tracks: Tracks, k: int, anchors: Floats, time: float, model: Model) -> bool:
    """Locate row ``k`` from its ring and start the filter there; False when it cannot be located."""
    x, p, limit = tracks.x, tracks.p, tracks.limit[k]
    tracks.tried[k] = time
    # A badge cannot have gone further than its top speed carried it since it was certainly right.
    reach = math.inf if tracks.phase[k] == 0 else limit * (time - tracks.sound[k]) + 5.0
    window = min(model.acquire_window, max(0.25, model.acquire_drift / limit))
    found, px, py, pxx, pxy, pyy = locate(
        tracks.ring[k], tracks.height[k], anchors, time, x[k], reach, window, model.acquire_count, model.acquire_rms
    )
    variance = _STILL_VARIANCE if tracks.still[k] else (_FREE_SHARE * limit) ** 2
    if found:
        for i in range(4):
            x[k, i] = 0.0
            for j in range(4):
                p[k, i, j] = 0.0
        x[k, 0], x[k, 2] = px, py
        p[k, 0, 0], p[k, 2, 2] = pxx, pyy
        p[k, 0, 2] = p[k, 2, 0] = pxy
        p[k, 1, 1] = p[k, 3, 3] = variance
        tracks.time[k] = tracks.heard[k] = tracks.sound[k] = time
        tracks.phase[k], tracks.rejects[k] = 1, 0
    return found


@jit
def _best_first(batch: Records, start: int, tracks: Tracks, anchors: Floats, model: Model, order: Ints) -> None:
    """Order measurements of one badge and instant so that those that fit the prediction best come first: they narrow
    the gate before a blocked path or a spike is judged by it. ``order``: of the whole batch, changed from ``start``."""
    k, time, end = batch[start]["badge"], batch[start]["time"], start + 1
    while end < batch.size and batch[end]["badge"] == k and batch[end]["time"] == time:
        end += 1
    if end - start < 2 or tracks.phase[k] != 1:
        return
    x, z = tracks.x, tracks.height[k]
    dt = max(0.0, time - tracks.time[k])
    fa, _ = coast(tracks.time[k] - tracks.heard[k], dt, model.coast, model.fade)
    px, py = x[k, 0] + fa * x[k, 1], x[k, 2] + fa * x[k, 3]
    off = np.empty(end - start)
    for i in range(start, end):
        m = batch[i]
        if m["kind"] == _MOTION:
            off[i - start] = -1.0
            continue
        a = m["anchor"]
        d = math.sqrt((px - anchors[a, 0]) ** 2 + (py - anchors[a, 1]) ** 2 + (z - anchors[a, 2]) ** 2)
        if m["kind"] == _TDOA:
            a = m["anchor2"]
            d -= math.sqrt((px - anchors[a, 0]) ** 2 + (py - anchors[a, 1]) ** 2 + (z - anchors[a, 2]) ** 2)
        off[i - start] = abs(m["value"] - d)
    for i in range(1, end - start):
        j = i
        while j > 0 and off[j - 1] > off[j]:
            off[j - 1], off[j] = off[j], off[j - 1]
            order[start + j - 1], order[start + j] = order[start + j], order[start + j - 1]
            j -= 1


@jit
def process(batch: Records, tracks: Tracks, anchors: Floats, health: Floats, model: Model, commit: bool) -> int:
    """Run measurements (dtype ``MEASUREMENT``, ascending in time within each badge) through their badges' filters.

    Args:
        anchors: (m, 3) positions in m. health: (m, 6) accumulators, written only when ``commit``.
    Returns: the number of accepted measurements. Measurements older than their badge's state are skipped.
    """
    x, p, clock, heard, tried = tracks.x, tracks.p, tracks.time, tracks.heard, tracks.tried
    phase, rejects, ring, still = tracks.phase, tracks.rejects, tracks.ring, tracks.still
    accepted = 0
    order = np.arange(batch.size)
    last, instant = -1, math.nan
    for i in range(batch.size):
        k, time = batch[i]["badge"], batch[i]["time"]
        if time < clock[k]:
            continue
        if k != last or time != instant:
            last, instant = k, time
            _best_first(batch, i, tracks, anchors, model, order)
        m = batch[order[i]]
        if m["kind"] == _MOTION:
            if (still[k] == 1) != (m["value"] < 0.5):
                still[k] = 1 - still[k]
                _set_motion(x, p, k, _STILL_VARIANCE if still[k] else (_FREE_SHARE * tracks.limit[k]) ** 2)
            continue
        a = m["anchor"]
        a2 = m["anchor2"] if m["kind"] == _TDOA else -1
        sigma = m["sigma"]
        if not sigma > 0.0:
            sigma = model.range_sigma if a2 < 0 else model.tdoa_sigma
        at = tracks.ring_at[k]
        ring[k, at, RING_TIME], ring[k, at, RING_VALUE], ring[k, at, RING_SIGMA] = time, m["value"], sigma
        ring[k, at, RING_A], ring[k, at, RING_B] = a, a2
        tracks.ring_at[k] = (at + 1) % RING
        z = tracks.height[k]
        if phase[k] == 1 and time - heard[k] > model.restart_gap:
            phase[k] = 2
        if phase[k] == 1:
            dt = time - clock[k]
            if dt > 0.0:
                density = model.spectral_density * tracks.agility[k]
                fa, fb = coast(clock[k] - heard[k], dt, model.coast, model.fade)
                predict(x, p, k, fa, fb, dt, model.still_density if still[k] else density)
                clock[k] = time
            dx, dy, dz = x[k, 0] - anchors[a, 0], x[k, 2] - anchors[a, 1], z - anchors[a, 2]
            d = max(1e-6, math.sqrt(dx * dx + dy * dy + dz * dz))
            hx, hy, residual = dx / d, dy / d, m["value"] - d
            if a2 >= 0:
                dx, dy, dz = x[k, 0] - anchors[a2, 0], x[k, 2] - anchors[a2, 1], z - anchors[a2, 2]
                d = max(1e-6, math.sqrt(dx * dx + dy * dy + dz * dz))
                hx, hy, residual = hx - dx / d, hy - dy / d, residual + d
            ok = update(x, p, k, hx, hy, residual, sigma * sigma, model.gate, model.huber)
            if commit:
                _note(health, a, residual, ok, time)
            if ok:
                accepted += 1
                heard[k] = time
                rejects[k] = max(0, rejects[k] - 1)
                if rejects[k] == 0:
                    tracks.sound[k] = time
                speed2, limit = x[k, 1] * x[k, 1] + x[k, 3] * x[k, 3], tracks.limit[k]
                if speed2 > limit * limit:
                    x[k, 1] *= limit / math.sqrt(speed2)
                    x[k, 3] *= limit / math.sqrt(speed2)
                continue
            rejects[k] += 1
            if rejects[k] < model.reject_limit or time - tried[k] < 0.3:
                continue
        elif phase[k] == 2 and 0.0 < time - tried[k] < 0.05:
            continue
        # Not located yet, silent for long, or surprised too often: look afresh.
        accepted += 1 if _acquire(tracks, k, anchors, time, model) else 0
    return accepted


@jit
def radius95(pxx: float, pxy: float, pyy: float) -> float:
    """Radius of the circle that holds 95 % of a two-dimensional normal error (within 1 % from line to round)."""
    mean, half = 0.5 * (pxx + pyy), math.sqrt(0.25 * (pxx - pyy) ** 2 + pxy * pxy)
    big, small = math.sqrt(max(0.0, mean + half)), math.sqrt(max(0.0, mean - half))
    return big * (1.95996 + 0.48783 * (small / big) ** 2.2) if big > 0.0 else 0.0


@jit
def bias_radius(tracks: Tracks, k: int, anchors: Floats, x: float, y: float, bias: float, carried: float) -> float:
    """r95 (m) at (x, y) of what the anchors' own errors do: each that badge ``k`` heard last is off by ``bias`` (1-sigma,
    m) for as long as it hangs, so no number of ranges averages it out, and the geometry multiplies it. Along a
    direction that the anchors leave open the filter is carried by the badge's motion, off by ``carried`` at most."""
    ring, since = tracks.ring[k], tracks.heard[k] - BIAS_WINDOW
    jxx = jyy = (bias / carried) ** 2
    jxy, count = 0.0, 0
    seen = np.empty((RING, 2))
    for i in range(RING):
        if not ring[i, RING_TIME] >= since:
            continue
        new = True
        for j in range(count):
            if seen[j, 0] == ring[i, RING_A] and seen[j, 1] == ring[i, RING_B]:
                new = False
                break
        if not new:
            continue
        seen[count, 0], seen[count, 1] = ring[i, RING_A], ring[i, RING_B]
        count += 1
        hx, hy = _direction(anchors, int(ring[i, RING_A]), x, y, tracks.height[k])
        if ring[i, RING_B] >= 0.0:
            bx, by = _direction(anchors, int(ring[i, RING_B]), x, y, tracks.height[k])
            hx, hy = hx - bx, hy - by
        jxx, jxy, jyy = jxx + hx * hx, jxy + hx * hy, jyy + hy * hy
    v = bias * bias / (jxx * jyy - jxy * jxy)
    return radius95(v * jyy, -v * jxy, v * jxx)


@jit
def _direction(anchors: Floats, a: int, x: float, y: float, z: float) -> tuple[float, float]:
    dx, dy, dz = x - anchors[a, 0], y - anchors[a, 1], z - anchors[a, 2]
    d = max(1e-6, math.sqrt(dx * dx + dy * dy + dz * dz))
    return dx / d, dy / d


@jit
def extrapolate(tracks: Tracks, now: float, anchors: Floats, model: Model, out: Floats) -> None:
    """Predict every located badge to ``now`` without changing it. ``out``: (n, 5) x, y, r95, vx, vy; NaN: never
    located.

    r95 grows with the process noise, but never faster than the badge's top speed allows. The covariance alone says too
    much where ranges are rare, because its noise allows for turns that walkers seldom make, and too little where they
    are many, because what a body adds and how anchors were surveyed does not average out.
    """
    x, p = tracks.x, tracks.p
    for k in range(tracks.time.size):
        if tracks.phase[k] == 0:
            for j in range(5):
                out[k, j] = math.nan
            continue
        dt = max(0.0, now - tracks.time[k])
        a, b = coast(tracks.time[k] - tracks.heard[k], dt, model.coast, model.fade)
        density = model.still_density if tracks.still[k] else model.spectral_density * tracks.agility[k]
        q = density * dt * dt * dt / 3.0
        pxx = p[k, 0, 0] + a * (2.0 * p[k, 0, 1] + a * p[k, 1, 1]) + q
        pyy = p[k, 2, 2] + a * (2.0 * p[k, 2, 3] + a * p[k, 3, 3]) + q
        pxy = p[k, 0, 2] + a * (p[k, 0, 3] + p[k, 1, 2] + a * p[k, 1, 3])
        out[k, 0], out[k, 1] = x[k, 0] + a * x[k, 1], x[k, 2] + a * x[k, 3]
        out[k, 3], out[k, 4] = b * x[k, 1], b * x[k, 3]
        before = radius95(p[k, 0, 0], p[k, 0, 2], p[k, 2, 2])
        grown = min(radius95(pxx, pxy, pyy), before + tracks.limit[k] * dt)
        silence = min(1.0, max(0.0, now - tracks.heard[k]) / model.doubt)
        known = math.hypot((model.spread + (1.0 - model.spread) * silence) * grown, model.body)
        skew = bias_radius(tracks, k, anchors, out[k, 0], out[k, 1], model.anchor_bias, model.carried)
        out[k, 2] = math.hypot(known, skew)


@jit
def distinct_anchors(ring: Floats, since: float) -> Ints:
    """(n,) how many different anchors (pairs) measured each badge after ``since``."""
    out = np.zeros(ring.shape[0], np.int64)
    for k in range(ring.shape[0]):
        for i in range(RING):
            if ring[k, i, RING_TIME] < since:
                continue
            new = 1
            for j in range(i):
                same = ring[k, j, RING_A] == ring[k, i, RING_A] and ring[k, j, RING_B] == ring[k, i, RING_B]
                if same and ring[k, j, RING_TIME] >= since:
                    new = 0
            out[k] += new
    return out
