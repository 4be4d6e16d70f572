"""Storage tanks, spheres and bullets with roofs, stairways, railings, dikes."""

from __future__ import annotations

from math import cos, pi, sin

import numpy as np

from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import P3, ball, beams, box, cylinder, dome, ladder, pipe, railing, vec
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.shapes import CIRCLE_SIDES, Dike, Tank

_BANDS = {"苯": (0.42, 0.36, 0.16), "甲苯": (0.42, 0.36, 0.16), "消防水": (0.55, 0.18, 0.15)}


def _round_path(
    x: float, y: float, radius: float, z: float, sides: int, start: float = 0.0, span: float = 2 * pi
) -> list[P3]:
    n = sides if span >= 2 * pi else sides + 1
    return [
        (x + radius * cos(start + span * i / sides), y + radius * sin(start + span * i / sides), z) for i in range(n)
    ]


def spiral_stair(
    scene: Scene, x: float, y: float, radius: float, z0: float, z1: float, start: float, width: float = 0.8
) -> None:
    """Stairway winding up a shell with treads, outer rail and stringers."""
    count = max(6, round((z1 - z0) / 0.28))
    span = (z1 - z0) * 1.15 / radius
    a = start + span * np.arange(count + 1) / count
    z = z0 + (z1 - z0) * np.arange(count + 1) / count
    inner = np.stack([x + (radius + 0.08) * np.cos(a), y + (radius + 0.08) * np.sin(a), z], 1)
    outer = np.stack([x + (radius + 0.08 + width) * np.cos(a), y + (radius + 0.08 + width) * np.sin(a), z], 1)
    beams(scene, inner, outer, 0.26, "grating", 1, 0.05)
    coarse = outer[::3] if count % 3 == 0 else np.concatenate([outer[::3], outer[-1:]])
    beams(scene, coarse[:-1], coarse[1:], 0.06, "steel", 1, 0.22)
    railing(scene, [(float(p[0]), float(p[1]), float(p[2])) for p in coarse], gap=1.4)


def _upright(scene: Scene, t: Tank) -> None:
    r = t.diameter / 2
    material = "tank_grey" if t.kind == "floating_roof" else "tank_old" if t.code[2] in "36" else "tank_white"
    args = {
        "code": t.code,
        "medium": t.medium,
        "age": 1.3 if material == "tank_old" else 0.8,
        "band": _BANDS.get(t.medium),
    }
    if t.kind == "floating_roof":
        args["at"] = 0.45
    cylinder(scene, (t.x, t.y), 0, 0.35, t.diameter + 1.2, "concrete", CIRCLE_SIDES)
    dome(scene, (t.x, t.y), 0.35, t.diameter + 1.2, 0, "concrete", CIRCLE_SIDES, texel=0.2)
    cylinder(
        scene,
        (t.x, t.y),
        0.35,
        t.height,
        t.diameter,
        material,
        CIRCLE_SIDES,
        texel=0.065,
        decor="tank_shell",
        args=args,
    )
    rim = _round_path(t.x, t.y, r - 0.1, t.height, CIRCLE_SIDES)
    if t.kind == "floating_roof":
        deck = t.height - 4.2 - 2.5 * (ord(t.code[-1]) % 3)
        cylinder(
            scene,
            (t.x, t.y),
            deck,
            t.height,
            t.diameter - 0.1,
            material,
            CIRCLE_SIDES,
            texel=0.12,
            inside=True,
            decor="wall",
        )
        cylinder(scene, (t.x, t.y), deck + 0.5, deck + 0.9, t.diameter - 0.9, "black", CIRCLE_SIDES, 1, 0.2)
        dome(
            scene,
            (t.x, t.y),
            deck + 0.5,
            t.diameter - 0.1,
            0,
            "roof_float",
            CIRCLE_SIDES,
            3,
            decor="tank_roof",
            args={"plates": 16, "stains": 14},
        )
        for i in range(12):
            a = 2 * pi * i / 12
            cylinder(
                scene, (t.x + 0.62 * r * cos(a), t.y + 0.62 * r * sin(a)), deck + 0.5, deck + 1.1, 0.5, "steel", 6, 2
            )
        start, end = (t.x - r + 1.0, t.y, t.height), (t.x + 0.35 * r, t.y, deck + 0.7)
        for side in (-0.45, 0.45):  # rolling ladder
            beams(scene, (start[0], start[1] + side, start[2]), (end[0], end[1] + side, end[2]), 0.14, "steel", 1)
        steps = np.linspace(0, 1, 24)[:, None] * (np.array(end) - np.array(start)) + np.array(start)
        beams(scene, steps + vec(0, -0.45, 0), steps + vec(0, 0.45, 0), 0.2, "grating", 2, 0.04)
        for z in (t.height - 0.9, t.height - 4.0):  # wind girders
            cylinder(scene, (t.x, t.y), z, z + 0.12, t.diameter + 1.3, "steel", CIRCLE_SIDES, 0, 0.3)
            _ring_deck(scene, t.x, t.y, r, r + 0.65, z + 0.12)
        railing(scene, _round_path(t.x, t.y, r + 0.6, t.height - 0.78, CIRCLE_SIDES), True)
    else:
        roof = "tank_white" if material == "tank_white" else "tank_old"
        dome(
            scene,
            (t.x, t.y),
            t.height,
            t.diameter,
            t.diameter / 12,
            roof,
            CIRCLE_SIDES,
            4,
            texel=0.08,
            decor="tank_roof",
            args={"plates": 24},
            spherical=True,
        )
        railing(scene, rim, True)
        top = t.height + t.diameter / 12 - 0.15
        for i in range(4):  # vents, hatches, gauges
            a, rr = 0.6 + 1.7 * i, 0.15 + 0.2 * i
            z = t.height + (t.diameter / 12) * (1 - rr**2) - 0.1
            cylinder(scene, (t.x + r * rr * cos(a), t.y + r * rr * sin(a)), z, z + 0.9, 0.7, "steel", 8, 1)
            dome(scene, (t.x + r * rr * cos(a), t.y + r * rr * sin(a)), z + 0.9, 1.0, 0.25, "steel", 8, detail=1)
        for side in (-0.5, 0.5):  # walkway over the roof with handrails
            railing(
                scene,
                [
                    (t.x + side, t.y, top),
                    (t.x + side, t.y - r * 0.5, t.height + t.diameter / 16),
                    (t.x + side, t.y - r + 0.2, t.height),
                ],
            )
    spiral_stair(scene, t.x, t.y, r + 0.02, 0.2, t.height, -0.35 - t.height * 1.15 / r)
    if t.volume >= 1000:
        _nozzles(scene, t, r)


_LANES = {"T-1": 138.0, "T-3": 36.0, "T-4": 138.0}  # northing of the rack that the tanks of a farm are piped to


def drop_to_rack(scene: Scene, x: float, y: float, z: float, rack_y: float, d: float, material: str) -> None:
    """Pipe at grade from (x, y) to a rack south of it, then up to its lower deck."""
    for lo in np.arange(rack_y, y, 24.0):
        pipe(scene, (x, min(y, float(lo) + 24), z), (x, float(lo), z), d, material, 8, 1)
    pipe(scene, (x, rack_y, z - d / 2), (x, rack_y, 5.7), d, material, 8, 1)
    sleepers = np.array([(x - 0.3, v, z - d / 2 - 0.12) for v in np.arange(rack_y + 1, y, 5.0)])
    beams(scene, sleepers, sleepers + vec(0.6, 0, 0), 0.2, "steel", 2)
    beams(scene, sleepers + vec(0.3, 0, 0), sleepers * [1, 1, 0] + vec(0.3, 0, 0), 0.16, "concrete", 1)


def _ring_deck(scene: Scene, x: float, y: float, r0: float, r1: float, z: float) -> None:
    a = 2 * pi * np.arange(CIRCLE_SIDES) / CIRCLE_SIDES
    inner = np.stack([x + r0 * np.cos(a), y + r0 * np.sin(a), np.full_like(a, z)], 1)
    outer = np.stack([x + r1 * np.cos(a), y + r1 * np.sin(a), np.full_like(a, z)], 1)
    p = np.concatenate([inner, outer]).astype(np.float32)
    i = np.arange(CIRCLE_SIDES)
    j = (i + 1) % CIRCLE_SIDES
    n = CIRCLE_SIDES
    tris = np.concatenate([np.stack([i, n + i, n + j], 1), np.stack([i, n + j, j], 1)]).astype(np.int32)
    up = np.tile(np.array([[0, 0, 1]], np.float32), (2 * n, 1))
    scene.add_swatch(p, up, tris, "grating", 1)


def _nozzles(scene: Scene, t: Tank, r: float) -> None:
    """Suction and filling lines with valves, foam risers, cooling-water ring."""
    lane = _LANES.get(t.code[:3])
    for i, dy in enumerate((-1.6, 0.0, 1.6)):
        z, d, m = 0.9 + 0.1 * i, 0.4 - 0.08 * i, ("pipe_grey", "cladding", "pipe_brown")[i]
        if lane is None:
            pipe(scene, (t.x + r - 0.05, t.y + dy, z), (t.x + r + 3.6, t.y + dy, z), d, m, 8, 1)
            pipe(scene, (t.x + r + 3.6, t.y + dy, z + d / 2), (t.x + r + 3.6, t.y + dy, -0.1), d, m, 8, 1)
        else:  # along the dike floor on sleepers, through the wall, up to the rack
            x = t.x + r + 3.2 + 0.42 * i + (1.3 if t.code[2] in "34" and int(t.code[-1]) > 4 else 0)
            pipe(scene, (t.x + r - 0.05, t.y + dy, z), (x, t.y + dy, z), d, m, 8, 1)
            drop_to_rack(scene, x, t.y + dy, z, lane + 1.5 - 0.7 * i, d, m)
        box(scene, (t.x + r + 1.2, t.y + dy), z - 0.35, (0.5, 0.5, 1.1), 0, "red" if i == 0 else "blue", detail=1)
        beams(scene, (t.x + r + 2.6, t.y + dy, 0), (t.x + r + 2.6, t.y + dy, z), 0.2, "concrete", 1)
    for k in range(3):  # foam risers
        a = 0.9 + 2.1 * k
        x, y = t.x + (r + 0.2) * cos(a), t.y + (r + 0.2) * sin(a)
        pipe(scene, (x, y, 0), (x, y, t.height - 0.5), 0.16, "pipe_red", 6, 2)
    ring = _round_path(t.x, t.y, r + 0.3, t.height - 1.1, 24)
    beams(scene, ring, ring[1:] + ring[:1], 0.12, "pipe_red", 2)


def _sphere(scene: Scene, t: Tank) -> None:
    r = t.diameter / 2
    cz = t.height - r
    args = {"code": t.code, "medium": t.medium, "faces": (0.13, 0.6, 0.88), "age": 0.7}
    ball(scene, (t.x, t.y, cz), t.diameter, "tank_white", CIRCLE_SIDES, "tank_shell", args)
    legs = _round_path(t.x, t.y, r - 0.05, 0, 10, 0.31)
    for x, y, _ in legs:
        cylinder(scene, (x, y), 0, 0.9, 1.1, "concrete", 8)
        cylinder(scene, (x, y), 0.9, cz + 0.6, 0.62, "tank_white", 10, 0, 0.1, "wall")
    low, high = np.array(legs) + vec(0, 0, 1.2), np.array(legs) + vec(0, 0, cz - 1.5)
    nxt = np.roll(np.arange(10), -1)
    beams(scene, low, high[nxt], 0.16, "tank_white", 1)
    beams(scene, low[nxt], high, 0.16, "tank_white", 1)
    box(scene, (t.x, t.y), t.height - 0.05, (3.4, 3.4, 0.12), 0, "steel", "grating", 0, 0.1, bottom=True)
    top = t.height + 0.07
    railing(
        scene,
        [
            (t.x - 1.7, t.y - 1.7, top),
            (t.x + 1.7, t.y - 1.7, top),
            (t.x + 1.7, t.y + 1.7, top),
            (t.x - 1.7, t.y + 1.7, top),
        ],
        True,
    )
    for dx in (-0.9, 0.9):
        cylinder(scene, (t.x + dx, t.y + 0.6), top, top + 1.5, 0.35, "pipe_yellow", 8, 1)
    # stair: winding round the ball at its equator then over the shoulder
    spiral_stair(scene, t.x, t.y, r + 0.1, 0.2, cz, 0.6)
    shoulder = [pi / 2 * k / 8 for k in range(9)]
    a0 = 0.6 + cz * 1.15 / (r + 0.1)
    path = [
        (t.x + (r + 0.25) * cos(p) * cos(a0), t.y + (r + 0.25) * cos(p) * sin(a0), cz + (r + 0.2) * sin(p))
        for p in shoulder
    ]
    arr = np.array(path)
    beams(scene, arr[:-1], arr[1:], 0.8, "grating", 1, 0.08)
    railing(scene, path)
    pipe(scene, (t.x, t.y, cz - r + 0.1), (t.x, t.y, 1.2), 0.4, "cladding", 8, 1)
    out = t.x + r + 3.0 + (0.9 if t.y > 170 else 0)
    pipe(scene, (t.x, t.y, 1.2), (out, t.y, 1.2), 0.4, "cladding", 8, 1)
    drop_to_rack(scene, out, t.y, 1.2, 138.4, 0.4, "cladding")
    for dy in (-2.2, 2.2):
        box(scene, (t.x + r + 1.0, t.y + dy), 0, (1.2, 0.8, 1.5), 0, "red", detail=1, texel=0.08)
    for z in (cz + r * 0.72, cz + r * 0.3):  # spray rings
        rr = (r * r - (z - cz) ** 2) ** 0.5 + 0.35
        ring = _round_path(t.x, t.y, rr, z, 32)
        beams(scene, ring, ring[1:] + ring[:1], 0.14, "pipe_red", 1)


def _bullet(scene: Scene, t: Tank) -> None:
    z = t.height - t.diameter / 2
    half = t.length / 2 - 0.55
    pipe(
        scene,
        (t.x - half, t.y, z),
        (t.x + half, t.y, z),
        t.diameter,
        "tank_white",
        24,
        0,
        (0.1, 0.1),
        0.55,
        "wall",
        {"sign": t.code, "at": 0.25},
    )
    for dx in (-half * 0.6, half * 0.6):
        box(scene, (t.x + dx, t.y), 0, (0.7, t.diameter * 0.9, z - 0.6), 0, "concrete", texel=0.15)
    pipe(scene, (t.x, t.y, t.height), (t.x, t.y, t.height + 0.9), 0.3, "pipe_grey", 8, 1)
    ladder(scene, t.x + half * 0.6 + 0.5, t.y - t.diameter / 2 - 0.1, 0, t.height, 270)


def _dike(scene: Scene, d: Dike) -> None:
    r, thick = d.rect, 0.35
    walls = [((r.x0 + r.x1) / 2, r.y0, r.width, thick), ((r.x0 + r.x1) / 2, r.y1, r.width, thick)]
    walls += [(x, (r.y0 + r.y1) / 2, thick, r.depth - thick) for x in (r.x0, r.x1)]
    inner = [(x, (r.y0 + r.y1) / 2, thick, r.depth - thick) for x in d.split_x]
    for i, (x, y, lx, ly) in enumerate([*walls, *inner]):
        high = d.height if i < 4 else d.height * 0.6
        along = max(lx, ly)
        pieces = max(1, round(along / 30))
        for k in range(pieces):
            shift = (k + 0.5) / pieces - 0.5
            px, py = (x + shift * lx, y) if lx > ly else (x, y + shift * ly)
            size = (lx / pieces, ly, high) if lx > ly else (lx, ly / pieces, high)
            box(scene, (px, py), 0, size, 0, "concrete", decor="wall", texel=0.15)
    for x in ((r.x0 + r.x1) / 2 - 8, (r.x0 + r.x1) / 2 + 20):  # steps over the wall
        for side in (-1, 1):
            for k in range(5):
                box(
                    scene,
                    (x, r.y0 + side * (0.4 + 0.3 * k)),
                    0,
                    (1.2, 0.32, d.height * (1 - k / 5.5)),
                    0,
                    "concrete_dark",
                    detail=1,
                    texel=0.3,
                )


def add_tanks(scene: Scene) -> None:
    """All tanks of the layout and their dikes."""
    for t in layout.TANKS:
        {"sphere": _sphere, "vessel": _bullet}.get(t.kind, _upright)(scene, t)
    for d in layout.DIKES:
        _dike(scene, d)
