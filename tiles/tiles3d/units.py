"""Meshes in another unit than the rest of their delivery: glTF states metres, OBJ nothing, and exporters err in both."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.mesh import F64

#: How many of it make a metre. Smaller numbers than expected are never refused: a tile may be filled in one corner only.
_UNITS = {"centimetres": 100.0, "feet": 1 / 0.3048}
#: Column and row in the name of a tile, as survey software gives them.
_CELL = re.compile(r"_([+-]\d+)_([+-]\d+)(?=[./_]|$)")
#: How closely size and place must agree with the unit's factor, as a share.
_CLOSE = 0.05
#: Tiles that agree on the grid before one is judged by it.
_GRID = 6


def refuse_other_units(boxes: list[tuple[F64, F64]], labels: list[str]) -> None:
    """Refuse a mesh in millimetres among meshes in metres: these formats state no unit, or are exported in a wrong one.

    Such a mesh reaches a thousand times farther than its neighbours. Refused is what reaches 200 times farther than most and
    over 10 km: a wide terrain around a plant, or a hall beside small parts, stays below one of the two.

    Args:
        boxes: low and high corner of each mesh, metres.
        labels: file of each, as in the delivery.

    Raises:
        BrokenFile: names the first such file, also one of a grid of tiles in centimetres or feet.
    """
    if len(boxes) < 3:
        return  # of two nobody can say which one is wrong
    low, high = (np.array([b[k][:2] for b in boxes]) for k in (0, 1))
    _refuse_off_the_grid(low, high, labels)
    middle = np.median((low + high) / 2, axis=0)
    reach = np.hypot(*np.maximum(abs(low - middle), abs(high - middle)).T)
    ratio = reach / max(float(np.median(reach)), 1e-3)
    odd = np.flatnonzero((ratio > 200) & (reach > 10_000))
    if len(odd):
        fault = (
            f"reaches {ratio[odd[0]]:.0f} times farther than the other meshes: millimetres among metres? (mixed units)"
        )
        raise BrokenFile(labels[odd[0]], fault)


def _refuse_off_the_grid(low: F64, high: F64, labels: list[str]) -> None:
    """Refuse a tile of a regular grid whose size and place both are those that its name gives it, times a unit's factor.

    The grid is that of the other tiles: names with column and row, places that follow them. Both conditions hold for
    a tile in another unit about the delivery's origin, and for no honest one: it would lie over several neighbours.
    """
    named = [_CELL.search(label) for label in labels]
    if len(labels) <= _GRID or not all(named):
        return
    cells = np.array([[1.0, float(m[1]), float(m[2])] for m in named if m])
    middle, size = (low + high) / 2, high - low
    usual = np.median(size, axis=0)
    large = (size > 2.5 * usual).all(axis=1)
    rest = ~large
    if not large.any() or rest.sum() < _GRID or np.linalg.matrix_rank(cells[rest]) < 3:
        return
    fit: NDArray[np.float64] = np.linalg.lstsq(cells[rest], middle[rest], rcond=None)[0]
    if (abs(cells[rest] @ fit - middle[rest]) > 0.25 * usual).any():
        return  # no regular grid
    for index in np.flatnonzero(large):
        for unit, factor in _UNITS.items():
            right_size = (abs(size[index] / usual / factor - 1) < _CLOSE).all()
            right_place = (abs(middle[index] / factor - cells[index] @ fit) < _CLOSE * usual).all()
            if right_size and right_place:
                fault = f"is {factor:.2f} times as large and as far off as its place in the grid: {unit} among metres? (mixed units)"
                raise BrokenFile(labels[index], fault)
