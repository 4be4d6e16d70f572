"""Light of the whole scene: an orthographic shadow map for the sun and a set of them for the sky (ambient occlusion).

Light is relative: 1.0 is level ground in full sun under an open sky.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_assets.demo_model.mesh import F32, I32, Part

SUN_AZIMUTH, SUN_ELEVATION = 142.0, 47.0  # degrees, clockwise from north: a clear late morning in autumn
SUN_COLOUR = np.array([0.775, 0.735, 0.665], np.float32) / np.float32(sin(radians(SUN_ELEVATION)))
SKY_COLOUR = np.array([0.225, 0.265, 0.335], np.float32)
BOUNCE = np.array([0.13, 0.125, 0.115], np.float32)
SUN_TEXEL, SKY_TEXEL = 0.14, 0.45


@njit(cache=True, nogil=True)
def _depth(uvw: F32, tris: I32, width: int, height: int) -> F32:
    """Depth buffer (height, width): the largest w over every pixel; -1e9 where nothing is."""
    out = np.full((height, width), np.float32(-1e9), np.float32)
    for t in range(tris.shape[0]):
        a, b, c = tris[t, 0], tris[t, 1], tris[t, 2]
        ax, ay, bx, by, cx, cy = uvw[a, 0], uvw[a, 1], uvw[b, 0], uvw[b, 1], uvw[c, 0], uvw[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-7:
            continue
        x0, x1 = max(0, int(np.floor(min(ax, bx, cx) - 0.5))), min(width - 1, int(np.ceil(max(ax, bx, cx) - 0.5)))
        y0, y1 = max(0, int(np.floor(min(ay, by, cy) - 0.5))), min(height - 1, int(np.ceil(max(ay, by, cy) - 0.5)))
        k1, k2 = (cy - ay) / area, -(by - ay) / area
        for y in range(y0, y1 + 1):
            py = y + 0.5
            b1 = -(cx - ax) * (py - ay) / area - ax * k1
            b2 = (bx - ax) * (py - ay) / area - ax * k2
            lo, hi = x0 + 0.5, x1 + 0.5  # the row's span: w1, w2 and 1 - w1 - w2 not negative
            for k, b0 in ((k1, b1), (k2, b2), (-k1 - k2, 1.0 - b1 - b2)):
                if k > 1e-12:
                    lo = max(lo, (-1e-4 - b0) / k)
                elif k < -1e-12:
                    hi = min(hi, (-1e-4 - b0) / k)
                elif b0 < -1e-4:
                    hi = lo - 1.0
            for x in range(int(np.ceil(lo - 0.5)), int(np.floor(hi - 0.5)) + 1):
                px = x + 0.5
                w1, w2 = k1 * px + b1, k2 * px + b2
                d = uvw[a, 2] + w1 * (uvw[b, 2] - uvw[a, 2]) + w2 * (uvw[c, 2] - uvw[a, 2])
                if d > out[y, x]:
                    out[y, x] = d
    return out


@dataclass(frozen=True)
class Lights:
    """Shadow maps. ``sun``: (h, w); ``sky``: (n, h, w) padded; ``frames``: (1 + n, 12), maps to pixels and depth."""

    sun: F32
    sky: F32
    frames: F32
    weights: F32


def _direction(azimuth: float, elevation: float) -> NDArray[np.float64]:
    a, e = radians(azimuth), radians(elevation)
    return np.array([sin(a) * cos(e), cos(a) * cos(e), sin(e)])


def sky_directions() -> list[tuple[NDArray[np.float64], float]]:
    """Twenty directions over the sky with their share of solid angle."""
    rows = ((12.0, 7), (32.0, 6), (55.0, 4), (80.0, 3))
    edges = (0.0, 22.0, 43.0, 68.0, 90.0)
    result = []
    for k, (elevation, count) in enumerate(rows):
        share = (sin(radians(edges[k + 1])) - sin(radians(edges[k]))) / count
        result += [(_direction(360 * i / count + 20 * k + 7, elevation), share) for i in range(count)]
    return result


def _frame(direction: NDArray[np.float64], points: F32, texel: float) -> tuple[F32, int, int]:
    e1 = np.cross([0.0, 0.0, 1.0], direction)
    e1 /= np.linalg.norm(e1)
    e2 = np.cross(direction, e1)
    st = points @ np.stack([e1, e2], 1).astype(np.float32)
    low = st.min(0) - 2 * texel
    size = np.ceil((np.ptp(st, 0) + 4 * texel) / texel).astype(int)
    frame = np.concatenate([e1 / texel, [-low[0] / texel], e2 / texel, [-low[1] / texel], direction, [0.0]])
    return frame.astype(np.float32), int(size[0]), int(size[1])


def _map(frame: F32, points: F32, tris: I32, width: int, height: int) -> F32:
    m = frame.reshape(3, 4)
    uvw = points @ m[:, :3].T + m[:, 3]
    return np.asarray(_depth(np.ascontiguousarray(uvw, np.float32), tris, width, height), np.float32)


def _gather(parts: Sequence[Part], detail: int) -> tuple[F32, I32]:
    chosen = [p for p in parts if p.detail <= detail]
    starts = np.cumsum([0] + [len(p.positions) for p in chosen])
    tris = [p.triangles + s for p, s in zip(chosen, starts[:-1], strict=True)]
    return np.concatenate([p.positions for p in chosen]), np.concatenate(tris).astype(np.int32)


def make_lights(parts: Sequence[Part], pool: Executor) -> Lights:
    """Renders the maps, the directions in parallel on ``pool``."""
    fine, fine_tris = _gather(parts, 2)
    rough, rough_tris = _gather(parts, 1)
    sun, w, h = _frame(_direction(SUN_AZIMUTH, SUN_ELEVATION), fine, SUN_TEXEL)
    job = pool.submit(_map, sun, fine, fine_tris, w, h)
    skies = sky_directions()
    frames = [_frame(d, rough, SKY_TEXEL) for d, _ in skies]
    jobs = [pool.submit(_map, f, rough, rough_tris, fw, fh) for f, fw, fh in frames]
    maps = [j.result() for j in jobs]
    pad = np.full((len(maps), max(m.shape[0] for m in maps), max(m.shape[1] for m in maps)), -1e9, np.float32)
    for i, m in enumerate(maps):
        pad[i, : m.shape[0], : m.shape[1]] = m
    level = sum(s * float(d[2]) for d, s in skies)
    weights = np.array([s / level for _, s in skies], np.float32)
    return Lights(job.result(), pad, np.stack([sun, *(f[0] for f in frames)]), weights)


@njit(cache=True, nogil=True)
def sun_share(lit: F32, f: F32, x: float, y: float, z: float, bias: float) -> float:
    """0 in shadow .. 1 in sun, smoothed over four texels."""
    u = f[0] * x + f[1] * y + f[2] * z + f[3] - 0.5
    v = f[4] * x + f[5] * y + f[6] * z + f[7] - 0.5
    d = f[8] * x + f[9] * y + f[10] * z + bias
    iu, iv = int(np.floor(u)), int(np.floor(v))
    if iu < 0 or iv < 0 or iu >= lit.shape[1] - 1 or iv >= lit.shape[0] - 1:
        return 1.0
    fu, fv = u - iu, v - iv
    s = 0.0
    if d >= lit[iv, iu]:
        s += (1 - fu) * (1 - fv)
    if d >= lit[iv, iu + 1]:
        s += fu * (1 - fv)
    if d >= lit[iv + 1, iu]:
        s += (1 - fu) * fv
    if d >= lit[iv + 1, iu + 1]:
        s += fu * fv
    return s


@njit(cache=True, nogil=True)
def sky_share(
    maps: F32, frames: F32, weights: F32, x: float, y: float, z: float, nx: float, ny: float, nz: float, bias: float
) -> float:
    """Irradiance from the sky relative to open level ground."""
    total = 0.0
    for i in range(maps.shape[0]):
        f = frames[i + 1]
        facing = nx * f[8] + ny * f[9] + nz * f[10]
        if facing <= 0:
            continue
        iu = int(f[0] * x + f[1] * y + f[2] * z + f[3])
        iv = int(f[4] * x + f[5] * y + f[6] * z + f[7])
        outside = iu < 0 or iv < 0 or iu >= maps.shape[2] or iv >= maps.shape[1]
        if outside or f[8] * x + f[9] * y + f[10] * z + bias >= maps[i, iv, iu]:
            total += weights[i] * facing
    return total


@njit(cache=True, nogil=True)
def sky_at(sky: F32, frames: F32, weights: F32, p: F32, n: F32) -> float:
    """Irradiance from the sky at a point with a normal, relative to open level ground."""
    x, y, z = p[0] + n[0] * 0.35, p[1] + n[1] * 0.35, p[2] + n[2] * 0.35
    return sky_share(sky, frames, weights, x, y, z, n[0], n[1], n[2], 0.3)


@njit(cache=True, nogil=True)
def light_at(
    sun: F32, frames: F32, a: float, p: F32, n: F32, out: F32, sun_colour: F32, sky_colour: F32, bounce: F32
) -> None:
    """Light (3,) at a point with a normal, where the sky gives ``a`` (:func:`sky_at`), into ``out``."""
    f = frames[0]
    facing = n[0] * f[8] + n[1] * f[9] + n[2] * f[10]
    s = 0.0
    if facing > 0:
        s = facing * sun_share(sun, f, p[0] + n[0] * 0.12, p[1] + n[1] * 0.12, p[2] + n[2] * 0.12, 0.1)
    up = 0.5 * (1.0 - n[2])
    for k in range(3):
        out[k] = sun_colour[k] * s + sky_colour[k] * a + bounce[k] * (0.25 + up) * (0.5 + 0.5 * min(a, 1.0))


@njit(cache=True, nogil=True)
def light_points(
    sun: F32,
    sky: F32,
    frames: F32,
    weights: F32,
    points: F32,
    normals: F32,
    sun_colour: F32,
    sky_colour: F32,
    bounce: F32,
) -> F32:
    """Light (n, 3) at many points."""
    out = np.zeros((points.shape[0], 3), np.float32)
    for i in range(points.shape[0]):
        a = sky_at(sky, frames, weights, points[i], normals[i])
        light_at(sun, frames, a, points[i], normals[i], out[i], sun_colour, sky_colour, bounce)
    return out


def level_angle() -> float:
    """Cosine of the sun's angle on level ground."""
    return cos(pi / 2 - radians(SUN_ELEVATION))
