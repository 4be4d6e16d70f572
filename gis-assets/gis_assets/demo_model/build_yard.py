"""What makes a plant look lived in: trees, hedges, vehicles, lamps, hydrants, stacked material, sea wall, jetty."""

from __future__ import annotations

from math import cos, pi, radians, sin

import numpy as np

from gis_assets.demo_model.mesh import Chart, Scene, grid_triangles, grid_uv
from gis_assets.demo_model.solids import beams, box, cylinder, dome, pipe, quad, railing, vec
from gis_assets.sites.demo import layout, layout_yard
from gis_assets.sites.demo.shapes import Rect, Vehicle

_CARS = ("white", "silver", "black", "white", "steel_dark", "blue", "white", "red")
_CABS = ("white", "blue", "red", "white", "pipe_green", "white")
_LEAVES = ("leaf_dark", "leaf_mid", "leaf_mid", "leaf_light", "leaf_dry")


def blob(
    scene: Scene, x: float, y: float, z: float, width: float, height: float, seed: int, material: str, sides: int = 12
) -> None:
    """Lumpy crown, the way photogrammetry sees a tree."""
    rows = 8
    rng = np.random.default_rng(seed)
    lam, phi = np.meshgrid(np.linspace(0, 2 * pi, sides + 1), np.linspace(-pi / 2 * 0.9, pi / 2, rows + 1))
    lumps = 1 + 0.22 * rng.standard_normal((rows + 1, sides + 1)).clip(-1.5, 1.5)
    lumps[:, -1] = lumps[:, 0]
    lumps[-1] = lumps[-1, 0]
    n = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], -1)
    p = n * lumps[..., None] * [width / 2, width / 2, height / 2] + vec(x, y, z + height / 2)
    rough = n + 0.5 * rng.standard_normal(n.shape)
    rough /= np.linalg.norm(rough, axis=-1, keepdims=True)
    rough = np.where((rough * n).sum(-1, keepdims=True) > 0.15, rough, n)
    rough[:, -1] = rough[:, 0]
    chart = Chart(pi * width * 0.8, (width + height) * 0.7, material, (0.16, 0.16))
    scene.add(p.reshape(-1, 3), rough.reshape(-1, 3), grid_uv(sides, rows), grid_triangles(sides, rows), chart)


def tree(scene: Scene, x: float, y: float, seed: int, size: float = 1.0) -> None:
    """Trunk and one to three crowns."""
    rng = np.random.default_rng(seed)
    width, height = rng.uniform(2.6, 4.6) * size, rng.uniform(3.2, 5.6) * size
    beams(scene, (x, y, 0), (x, y, height * 0.5), 0.3, "pipe_brown", 1)
    material = _LEAVES[int(rng.integers(len(_LEAVES)))]
    blob(scene, x, y, height * 0.28, width, height * 0.8, seed, material)
    for k in range(int(rng.integers(1, 3))):
        a = rng.uniform(0, 2 * pi)
        blob(
            scene,
            x + width * 0.3 * cos(a),
            y + width * 0.3 * sin(a),
            height * 0.3,
            width * 0.65,
            height * 0.55,
            seed + 50 + k,
            material,
            7,
        )


def _trees(scene: Scene) -> None:
    spots: list[tuple[float, float, float]] = []
    f = layout.FENCE
    for x in np.arange(f.x0 + 6, f.x1 - 4, 7.5):  # belt inside the fence; none by the tank farm in the north (GB 50160)
        if all(abs(x - g.x) > g.width for g in layout.GATES) and not -212 < x < -196 and not 220 < x < 238:
            spots.append((x, f.y0 + 4.2, 1.0))
    for y in np.arange(f.y0 + 10, 20, 7.5):
        spots += [(f.x0 + 4.6, y, 1.0), (f.x1 - 4.6, y, 1.0)]
    for x in np.arange(-372, 372, 9.0):  # avenue of the public road
        spots.append((x, layout.PUBLIC_ROAD_Y - 9.5, 1.25))
        if all(abs(x - g.x) > g.width for g in layout.GATES):
            spots.append((x + 4, layout.PUBLIC_ROAD_Y + 10.5, 1.15))
    for i in range(26):  # garden before the offices
        spots.append((-258 + (i % 13) * 4.9, -158.5 if i < 13 else -130, 0.8))
    for i in range(16):
        spots.append((-138 + i * 8, -106, 0.9))
    for i in range(12):
        spots.append((-270 + i * 9.0, -90.5, 0.9))
        spots.append((-78 + 5.5 * i, -146 + 3 * (i % 2), 0.8))
    rng = np.random.default_rng(11)
    for i, (x, y, s) in enumerate(spots):
        if rng.random() < 0.92:
            tree(scene, x + rng.uniform(-1.0, 1.0), y + rng.uniform(-0.7, 0.7), 1000 + i * 13, s)
    for i in range(70):  # scrub on the waste land outside
        x, y = rng.uniform(304, 372) * (1 if i % 2 else -1), rng.uniform(-235, 215)
        blob(
            scene,
            x,
            y,
            -0.4,
            rng.uniform(1.5, 3.5),
            rng.uniform(1.2, 2.4),
            9000 + i,
            "leaf_dry" if i % 3 else "leaf_mid",
            7,
        )
    for x0, x1, y in ((-256, -162, -155.3), (-130, -86, -143.5), (-64, -26, -149.5), (-142, -14, -175.2)):
        for x in np.arange(x0, x1, 3.4):  # clipped hedges
            box(scene, (x + 1.6, y), 0, (3.1, 1.1, 0.9), 0, "leaf_dark", "leaf_mid", 1, 0.12)


def vehicle(scene: Scene, v: Vehicle) -> None:
    """Tanker, truck, fire engine or car standing on its wheels."""
    c, s = cos(radians(v.heading)), sin(radians(v.heading))

    def at(along: float, across: float = 0.0) -> tuple[float, float]:
        return v.x + c * along - s * across, v.y + s * along + c * across

    def wheels(spots: tuple[float, ...], half: float, d: float) -> None:
        for a in spots:
            for side in (-1, 1):
                p, q = at(a, side * half), at(a, side * (half - 0.35))
                pipe(scene, (*p, d / 2), (*q, d / 2), d, "black", 10, 1, (0.2, 0.1), 0.02)

    if v.kind == "car":
        paint = _CARS[v.colour % len(_CARS)]
        box(scene, at(0), 0.35, (4.4, 1.8, 0.6), v.heading, paint, paint, 0, 0.06)
        box(scene, at(-0.25), 0.95, (2.3, 1.6, 0.5), v.heading, "glass", paint, 0, 0.06)
        wheels((-1.4, 1.4), 0.92, 0.64)
        return
    cab = "red" if v.kind == "fire" else _CABS[v.colour % len(_CABS)]
    length = 8.0 if v.kind == "fire" else 12.0
    front = length / 2
    box(scene, at(front - 1.2), 0.6, (2.3, 2.45, 2.3), v.heading, cab, cab, 0, 0.06, "cab")
    box(scene, at(-1.2), 0.75, (length - 2.6, 1.0, 0.35), v.heading, "black", detail=1, texel=0.2)
    if v.kind == "tanker":
        a, b = at(front - 3.2), at(-front + 0.6)
        pipe(
            scene,
            (*a, 2.15),
            (*b, 2.15),
            2.3,
            "silver" if v.colour % 3 else "white",
            18,
            0,
            (0.08, 0.08),
            0.35,
            "wall",
            {"sign": "易燃" if v.colour % 2 else "危险品", "size": 0.8, "at": 0.25},
        )
        railing(scene, [(*at(front - 4.0, 0.4), 3.3), (*at(-front + 1.4, 0.4), 3.3)], height=0.7)
    elif v.kind == "truck":
        box(
            scene,
            at(-1.4),
            1.1,
            (length - 3.0, 2.5, 2.5),
            v.heading,
            ("white", "blue", "tank_grey", "pipe_green")[v.colour % 4],
            "panel",
            0,
            0.06,
            "wall",
        )
    else:
        box(
            scene,
            at(-1.2),
            1.0,
            (length - 2.8, 2.45, 2.1),
            v.heading,
            "red",
            "silver",
            0,
            0.06,
            "wall",
            {"sign": "消防", "size": 0.9, "ink": (0.9, 0.9, 0.85)},
        )
        beams(scene, (*at(-3.5, 0.5), 3.25), (*at(1.8, 0.5), 3.25), 0.5, "silver", 1, 0.15)
    wheels((front - 1.3, -front + 1.2, -front + 2.6), 1.22, 1.0)


def _lamps(scene: Scene) -> None:
    """Street lamps along the roads and flood-light masts at block corners."""
    spots = []
    for x in np.arange(-270, 280, 30.0):
        for y in layout.ROAD_Y[1:4]:
            if all(abs(x - rx) > 9 for rx in layout.ROAD_X):
                spots.append((x, y - (7.2 if y == -95 else 5.6), 0.0, 1.0))
    for y in np.arange(-195, 205, 30.0):
        for x in layout.ROAD_X[1:4]:
            if all(abs(y - ry) > 9 for ry in layout.ROAD_Y) and not 30 < y < 43:
                spots.append((x - (7.2 if x == 0 else 5.6), y, 1.0, 0.0))
    p = np.array([(x, y, 0.0) for x, y, _, _ in spots])
    arm = np.array([(dx, dy, 0.0) for _, _, dx, dy in spots])
    beams(scene, p, p + vec(0, 0, 8.0), 0.16, "silver", 1)
    beams(scene, p + vec(0, 0, 8.0), p + vec(0, 0, 8.3) + arm * 1.6, 0.1, "silver", 2)
    beams(scene, p + vec(0, 0, 8.3) + arm * 1.3, p + vec(0, 0, 8.3) + arm * 2.1, 0.3, "white", 1, 0.1)
    for key in ("B31", "B32", "B33", "B34", "B41", "B42", "B43", "B24"):
        r = layout.BLOCKS[key].inset(1.2)
        for x, y in r.outline():
            beams(scene, (x, y, 0), (x, y, 10.5), 0.24, "silver", 1)
            box(scene, (x, y), 9.8, (0.5, 0.4, 0.4), 45, "white", detail=1, texel=0.1)
    hydrants = [(x, y) for x in np.arange(-140, 280, 45.0) for y in (29.0, 129.3, 204.2)]
    for x, y in hydrants:
        cylinder(scene, (x, y), 0, 1.1, 0.35, "red", 8, 1)
        dome(scene, (x, y), 1.1, 0.45, 0.2, "red", 8, detail=1)


def _yards(scene: Scene) -> None:
    """Pipe stacks in the lay-down yard, containers, drums on pallets, skips, bicycle shed, sports court."""
    rng = np.random.default_rng(5)
    for k in range(7):
        x, y = -208 + 6.2 * k, -66
        for row in range(3):
            for i in range(4 - row):
                z = 0.25 + row * 0.42
                yy = y + (i - (3 - row) / 2) * 0.52
                pipe(
                    scene,
                    (x - 2.7, yy, z),
                    (x + 2.7, yy, z),
                    0.5,
                    ("rust", "pipe_grey", "pipe_brown")[k % 3],
                    8,
                    1,
                    (0.2, 0.15),
                )
    for k in range(6):
        box(
            scene,
            (-206 + 6.8 * k, -50),
            0.0,
            (6.1, 2.44, 2.6),
            0,
            ("blue", "rust", "panel", "pipe_green", "panel", "red")[k],
            "panel",
            0,
            0.07,
            "wall",
        )
    for k in range(20):
        spot = 62.0 + 2.2 * (k % 10), -108.0 - 2.4 * (k // 10)
        box(
            scene,
            spot,
            0.0,
            (1.5, 1.5, 1.0 + 0.5 * float(rng.integers(0, 2))),
            0,
            ("blue", "white", "pipe_brown")[k % 3],
            "white",
            1,
            0.08,
        )
    for k in range(3):
        box(scene, (140 - 4.5 * k, -168), 0, (3.8, 1.9, 1.4), 0, "rust", "black", 0, 0.08)
    shed = Rect(-191, -153, -166, -149)
    quad(scene, (shed.x0, shed.y0, 2.6), (shed.width, 0, 0), (0, shed.depth, 0.3), "roof_blue", 0)
    quad(scene, (shed.x0, shed.y1, 2.85), (shed.width, 0, 0), (0, -shed.depth, -0.3), "steel_dark", 1)
    feet = np.array(
        [(x, y, 0) for x in np.linspace(shed.x0 + 0.5, shed.x1 - 0.5, 5) for y in (shed.y0 + 0.3, shed.y1 - 0.3)], float
    )
    beams(scene, feet, feet + vec(0, 0, 2.6), 0.15, "steel", 1)
    beams(scene, (-215, -160, 0), (-215, -160, 14), 0.16, "silver", 1)  # flag pole
    quad(scene, (-215, -160, 12.2), (2.6, 0, 0), (0, 0, 1.7), "red", 1)
    quad(scene, (-212.4, -160, 12.2), (-2.6, 0, 0), (0, 0, 1.7), "red", 1)


def _coast(scene: Scene) -> None:
    """Wave wall on the crest, berth with dolphins and a pipe trestle."""
    for x in np.arange(-375, 375, 25.0):
        box(
            scene,
            (x + 12.5, layout.SHORE_Y - 0.4),
            0,
            (25, 0.6, 1.3),
            0,
            "concrete",
            decor="wall",
            texel=0.14,
            args={"dirt": 0.6},
        )
    y0, y1 = layout.SHORE_Y, 300.0
    box(
        scene,
        (-60, (y0 + 4 + y1) / 2),
        -0.6,
        (7, y1 - y0 - 4, 0.8),
        0,
        "concrete",
        "concrete",
        decor="wall",
        texel=0.12,
    )
    piles = np.array([(x, y, -5.0) for x in (-63, -57) for y in np.arange(y0 + 8, y1, 8)])
    beams(scene, piles, piles + vec(0, 0, 4.4), 0.7, "concrete", 0)
    for i, dx in enumerate((-2.6, -2.0, -1.4, 1.6, 2.3)):
        pipe(
            scene,
            (-60 + dx, 208.0, 0.8),
            (-60 + dx, y0 + 3, 0.8),
            0.3,
            ("cladding", "pipe_grey", "pipe_brown")[i % 3],
            8,
            1,
        )
        pipe(
            scene,
            (-60 + dx, y0 + 3, 0.8),
            (-60 + dx, y1, 0.8),
            0.3,
            ("cladding", "pipe_grey", "pipe_brown")[i % 3],
            8,
            1,
        )
    sleepers = np.array([(-63.0, y, 0.45) for y in np.arange(216, y1, 5.0)])
    beams(scene, sleepers, sleepers + vec(6, 0, 0), 0.3, "concrete", 1)
    for side in (-3.4, 3.4):
        railing(scene, [(-60 + side, y0 + 5, 0.2), (-60 + side, y1 - 0.2, 0.2)])


def add_yard(scene: Scene) -> None:
    """Vegetation, vehicles, lamps, yards and coast."""
    for v in layout_yard.VEHICLES:
        vehicle(scene, v)
    _lamps(scene)
    _yards(scene)
    _coast(scene)
    _trees(scene)
