"""Vertices on the borders between delivery tiles: where two tiles meet, neither may move a vertex before both are
one node.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.mesh import Mesh, keys

_PLANE = 0.02


@dataclass
class Grid:
    """Delivery tiles on an integer grid: the leaves of the upper quadtree.

    Attributes:
        cells: (N, 2) int, column and row of each tile.
        depth: depth of the tiles; the root has depth 0.
    """

    cells: NDArray[np.int64]
    depth: int

    @cached_property
    def taken(self) -> set[tuple[int, int]]:
        """Column and row of every tile."""
        return {(int(c), int(r)) for c, r in self.cells}

    @classmethod
    def of(cls, low: NDArray[np.float64], high: NDArray[np.float64]) -> Grid:
        """From tile boxes (N, 3): the pitch is the median size, whatever overhangs."""
        center = (low[:, :2] + high[:, :2]) / 2
        pitch = np.maximum(np.median(high[:, :2] - low[:, :2], axis=0), 1e-3).max()
        cells = np.rint((center - center.min(axis=0)) / pitch).astype(np.int64)
        # Tiles that stand in one cell (terrain and the buildings on it) are several too: they meet in the root above.
        depth = 1 if len(cells) > 1 else 0
        while ((cells >> depth) != (cells[0] >> depth)).any():
            depth += 1
        return cls(cells, depth)

    def by_name(self, names: list[str]) -> dict[str, tuple[int, int]]:
        """Column and row of each tile under its name."""
        return {name: (int(c), int(r)) for name, (c, r) in zip(names, self.cells, strict=True)}

    def common(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """Depth of the lowest node that holds both corners, (M, 2) each -> (M,); the corners are of different tiles."""
        result = np.full(len(low), max(self.depth - 1, 0))
        for k in range(self.depth, 0, -1):
            apart = ((low >> (k - 1)) != (high >> (k - 1))).any(axis=1)
            result[apart] = np.minimum(result[apart], self.depth - k)
        return result


def open_keys(mesh: Mesh) -> NDArray[np.int64]:
    """Keys of the vertices on open edges (edges of a single triangle, after welding by position)."""
    at = np.concatenate([keys(p.positions)[p.indices] for p in mesh.parts])
    values, ids = np.unique(at, return_inverse=True)
    tri = ids.reshape(-1, 3)
    edges = np.sort(np.concatenate([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [2, 0]]]), axis=1)
    code = edges[:, 0].astype(np.int64) * len(values) + edges[:, 1]
    code, counts = np.unique(code, return_counts=True)
    lonely = code[counts == 1]
    return np.asarray(values[np.unique(np.concatenate([lonely // len(values), lonely % len(values)]))])


def shared_depths(grid: Grid, found: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Keys that open edges of more than one tile have, sorted, and the depth of the first node where those tiles are
    one.
    """
    tile = np.repeat(np.arange(len(found)), [len(f) for f in found])
    every = np.concatenate(found) if found else np.zeros(0, np.int64)
    order = np.argsort(every, kind="stable")
    every, tile = every[order], tile[order]
    if not len(every):
        return every, np.zeros(0, np.int8)
    start = np.flatnonzero(np.concatenate([[True], every[1:] != every[:-1]]))
    count = np.diff(np.append(start, len(every)))
    low = np.minimum.reduceat(grid.cells[tile], start, axis=0)
    high = np.maximum.reduceat(grid.cells[tile], start, axis=0)
    many = count > 1
    return every[start][many], grid.common(low[many], high[many]).astype(np.int8)


def own_share(
    shared: tuple[NDArray[np.int64], NDArray[np.int8]], own: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """The part of ``shared_depths`` that one tile has; ``own`` sorted."""
    if not len(shared[0]):
        return shared
    at = np.minimum(np.searchsorted(shared[0], own), len(shared[0]) - 1)
    at = at[shared[0][at] == own]
    return shared[0][at], shared[1][at]


def lock_borders(
    mesh: Mesh,
    number: int,
    grid: Grid,
    shared: tuple[NDArray[np.int64], NDArray[np.int8]],
    box: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    """Set ``free_depth`` of a tile's vertices: those shared with other tiles, and open ones on the planes of its box
    that face a neighbour (survey firms cut there, often without matching vertices).
    """
    opened = open_keys(mesh)
    cell = grid.cells[number]
    cells = grid.taken
    for part in mesh.parts:
        free, key = part.depth(), keys(part.positions)
        if len(shared[0]):
            at = np.minimum(np.searchsorted(shared[0], key), len(shared[0]) - 1)
            hit = shared[0][at] == key
            free[hit] = np.minimum(free[hit], shared[1][at[hit]])
        edge = np.isin(key, opened)
        for axis in (0, 1):
            for side, plane in ((-1, box[0][axis]), (1, box[1][axis])):
                other = cell.copy()
                other[axis] += side
                if (int(other[0]), int(other[1])) not in cells:
                    continue
                depth = int(grid.common(np.minimum(cell, other)[None], np.maximum(cell, other)[None])[0])
                near = edge & (np.abs(part.positions[:, axis] - plane) < _PLANE)
                free[near] = np.minimum(free[near], depth)
