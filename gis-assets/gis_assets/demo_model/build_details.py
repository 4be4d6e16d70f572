"""Small things between the big ones: canopies, planting, skids, monitors, cabinets, a mobile crane, handling gear."""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np

from gis_assets.demo_model.build_yard import tree
from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import beams, box, cylinder, dome, ladder, pipe, railing, vec
from gis_assets.sites.demo import layout


def _canopies(scene: Scene) -> None:
    """Porch and steps at the doors in the south faces."""
    for b in layout.BUILDINGS:
        if b.kind not in ("office", "laboratory", "canteen", "control", "fire_station") or b.rect.width < 14:
            continue
        x, y = b.rect.center[0], b.rect.y0
        box(scene, (x, y - 1.7), 3.1, (7.5, 3.4, 0.35), 0, "render", "bitumen", 0, 0.1, bottom=True)
        feet = np.array([(x + d, y - 3.0, 0.0) for d in (-3.2, 3.2)])
        beams(scene, feet, feet + vec(0, 0, 3.1), 0.4, "render", 0)
        for k in range(3):
            box(scene, (x, y - 1.4 - 0.35 * k), 0, (6.5, 0.36, 0.45 - 0.15 * k), 0, "concrete", detail=1, texel=0.15)


def _planting(scene: Scene) -> None:
    """Beds on the squares and loose groups of trees on the lawns."""
    for x0, y0 in ((-254, -170), (-254, -198), (-215, -198), (-76, -196), (-48, -196), (-28, -196)):
        box(scene, (x0 + 6, y0 + 2), 0, (12, 4, 0.4), 0, "concrete", "leaf_mid", 0, 0.12)
        for k in range(3):
            tree(scene, x0 + 2.5 + 3.5 * k, y0 + 2, 70000 + int(x0 * 31 + y0) + k, 0.7)
    rng = np.random.default_rng(31)
    groves = (
        (-275, -200, -262, -150, 16),
        (-270, -128, -200, -108, 26),
        (-140, -138, -64, -112, 34),
        (-22, -172, -12, -112, 14),
        (-276, 2, -160, 16, 20),
    )
    for x0, y0, x1, y1, n in groves:
        for k in range(n):
            x, y = float(rng.uniform(x0, x1)), float(rng.uniform(y0, y1))
            if min(np.hypot(x - p.x, y - p.y) for p in layout.ASSEMBLY) > 9:
                tree(scene, x, y, 8000 + int(x0 * 7) % 500 + k * 11, float(rng.uniform(0.6, 1.1)))


def _skid(scene: Scene, x: float, y: float, heading: float, seed: int) -> None:
    """Package unit: base, vessels, cabinet, piping, railing."""
    rng = np.random.default_rng(seed)
    c, s = cos(radians(heading)), sin(radians(heading))
    box(scene, (x, y), 0, (6.5, 3.2, 0.3), heading, "concrete", texel=0.15)
    for t in (-1.9, 0.0):
        px, py, h = x + c * t, y + s * t, float(rng.uniform(1.8, 3.4))
        cylinder(scene, (px, py), 0.3, h, 1.3, "tank_white" if rng.random() < 0.5 else "cladding", 16, 0, 0.08, "wall")
        dome(scene, (px, py), h, 1.3, 0.3, "tank_white", 16, 2, spherical=True)
    box(scene, (x + c * 2.2, y + s * 2.2), 0.3, (1.2, 2.0, 2.1), heading, "tank_grey", texel=0.08, decor="wall")
    a, b = (x - c * 2.8 - s * 1.2, y - s * 2.8 + c * 1.2, 1.0), (x + c * 2.0 - s * 1.2, y + s * 2.0 + c * 1.2, 1.0)
    pipe(scene, a, b, 0.2, "pipe_grey", 6, 1)
    posts = np.array([a, b]) * [1, 1, 0]
    beams(scene, posts, posts + vec(0, 0, 1.0), 0.14, "steel", 2)


def _skids(scene: Scene) -> None:
    spots = (
        *((94 - 9 * k, 8.0, 0.0) for k in range(6)),
        *((-132 + 10 * k, 4.0, 0.0) for k in range(4)),
        *((-60 + 10 * k, 8.0, 0.0) for k in range(3)),
        (100, -28, 90),
        (112, -28, 90),
        (124, -28, 90),
        (60, 108, 0),
        (70, 108, 0),
        (82, 108, 0),
        (24, 112, 0),
        (36, 112, 0),
        (-68, 112, 0),
        (-96, 112, 0),
        (-106, 112, 0),
        (250, 74, 0),
        (240, 74, 0),
        (168, 76, 90),
        (198, 76, 90),
        (206, 60, 90),
        (214, 60, 90),
        (238, 150, 0),
        (250, 150, 0),
        (264, 150, 0),
        (190, 146, 0),
        (178, 146, 0),
        (272, -70, 90),
        (272, -30, 90),
        (272, 6, 90),
        (246, 6, 0),
        (186, 6, 0),
        (198, 6, 0),
    )
    for k, (x, y, heading) in enumerate(spots):
        _skid(scene, x, y, heading, 400 + k)


def _monitors(scene: Scene) -> None:
    """Fire monitors and hose cabinets round the tank farms and units."""
    for d in layout.DIKES:
        r = d.rect
        spots = [(x, y) for x in np.linspace(r.x0 + 12, r.x1 - 12, 5) for y in (r.y0 - 2.2, r.y1 + 1.8)]
        for k, (x, y) in enumerate(spots):
            beams(scene, (x, y, 0), (x, y, 1.4), 0.2, "red", 1)
            pipe(scene, (x, y, 1.45), (x + (0.9 if k % 2 else -0.9), y, 1.9), 0.18, "red", 6, 1)
            box(scene, (x + 1.5, y), 0, (0.8, 0.4, 1.0), 0, "red", detail=1, texel=0.1)
    for key in ("B32", "B33", "B34", "B24"):
        r = layout.BLOCKS[key].inset(1.0)
        for x in np.linspace(r.x0 + 8, r.x1 - 8, 6):
            box(scene, (float(x), r.y1), 0, (0.8, 0.5, 1.1), 0, "red", detail=1, texel=0.1)


def _crane(scene: Scene, x: float, y: float, heading: float) -> None:
    """Mobile crane with its boom half up."""
    c, s = cos(radians(heading)), sin(radians(heading))
    box(scene, (x, y), 0.7, (11.0, 2.7, 1.0), heading, "yellow", "yellow", 0, 0.07, "wall")
    box(scene, (x + c * 4.6, y + s * 4.6), 1.7, (1.8, 2.5, 1.3), heading, "yellow", "yellow", 0, 0.06, "cab")
    box(scene, (x - c * 2.0, y - s * 2.0), 1.7, (4.2, 2.6, 1.6), heading, "yellow", "yellow", 0, 0.07, "wall")
    for t in (-4.2, -2.6, 2.2, 4.0):
        for side in (-1, 1):
            p = (x + c * t - s * side * 1.3, y + s * t + c * side * 1.3)
            q = (x + c * t - s * side * 0.9, y + s * t + c * side * 0.9)
            pipe(scene, (*p, 0.65), (*q, 0.65), 1.3, "black", 12, 1, (0.2, 0.1), 0.02)
    for t in (-5.0, 5.0):  # outriggers
        a, b = (x + c * t - s * 3, y + s * t + c * 3, 0.9), (x + c * t + s * 3, y + s * t - c * 3, 0.9)
        beams(scene, a, b, 0.4, "yellow", 0)
        for e in (a, b):
            beams(scene, e, (e[0], e[1], 0), 0.3, "steel", 1)
    foot = np.array([x - c * 2.5, y - s * 2.5, 3.2])
    tip = foot + np.array([c * 15, s * 15, 20.0])
    beams(scene, foot, tip, 0.9, "yellow", 0)
    beams(scene, tip, tip - vec(0, 0, 9), 0.08, "black", 1)
    box(
        scene,
        (float(tip[0]), float(tip[1])),
        float(tip[2]) - 9.8,
        (0.5, 0.5, 0.8),
        0,
        "yellow",
        detail=1,
        texel=0.1,
        bottom=True,
    )


def _scaffold(scene: Scene, x: float, y: float, w: float, d: float, h: float) -> None:
    """Scaffold of tubes with boards, as during maintenance."""
    xs, ys, zs = np.arange(0, w + 0.1, 1.8) + x, np.arange(0, d + 0.1, 1.5) + y, np.arange(2.0, h + 0.1, 2.0)
    feet = np.array([(a, b, 0.0) for a in xs for b in ys])
    beams(scene, feet, feet + vec(0, 0, h + 1.0), 0.08, "silver", 1)
    for z in zs:
        beams(scene, [(xs[0], b, z) for b in ys], [(xs[-1], b, z) for b in ys], 0.07, "silver", 2)
        beams(scene, [(a, ys[0], z) for a in xs], [(a, ys[-1], z) for a in xs], 0.07, "silver", 2)
        box(
            scene,
            (float(xs.mean()), float(ys.mean())),
            float(z),
            (float(np.ptp(xs)), float(np.ptp(ys)), 0.06),
            0,
            "pipe_brown",
            detail=1,
            texel=0.15,
            bottom=True,
        )


def _gear(scene: Scene) -> None:
    _crane(scene, -96, 66, 20)
    _crane(scene, 238, -108, 200)
    _scaffold(scene, -137, 64.2, 9, 3, 12)
    _scaffold(scene, 104, 62, 9, 3, 8)
    for k in range(9):  # tote tanks and gas cylinder racks by the stores
        box(scene, (14.5, -140 + 2.2 * k), 0.15, (1.2, 1.2, 1.2), 0, "white", "tank_grey", 1, 0.08, bottom=True)
        beams(scene, (14.5, -140 + 2.2 * k, 0), (14.5, -140 + 2.2 * k, 0.16), 0.9, "pipe_brown", 2)
    for k in range(14):
        cylinder(scene, (100 + 0.5 * k, -170.5), 0, 1.5, 0.32, "blue" if k % 3 else "pipe_green", 8, 1)
        dome(scene, (100 + 0.5 * k, -170.5), 1.5, 0.32, 0.15, "silver", 8, detail=1)
    for x, y in ((-22.0, -104.0), (139.0, -88.0)):  # notice boards
        beams(scene, [(x - 1.4, y, 0), (x + 1.4, y, 0)], [(x - 1.4, y, 2.4), (x + 1.4, y, 2.4)], 0.12, "silver", 1)
        box(
            scene,
            (x, y),
            1.0,
            (2.9, 0.08, 1.4),
            0,
            "white",
            detail=1,
            decor="wall",
            args={"sign": "安全生产", "size": 0.5},
        )
    # wind socks on two roofs' masts
    for x, y, z in ((-229, -143, 15.9), (-108, -159, 12.6)):
        beams(scene, (x, y, z), (x, y, z + 4.5), 0.1, "silver", 1)
        pipe(scene, (x, y, z + 4.3), (x + 2.0, y + 1.2, z + 4.0), 0.5, "red", 8, 1)


def _boiler(scene: Scene) -> None:
    """Ducts, precipitator, coal-free gas skid and outside stairs of the boiler house."""
    b = next(b for b in layout.BUILDINGS if b.code == "BD-09").rect
    box(scene, (b.x1 + 5, b.y0 + 4), 5.0, (6, 7, 7), 0, "steel", "steel", 0, 0.08, "wall", bottom=True)
    feet = np.array([(b.x1 + 5 + dx, b.y0 + 4 + dy, 0.0) for dx in (-2.6, 2.6) for dy in (-3, 3)])
    beams(scene, feet, feet + vec(0, 0, 5), 0.35, "steel", 0)
    for k in range(3):
        cylinder(scene, (b.x0 + 8 + 10 * k, b.y1 - 5), 21.1, 26.5, 1.2, "cladding", 14, 0, decor="wall")
        dome(scene, (b.x0 + 8 + 10 * k, b.y1 - 5), 26.5, 1.7, 0.5, "steel", 14)
    ladder(scene, b.x0 - 0.3, b.y0 + 5, 0, 23, 180)
    for z in (7.0, 14.0):
        box(scene, (b.center[0], b.y0 - 0.7), z, (b.width - 4, 1.3, 0.1), 0, "steel", "grating", 1, 0.12, bottom=True)
        railing(scene, [(b.x0 + 2, b.y0 - 1.3, z + 0.1), (b.x1 - 2, b.y0 - 1.3, z + 0.1)])
    for k in range(6):
        a = 2 * pi * k / 6
        pipe(
            scene,
            (-92 + 5.2 * cos(a), -29 + 5.2 * sin(a), 0),
            (-92 + 5.2 * cos(a), -29 + 5.2 * sin(a), 0.9),
            0.2,
            "pipe_green",
            6,
            2,
        )


def add_details(scene: Scene) -> None:
    """All small things."""
    _canopies(scene)
    _planting(scene)
    _skids(scene)
    _monitors(scene)
    _gear(scene)
    _boiler(scene)
