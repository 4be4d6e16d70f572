"""The ground of a tile: what lies where (classes, markings, wear) painted at survey resolution, then lit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_assets.demo_model import light
from gis_assets.demo_model.ground_plan import Canvas, plan
from gis_assets.demo_model.light import Lights, sky_share, sun_share
from gis_assets.demo_model.materials import noise
from gis_assets.demo_model.mesh import F32, I32
from gis_assets.sites.demo import layout

U8 = NDArray[np.uint8]
SEA_Z = -2.5
SLOPE = 10.0  # metres over which the sea wall falls

# class: red, green, blue, coarse cloud, patch, grain
_TABLE = np.array(
    [
        (0.50, 0.455, 0.36, 0.06, 0.06, 0.10),  # 0 waste land
        (0.385, 0.385, 0.38, 0.03, 0.035, 0.055),  # 1 asphalt
        (0.60, 0.585, 0.548, 0.025, 0.03, 0.035),  # 2 concrete paving
        (0.53, 0.51, 0.47, 0.03, 0.05, 0.15),  # 3 gravel
        (0.335, 0.375, 0.215, 0.08, 0.07, 0.14),  # 4 lawn
        (0.60, 0.555, 0.51, 0.02, 0.025, 0.05),  # 5 paving tiles
        (0.375, 0.415, 0.385, 0.05, 0.03, 0.03),  # 6 sea
        (0.36, 0.335, 0.285, 0.08, 0.08, 0.08),  # 7 tidal mud
        (0.47, 0.455, 0.43, 0.05, 0.06, 0.22),  # 8 rip-rap
        (0.36, 0.362, 0.365, 0.03, 0.04, 0.06),  # 9 public road
        (0.40, 0.385, 0.255, 0.08, 0.09, 0.15),  # 10 green belt
        (0.435, 0.465, 0.455, 0.09, 0.03, 0.02),  # 11 salt pond
        (0.545, 0.53, 0.495, 0.03, 0.045, 0.05),  # 12 dike floor
        (0.66, 0.645, 0.61, 0.015, 0.02, 0.04),  # 13 kerb
        (0.45, 0.40, 0.32, 0.06, 0.07, 0.12),  # 14 soil
    ],
    np.float32,
)


@dataclass
class Ground:
    """Picture (n, n, 3), first row north, and a mesh over it with glTF texture coordinates."""

    picture: U8
    positions: F32
    uv: F32
    triangles: I32


def height(y: float) -> float:
    """Ground height at a northing."""
    return SEA_Z * min(max((y - layout.SHORE_Y) / SLOPE, 0.0), 1.0)


@njit(cache=True, nogil=True)
def _tap(n: F32, x: float, y: float) -> float:
    """Bilinear sample of a tileable noise picture at pixel coordinates."""
    size = n.shape[0]
    fx, fy = np.floor(x), np.floor(y)
    ix, iy = int(fx) % size, int(fy) % size
    jx, jy = (ix + 1) % size, (iy + 1) % size
    tx, ty = x - fx, y - fy
    top = n[iy, ix] * (1 - tx) + n[iy, jx] * tx
    low = n[jy, ix] * (1 - tx) + n[jy, jx] * tx
    return float(top * (1 - ty) + low * ty)


@njit(cache=True, nogil=True)
def _hash(x: int, y: int) -> float:
    h = (x * 374761393 + y * 668265263) & 0x7FFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0x7FFFFFFF
    return (h & 0xFFFF) / 65535.0


@njit(cache=True, nogil=True)
def _albedo(
    cls: U8,
    gain: F32,
    mark: U8,
    x0: float,
    y1: float,
    texel: float,
    table: F32,
    cloud: F32,
    patch: F32,
    fine: F32,
    shore: float,
) -> U8:
    """sRGB albedo (n, n, 3) from the class map and noises in world coordinates, so that tiles join without a seam."""
    size = cls.shape[0]
    out = np.empty((size, size, 3), np.uint8)
    rgb = np.zeros(3, np.float32)
    for j in range(size):
        y = y1 - (j + 0.5) * texel
        for i in range(size):
            x = x0 + (i + 0.5) * texel
            c = cls[j, i]
            n1, n2 = _tap(cloud, x * 2.1, y * 2.1), _tap(patch, x * 7.0 + 91, y * 7.0 + 13)
            n3 = fine[int(np.floor(y / texel)) % 512, int(np.floor(x / texel)) % 512]
            n4 = _tap(cloud, x * 0.7 + 200, y * 0.7 + 77)
            tone = 1 + table[c, 3] * n4 + table[c, 4] * (0.5 * n1 + 0.5 * n2) + table[c, 5] * n3
            for k in range(3):
                rgb[k] = table[c, k]
            if c == 2 or c == 12:  # cast slabs: joints, each slab its own tone, stains, cracks
                step = 5.0 if c == 2 else 7.0
                sx, sy = int(np.floor(x / step)), int(np.floor(y / step))
                tone *= 1 + 0.05 * (_hash(sx, sy) - 0.5)
                if x - sx * step < 0.09 or y - sy * step < 0.09:
                    tone *= 0.82
                stain = max(0.0, n2 * 0.6 + n1 * 0.6 - 0.9)
                tone *= 1 - min(0.28, 0.16 * stain)
                if abs(_tap(cloud, x * 9.0 + 31, y * 9.0)) < 0.012 and _hash(sx, sy + 7) > 0.6:
                    tone *= 0.86
            elif c == 1 or c == 9:
                if abs(_tap(cloud, x * 6.0, y * 6.0 + 57)) < 0.016 and n4 > -0.3:
                    tone *= 0.84
                if _hash(int(np.floor(x / 17.0)), int(np.floor(y / 6.0))) > 0.9:
                    tone *= 0.94
            elif c == 4 or c == 10 or c == 0 or c == 14:
                dry = min(max(0.35 + 0.4 * n1 + 0.35 * n2 - (0.35 if c == 4 else 0.0) + 0.25 * n4, 0.0), 1.0)
                bare = min(max(n2 * 0.7 + n1 * 0.5 - (1.5 if c == 4 else 0.7), 0.0), 1.0)
                if c == 0 or c == 14:
                    green = min(max(-n1 * 0.5 - n4 * 0.5 + 0.1 * n3, 0.0), 0.8)
                    rgb[0] += (0.385 - rgb[0]) * green
                    rgb[1] += (0.385 - rgb[1]) * green
                    rgb[2] += (0.235 - rgb[2]) * green
                else:
                    rgb[0] += (0.47 - rgb[0]) * dry * 0.7
                    rgb[1] += (0.435 - rgb[1]) * dry * 0.7
                    rgb[2] += (0.29 - rgb[2]) * dry * 0.7
                    rgb[0] += (0.50 - rgb[0]) * bare
                    rgb[1] += (0.45 - rgb[1]) * bare
                    rgb[2] += (0.37 - rgb[2]) * bare
            elif c == 5:
                tone *= 1 + 0.07 * (_hash(int(np.floor(x / 0.6)), int(np.floor(y / 0.6))) - 0.5)
                if (int(np.floor(x / 4.0)) + int(np.floor(y / 4.0))) % 2 == 0:
                    tone *= 0.95
            elif c == 6:
                near = np.exp(-(y - shore - 10) / 14.0)
                rgb[0] += (0.47 - rgb[0]) * near
                rgb[1] += (0.45 - rgb[1]) * near
                rgb[2] += (0.375 - rgb[2]) * near
                wave = (
                    _tap(cloud, x * 3.0 + y * 1.2, y * 9.0 - x * 2.0) * 0.5
                    + _tap(patch, x * 9 + y * 4, y * 30 - x * 6) * 0.5
                )
                tone *= 1 + 0.055 * wave
                foam = 0.8 * _tap(patch, x * 8, y * 8) - 2.4 + 3.4 * np.exp(-(y - shore - 9.5) / 1.4)
                if foam > 0.9:
                    for k in range(3):
                        rgb[k] += (0.74 - rgb[k]) * min(0.7, (foam - 0.9) * 0.7)
            elif c == 8:
                block = _tap(cloud, x * 60, y * 60) + 0.8 * _tap(patch, x * 40, y * 40)
                tone *= 1 + 0.16 * min(max(block, -2.0), 1.5)
                wet = min(max((y - shore - 6.5) / 2.5, 0.0), 1.0)
                tone *= 1 - 0.45 * wet
            elif c == 11:
                tone *= 1 + 0.03 * _tap(patch, x * 3 + 40, y * 11)
                hue = _hash(int(np.floor((x + 375) / 62.5)), int(np.floor(y / 1000)))
                rgb[0] += 0.10 * (hue - 0.5)
                rgb[2] -= 0.07 * (hue - 0.5)
            tone *= gain[j, i]
            m = mark[j, i]
            worn = 0.75 - 0.35 * min(max(n2, 0.0), 1.2) - 0.12 * n3
            for k in range(3):
                v = rgb[k] * tone
                if m == 1:
                    v += (0.80 - v) * worn
                elif m == 2:
                    v += ((0.74 if k == 0 else 0.57 if k == 1 else 0.22) - v) * worn
                elif m == 3:
                    v += ((0.55 if k == 0 else 0.2) - v) * worn
                out[j, i, k] = np.uint8(min(max(v * 255, 4), 250))
    return out


@njit(cache=True, nogil=True)
def _sky_grid(
    x0: float,
    y0: float,
    step: float,
    n: int,
    sky: F32,
    frames: F32,
    weights: F32,
    shore: float,
    slope: float,
    sea: float,
) -> F32:
    out = np.empty((n, n), np.float32)
    for j in range(n):
        y = y0 + j * step
        z = sea * min(max((y - shore) / slope, 0.0), 1.0) + 0.1
        for i in range(n):
            out[j, i] = sky_share(sky, frames, weights, x0 + i * step, y, z, 0.0, 0.0, 1.0, 0.35)
    return out


@njit(cache=True, nogil=True)
def _light(
    n: int,
    x0: float,
    y0: float,
    y1: float,
    texel: float,
    grid: F32,
    step: float,
    sun: F32,
    frames: F32,
    sc: F32,
    kc: F32,
    bc: F32,
    shore: float,
    slope: float,
    sea: float,
) -> F32:
    out = np.empty((n, n, 3), np.float32)
    facing = frames[0, 10]
    for j in range(n):
        y = y1 - (j + 0.5) * texel
        z = sea * min(max((y - shore) / slope, 0.0), 1.0)
        for i in range(n):
            x = x0 + (i + 0.5) * texel
            s = facing * sun_share(sun, frames[0], x, y, z + 0.03, 0.08)
            gx, gy = (x - x0) / step, (y - y0) / step
            ix, iy = min(int(gx), grid.shape[1] - 2), min(int(gy), grid.shape[0] - 2)
            tx, ty = gx - ix, gy - iy
            a = (grid[iy, ix] * (1 - tx) + grid[iy, ix + 1] * tx) * (1 - ty) + (
                grid[iy + 1, ix] * (1 - tx) + grid[iy + 1, ix + 1] * tx
            ) * ty
            for k in range(3):
                out[j, i, k] = sc[k] * s + kc[k] * a + bc[k] * 0.25
    return out


def _mesh(x0: float, y0: float, side: float, cells: int) -> tuple[F32, F32, I32]:
    """Grid over the tile, with rows on the edges of the sea wall where it crosses."""
    xs = np.linspace(x0, x0 + side, cells + 1)
    extra = [v for v in (layout.SHORE_Y, layout.SHORE_Y + SLOPE) if y0 < v < y0 + side]
    ys = np.unique(np.concatenate([np.linspace(y0, y0 + side, cells + 1), extra]))
    gx, gy = np.meshgrid(xs, ys)
    gz = np.vectorize(height)(gy)
    pos = np.stack([gx, gy, gz], -1).reshape(-1, 3).astype(np.float32)
    uv = np.stack([(gx - x0) / side, 1 - (gy - y0) / side], -1).reshape(-1, 2).astype(np.float32)
    nx, ny = len(xs) - 1, len(ys) - 1
    k = np.arange(nx * ny, dtype=np.int32)
    a = k // nx * (nx + 1) + k % nx
    tris = np.concatenate([np.stack([a, a + 1, a + nx + 2], 1), np.stack([a, a + nx + 2, a + nx + 1], 1)])
    return pos, uv, tris.astype(np.int32)


def ground_tile(x0: float, y0: float, side: float, pixels: int, lights: Lights) -> tuple[Ground, U8, F32]:
    """Mesh of the tile with an empty picture, its albedo (pixels, pixels, 3) and light (pixels, pixels, 3)."""
    texel = side / pixels
    canvas = Canvas(x0, y0, side, pixels)
    plan(canvas)
    noises = (noise(21, 1.9), noise(22, 1.3), noise(23, 0.5))
    table = _TABLE
    albedo = _albedo(canvas.cls, canvas.gain, canvas.mark, x0, y0 + side, texel, table, *noises, layout.SHORE_Y)
    step = 0.5
    fall = (layout.SHORE_Y, SLOPE, SEA_Z)
    grid = _sky_grid(x0, y0, step, round(side / step) + 2, lights.sky, lights.frames, lights.weights, *fall)
    lit = _light(
        pixels,
        x0,
        y0,
        y0 + side,
        texel,
        grid,
        step,
        lights.sun,
        lights.frames,
        light.SUN_COLOUR,
        light.SKY_COLOUR,
        light.BOUNCE,
        *fall,
    )
    return Ground(albedo, *_mesh(x0, y0, side, 12)), albedo, lit
