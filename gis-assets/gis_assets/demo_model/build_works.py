"""Civil works and utilities: cooling towers, basins, chimney, transformers, fence and gates."""

from __future__ import annotations

from math import atan2, cos, degrees, pi, sin

import numpy as np

from gis_assets.demo_model.build_houses import box_sides
from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import beams, box, cylinder, dome, ladder, pipe, quad, railing, vec
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.shapes import Basin


def _cooling_tower(scene: Scene) -> None:
    r, n, h = layout.COOLING_TOWER, layout.COOLING_TOWER_CELLS, layout.COOLING_TOWER_HEIGHT
    box_sides(scene, r, h, "render", "wall", {"dirt": 0.6})
    for k in range(2):  # air inlets: louvres along both long sides
        y, d = (r.y0 - 0.06, 1) if k == 0 else (r.y1 + 0.06, -1)
        x = r.x0 + 1 if k == 0 else r.x1 - 1
        quad(scene, (x, y, 0.9), (d * (r.width - 2), 0, 0), (0, 0, 4.2), "louvre", 0, 0.1, "wall", {"dirt": 0.8})
    quad(scene, (r.x0, r.y0, h), (r.width, 0, 0), (0, r.depth, 0), "concrete_dark", 0, 0.1, "wall", {"dirt": 0.3})
    railing(scene, [(x, y, h) for x, y in r.inset(0.2).outline()], True)
    step = r.width / n
    for k in range(n):
        x, y = r.x0 + step * (k + 0.5), r.center[1]
        cylinder(scene, (x, y), h, h + 1.2, 11.5, "tank_grey", 32, decor="wall", top_diameter=10.0)
        cylinder(
            scene,
            (x, y),
            h + 1.2,
            h + 4.0,
            10.0,
            "tank_grey",
            32,
            decor="wall",
            args={"sign": f"{k + 1}#"},
            top_diameter=10.8,
        )
        cylinder(scene, (x, y), h + 0.6, h + 4.0, 10.0, "steel_dark", 32, texel=0.2, inside=True, top_diameter=10.7)
        dome(scene, (x, y), h + 0.6, 10.0, 0, "black", 32, texel=0.2)
        for i in range(6):  # fan blades
            a = 2 * pi * i / 6 + 0.4 * k
            beams(scene, (x, y, h + 2.4), (x + 4.7 * cos(a), y + 4.7 * sin(a), h + 2.4), 0.75, "silver", 1, 0.12)
        cylinder(scene, (x, y), h + 2.0, h + 2.8, 1.2, "steel", 10, 1)
        dome(scene, (x, y), h + 2.8, 1.2, 0.2, "steel", 10, detail=1)
    ladder(scene, r.x1 + 0.3, r.center[1], 0, h + 1, 0)


def _basin(scene: Scene, b: Basin) -> None:
    r = b.rect
    fill = {"water": "water", "sludge": "sludge", "empty": "concrete_dark"}[b.fill]
    level = b.height - (0.35 if b.fill != "empty" else 0.5)
    if b.round:
        d = r.width
        cylinder(scene, r.center, 0, b.height, d, "concrete", 40, decor="wall")
        cylinder(scene, r.center, level, b.height, d - 0.7, "concrete_dark", 40, texel=0.2, inside=True)
        dome(scene, r.center, level, d - 0.7, 0, fill, 40)
        a = 2 * pi * np.arange(41) / 40
        ring = np.stack(
            [
                r.center[0] + (d / 2 - 0.175) * np.cos(a),
                r.center[1] + (d / 2 - 0.175) * np.sin(a),
                np.full(41, b.height - 0.02),
            ],
            1,
        )
        beams(scene, ring[:-1], ring[1:], 0.4, "concrete", 0, 0.1)
        box(
            scene,
            (r.center[0] + d / 4, r.center[1]),
            b.height + 0.05,
            (d / 2, 1.1, 0.15),
            0,
            "steel",
            "grating",
            bottom=True,
        )
        railing(
            scene,
            [
                (r.center[0], r.center[1] - 0.5, b.height + 0.2),
                (r.center[0] + d / 2, r.center[1] - 0.5, b.height + 0.2),
            ],
        )
        cylinder(scene, r.center, level, b.height + 1.0, 1.4, "steel", 12)
        return
    box_sides(scene, r, b.height, "concrete", "wall", {"dirt": 0.4})
    quad(scene, (r.x0 + 0.4, r.y0 + 0.4, level), (r.width - 0.8, 0, 0), (0, r.depth - 0.8, 0), fill, 0, 0.12)
    t = 0.4
    for x0, y0, x1, y1 in (
        (r.x0, r.y0, r.x1, r.y0 + t),
        (r.x0, r.y1 - t, r.x1, r.y1),
        (r.x0, r.y0 + t, r.x0 + t, r.y1 - t),
        (r.x1 - t, r.y0 + t, r.x1, r.y1 - t),
    ):
        quad(scene, (x0, y0, b.height), (x1 - x0, 0, 0), (0, y1 - y0, 0), "concrete", 0, 0.2)
    c = r.inset(t).outline()[::-1]
    for i in range(4):
        p, q = c[i], c[(i + 1) % 4]
        quad(
            scene, (p[0], p[1], level), (q[0] - p[0], q[1] - p[1], 0), (0, 0, b.height - level), "concrete_dark", 0, 0.2
        )
    if b.fill == "sludge":
        for k in range(1, 4):
            y = r.y0 + r.depth * k / 4
            box(scene, (r.center[0], y), b.height - 0.3, (r.width, 1.2, 0.3), 0, "concrete", "concrete", texel=0.15)
            for x in (r.x0 + 5, r.x1 - 5):
                box(scene, (x, y), b.height, (1.4, 1.0, 1.2), 0, "blue", detail=1)
    railing(scene, [(x, y, b.height) for x, y in r.inset(0.2).outline()], True)


def _chimney(scene: Scene) -> None:
    s = next(s for s in layout.STACKS if s.kind == "chimney")
    box(scene, (s.x, s.y), 0, (6, 6, 1.2), 0, "concrete")
    cylinder(
        scene,
        (s.x, s.y),
        1.2,
        s.height,
        s.diameter * 1.35,
        "render",
        24,
        decor="bands",
        args={"share": 0.55},
        top_diameter=s.diameter * 0.8,
    )
    dome(scene, (s.x, s.y), s.height - 0.4, s.diameter * 0.8, 0, "black", 24)
    for z in (25.0, 48.0, 70.0):
        rr = s.diameter * (0.675 - 0.275 * z / s.height) + 0.9
        ring = [(s.x + rr * cos(2 * pi * i / 16), s.y + rr * sin(2 * pi * i / 16), z) for i in range(16)]
        dome(scene, (s.x, s.y), z, 2 * rr, 0, "grating", 16, texel=0.15)
        railing(scene, ring, True)
    ladder(scene, s.x + s.diameter * 0.7, s.y, 1.2, 70, 0)
    pipe(scene, (-98, s.y, 9), (s.x - 1.8, s.y, 9), 2.4, "cladding", 14, 0, (0.15, 0.1))
    beams(scene, [(-94, s.y - 1, 0), (-94, s.y + 1, 0)], [(-94, s.y - 1, 8), (-94, s.y + 1, 8)], 0.35, "steel", 0)


def _transformers(scene: Scene) -> None:
    for r in layout.TRANSFORMERS:
        x, y = r.center
        box(scene, (x, y), 0, (r.width, r.depth, 0.4), 0, "concrete")
        box(scene, (x, y), 0.4, (4.2, 2.4, 3.0), 0, "tank_grey", decor="wall")
        for side in (-1, 1):
            box(scene, (x, y + side * 1.75), 0.7, (3.6, 0.9, 2.2), 0, "louvre")
        pipe(scene, (x - 1.5, y, 4.3), (x + 1.5, y, 4.3), 0.9, "tank_grey", 10, 0, (0.1, 0.1), 0.15)
        for dx in (-1.2, 0, 1.2):
            cylinder(scene, (x + dx, y + 0.8), 3.4, 5.0, 0.28, "pipe_brown", 6, 1)
        box(scene, (r.x1 + 3, y), 0, (0.4, r.depth + 3, 5.5), 0, "concrete", decor="wall")


def _fence(scene: Scene) -> None:
    """Wall of 2.4 m with posts and wire; gaps at the gates."""
    r = layout.FENCE
    corners = r.outline()
    for i in range(4):
        p, q = np.array(corners[i]), np.array(corners[(i + 1) % 4])
        count = round(float(np.linalg.norm(q - p)) / 18)
        for k in range(count):
            a, b = p + (q - p) * k / count, p + (q - p) * (k + 1) / count
            spans = [(a, b)]
            for g in layout.GATES if i == 0 else ():
                lo, hi = g.x - g.width / 2, g.x + g.width / 2
                spans = [
                    s
                    for u, v in spans
                    for s in (((u, np.array([min(v[0], lo), v[1]]))), (np.array([max(u[0], hi), u[1]]), v))
                    if s[1][0] - s[0][0] > 0.01
                ]
            for u, v in spans:
                m, d = (u + v) / 2, v - u
                size = (float(np.linalg.norm(d)), 0.24, 2.3)
                box(
                    scene,
                    (float(m[0]), float(m[1])),
                    0,
                    size,
                    degrees(atan2(d[1], d[0])),
                    "render",
                    "concrete",
                    decor="wall",
                    texel=0.14,
                    args={"dirt": 0.5},
                )
        n = round(float(np.linalg.norm(q - p)) / 6)
        posts = np.concatenate([p + (q - p) * (np.arange(n)[:, None] / n), np.full((n, 1), 2.3)], 1)
        posts = np.array([w for w in posts if i or all(abs(w[0] - g.x) > g.width / 2 for g in layout.GATES)])
        beams(scene, posts, posts + vec(0, 0, 0.6), 0.08, "steel")


def _gates(scene: Scene) -> None:
    for g in layout.GATES:
        w, h = g.width, 6.4
        for side in (-1, 1):
            box(scene, (g.x + side * (w / 2 + 0.7), g.y), 0, (1.4, 1.4, h), 0, "tile", "concrete", decor="wall")
        name = "渤海示范化工" if g.kind == "people" else "物流门"
        box(
            scene,
            (g.x, g.y),
            h,
            (w + 4, 3.4, 1.5),
            0,
            "render",
            "bitumen",
            decor="wall",
            args={"sign": name, "size": 1.1, "at": 0.5, "ink": (0.6, 0.15, 0.12)},
            bottom=True,
        )
        box(scene, (g.x - w * 0.28, g.y), 0, (w * 0.42, 0.3, 1.5), 0, "silver", detail=1)
        beams(scene, (g.x + w * 0.45, g.y + 1.5, 1.0), (g.x + w * 0.02, g.y + 1.5, 1.0), 0.14, "red", 1)
        box(scene, (g.x + w * 0.46, g.y + 1.5), 0, (0.4, 0.4, 1.1), 0, "yellow", detail=1, texel=0.1)


def add_works(scene: Scene) -> None:
    """All works of the layout."""
    for basin in layout.BASINS:
        _basin(scene, basin)
    _cooling_tower(scene)
    _chimney(scene)
    _transformers(scene)
    _fence(scene)
    _gates(scene)
