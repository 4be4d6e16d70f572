"""The coarsest supplied meshes of neighbouring delivery tiles share a file: they appear together, and each request costs a round trip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tiles.tiles3d.borders import Grid
from tiles.tiles3d.job import Building, spread
from tiles.tiles3d.levels import merge
from tiles.tiles3d.nodes import Record, Style, Writer, load_mesh, save_mesh

#: Not more: what shares a file is refined together, and a far tile would bring its finer level for the sake of a near one.
_TOGETHER = 4


@dataclass
class _Task:
    members: list[str]
    records: list[Record]
    name: str
    folder: Path
    style: Style


def _join(task: _Task) -> Record:
    """One node of some tops as they are; below it comes what was below them."""
    mesh = merge([load_mesh(task.folder / "work" / f"{member}.npz") for member in task.members])
    texel = float(np.average([r.texel for r in task.records], weights=[r.triangles for r in task.records]))
    children = [child for r in task.records for child in r.children]
    error = max(r.error for r in task.records)
    record = Writer(task.folder, task.style).node(mesh, task.name, children, error, texel)
    save_mesh(mesh, task.folder / "work" / f"{task.name}.npz")
    return record


def _sets(
    cells: dict[str, tuple[int, int]], depth: int, records: dict[str, Record], triangles: int, texels: int
) -> list[list[str]]:
    """Neighbours that are few and small enough, the widest sets first; a top with nothing below it is the finest there is and stays."""
    left, found = dict(cells), []
    for level in range(depth, 0, -1):
        groups: dict[tuple[int, int], list[str]] = {}
        for name, (c, r) in left.items():
            groups.setdefault((c >> level, r >> level), []).append(name)
        for members in groups.values():
            tops = [records[member] for member in members]
            small = sum(t.triangles for t in tops) <= triangles and sum(t.texels for t in tops) <= texels
            if 1 < len(members) <= _TOGETHER and small and all(t.triangles and t.children for t in tops):
                found.append(members)
                for member in members:
                    del left[member]
    return found


def join_tops(
    names: list[str],
    records: dict[str, Record],
    grid: Grid,
    building: Building,
    style: Style,
    workers: int,
    triangles: int,
) -> dict[str, tuple[int, int]]:
    """Join the tops of up to four neighbours where they have no more than ``triangles`` together; their meshes lie in the
    work folder, and the joined ones do afterwards.

    Returns:
        What the levels above are built of, joined tops and those that stay, each with its cell on the grid.
    """
    cells = grid.by_name(names)
    tasks = []
    for members in _sets(cells, grid.depth, records, triangles, 4 * style.limits.texture**2):
        name = f"j{members[0]}"
        tasks.append(_Task(members, [records[m] for m in members], name, building.folder, style))
        cells[name] = cells[members[0]]
        for member in members:
            del cells[member]
    todo = []
    for task in tasks:
        ready = building.done(task.name)
        if ready is None:
            todo.append(task)
        else:
            records[task.name] = ready
    for index, record in spread(_join, todo, workers):
        task = todo[index]
        for below in task.records:  # before the mark: an interruption leaves no file without a tile
            (building.folder / below.content).unlink(missing_ok=True)
        building.mark(task.name, record)
        records[task.name] = record
        for member in task.members:
            (building.work / f"{member}.npz").unlink(missing_ok=True)
    return cells
