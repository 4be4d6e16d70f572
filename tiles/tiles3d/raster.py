"""Rasters of areas: which zone or object stands at a place, cut from footprints and kept in step with edits.

The viewer paints and picks with them: the four-colour map and singulation are one texture read per pixel and one array
look-up per pointer move, however many areas there are. Only the texels around what has changed are cut again; the
result is the same to the bit as that of a full cut.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d import raster_kernels
from tiles.tiles3d.mesh import F64

#: Distances to a rim are kept up to here, metres (the same as viewer/packages/scene/src/raster.ts).
REACH = 6.0
#: The box grows in steps of this, metres, so that an edit at the rim seldom moves it.
_STEP = 32.0
_MARGIN = 8.0
#: Numbers are 16 bits, 0 is nothing.
MOST = 65_535


@dataclass(frozen=True)
class Area:
    """A footprint with its height range.

    Attributes:
        rings: (N, 2) each, metres east and north in the site's frame, open; the first is the outer one.
        z_min, z_max: ellipsoidal metres.
    """

    id: str
    layer: str
    rings: tuple[F64, ...]
    z_min: float
    z_max: float
    digest: bytes = field(default=b"", compare=False)

    @classmethod
    def of(cls, id: str, layer: str, rings: Iterable[F64], z_min: float, z_max: float) -> Area:
        """From rings that may repeat their first corner at the end."""
        opened = tuple(r[:-1] if len(r) > 1 and (r[0] == r[-1]).all() else r for r in rings)
        digest = hashlib.blake2b(f"{layer}\0{z_min}\0{z_max}".encode(), digest_size=16)
        for ring in opened:
            digest.update(len(ring).to_bytes(4, "big") + np.ascontiguousarray(ring).tobytes())
        return cls(id, layer, opened, z_min, z_max, digest.digest())

    @property
    def size(self) -> float:
        """Square metres inside the outer ring; decides what lies on top."""
        x, y = self.rings[0].T
        return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2

    @property
    def box(self) -> tuple[float, float, float, float]:
        every = np.concatenate(self.rings)
        (west, south), (east, north) = every.min(axis=0), every.max(axis=0)
        return float(west), float(south), float(east), float(north)


@dataclass
class _Known:
    """An area with what painting needs."""

    area: Area
    size: float
    box: tuple[float, float, float, float]
    xy: F64
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, area: Area) -> _Known:
        starts = np.cumsum([0, *(len(r) for r in area.rings)]).astype(np.int64)
        return cls(area, area.size, area.box, np.ascontiguousarray(np.concatenate(area.rings)), starts)


class Raster:
    """A square raster over all areas. Rows run from south to north, columns from west to east; a texel belongs to the
    areas that hold its middle (even-odd over all rings).

    Attributes:
        texels: edge length in texels.
        box: west, south, east, north in metres of the site's frame; None as long as there is no area.
        order: areas by their number minus one, sorted by id.
        ids: (texels, texels, 2) uint16: the smallest area there and the next larger one, 0 for none.
        edges: (texels, texels, 2) uint8: distance to the nearest rim in each slot, 0..255 over 0..REACH.
    """

    def __init__(self, texels: int = 2048, *, edges: bool = True) -> None:
        self.texels, self.reach = texels, REACH if edges else 0.0
        self.box: tuple[float, float, float, float] | None = None
        self.order: list[Area] = []
        self.ids = np.zeros((texels, texels, 2), np.uint16)
        self.edges = np.full((texels, texels, 2) if edges else (1, 1, 2), 255, np.uint8)
        #: texels that the last update cut again
        self.cut = 0
        self._known: dict[str, _Known] = {}

    @property
    def version(self) -> str:
        """Changes with the content, and only then: the same in every process."""
        digest = hashlib.sha256(f"1\0{self.texels}\0{self.reach}\0{self.box}".encode())
        for area in self.order:
            digest.update(area.id.encode() + area.digest)
        return digest.hexdigest()[:16]

    def update(self, areas: Mapping[str, Area]) -> bool:
        """Take a new state of the areas (by id); whether anything differs. Cuts only around the changes."""
        gone = [k for k in self._known if k not in areas]
        fresh = [a for k, a in areas.items() if k not in self._known or self._known[k].area.digest != a.digest]
        if not gone and not fresh:
            return False
        dirty = [self._known[k].box for k in (*gone, *(a.id for a in fresh)) if k in self._known]
        for key in gone:
            del self._known[key]
        self._known |= {a.id: _Known.of(a) for a in fresh}
        dirty += [self._known[a.id].box for a in fresh]
        order = [self._known[k].area for k in sorted(self._known)][:MOST]
        self._renumber(order)
        box = self._frame()
        if box != self.box:
            self.box, dirty = box, [box] if box else []
            self.ids.fill(0)
            self.edges.fill(255)
        self._cut(dirty)
        return True

    def _renumber(self, order: list[Area]) -> None:
        """Numbers follow the ids' order, so they do not depend on the history of edits."""
        numbers = {area.id: n for n, area in enumerate(order, 1)}
        table = np.array([0, *(numbers.get(a.id, 0) for a in self.order)], np.uint16)
        if (table != np.arange(len(table))).any():
            self.ids = table[self.ids]
        self.order = order

    def _frame(self) -> tuple[float, float, float, float] | None:
        """The square that holds all areas, on a coarse grid."""
        if not self._known:
            return None
        boxes = np.array([k.box for k in self._known.values()])
        low = np.floor((boxes[:, :2].min(axis=0) - _MARGIN) / _STEP) * _STEP
        side = float(np.ceil((boxes[:, 2:].max(axis=0) + _MARGIN - low) / _STEP).max()) * _STEP
        return float(low[0]), float(low[1]), float(low[0]) + side, float(low[1]) + side

    def _cut(self, dirty: list[tuple[float, float, float, float]]) -> None:
        self.cut = 0
        if self.box is None or not dirty:
            return
        step = (self.box[2] - self.box[0]) / self.texels
        grid = np.array([self.box[0], self.box[1], step, step])
        numbers = {area.id: n for n, area in enumerate(self.order, 1)}
        painting = sorted((k for k in self._known.values() if k.area.id in numbers), key=lambda k: (-k.size, k.area.id))
        boxes = np.array([k.box for k in painting]).reshape(-1, 4)
        windows = [w for box in dirty if (w := self._window(box, grid)) is not None]
        for window in _joined(windows, self.texels):
            r0, r1, c0, c1 = window
            self.cut += (r1 - r0 + 1) * (c1 - c0 + 1)
            self.ids[r0 : r1 + 1, c0 : c1 + 1] = 0
            if self.reach:
                self.edges[r0 : r1 + 1, c0 : c1 + 1] = 255
            first = self._window_of(boxes, grid)
            meets = (first[:, 0] <= r1) & (first[:, 1] >= r0) & (first[:, 2] <= c1) & (first[:, 3] >= c0)
            for i in np.flatnonzero(meets):
                own = first[i]
                part = np.array([max(r0, own[0]), min(r1, own[1]), max(c0, own[2]), min(c1, own[3])], np.int64)
                known = painting[i]
                number = numbers[known.area.id]
                raster_kernels.paint(known.xy, known.starts, number, self.reach, grid, part, self.ids, self.edges)

    def _window_of(self, boxes: F64, grid: F64) -> NDArray[np.int64]:
        """First and last row and column (M, 4) that boxes (M, 4) reach, rims included."""
        low = np.floor((boxes[:, :2] - self.reach - grid[:2]) / grid[2:]).astype(np.int64) - 1
        high = np.ceil((boxes[:, 2:] + self.reach - grid[:2]) / grid[2:]).astype(np.int64) + 1
        last = self.texels - 1
        clipped = np.stack([low[:, 1].clip(0), high[:, 1].clip(max=last), low[:, 0].clip(0), high[:, 0].clip(max=last)])
        return np.ascontiguousarray(clipped.T)

    def _window(self, box: tuple[float, float, float, float], grid: F64) -> tuple[int, int, int, int] | None:
        r0, r1, c0, c1 = (int(v) for v in self._window_of(np.array([box]), grid)[0])
        return (r0, r1, c0, c1) if r0 <= r1 and c0 <= c1 else None

    def at(self, x: float, y: float) -> list[Area]:
        """The areas at a place (metres), the smallest first; at most two."""
        if self.box is None:
            return []
        step = (self.box[2] - self.box[0]) / self.texels
        column, row = math.floor((x - self.box[0]) / step), math.floor((y - self.box[1]) / step)
        if not (0 <= column < self.texels and 0 <= row < self.texels):
            return []
        return [self.order[n - 1] for n in self.ids[row, column].tolist() if n]


def _joined(windows: list[tuple[int, int, int, int]], texels: int) -> list[tuple[int, int, int, int]]:
    """Windows to cut; one for all when they add up to more than the whole."""
    if sum((r1 - r0 + 1) * (c1 - c0 + 1) for r0, r1, c0, c1 in windows) > texels * texels // 2:
        rows = [(w[0], w[1]) for w in windows]
        columns = [(w[2], w[3]) for w in windows]
        return [
            (min(r[0] for r in rows), max(r[1] for r in rows), min(c[0] for c in columns), max(c[1] for c in columns))
        ]
    return sorted(set(windows))
