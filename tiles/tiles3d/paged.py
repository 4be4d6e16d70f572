"""OSGB deliveries: the supplied pyramid becomes the tileset's pyramid; above the tiles' roots our own levels are built.

One file at a time is in memory; a delivery of any size streams through.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tiles.tiles3d.borders import Grid, lock_borders, open_keys, shared_depths
from tiles.tiles3d.errors import BrokenFile, EmptyTile
from tiles.tiles3d.georef import Georef
from tiles.tiles3d.job import Building, Options, Progress, spread
from tiles.tiles3d.levels import merge
from tiles.tiles3d.mesh import F64, Mesh, inside
from tiles.tiles3d.meshes import build_upper, placed
from tiles.tiles3d.nodes import Record, Style, Writer, load_mesh, save_mesh
from tiles.tiles3d.osgb import Cell, load_cells
from tiles.tiles3d.sources import Delivery
from tiles.tiles3d.tops import join_tops

#: Sibling cells without finer files, and the tops of neighbours, appear together anyway; up to this many triangles they share one request.
_JOIN = 60_000
_MAX_FILES_DEEP = 40


@dataclass
class _Task:
    file: Path
    label: str
    name: str
    georef: Georef
    folder: Path
    style: Style
    keep: bool


@dataclass
class _Found:
    """What came out of one delivery tile."""

    record: Record
    missing: int


class _Pyramid:
    """Writes the nodes of one delivery tile, top down."""

    def __init__(self, task: _Task) -> None:
        self.task = task
        self.writer = Writer(task.folder, task.style)
        self.base = task.file.parent
        self.count = self.missing = 0
        self.open_files: list[Path] = []

    def file(self, path: Path, depth: int) -> list[Record]:
        """Records of the cells in a file."""
        label = f"{Path(self.task.label).parent.as_posix()}/{path.name}"
        if depth > _MAX_FILES_DEEP or path in self.open_files:
            raise BrokenFile(label, "files refine one another without end")
        self.open_files.append(path)
        records = self.cells(load_cells(path, label), depth)
        self.open_files.pop()
        return records

    def cells(self, cells: list[Cell], depth: int) -> list[Record]:
        leaves: list[Mesh] = []
        records = []
        for cell in cells:
            finer = self.finer(cell)
            if finer or cell.inner:
                records.append(self.node(cell, finer, depth))
            elif cell.mesh.triangles:
                leaves.append(placed(cell.mesh, self.task.georef))
        for group in _groups(leaves):
            records.append(self.writer.node(merge(group), self.next_name(), [], 0.0))
        return records

    def finer(self, cell: Cell) -> list[Path]:
        """Finer files that exist; those that do not are counted (deliveries are often cut at a level)."""
        paths = [inside(self.base, name) for name in cell.files]
        here = [p for p in paths if p.is_file()]
        self.missing += len(paths) - len(here)
        return here

    def node(self, cell: Cell, finer: list[Path], depth: int) -> Record:
        name = self.next_name()
        mesh = placed(cell.mesh, self.task.georef)
        children = self.cells(cell.inner, depth)
        # Written before the finer files are opened: one mesh in memory at a time, however deep the pyramid.
        own = self.writer.node(mesh, name, [], cell.error) if mesh.triangles else None
        del mesh, cell.mesh
        for path in finer:
            children += self.file(path, depth + 1)
        return _with_children(own, children, cell.error)

    def next_name(self) -> str:
        self.count += 1
        return f"{self.task.name}/{self.count:05d}"


def _with_children(own: Record | None, children: list[Record], error: float) -> Record:
    """The record above some children: box around all, error clearly above theirs."""
    boxes = ([own] if own is not None else []) + children
    low = np.min([r.low for r in boxes], axis=0).tolist()
    high = np.max([r.high for r in boxes], axis=0).tolist()
    above = max((c.error for c in children), default=0.0)
    error = max(error, 1.25 * above, 0.01) if children else 0.0
    record = own or Record(low, high, error, "", 0)
    record.low, record.high, record.error, record.children = low, high, error, children
    record.level = 1 + max((c.level for c in children), default=-1)
    return record


def _groups(leaves: list[Mesh]) -> list[list[Mesh]]:
    groups: list[list[Mesh]] = []
    size = _JOIN
    for mesh in leaves:
        if size + mesh.triangles > _JOIN:
            groups.append([])
            size = 0
        groups[-1].append(mesh)
        size += mesh.triangles
    return groups


def _root(file: Path, label: str, georef: Georef) -> Mesh:
    """The coarsest mesh of a delivery tile, for the levels above it."""
    cells = load_cells(file, label)
    return placed(merge([c.mesh for c in cells if c.mesh.triangles]), georef)


def _tile(task: _Task) -> _Found:
    pyramid = _Pyramid(task)
    records = pyramid.file(task.file, 0)
    if not records:
        raise EmptyTile(task.label, "not a single triangle")
    record = records[0] if len(records) == 1 else _with_children(None, records, 0.0)
    if task.keep:
        save_mesh(_root(task.file, task.label, task.georef), task.folder / "work" / f"{task.name}.root.npz")
    return _Found(record, pyramid.missing)


def build_paged(delivery: Delivery, georef: Georef, building: Building, options: Options, progress: Progress) -> Record:
    """All nodes of an OSGB delivery; returns the root's record."""
    files, workers, style = delivery.files, options.processes(), options.style()
    several = len(files) > 1
    tasks = [
        _Task(f, delivery.relative(f), f"t{i:05d}", georef, building.folder, style, several)
        for i, f in enumerate(files)
    ]
    records: dict[str, Record] = {}
    for task in tasks:
        ready = building.done(task.name)
        if ready is not None:
            records[task.name] = ready
    todo = [t for t in tasks if t.name not in records]
    missing = 0
    for index, found in spread(_tile, todo, workers):
        building.mark(todo[index].name, found.record)
        records[todo[index].name] = found.record
        missing += found.missing
        progress(0.85 * len(records) / len(files), "tiles")
    if missing:
        delivery.notes.append(f"{missing} finer files are named in the delivery but not in it")
    if not several:
        return records[tasks[0].name]
    low, high = np.zeros((len(tasks), 3)), np.zeros((len(tasks), 3))
    for index, bounds in enumerate(records[t.name] for t in tasks):
        low[index], high[index] = bounds.low, bounds.high
    grid = Grid.of(low, high)
    _lock_roots(tasks, grid, low, high)
    cells = join_tops([t.name for t in tasks], records, grid, building, style, workers, _JOIN)
    return build_upper(cells, records, grid.depth, building, style, workers, progress)


def _lock_roots(tasks: list[_Task], grid: Grid, low: F64, high: F64) -> None:
    """Fix the border vertices of the root meshes, so that the levels above do not pull tiles apart."""
    roots = [task.folder / "work" / f"{task.name}.root.npz" for task in tasks]
    if not all(root.is_file() for root in roots):
        return  # an interrupted run has come further: they are taken away once all borders are fixed
    shared = shared_depths(grid, [open_keys(load_mesh(root)) for root in roots])
    for number, (task, root) in enumerate(zip(tasks, roots, strict=True)):
        mesh = load_mesh(root)
        lock_borders(mesh, number, grid, shared, (low[number], high[number]))
        save_mesh(mesh, task.folder / "work" / f"{task.name}.npz")
    for root in roots:
        root.unlink()
