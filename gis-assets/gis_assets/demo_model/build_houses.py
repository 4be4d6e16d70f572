"""Buildings, warehouses and sheds with what stands on and in them."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot

import numpy as np

from gis_assets.demo_model.mesh import Scene
from gis_assets.demo_model.solids import beams, box, cylinder, dome, pipe, polygon, quad, railing, vec
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.shapes import Building, Rect

_WALLS = {"panel": "panel", "brick": "brick", "tile": "tile", "steel": "steel", "concrete": "render"}
_SIGNS = {
    "BD-01": "渤海示范化工",
    "BD-04": "中央控制楼",
    "BD-05": "中心化验楼",
    "BD-06": "消防站",
    "BD-02": "职工食堂",
    "BD-10": "总变电所",
    "BD-17": "消防站",
}


def _gable(scene: Scene, b: Building) -> None:
    r, rise = b.rect, max(1.2, min(b.rect.width, b.rect.depth) * 0.09)
    long_x = r.width >= r.depth
    args = {"sign": b.code if b.code[0] == "W" else ""}
    wall = _WALLS[b.wall]
    eaves = b.height - rise
    box_sides(scene, r, eaves, wall, "shed_wall", args)
    cx, cy = r.center
    over = 0.5
    roof = (
        "roof_blue"
        if b.code in ("W-02", "W-03", "BD-08", "BD-20")
        else "roof_grey"
        if b.wall == "panel"
        else "roof_rust"
    )
    if long_x:
        half, drop = r.depth / 2 + over, rise * over / (r.depth / 2)
        ends = [(r.x0, cy), (r.x1, cy)]
        quad(
            scene,
            (r.x0 - over, r.y0 - over, eaves - drop),
            (r.width + 2 * over, 0, 0),
            (0, half, rise + drop),
            roof,
            decor="sheets",
        )
        quad(
            scene,
            (r.x1 + over, r.y1 + over, eaves - drop),
            (-r.width - 2 * over, 0, 0),
            (0, -half, rise + drop),
            roof,
            decor="sheets",
        )
        polygon(scene, [(r.x1, r.y0, eaves), (r.x1, r.y1, eaves), (r.x1, cy, b.height)], wall)
        polygon(scene, [(r.x0, r.y1, eaves), (r.x0, r.y0, eaves), (r.x0, cy, b.height)], wall)
    else:
        half, drop = r.width / 2 + over, rise * over / (r.width / 2)
        ends = [(cx, r.y0), (cx, r.y1)]
        quad(
            scene,
            (r.x1 + over, r.y0 - over, eaves - drop),
            (0, r.depth + 2 * over, 0),
            (-half, 0, rise + drop),
            roof,
            decor="sheets",
        )
        quad(
            scene,
            (r.x0 - over, r.y1 + over, eaves - drop),
            (0, -r.depth - 2 * over, 0),
            (half, 0, rise + drop),
            roof,
            decor="sheets",
        )
        polygon(scene, [(r.x0, r.y0, eaves), (r.x1, r.y0, eaves), (cx, r.y0, b.height)], wall)
        polygon(scene, [(r.x1, r.y1, eaves), (r.x0, r.y1, eaves), (cx, r.y1, b.height)], wall)
    a, e = np.array(ends[0]), np.array(ends[1])
    for k in range(1, 5):  # turbine ventilators on the ridge
        p = a + (e - a) * k / 5
        cylinder(scene, (float(p[0]), float(p[1])), b.height - 0.1, b.height + 0.7, 0.9, "silver", 10, 1)
        dome(scene, (float(p[0]), float(p[1])), b.height + 0.7, 1.0, 0.35, "silver", 10, 2, 1)


def box_sides(scene: Scene, r: Rect, height: float, wall: str, decor: str, args: Mapping[str, object]) -> None:
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
    for x0, y0, x1, y1 in (
        (r.x0, r.y0, r.x1, inner.y0),
        (r.x0, inner.y1, r.x1, r.y1),
        (r.x0, inner.y0, inner.x0, inner.y1),
        (inner.x1, inner.y0, r.x1, inner.y1),
    ):
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
            beams(
                scene,
                [(x - 0.7, y, z), (x + 0.7, y, z)],
                [(x - 0.7, y, z + 0.3), (x + 0.7, y, z + 0.3)],
                0.2,
                "steel",
                2,
            )
    mid = (r.y0 + r.y1) / 2
    pipe(scene, (r.x0 + 5, mid + 1, z + 0.5), (r.x1 - 1, mid + 1, z + 0.5), 0.5, "cladding", 8, 1)
    posts = np.arange(r.x0 + 5, r.x1 - 1, 3.0)[:, None] * [1, 0, 0] + vec(0, mid + 1, z)
    beams(scene, posts, posts + vec(0, 0, 0.4), 0.14, "steel", 2)
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
    beams(scene, feet, feet + vec(0, 0, b.height - 0.8), 0.4, "steel", 0)
    for y in (r.y0 + 0.5, r.y1 - 0.5):
        beams(scene, (r.x0 + 0.5, y, b.height - 0.8), (r.x1 - 0.5, y, b.height - 0.8), 0.35, "steel", 0)
    cross = np.array([(x, r.y0 + 0.5, b.height - 0.9) for x in xs])
    beams(scene, cross, cross + vec(0, r.depth - 1, 0), 0.3, "steel", 1)
    box(
        scene,
        r.center,
        b.height - 0.6,
        (r.width, r.depth, 0.3),
        0,
        "roof_grey",
        "roof_grey" if b.kind == "loading" else "roof_rust",
        top_decor="sheets",
        bottom=True,
        texel=0.1,
    )
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


def add_houses(scene: Scene) -> None:
    """All buildings, warehouses and sheds of the layout."""
    for b in (*layout.BUILDINGS, *layout.WAREHOUSES, *layout.SHEDS):
        {"gable": _gable, "shed": _shed}.get(b.roof, _flat)(scene, b)
