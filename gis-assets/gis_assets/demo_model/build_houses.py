"""Buildings, warehouses, sheds, cooling towers, basins, chimney, substation, fence and gates."""

from __future__ import annotations

from math import atan2, cos, degrees, hypot, pi, sin

import numpy as np

from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import beams, box, cylinder, dome, ladder, pipe, polygon, quad, railing
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.shapes import Basin, Building, Rect

_WALLS = {"panel": "panel", "brick": "brick", "tile": "tile", "steel": "steel", "concrete": "render"}
_SIGNS = {"BD-01": "渤海示范化工", "BD-04": "中央控制楼", "BD-05": "中心化验楼", "BD-06": "消防站", "BD-02": "职工食堂", "BD-10": "总变电所", "BD-17": "消防站"}


def _gable(scene: Scene, b: Building) -> None:
    r, rise = b.rect, max(1.2, min(b.rect.width, b.rect.depth) * 0.09)
    long_x = r.width >= r.depth
    args = {"sign": b.code if b.code[0] == "W" else ""}
    wall = _WALLS[b.wall]
    eaves = b.height - rise
    box_sides(scene, r, eaves, wall, "shed_wall", args)
    cx, cy = r.center
    over = 0.5
    roof = "roof_blue" if b.code in ("W-02", "W-03", "BD-08", "BD-20") else "roof_grey" if b.wall == "panel" else "roof_rust"
    if long_x:
        half, drop = r.depth / 2 + over, rise * over / (r.depth / 2)
        ends = [(r.x0, cy), (r.x1, cy)]
        quad(scene, (r.x0 - over, r.y0 - over, eaves - drop), (r.width + 2 * over, 0, 0), (0, half, rise + drop), roof, decor="sheets")
        quad(scene, (r.x1 + over, r.y1 + over, eaves - drop), (-r.width - 2 * over, 0, 0), (0, -half, rise + drop), roof, decor="sheets")
        polygon(scene, [(r.x1, r.y0, eaves), (r.x1, r.y1, eaves), (r.x1, cy, b.height)], wall)
        polygon(scene, [(r.x0, r.y1, eaves), (r.x0, r.y0, eaves), (r.x0, cy, b.height)], wall)
    else:
        half, drop = r.width / 2 + over, rise * over / (r.width / 2)
        ends = [(cx, r.y0), (cx, r.y1)]
        quad(scene, (r.x1 + over, r.y0 - over, eaves - drop), (0, r.depth + 2 * over, 0), (-half, 0, rise + drop), roof, decor="sheets")
        quad(scene, (r.x0 - over, r.y1 + over, eaves - drop), (0, -r.depth - 2 * over, 0), (half, 0, rise + drop), roof, decor="sheets")
        polygon(scene, [(r.x0, r.y0, eaves), (r.x1, r.y0, eaves), (cx, r.y0, b.height)], wall)
        polygon(scene, [(r.x1, r.y1, eaves), (r.x0, r.y1, eaves), (cx, r.y1, b.height)], wall)
    a, e = np.array(ends[0]), np.array(ends[1])
    for k in range(1, 5):  # turbine ventilators on the ridge
        p = a + (e - a) * k / 5
        cylinder(scene, (float(p[0]), float(p[1])), b.height - 0.1, b.height + 0.7, 0.9, "silver", 10, 1)
        dome(scene, (float(p[0]), float(p[1])), b.height + 0.7, 1.0, 0.35, "silver", 10, 2, 1)


def box_sides(scene: Scene, r: Rect, height: float, wall: str, decor: str, args: dict[str, object]) -> None:
    """Four walls without a top, cut into pieces of at most 40 m."""
    corners = r.outline()
    for i in range(4):
        p, q = corners[i], corners[(i + 1) % 4]
        pieces = max(1, round(hypot(q[0] - p[0], q[1] - p[1]) / 45))
        step = ((q[0] - p[0]) / pieces, (q[1] - p[1]) / pieces, 0.0)
        for k in range(pieces):
            origin = (p[0] + step[0] * k, p[1] + step[1] * k, 0.0)
            quad(scene, origin, step, (0, 0, height), wall, 0, 0.08, decor, {**args, "face": i})


def _flat(scene: Scene, b: Building) -> None:
    r = b.rect
    parapet = 0.9 if b.height > 4 else 0.4
    style: dict[str, object] = {"storeys": b.storeys, "sign": _SIGNS.get(b.code, "")}
    if b.kind in ("substation", "control", "boiler"):
        style |= {"pitch": 7.0, "pane": 1.4, "sill": 0.5, "head": 0.72}
    decor = "shed_wall" if b.wall == "panel" else "facade"
    box_sides(scene, r, b.height, _WALLS[b.wall], decor, style)
    roof_z = b.height - parapet
    quad(scene, (r.x0, r.y0, roof_z), (r.width, 0, 0), (0, r.depth, 0), "bitumen", 0, 0.1, "wall", {"dirt": 0.2})
    t = 0.25
    inner = r.inset(t)
    for x0, y0, x1, y1 in ((r.x0, r.y0, r.x1, inner.y0), (r.x0, inner.y1, r.x1, r.y1), (r.x0, inner.y0, inner.x0, inner.y1), (inner.x1, inner.y0, r.x1, inner.y1)):
        quad(scene, (x0, y0, b.height), (x1 - x0, 0, 0), (0, y1 - y0, 0), "concrete", 0, 0.2)
    c = inner.outline()[::-1]
    for i in range(4):
        p, q = c[i], c[(i + 1) % 4]
        quad(scene, (p[0], p[1], roof_z), (q[0] - p[0], q[1] - p[1], 0), (0, 0, parapet), "concrete_dark", 0, 0.2)
    _roof_clutter(scene, b, inner.inset(1.0), roof_z)


def _roof_clutter(scene: Scene, b: Building, r: Rect, z: float) -> None:
    """Air conditioners, vents, stair head, ducts, antenna."""
    if r.width < 6 or r.depth < 4:
        return
    rng = np.random.default_rng(len(b.code) * 1000 + int(r.x0 * 7 + r.y0 * 13) % 997)
    box(scene, (r.x0 + 2.2, r.y1 - 1.8), z, (4.2, 3.2, 2.6), 0, "render", "bitumen", decor="wall")
    n = int(min(14, r.width * r.depth / 45))
    for k in range(n):
        x = r.x0 + 6 + (r.width - 8) * k / max(n, 1)
        y = r.y0 + 1.2 + (r.depth - 3.0) * (0.15 if k % 3 else 0.62) + rng.uniform(-0.4, 0.4)
        if k % 4 == 3:
            cylinder(scene, (x, y), z, z + 1.0, 0.7, "silver", 10, 1)
            dome(scene, (x, y), z + 1.0, 0.9, 0.3, "silver", 10, detail=1)
        else:
            box(scene, (x, y), z + 0.25, (1.9, 1.1, 1.2), 0, "louvre", "panel", 1, 0.08, bottom=True)
            beams(scene, [(x - 0.7, y, z), (x + 0.7, y, z)], [(x - 0.7, y, z + 0.3), (x + 0.7, y, z + 0.3)], 0.2, "steel", 2)
    mid = (r.y0 + r.y1) / 2
    pipe(scene, (r.x0 + 5, mid + 1, z + 0.5), (r.x1 - 1, mid + 1, z + 0.5), 0.5, "cladding", 8, 1)
    posts = np.arange(r.x0 + 5, r.x1 - 1, 3.0)[:, None] * [1, 0, 0] + [0, mid + 1, z]
    beams(scene, posts, posts + [0, 0, 0.4], 0.14, "steel", 2)
    if b.kind in ("control", "office") and b.storeys > 2:
        x, y = r.x1 - 2, r.y1 - 2
        beams(scene, (x, y, z), (x, y, z + 9), 0.14, "steel", 1)
        beams(scene, (x, y, z + 5), (x - 2, y, z), 0.06, "steel")
        for h in (6.0, 7.5):
            cylinder(scene, (x + 0.3, y), z + h, z + h + 0.9, 0.35, "white", 8, 1)


def _shed(scene: Scene, b: Building) -> None:
    """Open-sided steel shed: posts, roof, gantry; loading arms or compressors inside."""
    r = b.rect
    xs = np.linspace(r.x0 + 0.5, r.x1 - 0.5, max(3, round(r.width / 8) + 1))
    feet = np.array([(x, y, 0.0) for x in xs for y in (r.y0 + 0.5, r.y1 - 0.5)])
    beams(scene, feet, feet + [0, 0, b.height - 0.8], 0.4, "steel", 0)
    for y in (r.y0 + 0.5, r.y1 - 0.5):
        beams(scene, (r.x0 + 0.5, y, b.height - 0.8), (r.x1 - 0.5, y, b.height - 0.8), 0.35, "steel", 0)
    cross = np.array([(x, r.y0 + 0.5, b.height - 0.9) for x in xs])
    beams(scene, cross, cross + [0, r.depth - 1, 0], 0.3, "steel", 1)
    box(scene, r.center, b.height - 0.6, (r.width, r.depth, 0.3), 0, "roof_grey", "roof_grey" if b.kind == "loading" else "roof_rust", top_decor="sheets", bottom=True, texel=0.1)
    if b.kind == "loading":
        _loading(scene, b)
    else:
        quad(scene, (r.x0, r.y1, 2.6), (r.width, 0, 0), (0, 0, b.height - 5.0), "panel", 0, 0.15)
        quad(scene, (r.x1, r.y1, 2.6), (-r.width, 0, 0), (0, 0, b.height - 5.0), "panel", 0, 0.15)
        for dx in (-r.width / 4, r.width / 4):
            _compressor(scene, r.center[0] + dx, r.center[1])


def _compressor(scene: Scene, x: float, y: float) -> None:
    box(scene, (x, y), 0, (8, 6, 1.2), 0, "concrete")
    pipe(scene, (x - 3, y - 0.5, 2.4), (x + 0.5, y - 0.5, 2.4), 1.8, "green", 14, 0, (0.1, 0.1), 0.3)
    box(scene, (x + 2.2, y - 0.5), 1.2, (2.6, 2.0, 2.0), 0, "blue", detail=0)
    cylinder(scene, (x - 2, y + 2), 1.2, 4.6, 1.1, "cladding", 12, 0)
    dome(scene, (x - 2, y + 2), 4.6, 1.1, 0.3, "cladding", 12)


def _loading(scene: Scene, b: Building) -> None:
    r = b.rect
    y = r.center[1]
    box(scene, (r.center[0], y), 0, (r.width - 4, 2.2, 0.3), 0, "concrete", "concrete")
    box(scene, (r.center[0], y), 3.6, (r.width - 4, 1.8, 0.15), 0, "steel", "grating", bottom=True)
    for side in (-0.9, 0.9):
        railing(scene, [(r.x0 + 2, y + side, 3.75), (r.x1 - 2, y + side, 3.75)])
    for x in np.arange(r.x0 + 5, r.x1 - 3, 6.0):
        beams(scene, [(x, y - 0.8, 0.3), (x, y + 0.8, 0.3)], [(x, y - 0.8, 3.6), (x, y + 0.8, 3.6)], 0.25, "yellow", 1)
        pipe(scene, (x + 1, y, 0.3), (x + 1, y, 5.4), 0.22, "pipe_grey", 8, 1)
        for side in (-1, 1):  # loading arms over the truck lanes
            pipe(scene, (x + 1, y, 5.4), (x + 1, y + side * 2.6, 4.9), 0.16, "silver", 6, 1)
            pipe(scene, (x + 1, y + side * 2.6, 4.9), (x + 1, y + side * 2.6, 3.8), 0.14, "silver", 6, 1)
        box(scene, (x - 1, y), 0.3, (0.5, 0.6, 1.6), 0, "white", detail=1)
    pipe(scene, (r.x0 + 2, y + 0.5, 3.2), (r.x1 - 2, y + 0.5, 3.2), 0.3, "cladding", 8, 1)


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
        cylinder(scene, (x, y), h + 1.2, h + 4.0, 10.0, "tank_grey", 32, decor="wall", args={"sign": f"{k + 1}#"}, top_diameter=10.8)
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
        ring = np.stack([r.center[0] + (d / 2 - 0.175) * np.cos(a), r.center[1] + (d / 2 - 0.175) * np.sin(a), np.full(41, b.height - 0.02)], 1)
        beams(scene, ring[:-1], ring[1:], 0.4, "concrete", 0, 0.1)
        box(scene, (r.center[0] + d / 4, r.center[1]), b.height + 0.05, (d / 2, 1.1, 0.15), 0, "steel", "grating", bottom=True)
        railing(scene, [(r.center[0], r.center[1] - 0.5, b.height + 0.2), (r.center[0] + d / 2, r.center[1] - 0.5, b.height + 0.2)])
        cylinder(scene, r.center, level, b.height + 1.0, 1.4, "steel", 12)
        return
    box_sides(scene, r, b.height, "concrete", "wall", {"dirt": 0.4})
    quad(scene, (r.x0 + 0.4, r.y0 + 0.4, level), (r.width - 0.8, 0, 0), (0, r.depth - 0.8, 0), fill, 0, 0.12)
    t = 0.4
    for x0, y0, x1, y1 in ((r.x0, r.y0, r.x1, r.y0 + t), (r.x0, r.y1 - t, r.x1, r.y1), (r.x0, r.y0 + t, r.x0 + t, r.y1 - t), (r.x1 - t, r.y0 + t, r.x1, r.y1 - t)):
        quad(scene, (x0, y0, b.height), (x1 - x0, 0, 0), (0, y1 - y0, 0), "concrete", 0, 0.2)
    c = r.inset(t).outline()[::-1]
    for i in range(4):
        p, q = c[i], c[(i + 1) % 4]
        quad(scene, (p[0], p[1], level), (q[0] - p[0], q[1] - p[1], 0), (0, 0, b.height - level), "concrete_dark", 0, 0.2)
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
    cylinder(scene, (s.x, s.y), 1.2, s.height, s.diameter * 1.35, "render", 24, decor="bands", args={"share": 0.55}, top_diameter=s.diameter * 0.8)
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
                spans = [s for u, v in spans for s in (((u, np.array([min(v[0], lo), v[1]]))), (np.array([max(u[0], hi), u[1]]), v)) if s[1][0] - s[0][0] > 0.01]
            for u, v in spans:
                m, d = (u + v) / 2, v - u
                size = (float(np.linalg.norm(d)), 0.24, 2.3)
                box(scene, (float(m[0]), float(m[1])), 0, size, degrees(atan2(d[1], d[0])), "render", "concrete", decor="wall", texel=0.14, args={"dirt": 0.5})
        n = round(float(np.linalg.norm(q - p)) / 6)
        posts = np.concatenate([p + (q - p) * (np.arange(n)[:, None] / n), np.full((n, 1), 2.3)], 1)
        posts = np.array([w for w in posts if i or all(abs(w[0] - g.x) > g.width / 2 for g in layout.GATES)])
        beams(scene, posts, posts + [0, 0, 0.6], 0.08, "steel")


def _gates(scene: Scene) -> None:
    for g in layout.GATES:
        w, h = g.width, 6.4
        for side in (-1, 1):
            box(scene, (g.x + side * (w / 2 + 0.7), g.y), 0, (1.4, 1.4, h), 0, "tile", "concrete", decor="wall")
        name = "渤海示范化工" if g.kind == "people" else "物流门"
        box(scene, (g.x, g.y), h, (w + 4, 3.4, 1.5), 0, "render", "bitumen", decor="wall", args={"sign": name, "size": 1.1, "at": 0.5, "ink": (0.6, 0.15, 0.12)}, bottom=True)
        box(scene, (g.x - w * 0.28, g.y), 0, (w * 0.42, 0.3, 1.5), 0, "silver", detail=1)
        beams(scene, (g.x + w * 0.45, g.y + 1.5, 1.0), (g.x + w * 0.02, g.y + 1.5, 1.0), 0.14, "red", 1)


def add_houses(scene: Scene) -> None:
    """All buildings and yard structures of the layout."""
    for b in (*layout.BUILDINGS, *layout.WAREHOUSES, *layout.SHEDS):
        {"gable": _gable, "shed": _shed}.get(b.roof, _flat)(scene, b)
    for basin in layout.BASINS:
        _basin(scene, basin)
    _cooling_tower(scene)
    _chimney(scene)
    _transformers(scene)
    _fence(scene)
    _gates(scene)
