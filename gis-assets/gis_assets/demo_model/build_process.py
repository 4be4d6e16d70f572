"""Process equipment: columns, reactors, exchangers, drums, pumps, heaters, steel structures, flare."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from gis_assets.demo_model.build_racks import add_rack
from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import beams, box, cylinder, dome, ladder, pipe, polygon, quad, railing, vec
from gis_assets.sites.demo import layout, layout_process
from gis_assets.sites.demo.shapes import Column, Drum, Frame, Furnace, Pump


def _ring_platform(scene: Scene, c: Column, z: float, start: float, span: float, out: float = 1.3) -> None:
    """Sector platform of grating round a vessel with brackets and railing; angles in radians."""
    r0, r1 = c.diameter / 2 + 0.08, c.diameter / 2 + out
    n = max(4, round(span / 0.4))
    a = start + span * np.arange(n + 1) / n
    ci, si = np.cos(a), np.sin(a)
    inner = np.stack([c.x + r0 * ci, c.y + r0 * si, np.full(n + 1, z)], 1)
    outer = np.stack([c.x + r1 * ci, c.y + r1 * si, np.full(n + 1, z)], 1)
    p = np.concatenate([inner, outer])
    i = np.arange(n)
    tris = np.concatenate([np.stack([i, n + 1 + i, n + 2 + i], 1), np.stack([i, n + 2 + i, i + 1], 1)]).astype(np.int32)
    up = np.tile(np.array([[0, 0, 1]], np.float32), (len(p), 1))
    scene.add_swatch(p.astype(np.float32), up, tris, "grating", 0)
    scene.add_swatch((p - vec(0, 0, 0.12)).astype(np.float32), -up, tris, "grating", 1)
    beams(scene, outer[:-1] - vec(0, 0, 0.06), outer[1:] - vec(0, 0, 0.06), 0.05, "yellow", 1, 0.16)
    beams(scene, inner[::2] - vec(0, 0, 1.2), outer[::2] - vec(0, 0, 0.1), 0.1, "steel", 2)
    railing(scene, [(float(q[0]), float(q[1]), z) for q in outer], gap=1.4)


def _column(scene: Scene, c: Column, bearing: float) -> None:
    if c.kind == "coldbox":
        box(
            scene,
            (c.x, c.y),
            0,
            (7, 5.5, c.height),
            0,
            "panel",
            "panel",
            decor="wall",
            args={"sign": "CB-301", "at": 0.12, "size": 1.6},
        )
        for z in (10.0, 20.0, c.height):
            ring = [
                (c.x - 4.3, c.y - 3.6, z),
                (c.x + 4.3, c.y - 3.6, z),
                (c.x + 4.3, c.y + 3.6, z),
                (c.x - 4.3, c.y + 3.6, z),
            ]
            railing(scene, ring, True)
            if z < c.height:
                box(scene, (c.x, c.y - 3.2), z - 0.15, (8.6, 0.9, 0.15), 0, "steel", "grating", 1, bottom=True)
        ladder(scene, c.x + 3.8, c.y, 0, c.height, 0)
        return
    material = {"reactor": "silver", "drum": "tank_white"}.get(c.kind, "cladding")
    skirt = min(3.5, c.height * 0.18)
    cylinder(scene, (c.x, c.y), 0, 0.5, c.diameter + 0.9, "concrete", 16)
    dome(scene, (c.x, c.y), 0.5, c.diameter + 0.9, 0, "concrete", 16, texel=0.2)
    cylinder(scene, (c.x, c.y), 0.5, skirt, c.diameter * 1.02, "render", 24, decor="wall")
    top = c.height - c.diameter * 0.25
    args = {"code": c.code, "at": 0.35}
    if c.kind == "column" and c.height > 40:  # swaged upper section
        mid = c.height * 0.72
        cylinder(scene, (c.x, c.y), skirt, mid, c.diameter, material, 28, 0, 0.07, "vessel", args)
        cylinder(scene, (c.x, c.y), mid, mid + 1.0, c.diameter, material, 28, top_diameter=c.diameter * 0.86)
        cylinder(scene, (c.x, c.y), mid + 1.0, top, c.diameter * 0.86, material, 28, 0, 0.07, "vessel")
        dome(scene, (c.x, c.y), top, c.diameter * 0.86, c.diameter * 0.25, material, 28, 3, spherical=True)
    else:
        cylinder(scene, (c.x, c.y), skirt, top, c.diameter, material, 28, 0, 0.07, "vessel", args)
        dome(scene, (c.x, c.y), top, c.diameter, c.diameter * 0.25, material, 28, 3, spherical=True)
    cylinder(scene, (c.x, c.y), c.height - 0.1, c.height + 0.9, 0.5, "pipe_grey", 8, 1)
    z0 = 0.3
    for k, z in enumerate(c.platforms):
        start = radians(bearing) - 1.3 + (0.5 if k % 2 else -0.2)
        _ring_platform(scene, c, z, start, 2.7 if z < c.height - 4 else 2 * pi * 0.97)
        a = radians(bearing) + (0.55 if k % 2 else -0.55)
        ladder(
            scene,
            c.x + (c.diameter / 2 + 0.35) * cos(a),
            c.y + (c.diameter / 2 + 0.35) * sin(a),
            z0,
            z + 1.0,
            np.degrees(a),
        )
        z0 = z
    if c.kind == "column":  # overhead line down one side, reflux line, reboiler return
        a = radians(bearing + 160)
        x, y = c.x + (c.diameter / 2 + 0.5) * cos(a), c.y + (c.diameter / 2 + 0.5) * sin(a)
        pipe(scene, (c.x, c.y, c.height + 0.8), (x, y, c.height + 0.8), 0.5, "cladding", 8, 1)
        pipe(scene, (x, y, c.height + 0.8), (x, y, 4.0), 0.5, "cladding", 10, 0)
        for k, (da, d, m) in enumerate(((185, 0.22, "pipe_grey"), (140, 0.28, "cladding"), (205, 0.15, "pipe_red"))):
            b = radians(bearing + da)
            x, y = c.x + (c.diameter / 2 + 0.35) * cos(b), c.y + (c.diameter / 2 + 0.35) * sin(b)
            pipe(scene, (x, y, 0.5), (x, y, c.height * (0.9 - 0.2 * k)), d, m, 6, 1)
        box(scene, (c.x, c.y - c.diameter / 2 - 1.6), 1.0, (1.1, 1.8, 4.0), 0, "cladding", detail=1)


def _drum(scene: Scene, d: Drum) -> None:
    c, s = cos(radians(d.heading)), sin(radians(d.heading))
    half = d.length / 2
    a, b = (d.x - c * half, d.y - s * half, d.z), (d.x + c * half, d.y + s * half, d.z)
    exchanger = d.kind == "exchanger"
    material = "cladding" if exchanger or d.code[-1] in "24" else "tank_white"
    pipe(
        scene,
        a,
        b,
        d.diameter,
        material,
        18,
        0,
        (0.08, 0.08),
        d.diameter * (0.12 if exchanger else 0.22),
        "wall",
        {"sign": d.code, "at": 0.28, "size": 0.7},
    )
    if exchanger:  # channel flanges
        for t in (0.78, 0.98):
            m = (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, d.z)
            pipe(
                scene,
                (m[0] - c * 0.1, m[1] - s * 0.1, d.z),
                (m[0] + c * 0.1, m[1] + s * 0.1, d.z),
                d.diameter + 0.35,
                "pipe_brown",
                14,
                1,
                caps=0.02,
            )
    floor = 0.0 if d.z < 4.5 else float(np.floor(d.z - d.diameter / 2 - 0.3))
    for t in (-0.28, 0.28):
        x, y = d.x + c * d.length * t, d.y + s * d.length * t
        box(
            scene,
            (x, y),
            floor,
            (0.5, d.diameter * 0.85, d.z - floor - d.diameter * 0.3),
            d.heading,
            "concrete" if floor == 0 else "steel",
            texel=0.15,
        )
    for t in (-0.2, 0.2):
        x, y = d.x + c * d.length * t, d.y + s * d.length * t
        pipe(scene, (x, y, d.z + d.diameter / 2 - 0.05), (x, y, d.z + d.diameter / 2 + 0.9), 0.25, "pipe_grey", 8, 1)


def _pump(scene: Scene, p: Pump) -> None:
    c, s = cos(radians(p.heading)), sin(radians(p.heading))
    box(scene, (p.x, p.y), 0, (2.2, 0.9, 0.35), p.heading, "concrete", texel=0.15)
    pipe(
        scene,
        (p.x - c * 0.9, p.y - s * 0.9, 0.8),
        (p.x - c * 0.05, p.y - s * 0.05, 0.8),
        0.55,
        "blue",
        10,
        1,
        (0.1, 0.1),
        0.05,
    )
    box(scene, (p.x + c * 0.6, p.y + s * 0.6), 0.4, (0.7, 0.6, 0.7), p.heading, "green", detail=1)
    x, y = p.x + c * 0.8, p.y + s * 0.8
    racks = [k.start[1] for k in (*layout.RACKS, *layout_process.UNIT_RACKS) if k.start[1] == k.end[1]]
    goal = min(racks, key=lambda v: abs(v - y))
    pipe(scene, (x, y, 1.0), (x, y, 4.75), 0.2, "pipe_grey", 6, 1)
    pipe(scene, (x, y, 4.65), (x, goal, 4.65), 0.2, "pipe_grey", 6, 1)
    pipe(scene, (x, goal, 4.6), (x, goal, 5.6), 0.2, "pipe_grey", 6, 1)
    end = (x + c * 1.8, y + s * 1.8)
    pipe(scene, (x, y, 0.75), (*end, 0.75), 0.26, "pipe_grey", 6, 1)
    pipe(scene, (*end, 0.85), (*end, -0.1), 0.26, "pipe_grey", 6, 1)
    box(scene, (x + c * 0.9, y + s * 0.9), 0.5, (0.35, 0.35, 0.9), 0, "red", detail=2, texel=0.1)
    box(scene, (p.x - c * 2.0, p.y - s * 2.0), 0.5, (0.4, 0.25, 0.8), 0, "tank_grey", detail=2, texel=0.1)
    beams(scene, (p.x - c * 2.0, p.y - s * 2.0, 0), (p.x - c * 2.0, p.y - s * 2.0, 0.5), 0.1, "steel")


def _frame(scene: Scene, f: Frame) -> None:
    r, top = f.rect, f.levels[-1]
    nx, ny = max(1, round(r.width / f.bay)), max(1, round(r.depth / f.bay))
    xs, ys = np.linspace(r.x0, r.x1, nx + 1), np.linspace(r.y0, r.y1, ny + 1)
    feet = np.array([(x, y, 0.0) for x in xs for y in ys])
    beams(scene, feet, feet + vec(0, 0, top), 0.36, "steel", 0)
    for z in f.levels:
        rows = np.array([(r.x0, y, z - 0.25) for y in ys])
        beams(scene, rows, rows + vec(r.width, 0, 0), 0.26, "steel", 0, 0.4)
        cols = np.array([(x, r.y0, z - 0.25) for x in xs])
        beams(scene, cols, cols + vec(0, r.depth, 0), 0.26, "steel", 1, 0.4)
        box(scene, r.center, z - 0.05, (r.width, r.depth, 0.06), 0, "grating", "grating", 0, 0.1, bottom=True)
        railing(scene, [(x, y, z + 0.01) for x, y in r.outline()], True)
    z0 = 0.0
    for z in f.levels:  # cross bracing in the end bays
        for y in (r.y0, r.y1):
            beams(
                scene, [(xs[0], y, z0), (xs[-2], y, z0)], [(xs[1], y, z - 0.3), (xs[-1], y, z - 0.3)], 0.18, "steel", 1
            )
        z0 = z
    if f.stair:
        _stair_tower(scene, r.x1 + 1.7, r.center[1], f.levels)


def _stair_tower(scene: Scene, x: float, y: float, levels: tuple[float, ...]) -> None:
    """Flights zigzag beside a structure, landings at the decks."""
    z0 = 0.0
    for k, z in enumerate(levels):
        mid = (z0 + z) / 2
        for a, b, dx in (((y - 2.2, z0), (y + 2.2, mid), -0.6), ((y + 2.2, mid), (y - 2.2, z), 0.6)):
            steps = np.stack([np.full(14, x + dx), np.linspace(a[0], b[0], 14), np.linspace(a[1], b[1], 14) + 0.05], 1)
            beams(scene, steps - vec(0.45, 0, 0), steps + vec(0.45, 0, 0), 0.28, "grating", 1, 0.05)
            for side in (-0.5, 0.5):
                beams(scene, (x + dx + side, a[0], a[1]), (x + dx + side, b[0], b[1]), 0.06, "steel", 1, 0.22)
            railing(scene, [(x + dx + 0.5 * np.sign(dx), a[0], a[1]), (x + dx + 0.5 * np.sign(dx), b[0], b[1])])
        box(scene, (x, y + 2.8), mid, (2.4, 1.2, 0.08), 0, "steel", "grating", 1, bottom=True)
        box(scene, (x, y - 2.8), z - 0.08, (2.4, 1.2, 0.08), 0, "steel", "grating", 1, bottom=True)
        z0 = z + 0 * k
    feet = np.array([(x + dx, y + dy, 0.0) for dx in (-1.2, 1.2) for dy in (-3.4, 3.4)])
    beams(scene, feet, feet + vec(0, 0, levels[-1] + 1.1), 0.2, "steel", 0)


def _furnace(scene: Scene, f: Furnace) -> None:
    r = f.rect
    x, y = r.center
    feet = np.array([(px, py, 0.0) for px in np.linspace(r.x0 + 0.5, r.x1 - 0.5, 4) for py in (r.y0 + 0.5, r.y1 - 0.5)])
    beams(scene, feet, feet + vec(0, 0, 2.2), 0.5, "concrete", 0)
    box(
        scene,
        (x, y),
        2.2,
        (r.width, r.depth, f.height * 0.55),
        0,
        "rust",
        "steel",
        0,
        0.08,
        "wall",
        {"dirt": 0.6, "sign": f.code, "at": 0.2, "ink": (0.85, 0.84, 0.8)},
        bottom=True,
    )
    z = 2.2 + f.height * 0.55
    for k in range(6):  # buckstays
        for py in (r.y0 - 0.1, r.y1 + 0.1):
            beams(
                scene,
                (r.x0 + 0.3 + k * (r.width - 0.6) / 5, py, 2.2),
                (r.x0 + 0.3 + k * (r.width - 0.6) / 5, py, z),
                0.2,
                "steel",
                1,
            )
    slope = f.height * 0.13
    w2, d2 = r.width * 0.55, r.depth * 0.4
    low = r.outline()
    high = [(x - w2 / 2, y - d2 / 2), (x + w2 / 2, y - d2 / 2), (x + w2 / 2, y + d2 / 2), (x - w2 / 2, y + d2 / 2)]
    for i in range(4):
        a, b, c, d = low[i], low[(i + 1) % 4], high[(i + 1) % 4], high[i]
        polygon(scene, [(*a, z), (*b, z), (*c, z + slope), (*d, z + slope)], "steel")
    box(scene, (x, y), z + slope, (w2, d2, f.height * 0.32), 0, "steel", "steel_dark", decor="wall")
    cylinder(
        scene, (x, y), f.height, f.height + 2.5, f.stack_diameter * 1.5, "steel", 20, top_diameter=f.stack_diameter
    )
    cylinder(
        scene,
        (x, y),
        f.height + 2.5,
        f.stack_height,
        f.stack_diameter,
        "steel",
        20,
        decor="bands",
        args={"share": 0.22},
    )
    dome(scene, (x, y), f.stack_height - 0.3, f.stack_diameter, 0, "black", 20)
    for zz in (6.0, z - 0.2):
        ring = [(px, py, zz) for px, py in r.inset(-1.2).outline()]
        for i in range(4):
            lo, hi = np.array(ring[i]), np.array(ring[(i + 1) % 4])
            beams(scene, lo - vec(0, 0, 0.05), hi - vec(0, 0, 0.05), 1.1, "grating", 1, 0.08)
        railing(scene, [(px, py, zz) for px, py in r.inset(-1.7).outline()], True)
    ring = [(x + 2.2 * cos(t), y + 2.2 * sin(t), f.stack_height * 0.72) for t in np.linspace(0, 2 * pi, 13)[:-1]]
    dome(scene, (x, y), f.stack_height * 0.72, 4.4, 0, "grating", 12, texel=0.15)
    railing(scene, ring, True)
    ladder(scene, r.x1 + 1.8, y, 0, z + 1, 0)
    ladder(scene, x + f.stack_diameter / 2 + 0.3, y, f.height + 1, f.stack_height * 0.72 + 1, 0)
    pipe(scene, (r.x1 + 0.6, r.y0 + 1, 4.2), (r.x1 + 0.6, r.y1 - 1, 4.2), 0.3, "pipe_yellow", 8, 1)


def _flare(scene: Scene) -> None:
    s = next(s for s in layout.STACKS if s.kind == "flare")
    base, top = 4.2, 0.9
    h = s.height - 4
    box(scene, (s.x, s.y), 0, (10, 10, 0.4), 0, "concrete")
    levels = np.linspace(0.4, h, 15)
    corner = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)

    def ring(z: float) -> NDArray[np.float64]:
        half = base + (top - base) * z / h
        return np.concatenate([corner * half + [s.x, s.y], np.full((4, 1), z)], 1)

    for lo, hi in pairwise(levels):
        a, b = ring(float(lo)), ring(float(hi))
        beams(scene, a, b, 0.34, "red" if int(lo / 12) % 2 else "white", 0)
        beams(scene, b, np.roll(b, -1, 0), 0.2, "steel", 0)
        beams(scene, np.concatenate([a, np.roll(a, -1, 0)]), np.concatenate([np.roll(b, -1, 0), b]), 0.16, "steel", 1)
    cylinder(scene, (s.x, s.y), 0.4, h, s.diameter, "pipe_grey", 16, decor="wall")
    cylinder(scene, (s.x, s.y), h, s.height, s.diameter * 0.8, "rust", 16, decor="bands", args={"share": 0.0})
    cylinder(scene, (s.x, s.y), s.height - 1.5, s.height, s.diameter * 1.15, "black", 16)
    pipe(scene, (s.x + 1.1, s.y, 0.4), (s.x + 0.9, s.y, s.height - 2), 0.15, "pipe_yellow", 6, 1)
    for z in (30.0, 60.0, h):
        half = base + (top - base) * z / h + 0.8
        quad(scene, (s.x - half, s.y - half, z), (2 * half, 0, 0), (0, 2 * half, 0), "grating", 0, 0.12)
        quad(scene, (s.x - half, s.y + half, z - 0.05), (2 * half, 0, 0), (0, -2 * half, 0), "grating", 1, 0.2)
        railing(scene, [(s.x + dx * half, s.y + dy * half, z) for dx, dy in corner], True)
    pipe(scene, (s.x, s.y, 5.5), (245.0, s.y, 5.5), 0.9, "cladding", 12, 0)
    pipe(scene, (245.0, s.y, 5.5), (232.0, s.y, 5.5), 0.9, "cladding", 12, 0)
    pipe(scene, (232.0, s.y, 5.5), (232.0, 138.0, 5.5), 0.9, "cladding", 12, 0)
    posts = np.array([(232.0, y, 0.0) for y in range(142, 188, 6)] + [(x, s.y, 0.0) for x in range(238, 257, 6)])
    beams(scene, posts, posts + vec(0, 0, 5.1), 0.3, "steel", 0)


def add_process(scene: Scene) -> None:
    """All process equipment of the layout."""
    for rack in (*layout.RACKS, *layout_process.UNIT_RACKS):
        add_rack(scene, rack)
    for frame in layout_process.FRAMES:
        _frame(scene, frame)
    for column in layout_process.COLUMNS:
        _column(scene, column, 270 if column.y < 80 else 90)
    for drum in layout_process.DRUMS:
        _drum(scene, drum)
    for pump in layout_process.PUMPS:
        _pump(scene, pump)
    for furnace in layout_process.FURNACES:
        _furnace(scene, furnace)
    _flare(scene)
