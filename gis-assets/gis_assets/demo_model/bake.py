"""Charts of one tile packed into atlases and painted: material times baked light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gis_assets.demo_model import light
from gis_assets.demo_model.decor import paint
from gis_assets.demo_model.light import Lights
from gis_assets.demo_model.materials import cut, material, names
from gis_assets.demo_model.mesh import F32, I32, Part

ATLAS = 2048
_GUTTER = 2
#: Texels, a side, that share what the sky gives: it changes slowly, and finding it is most of the work.
_SKY_BLOCK = 3
_STRIP_WIDTH, _STRIP_ROW = 64, 4
_STRIP_TOP = 1.5  # light at the right end of a swatch strip

U8 = NDArray[np.uint8]


@dataclass
class Batch:
    """What one glTF primitive needs: positions (n, 3), uv (n, 2) with v down, triangles (m, 3), atlas index, detail."""

    positions: F32
    uv: F32
    triangles: I32
    atlas: int
    detail: int


@dataclass
class _Slot:
    part: Part
    atlas: int
    x: int
    y: int
    w: int
    h: int


def _pack(parts: Sequence[Part], detail: float) -> tuple[list[_Slot], list[int]]:
    """Shelf packing, tallest first: slots and used height of every atlas; the first keeps room for the strips."""
    sized = []
    for p in parts:
        assert p.chart is not None
        w, h = (max(2, round(side * detail)) for side in p.chart.pixels)
        sized.append((min(w, ATLAS - 2 * _GUTTER), min(h, ATLAS - 2 * _GUTTER), p))
    sized.sort(key=lambda s: (-s[1], -s[0]))
    top = len(names()) * _STRIP_ROW + _GUTTER
    slots: list[_Slot] = []
    heights: list[int] = []
    atlas, x, y, shelf = 0, 0, top, 0
    for w, h, p in sized:
        fw, fh = w + 2 * _GUTTER, h + 2 * _GUTTER
        if x + fw > ATLAS:
            x, y, shelf = 0, y + shelf, 0
        if y + fh > ATLAS:
            heights.append(y + shelf)
            atlas, x, y, shelf = atlas + 1, 0, 0, 0
        slots.append(_Slot(p, atlas, x + _GUTTER, y + _GUTTER, w, h))
        x, shelf = x + fw, max(shelf, fh)
    heights.append(y + shelf)
    return slots, heights


@njit(cache=True, nogil=True)
def _bake(
    out: F32,
    pos: F32,
    nor: F32,
    pix: F32,
    tris: I32,
    box: I32,
    sun: F32,
    sky: F32,
    frames: F32,
    weights: F32,
    sc: F32,
    kc: F32,
    bc: F32,
) -> None:
    """Light of every texel that a triangle covers or nearly touches; ``pix`` (n, 2) are texel coordinates."""
    p, n, value = np.zeros(3, np.float32), np.zeros(3, np.float32), np.zeros(3, np.float32)
    # of the row of blocks at hand: the sky of each, and for which triangle and row it was found
    sky_of = np.zeros(out.shape[1] // _SKY_BLOCK + 1, np.float32)
    found = np.full(out.shape[1] // _SKY_BLOCK + 1, -1, np.int64)
    for t in range(tris.shape[0]):
        a, b, c = tris[t, 0], tris[t, 1], tris[t, 2]
        ax, ay, bx, by, cx, cy = pix[a, 0], pix[a, 1], pix[b, 0], pix[b, 1], pix[c, 0], pix[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-6:
            continue
        x0, x1 = max(box[t, 0], int(np.floor(min(ax, bx, cx))) - 2), min(box[t, 2], int(np.ceil(max(ax, bx, cx))) + 2)
        y0, y1 = max(box[t, 1], int(np.floor(min(ay, by, cy))) - 2), min(box[t, 3], int(np.ceil(max(ay, by, cy))) + 2)
        edge = max(abs(bx - ax) + abs(by - ay), abs(cx - bx) + abs(cy - by), abs(ax - cx) + abs(ay - cy))
        slack = 2.0 * edge / abs(area)
        for y in range(y0, y1):
            for x in range(x0, x1):
                px, py = x + 0.5, y + 0.5
                w1 = ((px - ax) * (cy - ay) - (cx - ax) * (py - ay)) / area
                w2 = ((bx - ax) * (py - ay) - (px - ax) * (by - ay)) / area
                w0 = 1.0 - w1 - w2
                low = min(w0, w1, w2)
                if low < -slack or (low < -1e-5 and out[y, x, 0] >= 0):
                    continue
                w0, w1, w2 = max(w0, 0.0), max(w1, 0.0), max(w2, 0.0)
                s = w0 + w1 + w2
                w0, w1, w2 = w0 / s, w1 / s, w2 / s
                for k in range(3):
                    p[k] = pos[a, k] * w0 + pos[b, k] * w1 + pos[c, k] * w2
                    n[k] = nor[a, k] * w0 + nor[b, k] * w1 + nor[c, k] * w2
                q = 1.0 / max(np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]), 1e-6)
                n[0], n[1], n[2] = n[0] * q, n[1] * q, n[2] * q
                block, here = x // _SKY_BLOCK, t * out.shape[0] + y // _SKY_BLOCK
                if found[block] != here:
                    sky_of[block], found[block] = light.sky_at(sky, frames, weights, p, n), here
                light.light_at(sun, frames, sky_of[block], p, n, value, sc, kc, bc)
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = value[0], value[1], value[2]


@njit(cache=True, nogil=True)
def develop(albedo: U8, lit: F32, seed: int) -> U8:
    """Exposure: albedo (sRGB) under linear light, lifted blacks, soft shoulder, a little sensor noise."""
    out = np.empty(albedo.shape, np.uint8)
    state = np.uint32(seed * 2654435761 + 12345)
    for y in range(albedo.shape[0]):
        for x in range(albedo.shape[1]):
            state = np.uint32(state * np.uint32(1664525) + np.uint32(1013904223))
            grain = (np.float32(state >> np.uint32(16)) / np.float32(65536.0) - np.float32(0.5)) * np.float32(0.018)
            for k in range(3):
                e = max(lit[y, x, k], np.float32(0.02))
                v = albedo[y, x, k] / np.float32(255.0) * e ** np.float32(1 / 2.2)
                v = np.float32(0.02) + np.float32(1.1) * v + grain
                if v > 0.82:
                    v = np.float32(0.82) + np.float32(0.18) * (
                        np.float32(1) - np.exp(-(v - np.float32(0.82)) / np.float32(0.18))
                    )
                out[y, x, k] = np.uint8(min(max(v * 255 + 0.5, 0), 255))
    return out


def strip_light(levels: F32) -> F32:
    """Colour of light (n, 3) for a brightness (n,): bluish in shade, warm in the sun."""
    warm = np.clip((levels - 0.35) / 0.7, 0, 1)[:, None]
    tint = np.array([0.86, 0.98, 1.2], np.float32) * (1 - warm) + np.array([1.03, 1.0, 0.93], np.float32) * warm
    return np.asarray(levels[:, None] * tint, np.float32)


def _strips(albedo: U8, lit: F32) -> None:
    """Gradient strips of the flat materials: u is brightness, one row of texels per material."""
    levels = strip_light(np.linspace(0.02, _STRIP_TOP, _STRIP_WIDTH, dtype=np.float32))
    for i, name in enumerate(names()):
        rows = slice(i * _STRIP_ROW, (i + 1) * _STRIP_ROW)
        albedo[rows, :_STRIP_WIDTH] = np.uint8(material(name).mean((0, 1)) * 255)
        lit[rows, :_STRIP_WIDTH] = levels


def _swatch_uv(parts: Sequence[Part], lights: Lights, height: int) -> list[F32]:
    """Texture coordinates of swatch parts: the light at each vertex looks up its material's strip."""
    row = {name: i for i, name in enumerate(names())}
    pos, nor = np.concatenate([p.positions for p in parts]), np.concatenate([p.normals for p in parts])
    value = light.light_points(
        lights.sun,
        lights.sky,
        lights.frames,
        lights.weights,
        pos,
        nor,
        light.SUN_COLOUR,
        light.SKY_COLOUR,
        light.BOUNCE,
    ).mean(1)
    u = 0.5 + np.clip((value - 0.02) / (_STRIP_TOP - 0.02), 0, 1) * (_STRIP_WIDTH - 1)
    v = np.concatenate([np.full(len(p.positions), row[p.material] * _STRIP_ROW + _STRIP_ROW / 2) for p in parts])
    uv = np.stack([u / ATLAS, v / height], 1).astype(np.float32)
    return np.split(uv, np.cumsum([len(p.positions) for p in parts])[:-1])


def _bake_atlas(slots: list[_Slot], height: int, index: int, lights: Lights, seed: int) -> U8:
    albedo, lit = np.full((height, ATLAS, 3), 96, np.uint8), np.full((height, ATLAS, 3), -1, np.float32)
    if index == 0:
        _strips(albedo, lit)
    pos, nor, pix, tris, boxes, base = [], [], [], [], [], 0
    for s in slots:
        assert s.part.chart is not None
        picture = np.uint8(np.clip(paint(s.part.chart, s.w, s.h, cut), 0, 1) * 255)
        g = _GUTTER
        albedo[s.y - g : s.y + s.h + g, s.x - g : s.x + s.w + g] = np.pad(
            picture, ((g, g), (g, g), (0, 0)), mode="edge"
        )
        pos.append(s.part.positions)
        nor.append(s.part.normals)
        pix.append(np.stack([s.x + s.part.uv[:, 0] * s.w, s.y + (1 - s.part.uv[:, 1]) * s.h], 1))
        tris.append(s.part.triangles + base)
        boxes.append(np.repeat([[s.x - g, s.y - g, s.x + s.w + g, s.y + s.h + g]], len(s.part.triangles), 0))
        base += len(s.part.positions)
    if slots:
        _bake(
            lit,
            np.concatenate(pos),
            np.concatenate(nor),
            np.concatenate(pix).astype(np.float32),
            np.concatenate(tris).astype(np.int32),
            np.concatenate(boxes).astype(np.int32),
            lights.sun,
            lights.sky,
            lights.frames,
            lights.weights,
            light.SUN_COLOUR,
            light.SKY_COLOUR,
            light.BOUNCE,
        )
    lit[lit[..., 0] < 0] = 0.45
    return np.asarray(develop(albedo, lit, seed))


def bake_tile(parts: Sequence[Part], lights: Lights, seed: int, detail: float = 1.0) -> tuple[list[Batch], list[U8]]:
    """Batches by atlas and detail, and the atlas pictures (height, 2048, 3); ``detail``: share of the usual resolution."""
    charted = [p for p in parts if p.chart is not None]
    swatched = [p for p in parts if p.chart is None]
    slots, heights = _pack(charted, detail)
    heights = [
        min(ATLAS, max(256, 1 << (h - 1).bit_length()) if h < ATLAS / 2 else -(-h // 256) * 256) for h in heights
    ]
    groups: dict[tuple[int, int], list[tuple[F32, F32, I32]]] = {}
    for s in slots:
        placed = np.stack(
            [(s.x + s.part.uv[:, 0] * s.w) / ATLAS, (s.y + (1 - s.part.uv[:, 1]) * s.h) / heights[s.atlas]], 1
        )
        groups.setdefault((s.atlas, s.part.detail), []).append(
            (s.part.positions, placed.astype(np.float32), s.part.triangles)
        )
    if swatched:
        for p, uv in zip(swatched, _swatch_uv(swatched, lights, heights[0]), strict=True):
            groups.setdefault((0, p.detail), []).append((p.positions, uv, p.triangles))
    batches = []
    for (atlas, detail), members in sorted(groups.items()):
        starts = np.cumsum([0] + [len(m[0]) for m in members])
        tris = np.concatenate([m[2] + k for m, k in zip(members, starts[:-1], strict=True)]).astype(np.int32)
        batches.append(
            Batch(np.concatenate([m[0] for m in members]), np.concatenate([m[1] for m in members]), tris, atlas, detail)
        )
    pictures = [_bake_atlas([s for s in slots if s.atlas == i], h, i, lights, seed + i) for i, h in enumerate(heights)]
    return batches, pictures
