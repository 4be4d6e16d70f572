"""Solids as chart surfaces: quads, boxes, cylinders, roofs, balls, pipes, beams. Local metres; headings from east."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import cos, hypot, pi, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis_assets.demo_model.mesh import Chart, Scene, grid_triangles, grid_uv

P3 = tuple[float, float, float]
_TEXEL = 0.1


def vec(x: float, y: float, z: float) -> NDArray[np.float64]:
    """Offset to add to points (n, 3)."""
    return np.array([x, y, z], np.float64)


def _chart(w: float, h: float, material: str, texel: float, decor: str, args: dict[str, Any] | None) -> Chart:
    return Chart(w, h, material, (texel, texel), decor, args or {})


def quad(
    scene: Scene,
    origin: P3,
    u: P3,
    v: P3,
    material: str,
    detail: int = 0,
    texel: float = _TEXEL,
    decor: str = "",
    args: dict[str, Any] | None = None,
) -> None:
    """Parallelogram from ``origin`` along ``u`` and ``v`` (vectors); it faces u x v."""
    o, a, b = np.array(origin), np.array(u), np.array(v)
    normal = np.cross(a, b)
    normal = normal / np.linalg.norm(normal)
    points = np.stack([o, o + a, o + a + b, o + b])
    uv = [(0, 0), (1, 0), (1, 1), (0, 1)]
    chart = _chart(float(np.linalg.norm(a)), float(np.linalg.norm(b)), material, texel, decor, args)
    scene.add(points, np.repeat(normal[None], 4, 0), uv, [(0, 1, 2), (0, 2, 3)], chart, detail)


def polygon(scene: Scene, points: Sequence[P3], material: str, detail: int = 0, texel: float = _TEXEL) -> None:
    """Convex upright or flat polygon (counter-clockwise seen from its front); texture by its own plane."""
    p = np.array(points, np.float64)
    normal = np.cross(p[1] - p[0], p[2] - p[0])
    normal = normal / np.linalg.norm(normal)
    a = (p[1] - p[0]) / np.linalg.norm(p[1] - p[0])
    st = np.stack([(p - p[0]) @ a, (p - p[0]) @ np.cross(normal, a)], 1)
    low, size = st.min(0), np.ptp(st, 0)
    chart = Chart(float(size[0]), float(size[1]), material, (texel, texel))
    fan = [(0, i, i + 1) for i in range(1, len(p) - 1)]
    scene.add(p, np.repeat(normal[None], len(p), 0), (st - low) / size, fan, chart, detail)


def box(
    scene: Scene,
    center: tuple[float, float],
    z0: float,
    size: P3,
    heading: float,
    side: str,
    top: str = "",
    detail: int = 0,
    texel: float = _TEXEL,
    decor: str = "",
    args: dict[str, Any] | None = None,
    top_decor: str = "",
    bottom: bool = False,
) -> None:
    """Upright box with its long axis along ``heading``; ``decor`` paints the four sides. ``bottom`` closes it below."""
    c, s = cos(radians(heading)), sin(radians(heading))
    lx, ly, h = size
    ex, ey = np.array([c, s]), np.array([-s, c])
    m = np.array(center)
    corner = [
        m - ex * lx / 2 - ey * ly / 2,
        m + ex * lx / 2 - ey * ly / 2,
        m + ex * lx / 2 + ey * ly / 2,
        m - ex * lx / 2 + ey * ly / 2,
    ]
    for i in range(4):
        p, q = corner[i], corner[(i + 1) % 4]
        extra = {**(args or {}), "face": i}
        quad(scene, (p[0], p[1], z0), (q[0] - p[0], q[1] - p[1], 0), (0, 0, h), side, detail, texel, decor, extra)
    p, q, r = corner[0], corner[1], corner[3]
    u, v = (q[0] - p[0], q[1] - p[1], 0.0), (r[0] - p[0], r[1] - p[1], 0.0)
    quad(scene, (p[0], p[1], z0 + h), u, v, top or side, detail, texel, top_decor, args)
    if bottom:
        quad(scene, (p[0], p[1], z0), v, u, side, detail, max(texel, 0.25))


def cylinder(
    scene: Scene,
    center: tuple[float, float],
    z0: float,
    z1: float,
    diameter: float,
    material: str,
    sides: int = 24,
    detail: int = 0,
    texel: float = _TEXEL,
    decor: str = "",
    args: dict[str, Any] | None = None,
    top_diameter: float | None = None,
    inside: bool = False,
    rows: int = 1,
) -> None:
    """Upright cylinder wall or cone frustum; ``inside`` turns it towards the axis."""
    r0, r1 = diameter / 2, (diameter if top_diameter is None else top_diameter) / 2
    a = np.linspace(0, 2 * pi, sides + 1) * (-1 if inside else 1)
    t = np.repeat(np.linspace(0, 1, rows + 1), sides + 1)
    aa = np.tile(a, rows + 1)
    r = r0 + (r1 - r0) * t
    p = np.stack([center[0] + r * np.cos(aa), center[1] + r * np.sin(aa), z0 + (z1 - z0) * t], 1)
    slope = (r0 - r1) / max(hypot(r0 - r1, z1 - z0), 1e-6)
    flat = np.sqrt(1 - slope * slope) * (-1 if inside else 1)
    n = np.stack([np.cos(aa) * flat, np.sin(aa) * flat, np.full_like(aa, slope)], 1)
    chart = _chart(pi * (r0 + r1), hypot(r0 - r1, z1 - z0), material, texel, decor, args)
    scene.add(p, n, grid_uv(sides, rows), grid_triangles(sides, rows), chart, detail)


def dome(
    scene: Scene,
    center: tuple[float, float],
    z: float,
    diameter: float,
    rise: float,
    material: str,
    sides: int = 24,
    rings: int = 1,
    detail: int = 0,
    texel: float = _TEXEL,
    decor: str = "",
    args: dict[str, Any] | None = None,
    spherical: bool = False,
) -> None:
    """Round roof seen from above: disc (rise 0), cone, or spherical cap; texture projected along z."""
    radius = diameter / 2
    angle = 2 * pi * np.arange(sides) / sides
    points = [np.array([[0.0, 0.0, rise]])]
    normals = [np.array([[0.0, 0.0, 1.0]])]
    big = (radius * radius + rise * rise) / (2 * rise) if spherical and rise else 0.0
    for k in range(1, rings + 1):
        r = radius * k / rings
        height = np.sqrt(max(big * big - r * r, 0)) - (big - rise) if spherical and rise else rise * (1 - k / rings)
        up = (
            np.array([r / big, np.sqrt(max(1 - (r / big) ** 2, 0))])
            if big
            else np.array([rise, radius]) / hypot(rise, radius)
        )
        points.append(np.stack([r * np.cos(angle), r * np.sin(angle), np.full(sides, height)], 1))
        normals.append(np.stack([up[0] * np.cos(angle), up[0] * np.sin(angle), np.full(sides, up[1])], 1))
    i = np.arange(sides)
    j = (i + 1) % sides
    tris = [np.stack([np.zeros(sides, int), 1 + i, 1 + j], 1)]
    for k in range(1, rings):
        a, b = 1 + (k - 1) * sides, 1 + k * sides
        tris += [np.stack([a + i, b + i, b + j], 1), np.stack([a + i, b + j, a + j], 1)]
    p = np.concatenate(points)
    uv = p[:, :2] / diameter + 0.5
    chart = _chart(diameter, diameter, material, texel, decor, args)
    scene.add(p + vec(center[0], center[1], z), np.concatenate(normals), uv, np.concatenate(tris), chart, detail)


def ball(
    scene: Scene,
    center: P3,
    diameter: float,
    material: str,
    sides: int = 48,
    decor: str = "",
    args: dict[str, Any] | None = None,
) -> None:
    """Sphere with a longitude-latitude chart."""
    rows = sides // 2
    lam, phi = np.meshgrid(np.linspace(0, 2 * pi, sides + 1), np.linspace(-pi / 2, pi / 2, rows + 1))
    n = np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], -1).reshape(-1, 3)
    chart = _chart(pi * diameter, pi * diameter / 2, material, _TEXEL, decor, args)
    scene.add(n * diameter / 2 + np.array(center), n, grid_uv(sides, rows), grid_triangles(sides, rows), chart)


def pipe(
    scene: Scene,
    start: P3,
    end: P3,
    diameter: float,
    material: str,
    sides: int = 8,
    detail: int = 1,
    texel: tuple[float, float] = (0.25, 0.1),
    caps: float = 0.0,
    decor: str = "",
    args: dict[str, Any] | None = None,
) -> None:
    """Straight pipe or horizontal vessel; ``caps`` > 0 closes the ends with heads bulging by that many metres."""
    a, b = np.array(start, np.float64), np.array(end, np.float64)
    axis = (b - a) / np.linalg.norm(b - a)
    ref = np.array([0.0, 0.0, 1.0]) if abs(axis[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    e1 = np.cross(axis, ref) / np.linalg.norm(np.cross(axis, ref))
    e2 = np.cross(e1, axis)
    t = np.linspace(0, 2 * pi, sides + 1) - pi / 2
    around = np.cos(t)[:, None] * e1 + np.sin(t)[:, None] * e2
    radius = diameter / 2
    # rows of the grid run round the pipe, so that u runs along it
    profile: list[tuple[float, float]] = [(0.0, 1.0), (1.0, 1.0)]
    length = float(np.linalg.norm(b - a))
    if caps:
        bulge = caps / length
        steps = ((1.0, 0.05), (0.75, 0.65), (0.0, 1.0))
        profile = [(-bulge * s, max(f, 0.02)) for s, f in steps] + [
            (1 + bulge * s, max(f, 0.02)) for s, f in reversed(steps)
        ]
    along = np.array([p[0] for p in profile])
    scale = np.array([p[1] for p in profile])
    p = a + axis * (along * length)[None, :, None] + around[:, None] * (radius * scale)[None, :, None]
    n = np.repeat(around[:, None], len(profile), 1).copy()
    if caps:
        tilt = np.array([-1.0, -0.6, -0.1, 0.1, 0.6, 1.0])
        n = n * np.sqrt(1 - tilt**2)[None, :, None] + axis * tilt[None, :, None]
    uv = grid_uv(len(profile) - 1, sides)
    uv[:, 0] = np.tile((along - along[0]) / (along[-1] - along[0]), sides + 1)
    chart = Chart(length + 2 * caps, pi * diameter, material, texel, decor, args or {})
    scene.add(p.reshape(-1, 3), n.reshape(-1, 3), uv, grid_triangles(len(profile) - 1, sides), chart, detail)


def beams(
    scene: Scene, starts: Any, ends: Any, width: float, material: str, detail: int = 2, depth: float | None = None
) -> None:
    """Many square bars (n of them) as swatch geometry, open at the ends: the stuff of railings, legs and lattice."""
    a, b = np.atleast_2d(np.asarray(starts, np.float64)), np.atleast_2d(np.asarray(ends, np.float64))
    axis = b - a
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
    ref = np.where(np.abs(axis[:, 2:3]) < 0.9, [[0.0, 0.0, 1.0]], [[0.0, 1.0, 0.0]])
    e1 = np.cross(axis, ref)
    e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
    e2 = np.cross(e1, axis)
    w, d = width / 2, (depth or width) / 2
    corner = [e1 * sx * w + e2 * sy * d for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    face = [-e2, e1, e2, -e1]
    points, normals = [], []
    for i in range(4):
        p, q = corner[i], corner[(i + 1) % 4]
        points.append(np.stack([a + p, a + q, b + q, b + p], 1))
        normals.append(np.repeat(face[i][:, None], 4, 1))
    pos = np.stack(points, 1).reshape(-1, 3).astype(np.float32)
    nor = np.stack(normals, 1).reshape(-1, 3).astype(np.float32)
    base = 4 * np.arange(len(pos) // 4)[:, None]
    tris = np.concatenate([base + np.array([0, 3, 2]), base + np.array([0, 2, 1])]).astype(np.int32)
    scene.add_swatch(pos, nor, tris, material, detail)


def railing(
    scene: Scene,
    path: Sequence[P3],
    closed: bool = False,
    material: str = "yellow",
    height: float = 1.1,
    gap: float = 1.6,
) -> None:
    """Handrail, knee rail and posts along a path at deck height."""
    p = np.array([*path, path[0]] if closed else path, np.float64)
    up = np.array([0, 0, height])
    beams(
        scene,
        np.concatenate([p[:-1] + up, p[:-1] + up / 2]),
        np.concatenate([p[1:] + up, p[1:] + up / 2]),
        0.06,
        material,
    )
    posts = []
    for a, b in pairwise(p):
        n = max(1, round(float(np.linalg.norm(b - a)) / gap))
        posts.append(a + (b - a) * (np.arange(n)[:, None] / n))
    foot = np.concatenate([*posts, p[-1:]])
    beams(scene, foot, foot + up, 0.06, material)


def ladder(scene: Scene, x: float, y: float, z0: float, z1: float, bearing: float, material: str = "yellow") -> None:
    """Caged ladder standing off a wall; ``bearing`` points away from the wall."""
    c, s = cos(radians(bearing)), sin(radians(bearing))
    side = np.array([-s, c, 0]) * 0.25
    base, top = np.array([x, y, z0]), np.array([x, y, z1])
    beams(scene, [base - side, base + side], [top - side, top + side], 0.07, material)
    n = max(2, int((z1 - z0) / 0.6))
    rungs = base + np.array([0, 0, 1]) * (np.arange(n)[:, None] * 0.6 + 0.3)
    beams(scene, rungs - side, rungs + side, 0.05, material)
    hoops = rungs[4::2]
    if len(hoops):
        out = np.array([c, s, 0]) * 0.7
        for left, right in (
            (-side * 1.4, -side * 1.4 + out),
            (side * 1.4, side * 1.4 + out),
            (-side * 1.4 + out, side * 1.4 + out),
        ):
            beams(scene, hoops + left, hoops + right, 0.05, material)
