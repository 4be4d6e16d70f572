"""Heights and lines of sight from a tileset's finest level, on the server, without a browser."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tiles.tiles3d import rays
from tiles.tiles3d.contents import content_mesh
from tiles.tiles3d.georef import ecef, geodetic
from tiles.tiles3d.mesh import F64
from tiles.tiles3d.tileset import Visit, load_json, matrix_of, walk

#: Triangles kept decoded; about 60 bytes each with their grid.
_KEEP = 6_000_000
_GAP = 0.25


@dataclass
class _Surface:
    """Triangles of one tile and their grid, in the tileset's frame."""

    vertices: F64
    triangles: NDArray[np.int32]
    start: NDArray[np.int64]
    items: NDArray[np.int32]
    x0: float
    y0: float
    cell: float
    nx: int
    ny: int

    @classmethod
    def of(cls, vertices: F64, triangles: NDArray[np.int32]) -> _Surface:
        low, high = vertices[:, :2].min(axis=0), vertices[:, :2].max(axis=0)
        size = np.maximum(high - low, 0.01)
        cell = float(max(np.sqrt(size[0] * size[1] / max(len(triangles), 1)) * 1.5, size.max() / 2048, 0.02))
        nx, ny = int(size[0] / cell) + 1, int(size[1] / cell) + 1
        start, items = rays.build_grid(vertices, triangles, low[0], low[1], cell, nx, ny)
        return cls(vertices, triangles, start, items, float(low[0]), float(low[1]), cell, nx, ny)

    def grid(
        self,
    ) -> tuple[F64, NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], float, float, float, int, int]:
        return self.vertices, self.triangles, self.start, self.items, self.x0, self.y0, self.cell, self.nx, self.ny


@dataclass
class _Leaf:
    visit: Visit
    low: F64
    high: F64


class HeightField:
    """Answers from the mesh of a tileset. Tiles are decoded when first needed and kept up to a limit; safe to share
    between threads.

    Args:
        folder: the tileset.

    Raises:
        BrokenFile: no readable tileset there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.transform = matrix_of(load_json(self.folder / "tileset.json")["root"].get("transform"))
        self.inverse = np.linalg.inv(self.transform)
        self.leaves = [_leaf(v) for v in walk(self.folder, root_transform=False) if _is_leaf(v)]
        self.low = np.array([leaf.low for leaf in self.leaves]).reshape(-1, 3)
        self.high = np.array([leaf.high for leaf in self.leaves]).reshape(-1, 3)
        self._kept: OrderedDict[int, _Surface | None] = OrderedDict()
        self._lock = threading.Lock()

    def _surface(self, number: int) -> _Surface | None:
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        surface = self._load(self.leaves[number].visit)
        with self._lock:
            self._kept[number] = surface
            while sum(len(s.triangles) for s in self._kept.values() if s is not None) > _KEEP and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return surface

    def _load(self, visit: Visit) -> _Surface | None:
        vertices, triangles, count = [], [], 0
        for uri in visit.contents():
            for part in content_mesh(visit.base, uri).parts:
                exact = part.positions if part.exact is None else part.exact
                local = exact.astype(np.float64) @ visit.world[:3, :3].T + visit.world[:3, 3]
                vertices.append(local)
                triangles.append(part.indices.reshape(-1, 3).astype(np.int32) + np.int32(count))
                count += len(local)
        if not count:
            return None
        return _Surface.of(np.concatenate(vertices), np.concatenate(triangles))

    def frame(self, lonlath: ArrayLike) -> F64:
        """Longitude, latitude (degrees), ellipsoidal height (m), (N, 3), to the tileset's frame (N, 3), metres."""
        p = np.asarray(lonlath, np.float64).reshape(-1, 3)
        return np.asarray(ecef(p[:, 0], p[:, 1], p[:, 2]) @ self.inverse[:3, :3].T + self.inverse[:3, 3])

    def sample(self, lonlat: ArrayLike, *, below: ArrayLike | None = None) -> F64:
        """Ellipsoidal heights (N,) in metres of the highest surface at (N, 2) longitudes and latitudes; NaN beside
        the model.

        Args:
            below: (N,) or one ellipsoidal height: the highest surface not above it (the floor below a roof).
        """
        p = np.asarray(lonlat, np.float64).reshape(-1, 2)
        if not len(self.leaves) or not len(p):
            return np.full(len(p), np.nan)
        middle = float((self.low[:, 2].min() + self.high[:, 2].max()) / 2)
        at = geodetic(self.transform[:3, 3])
        local = self.frame(np.column_stack([p, np.full(len(p), at[2] + middle)]))
        limit = np.full(len(p), np.inf)
        if below is not None:
            h = np.broadcast_to(np.asarray(below, np.float64), len(p))
            limit = self.frame(np.column_stack([p, h]))[:, 2]
        z = np.full(len(p), -np.inf)
        for number in np.flatnonzero(self._touching(local[:, :2].min(axis=0), local[:, :2].max(axis=0))):
            inside = (
                (local[:, :2] >= self.low[number, :2] - 1e-3) & (local[:, :2] <= self.high[number, :2] + 1e-3)
            ).all(axis=1)
            mine = np.flatnonzero(inside & (z < self.high[number, 2]))
            surface = self._surface(int(number)) if len(mine) else None
            if surface is not None:
                found = z[mine]
                rays.top_heights(*surface.grid(), np.ascontiguousarray(local[mine, :2]), limit[mine], found)
                z[mine] = found
        local[:, 2] = z
        hit = np.isfinite(z)
        heights = np.full(len(p), np.nan)
        heights[hit] = geodetic(local[hit] @ self.transform[:3, :3].T + self.transform[:3, 3])[:, 2]
        return heights

    def visible(self, point: ArrayLike, cameras: ArrayLike, *, gap: float = _GAP) -> NDArray[np.bool_]:
        """Which of N cameras (N, 3) see a point: no part of the mesh lies between. Longitude, latitude, ellipsoidal
        height.

        Args:
            gap: metres at both ends that do not count (the wall that a camera hangs on, the ground that a point lies
                on).
        """
        o = self.frame(point)[0]
        ends = np.ascontiguousarray(self.frame(cameras))
        hidden = np.zeros(len(ends), np.bool_)
        if len(ends) and len(self.leaves):
            low, high = np.minimum(ends.min(axis=0), o), np.maximum(ends.max(axis=0), o)
            for number in np.flatnonzero(self._touching(low[:2], high[:2]) & (self.high[:, 2] >= low[2])):
                if not self._crosses(int(number), o, ends, hidden):
                    continue
                surface = self._surface(int(number))
                if surface is not None:
                    rays.blocked(*surface.grid(), o, ends, gap, hidden)
        return ~hidden

    def _touching(self, low: F64, high: F64) -> NDArray[np.bool_]:
        return np.asarray(((self.low[:, :2] <= high + 1e-3) & (self.high[:, :2] >= low - 1e-3)).all(axis=1))

    def _crosses(self, number: int, o: F64, ends: F64, hidden: NDArray[np.bool_]) -> bool:
        """Whether any line that is still free meets a tile's box."""
        d = ends[~hidden] - o
        with np.errstate(divide="ignore", invalid="ignore"):
            f, g = (self.low[number] - o) / d, (self.high[number] - o) / d
        near, far = np.fmax.reduce(np.fmin(f, g), axis=1), np.fmin.reduce(np.fmax(f, g), axis=1)
        return bool((np.maximum(near, 0) <= np.minimum(far, 1)).any())


def _is_leaf(visit: Visit) -> bool:
    """Finest tiles with a mesh: no children, no external tileset, something to read."""
    uris = visit.contents()
    if visit.refine == "ADD" and uris:
        return not all(u.split("?")[0].endswith(".json") for u in uris)
    return not visit.tile.get("children") and bool(uris) and not any(u.split("?")[0].endswith(".json") for u in uris)


def _leaf(visit: Visit) -> _Leaf:
    volume = visit.tile["boundingVolume"]
    if "box" in volume:
        b = np.array(volume["box"], np.float64)
        axes = b[3:].reshape(3, 3) @ visit.world[:3, :3].T
        center = visit.world[:3, :3] @ b[:3] + visit.world[:3, 3]
        half = np.abs(axes).sum(axis=0)
    else:
        # Spheres and regions of foreign tilesets: taken as everywhere, the mesh decides.
        center, half = np.zeros(3), np.full(3, 1e7)
    return _Leaf(visit, center - half, center + half)
