"""Deliveries of textured meshes without levels (glTF, OBJ): our own quadtree pyramid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.borders import Grid, lock_borders, open_keys, own_share, shared_depths
from tiles.tiles3d.georef import Georef
from tiles.tiles3d.job import Building, Options, Progress, spread
from tiles.tiles3d.mesh import F64, Mesh, snap
from tiles.tiles3d.nodes import Record, Style, Writer, load_mesh, save_mesh
from tiles.tiles3d.sources import Delivery, read_tile
from tiles.tiles3d.units import refuse_other_units


def placed(mesh: Mesh, georef: Georef) -> Mesh:
    """Apply the curvature correction and snap to the grid; the double-precision copies go."""
    for part in mesh.parts:
        local = part.positions if part.exact is None else part.exact
        part.positions = snap(georef.apply(local))
        part.exact = None
    return mesh


@dataclass
class _Scan:
    file: Path
    label: str
    georef: Georef


def _scan(task: _Scan) -> tuple[F64, F64, NDArray[np.int64]]:
    mesh = placed(read_tile(task.file, task.label, textures=False), task.georef)
    low, high = mesh.bounds()
    return low, high, open_keys(mesh)


@dataclass
class _Tile:
    file: Path
    label: str
    name: str
    number: int
    georef: Georef
    grid: Grid
    shared: tuple[NDArray[np.int64], NDArray[np.int8]]
    box: tuple[F64, F64]
    folder: Path
    style: Style
    keep: bool


def _tile(task: _Tile) -> Record:
    mesh = placed(read_tile(task.file, task.label), task.georef)
    lock_borders(mesh, task.number, task.grid, task.shared, task.box)
    record, top = Writer(task.folder, task.style).subtree(mesh, *task.box, task.grid.depth, task.name)
    if task.keep:
        save_mesh(top, task.folder / "work" / f"{task.name}.npz")
    return record


@dataclass
class _Upper:
    names: list[str]
    records: list[Record]
    depth: int
    name: str
    folder: Path
    style: Style
    keep: bool


def _upper(task: _Upper) -> Record:
    meshes = [load_mesh(task.folder / "work" / f"{n}.npz") for n in task.names]
    record, mesh = Writer(task.folder, task.style).parent(meshes, task.records, task.depth, task.name)
    if task.keep:
        save_mesh(mesh, task.folder / "work" / f"{task.name}.npz")
    return record


def build_meshes(
    delivery: Delivery, georef: Georef, building: Building, options: Options, progress: Progress
) -> Record:
    """All nodes of a mesh delivery; returns the root's record."""
    workers, files = options.processes(), delivery.files
    labels = [delivery.relative(f) for f in files]
    boxes: list[tuple[F64, F64]] = [(np.zeros(3), np.zeros(3))] * len(files)
    opened: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(files)
    scans = [_Scan(f, label, georef) for f, label in zip(files, labels, strict=True)]
    for done, (index, (low, high, found)) in enumerate(spread(_scan, scans, workers), 1):
        boxes[index], opened[index] = (low, high), found
        progress(0.15 * done / len(files), "scan")
    refuse_other_units(boxes, labels)
    grid = Grid.of(np.array([b[0] for b in boxes]), np.array([b[1] for b in boxes]))
    shared = shared_depths(grid, opened)
    # Each tile's own share of them, looked up the short way: work and memory grow with the delivery, not with its square.
    mine_of = [own_share(shared, own) for own in opened]
    del opened, shared
    names = [f"t{i:05d}" for i in range(len(files))]
    style = options.style()
    records: dict[str, Record] = {}
    tasks = []
    for i, name in enumerate(names):
        ready = building.done(name)
        if ready is not None:
            records[name] = ready
            continue
        tasks.append(
            _Tile(
                files[i], labels[i], name, i, georef, grid, mine_of[i], boxes[i], building.folder, style, len(files) > 1
            )
        )
    for index, record in spread(_tile, tasks, workers):
        building.mark(tasks[index].name, record)
        records[tasks[index].name] = record
        progress(0.15 + 0.75 * len(records) / len(files), "tiles")
    return build_upper(grid.by_name(names), records, grid.depth, building, style, workers, progress)


def build_upper(
    cells: dict[str, tuple[int, int]],
    records: dict[str, Record],
    depths: int,
    building: Building,
    style: Style,
    workers: int,
    progress: Progress,
) -> Record:
    """The levels above the delivery tiles, one after the other, up to a single root.

    Args:
        cells: what is to be put together, with its column and row on the grid of the delivery tiles.
        depths: depth of that grid.
    """
    for depth in range(depths - 1, -1, -1):
        groups: dict[tuple[int, int], list[str]] = {}
        for name, (c, r) in cells.items():
            groups.setdefault((c >> 1, r >> 1), []).append(name)
        tasks, cells = [], {}
        for cell, members in sorted(groups.items()):
            if len(members) == 1 and depth:  # nothing to put together: a level more would only be a request more
                cells[members[0]] = cell
                continue
            name = f"u{depth}-{cell[0]}-{cell[1]}"
            cells[name] = cell
            ready = building.done(name)
            if ready is not None:
                records[name] = ready
            else:
                below = [records[m] for m in members]
                tasks.append(_Upper(members, below, depth, name, building.folder, style, depth > 0))
        for index, record in spread(_upper, tasks, workers):
            task = tasks[index]
            building.mark(task.name, record)
            records[task.name] = record
            for member in task.names:
                (building.work / f"{member}.npz").unlink(missing_ok=True)
        progress(0.9 + 0.08 * (depths - depth) / depths, "top")
    return records[next(iter(cells))]
