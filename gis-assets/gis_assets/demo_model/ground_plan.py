"""What lies where on the ground: surface classes, paint marks and wear, drawn on one tile's canvas from the layout."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from gis_assets.demo_model.mesh import F32
from gis_assets.sites.demo import layout, layout_process, layout_yard
from gis_assets.sites.demo.shapes import Rect, Road

(WASTE, ASPHALT, CONCRETE, GRAVEL, LAWN, TILES, SEA, MUD, RIPRAP, PUBLIC, BELT, POND, DIKE, KERB, SOIL) = range(15)
_PAD = {"concrete": CONCRETE, "asphalt": ASPHALT, "gravel": GRAVEL, "soil": SOIL, "lawn": LAWN, "tiles": TILES}
WHITE, YELLOW, RED = 1, 2, 3


class Canvas:
    """One tile: class, gain (wear, multiplied) and mark (paint) per pixel; row 0 is north."""

    def __init__(self, x0: float, y0: float, side: float, pixels: int) -> None:
        self.x0, self.y1, self.texel, self.n = x0, y0 + side, side / pixels, pixels
        self.cls: NDArray[np.uint8] = np.full((pixels, pixels), WASTE, np.uint8)
        self.gain: F32 = np.ones((pixels, pixels), np.float32)
        self.mark: NDArray[np.uint8] = np.zeros((pixels, pixels), np.uint8)

    def window(self, r: Rect) -> tuple[slice, slice] | None:
        """Rows and columns of a rectangle, None where it misses the tile."""
        i0, i1 = round((r.x0 - self.x0) / self.texel), round((r.x1 - self.x0) / self.texel)
        j0, j1 = round((self.y1 - r.y1) / self.texel), round((self.y1 - r.y0) / self.texel)
        i0, i1, j0, j1 = max(i0, 0), min(i1, self.n), max(j0, 0), min(j1, self.n)
        return (slice(j0, j1), slice(i0, i1)) if i0 < i1 and j0 < j1 else None

    def fill(self, r: Rect, kind: int) -> None:
        if w := self.window(r):
            self.cls[w] = kind
            self.mark[w] = 0

    def draw(self, r: Rect, paint: int) -> None:
        if w := self.window(r):
            self.mark[w] = paint

    def shade(self, r: Rect, gain: float) -> None:
        if w := self.window(r):
            self.gain[w] *= np.float32(gain)

    def grid(self, w: tuple[slice, slice]) -> tuple[F32, F32]:
        """World x (1, columns) and y (rows, 1) of a window's pixel centres."""
        x = self.x0 + (np.arange(w[1].start, w[1].stop) + 0.5) * self.texel
        y = self.y1 - (np.arange(w[0].start, w[0].stop) + 0.5) * self.texel
        return x[None, :].astype(np.float32), y[:, None].astype(np.float32)

    def disc(self, x: float, y: float, r0: float, r1: float, kind: int | None = None, paint: int | None = None) -> None:
        """Ring between two radii: class or paint."""
        if w := self.window(Rect(x - r1, y - r1, x + r1, y + r1)):
            gx, gy = self.grid(w)
            d = np.hypot(gx - x, gy - y)
            inside = (d <= r1) & (d >= r0)
            if kind is not None:
                self.cls[w][inside] = kind
            if paint is not None:
                self.mark[w][inside] = paint

    def blot(self, x: float, y: float, radius: float, depth: float) -> None:
        """Soft dark stain."""
        if w := self.window(Rect(x - 2 * radius, y - 2 * radius, x + 2 * radius, y + 2 * radius)):
            gx, gy = self.grid(w)
            d = ((gx - x) ** 2 + (gy - y) ** 2) / (radius * radius)
            self.gain[w] *= 1 - np.float32(depth) * np.exp(-d * 1.8)


def _along(r: Road, half: float, lo: float, hi: float) -> Rect:
    """Rectangle in road coordinates: from ``lo`` to ``hi`` along it, ``half`` to both sides of the axis."""
    (x0, y0), (x1, y1) = r.points
    if abs(x1 - x0) > abs(y1 - y0):
        a = min(x0, x1)
        return Rect(a + lo, y0 - half, a + hi, y0 + half)
    a = min(y0, y1)
    return Rect(x0 - half, a + lo, x0 + half, a + hi)


def _length(r: Road) -> float:
    (x0, y0), (x1, y1) = r.points
    return abs(x1 - x0) + abs(y1 - y0)


def _strip(r: Road, offset: float, width: float, lo: float, hi: float) -> Rect:
    """Strip parallel to the axis at an offset to its left."""
    (x0, y0), (x1, y1) = r.points
    if abs(x1 - x0) > abs(y1 - y0):
        a = min(x0, x1)
        return Rect(a + lo, y0 + offset - width / 2, a + hi, y0 + offset + width / 2)
    a = min(y0, y1)
    return Rect(x0 + offset - width / 2, a + lo, x0 + offset + width / 2, a + hi)


def _crossings(r: Road) -> list[tuple[float, float]]:
    """Stretches of a road, along it, that lie in another road."""
    (x0, y0), (x1, y1) = r.points
    flat = abs(x1 - x0) > abs(y1 - y0)
    result = []
    for o in layout.ROADS:
        (a0, b0), (a1, b1) = o.points
        if (abs(a1 - a0) > abs(b1 - b0)) == flat:
            continue
        at, lo, hi = (a0, min(b0, b1), max(b0, b1)) if flat else (b0, min(a0, a1), max(a0, a1))
        here = y0 if flat else x0
        if lo - 8 <= here <= hi + 8:
            s = at - min(x0, x1) if flat else at - min(y0, y1)
            result.append((s - o.width / 2, s + o.width / 2))
    return result


def _roads(c: Canvas) -> None:
    for r in layout.ROADS:
        c.fill(_along(r, r.width / 2 + 0.35, -r.width / 2, _length(r) + r.width / 2), KERB)
    _fillets(c)
    for r in layout.ROADS:
        c.fill(_along(r, r.width / 2, -r.width / 2 + 0.2, _length(r) + r.width / 2 - 0.2), ASPHALT)
    for r in layout.ROADS:
        n, half = _length(r), r.width / 2
        gaps = _crossings(r)

        def free(lo: float, hi: float, gaps: list[tuple[float, float]] = gaps) -> bool:
            return all(hi < a - 2 or lo > b + 2 for a, b in gaps)

        for s in np.arange(2.0, n - 2, 6.0):  # dashes on the axis
            if free(s, s + 3) and r.width > 6:
                c.draw(_strip(r, 0, 0.15, s, s + 3), YELLOW if r.kind == "main" else WHITE)
        for s in np.arange(0.0, n, 2.0):
            if free(s - 3, s + 5):
                for side in (-1, 1):
                    c.draw(_strip(r, side * (half - 0.3), 0.13, s, s + 2), WHITE)
        for side in (-1, 1):  # tyre tracks
            for t in (-0.95, 0.95):
                c.shade(_strip(r, side * half * 0.5 + t, 0.7, 0, n), 0.945)
            c.shade(_strip(r, side * (half - 0.15), 0.5, 0, n), 0.92)
        if r.kind != "fire":
            for a, b in gaps:  # zebra and stop line at junctions of wide roads
                if r.width >= 9 and b - a > 7:
                    for lo in (a - 4.6, b + 1.6):
                        if 0 < lo < n - 3:
                            for k in np.arange(-half + 0.7, half - 0.6, 0.9):
                                c.draw(_strip(r, float(k), 0.42, lo, lo + 3.0), WHITE)


def _fillets(c: Canvas) -> None:
    """Rounded kerbs where roads meet."""
    radius = 6.0
    flat = [r for r in layout.ROADS if abs(r.points[0][1] - r.points[1][1]) < 1]
    tall = [r for r in layout.ROADS if abs(r.points[0][0] - r.points[1][0]) < 1]
    for f in flat:
        for t in tall:
            x, y = t.points[0][0], f.points[0][1]
            ys = sorted((t.points[0][1], t.points[1][1]))
            xs = sorted((f.points[0][0], f.points[1][0]))
            if not (ys[0] - 7 <= y <= ys[1] + 7 and xs[0] - 7 <= x <= xs[1] + 7):
                continue
            for sx in (-1, 1):
                for sy in (-1, 1):
                    if not (xs[0] <= x + sx * 9 <= xs[1] and ys[0] <= y + sy * 9 <= ys[1]):
                        continue
                    ex, ey = x + sx * t.width / 2, y + sy * f.width / 2
                    ox, oy = ex + sx * radius, ey + sy * radius
                    w = c.window(Rect(min(ex, ox), min(ey, oy), max(ex, ox), max(ey, oy)))
                    if w:
                        gx, gy = c.grid(w)
                        d = np.hypot(gx - ox, gy - oy)
                        c.cls[w][d > radius - 0.35] = KERB
                        c.cls[w][d > radius] = ASPHALT


def _outside(c: Canvas) -> None:
    m, y = layout.MODEL, layout.PUBLIC_ROAD_Y
    c.fill(Rect(m.x0, layout.SHORE_Y, m.x1, layout.SHORE_Y + 10), RIPRAP)
    c.fill(Rect(m.x0, layout.SHORE_Y + 9.4, m.x1, m.y1), SEA)
    c.fill(Rect(m.x0, 229, m.x1, layout.SHORE_Y - 8), GRAVEL)
    c.fill(Rect(m.x0, layout.SHORE_Y - 8, m.x1, layout.SHORE_Y), CONCRETE)
    c.fill(Rect(m.x0, y - 8.5, m.x1, y + 8.5), BELT)
    c.fill(Rect(m.x0, y - 7.4, m.x1, y + 7.4), KERB)
    c.fill(Rect(m.x0, y - 7, m.x1, y + 7), PUBLIC)
    for s in np.arange(m.x0, m.x1, 6.0):
        for off in (-3.5, 3.5):
            c.draw(Rect(s, y + off - 0.08, s + 3, y + off + 0.08), WHITE)
    for off in (-0.2, 0.2):
        c.draw(Rect(m.x0, y + off - 0.08, m.x1, y + off + 0.08), YELLOW)
    for off in (-6.7, 6.7):
        c.draw(Rect(m.x0, y + off - 0.08, m.x1, y + off + 0.08), WHITE)
    for lane in (-5.2, -1.8, 1.8, 5.2):
        for t in (-0.95, 0.95):
            c.shade(Rect(m.x0, y + lane + t - 0.35, m.x1, y + lane + t + 0.35), 0.94)
    for i in range(12):  # salt ponds beyond the public road
        x = m.x0 + 62.5 * i
        c.fill(Rect(x + 3, m.y0 - 2, x + 59.5, y - 15), POND)
    c.fill(Rect(m.x0, y - 14.5, m.x1, y - 12), SOIL)
    for x in (-330.0, 338.0):  # tracks on the waste land
        c.fill(Rect(x - 2.2, -230, x + 2.2, 229), SOIL)
        for t in (-0.9, 0.9):
            c.shade(Rect(x + t - 0.3, -230, x + t + 0.3, 229), 1.12)


def _blocks(c: Canvas) -> None:
    f = layout.FENCE
    c.fill(f, BELT)
    c.fill(Rect(f.x0, 212, f.x1, f.y1), GRAVEL)
    for key, r in layout.BLOCKS.items():
        c.fill(r.inset(-1.0), TILES if key in ("B11", "B12") else CONCRETE)
        c.fill(r, LAWN if key in ("B11", "B12", "B21") else GRAVEL)
    for p in layout_yard.PADS:
        c.fill(p.rect.inset(-0.25), KERB)
        c.fill(p.rect, _PAD[p.kind])
    for d in layout.DIKES:
        c.fill(d.rect.inset(-2.0), CONCRETE)
        c.fill(d.rect, DIKE)
    for rack in layout.RACKS:
        (x0, y0), (x1, y1) = rack.start, rack.end
        half = rack.width / 2 + 1.0
        flat = abs(x1 - x0) > abs(y1 - y0)
        area = Rect(x0, y0 - half, x1, y0 + half) if flat else Rect(x0 - half, min(y0, y1), x0 + half, max(y0, y1))
        c.fill(area, CONCRETE)
        c.shade(area, 0.95)
    for shed in (*layout.SHEDS, *layout.BUILDINGS, *layout.WAREHOUSES):
        c.fill(shed.rect.inset(-1.4), CONCRETE)
        c.shade(shed.rect.inset(-0.7), 0.93)
    for x in (-218.5, -196.5):  # stadium: garden walks
        c.fill(Rect(x - 1.0, -133, x + 1.0, -104), TILES)
    c.fill(Rect(-258, -122, -168, -119.5), TILES)


def _parking(c: Canvas) -> None:
    for y0, y1 in ((-203, -197), (-189, -183), (-183, -177), (-169, -163)):
        for k in range(11):
            c.draw(Rect(-193.5 + 2.9 * k - 0.06, y0, -193.5 + 2.9 * k + 0.06, y1), WHITE)
    for k in range(19):
        c.draw(Rect(-141.5 + 2.9 * k - 0.06, -185, -141.5 + 2.9 * k + 0.06, -179), WHITE)
    for y0, y1 in ((-158, -143), (-194, -179)):
        for k in range(22):
            c.draw(Rect(163.4 + 5.2 * k - 0.08, y0, 163.4 + 5.2 * k + 0.08, y1), WHITE)
    for shed in layout.SHEDS:  # yellow lanes and hatching at the loading bays
        r = shed.rect
        for y in (r.y0 - 0.5, r.y1 + 0.5):
            c.draw(Rect(r.x0 - 6, y - 0.08, r.x1 + 6, y + 0.08), YELLOW)
    for f in (Rect(-268, -63, -230, -57), Rect(240, -111, 272, -106)):
        for x in np.arange(f.x0, f.x1, 1.6).tolist():
            c.draw(Rect(x, f.y0, x + 0.5, f.y1), YELLOW)
    for p in layout.ASSEMBLY:
        c.disc(p.x, p.y, 0, 6.5, kind=CONCRETE)
        c.disc(p.x, p.y, 5.6, 6.0, paint=WHITE)
        c.draw(Rect(p.x - 2.4, p.y - 0.5, p.x + 2.4, p.y + 0.5), WHITE)
        c.draw(Rect(p.x - 0.5, p.y - 2.4, p.x + 0.5, p.y + 2.4), WHITE)


def _stains(c: Canvas) -> None:
    rng = np.random.default_rng(99)

    def spread(spots: Iterable[tuple[float, float]], radius: float, depth: float, scatter: float) -> None:
        for x, y in spots:
            for _ in range(3):
                dx, dy = rng.normal(0, scatter, 2)
                c.blot(x + dx, y + dy, float(radius * rng.uniform(0.4, 1.3)), float(depth * rng.uniform(0.4, 1.2)))

    spread([(v.x, v.y) for v in layout_yard.VEHICLES], 1.6, 0.25, 1.5)
    spread([(p.x, p.y + 0.5) for p in layout_process.PUMPS], 1.8, 0.32, 0.7)
    spread([(k.x, k.y) for k in layout_process.COLUMNS], 3.0, 0.2, 1.5)
    spread([(d.x, d.y) for d in layout_process.DRUMS if d.z < 4], 2.6, 0.2, 1.2)
    spread([(t.x + t.diameter / 2 + 1.5, t.y) for t in layout.TANKS], 2.2, 0.22, 1.2)
    for r in layout.ROADS:
        n = _length(r)
        for s in rng.uniform(0, n, int(n / 9)):  # drips, repairs, covers
            off = float(rng.uniform(-0.4, 0.4) * r.width)
            spot = _strip(r, off, 0.4, float(s), float(s) + 0.4)
            c.blot(spot.x0, spot.y0, float(rng.uniform(0.3, 1.4)), float(rng.uniform(0.08, 0.3)))
        for s in rng.uniform(0, n, int(n / 45)):
            off = float(rng.choice([-0.25, 0.25]) * r.width)
            c.shade(
                _strip(r, off, float(rng.uniform(1.2, 0.45 * r.width)), float(s), float(s + rng.uniform(2, 12))),
                float(rng.choice([0.84, 0.9, 1.07])),
            )
        for s in np.arange(14.0, n, 36.0):
            spot = _strip(r, r.width * 0.22, 0.8, float(s), float(s) + 0.8)
            c.disc((spot.x0 + spot.x1) / 2, (spot.y0 + spot.y1) / 2, 0, 0.4, kind=KERB)
            c.shade(spot, 0.75)
    for _ in range(420):
        x, y = rng.uniform(-290, 290), rng.uniform(-215, 215)
        c.blot(float(x), float(y), float(rng.uniform(0.8, 5)), float(rng.uniform(0.03, 0.16)))


def plan(c: Canvas) -> None:
    """Draws everything that lies on the ground onto the canvas."""
    _outside(c)
    _blocks(c)
    _roads(c)
    _parking(c)
    _stains(c)
