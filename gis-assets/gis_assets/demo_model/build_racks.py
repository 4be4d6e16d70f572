"""Pipe racks: posts, decks, pipes, cable trays, and the air coolers on top of the unit racks."""

from __future__ import annotations

from math import pi

import numpy as np
from numpy.typing import NDArray

from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import beams, box, cylinder, dome, pipe, railing, vec
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.shapes import Rack

F64 = NDArray[np.float64]

_PIPES = (
    "cladding",
    "pipe_grey",
    "cladding",
    "silver",
    "pipe_brown",
    "cladding",
    "pipe_white",
    "pipe_green",
    "cladding",
    "pipe_yellow",
    "pipe_grey",
    "pipe_red",
)


def add_rack(scene: Scene, k: Rack) -> None:
    a, b = np.array([*k.start, 0.0]), np.array([*k.end, 0.0])
    length = float(np.linalg.norm(b - a))
    axis = (b - a) / length
    side = np.array([-axis[1], axis[0], 0.0])
    n = max(2, round(length / k.bay))
    t = np.arange(n + 1)[:, None] / n
    line = a + (b - a) * t
    top = k.levels[-1]
    road = _over_road(line)
    for sgn in (-1, 1):
        foot = line[~road] + side * sgn * k.width / 2
        beams(scene, foot, foot + vec(0, 0, top), 0.36, "steel", 0)
        for z in k.levels:
            for lo in range(0, n, 8):
                hi = min(n, lo + 8)
                beams(
                    scene,
                    line[lo] + side * sgn * k.width / 2 + vec(0, 0, z - 0.2),
                    line[hi] + side * sgn * k.width / 2 + vec(0, 0, z - 0.2),
                    0.24,
                    "steel",
                    0,
                    0.34,
                )
        braced = np.flatnonzero(~road[:-1] & ~road[1:])[::4]
        f0, f1 = (
            line[braced] + side * sgn * k.width / 2,
            line[braced + 1] + side * sgn * k.width / 2 + [0, 0, k.levels[0] - 0.3],
        )
        if len(f0):
            beams(scene, f0, f1, 0.14, "steel", 1)
    for z in k.levels:
        p = line + vec(0, 0, z - 0.2)
        beams(scene, p - side * k.width / 2, p + side * k.width / 2, 0.28, "steel", 0, 0.34)
    rng = np.random.default_rng(int(abs(a[0] * 3 + a[1] * 7)) + k.pipes)
    for level, z in enumerate(k.levels[: 3 if not k.coolers else len(k.levels) - 1]):
        _rack_pipes(scene, k, a, axis, side, length, z, level, rng)
    if k.coolers:
        _air_coolers(scene, k, a, axis, side, length, top)


def _over_road(
    line: F64,
) -> NDArray[np.bool_]:
    """Which points stand in a carriageway: no post may."""
    x, y = line[:, 0], line[:, 1]
    out = np.zeros(len(line), bool)
    for r in layout.ROADS:
        (x0, y0), (x1, y1) = r.points
        pad = r.width / 2 + 0.6
        out |= (x > min(x0, x1) - pad) & (x < max(x0, x1) + pad) & (y > min(y0, y1) - pad) & (y < max(y0, y1) + pad)
    return out


def _rack_pipes(
    scene: Scene,
    k: Rack,
    a: F64,
    axis: F64,
    side: F64,
    length: float,
    z: float,
    level: int,
    rng: np.random.Generator,
) -> None:
    if level == len(k.levels) - 1 and k.width > 4 and not k.coolers:  # cable tray takes a lane of the upper deck
        tray = a + side * (k.width / 2 - 0.6) + vec(0, 0, z + 0.1)
        for lo in np.arange(0, length, 24.0):
            hi = min(length, lo + 24.0)
            m = tray + axis * (lo + hi) / 2
            box(
                scene,
                (float(m[0]), float(m[1])),
                float(m[2]),
                (hi - lo, 0.7, 0.12),
                float(np.degrees(np.arctan2(axis[1], axis[0]))),
                "silver",
                detail=1,
                texel=0.2,
            )
    at = -k.width / 2 + 0.35
    for _ in range(k.pipes):
        d = float(rng.choice([0.12, 0.2, 0.25, 0.35, 0.45, 0.6], p=[0.12, 0.2, 0.25, 0.2, 0.15, 0.08]))
        if at + d > k.width / 2 - (1.1 if level else 0.3):
            break
        material = _PIPES[int(rng.integers(len(_PIPES)))]
        o = a + side * (at + d / 2) + vec(0, 0, z + d / 2)
        lo_all, hi_all = (
            (0.0, length)
            if rng.random() < 0.75
            else (length * float(rng.uniform(0, 0.4)), length * float(rng.uniform(0.6, 1)))
        )
        for lo in np.arange(lo_all, hi_all, 24.0):
            hi = min(hi_all, lo + 24.0)
            p, q = o + axis * lo, o + axis * hi
            pipe(
                scene,
                (p[0], p[1], p[2]),
                (q[0], q[1], q[2]),
                d,
                material,
                8 if d > 0.2 else 6,
                0 if d > 0.3 else 1,
                (0.25, max(0.08, d / 4)),
            )
        at += d + float(rng.uniform(0.12, 0.35))


def _air_coolers(
    scene: Scene,
    k: Rack,
    a: F64,
    axis: F64,
    side: F64,
    length: float,
    z: float,
) -> None:
    """Forced-draught air coolers on the top deck: two fans a bay, walkways along both edges."""
    heading = float(np.degrees(np.arctan2(axis[1], axis[0])))
    step = length / k.coolers
    for i in range(k.coolers):
        m = a + axis * step * (i + 0.5)
        box(
            scene,
            (float(m[0]), float(m[1])),
            z + 1.6,
            (step - 0.5, k.width + 1.4, 0.9),
            heading,
            "cladding",
            "steel",
            0,
            0.08,
            bottom=True,
        )
        legs = np.array(
            [
                m + axis * sx * (step / 2 - 0.5) + side * sy * k.width / 2 + vec(0, 0, z)
                for sx in (-1, 1)
                for sy in (-1, 1)
            ]
        )
        beams(scene, legs, legs + vec(0, 0, 1.6), 0.22, "steel", 0)
        for t in (-1, 1):
            c = m + side * t * (k.width + 1.4) / 4
            cylinder(scene, (float(c[0]), float(c[1])), z + 2.5, z + 3.1, 3.4, "tank_grey", 24, 0, 0.12)
            cylinder(scene, (float(c[0]), float(c[1])), z + 2.55, z + 3.1, 3.3, "steel_dark", 24, 1, 0.2, inside=True)
            dome(scene, (float(c[0]), float(c[1])), z + 2.55, 3.3, 0, "black", 24, texel=0.15)
            angles = np.arange(4) * pi / 2 + 0.3 * i
            tips = np.stack([c[0] + 1.55 * np.cos(angles), c[1] + 1.55 * np.sin(angles), np.full(4, z + 2.85)], 1)
            beams(scene, np.repeat([[c[0], c[1], z + 2.85]], 4, 0), tips, 0.36, "silver", 1, 0.06)
    for sgn in (-1, 1):
        edge = side * sgn * (k.width / 2 + 1.25)
        for lo in np.arange(0, length, 24.0):
            hi = min(length, lo + 24.0)
            m = a + axis * (lo + hi) / 2 + edge
            box(
                scene,
                (float(m[0]), float(m[1])),
                z + 1.5,
                (hi - lo, 0.9, 0.08),
                heading,
                "steel",
                "grating",
                1,
                0.12,
                bottom=True,
            )
        p, q = (
            a + edge + side * sgn * 0.4 + vec(0, 0, z + 1.58),
            a + axis * length + edge + side * sgn * 0.4 + vec(0, 0, z + 1.58),
        )
        railing(scene, [(p[0], p[1], p[2]), (q[0], q[1], q[2])])
