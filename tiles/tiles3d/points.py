"""Point clouds (LAS, LAZ, PLY, E57) as an additive pyramid of coloured points.

Points stream through in chunks and are dealt to cells on disk; then one cell at a time is built in memory. Every node
holds a random share of its cell's points, its children the rest, so coarse and fine levels add up without doubles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d import georef as geo
from tiles.tiles3d.e57 import read_e57
from tiles.tiles3d.errors import BrokenFile, EmptyTile, SrsError
from tiles.tiles3d.georef import Georef
from tiles.tiles3d.gltf_write import write_points
from tiles.tiles3d.job import Building, Options, Progress
from tiles.tiles3d.mesh import F64, U8, snap
from tiles.tiles3d.nodes import Record
from tiles.tiles3d.ply import read_ply
from tiles.tiles3d.sources import Delivery

_CHUNK = 1_000_000
_NODE = 50_000
#: Points of a cell that is built in memory.
_CELL = 4_000_000
_ROW = np.dtype([("p", "<f8", 3), ("c", "u1", 4)])


@dataclass
class _Cloud:
    """A file's points: how many, where, in what system."""

    file: Path
    label: str
    count: int
    low: F64
    high: F64
    srs: str


def _open(file: Path, label: str) -> _Cloud:
    if file.suffix.lower() == ".ply":
        points, _ = read_ply(file, label)
        if not len(points):
            raise EmptyTile(label, "not a single point")
        return _Cloud(file, label, len(points), points.min(axis=0), points.max(axis=0), "")
    if file.suffix.lower() == ".e57":
        return _open_e57(file, label)
    laspy = _laspy(label)
    try:
        with laspy.open(file) as reader:
            header = reader.header
            crs = header.parse_crs()
            low, high = np.array(header.mins, np.float64), np.array(header.maxs, np.float64)
            count = int(header.point_count)
    except Exception as error:  # laspy raises whatever its parsers raise
        raise BrokenFile(label, f"LAS header cannot be read: {error}") from error
    if count == 0:
        raise EmptyTile(label, "not a single point")
    if not (np.isfinite(low).all() and np.isfinite(high).all() and (low <= high).all()):
        raise BrokenFile(label, "the header's bounds do not hold")
    return _Cloud(file, label, count, low, high, "" if crs is None else crs.to_wkt())


def _open_e57(file: Path, label: str) -> _Cloud:
    """Counted by reading it once: the bounds in its headers are optional, and invalid points count in them."""
    count, low, high = 0, np.full(3, np.inf), np.full(3, -np.inf)
    for points, _ in read_e57(file, label, _CHUNK):
        if len(points):
            count += len(points)
            low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
    if not count:
        raise EmptyTile(label, "not a single point")
    return _Cloud(file, label, count, low, high, "")


def _laspy(label: str) -> Any:
    try:
        import laspy
    except ImportError as error:
        raise BrokenFile(label, "LAS and LAZ need the package laspy with lazrs") from error
    return laspy


def _chunks(cloud: _Cloud) -> Iterator[tuple[F64, U8]]:
    """Positions (N, 3) and colours (N, 4) of a file, a million at a time."""
    if cloud.file.suffix.lower() == ".ply":
        yield read_ply(cloud.file, cloud.label)
        return
    if cloud.file.suffix.lower() == ".e57":
        yield from read_e57(cloud.file, cloud.label, _CHUNK)
        return
    laspy = _laspy(cloud.label)
    seen = 0
    try:
        with laspy.open(cloud.file) as reader:
            for points in reader.chunk_iterator(_CHUNK):
                xyz = np.stack([np.asarray(points.x), np.asarray(points.y), np.asarray(points.z)], axis=1)
                seen += len(xyz)
                yield xyz, _las_colors(points)
    except Exception as error:
        raise BrokenFile(cloud.label, f"points cannot be read after {seen}: {error}") from error
    if seen != cloud.count:
        raise BrokenFile(cloud.label, f"cut off: {seen} of {cloud.count} points")


def _las_colors(points: Any) -> U8:
    names = set(points.point_format.dimension_names)
    colors = np.full((len(points.x), 4), 255, np.uint8)
    if {"red", "green", "blue"} <= names:
        rgb = np.stack([np.asarray(points[k]) for k in ("red", "green", "blue")], axis=1).astype(np.uint32)
        # 16 bits by the standard; many writers leave 8.
        colors[:, :3] = rgb >> 8 if rgb.max(initial=0) > 255 else rgb
    elif "intensity" in names:
        v = np.asarray(points["intensity"], np.float64)
        colors[:, :3] = np.clip(v / max(float(v.max(initial=1)), 1.0) * 255, 0, 255).astype(np.uint8)[:, None]
    return colors


def _place(delivery: Delivery, options: Options, clouds: list[_Cloud]) -> tuple[Georef, F64]:
    """The tie to the earth and what to subtract from the file's coordinates."""
    srs = options.srs or delivery.srs or clouds[0].srs
    low = np.min([c.low for c in clouds], axis=0)
    high = np.max([c.high for c in clouds], axis=0)
    given = options.origin or (delivery.origin if delivery.origin != (0.0, 0.0, 0.0) else None)
    local = given is not None and bool(np.abs([low[:2], high[:2]]).max() < 1e5)
    corner = np.floor(low)
    origin = given if local and given is not None else (float(corner[0]), float(corner[1]), float(corner[2]))
    if not srs:
        raise SrsError(delivery.relative(clouds[0].file), "no SRS in the file", geo.candidates(origin, options.near))
    georef = geo.resolve(
        srs, origin, file=delivery.relative(clouds[0].file), height_offset=options.height_offset, geoid=options.geoid,
        near=options.near,
    )  # fmt: skip
    shift = np.zeros(3) if local else np.array(origin)
    georef.fit(low - shift - 10, high - shift + 10)
    return georef, shift


class _Builder:
    """Writes point nodes of one building folder."""

    def __init__(self, building: Building, options: Options, seed: int = 1) -> None:
        self.folder, self.options = building.folder, options
        self.rng = np.random.default_rng(seed)
        self.count = 0

    def node(self, points: NDArray[Any], children: list[Record], error: float) -> Record:
        self.count += 1
        name = f"tiles/p{self.count:06d}.glb"
        # In space order neighbours lie together in the file, which is what the codec lives on.
        q = np.floor((points["p"] - points["p"].min(axis=0)) / 0.5).astype(np.int64)
        points = points[np.lexsort((points["p"][:, 2], points["p"][:, 0], q[:, 1], q[:, 0]))]
        positions = snap(points["p"])
        data = write_points(positions, np.ascontiguousarray(points["c"]), compress=self.options.compress)
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        low, high = positions.min(axis=0).astype(float), positions.max(axis=0).astype(float)
        for child in children:
            low, high = np.minimum(low, child.low), np.maximum(high, child.high)
        level = 1 + max((c.level for c in children), default=-1)
        record = Record(low.tolist(), high.tolist(), error if children else 0.0, name, level, children=children)
        record.points, record.bytes = len(points), len(data)
        return record

    def cell(self, points: NDArray[Any], depth: int = 0) -> Record:
        """The subtree of points that fit in memory: a random share here, the rest in the octants."""
        if len(points) <= _NODE * 1.5 or depth > 20:
            return self.node(points, [], 0.0)
        points = points[self.rng.permutation(len(points))]
        mine, rest = points[:_NODE], points[_NODE:]
        low, high = points["p"].min(axis=0), points["p"].max(axis=0)
        side = rest["p"] >= (low + high) / 2
        octant = side[:, 0] + 2 * side[:, 1] + 4 * side[:, 2]
        children = [self.cell(rest[octant == k], depth + 1) for k in range(8) if (octant == k).any()]
        error = max(_spacing(low, high, len(mine)) * 8, 1.5 * max(c.error for c in children), 1e-3)
        return self.node(mine, children, error)


def _spacing(low: F64, high: F64, count: int) -> float:
    """Distance between points on a surface that fills the box's largest faces."""
    size = np.sort(high - low)
    return float(np.sqrt(max(size[2], 0.01) * max(size[1], 0.01) / max(count, 1)))


def build_points(delivery: Delivery, building: Building, options: Options, progress: Progress) -> tuple[Georef, Record]:
    """All nodes of a point cloud; returns its tie to the earth and the root's record."""
    clouds = [_open(f, delivery.relative(f)) for f in delivery.files]
    georef, shift = _place(delivery, options, clouds)
    total = sum(c.count for c in clouds)
    low = np.min([c.low for c in clouds], axis=0) - shift
    high = np.max([c.high for c in clouds], axis=0) - shift
    grid = max(1, int(np.ceil(np.sqrt(total / _CELL * 2))))
    step = np.maximum((high - low)[:2] / grid, 1e-6)
    builder = _Builder(building, options)
    share = min(1.0, _NODE / total)
    root: list[NDArray[Any]] = []
    done = 0
    for cloud in clouds:
        for xyz, colors in _chunks(cloud):
            rows = np.empty(len(xyz), _ROW)
            rows["p"], rows["c"] = georef.apply(xyz - shift), colors
            chosen = builder.rng.random(len(rows)) < share
            root.append(rows[chosen])
            _deal(rows[~chosen], (xyz - shift)[~chosen], low, step, grid, building.work)
            done += len(xyz)
            progress(0.5 * done / total, "scan")
    children = []
    cells = sorted(building.work.glob("cell-*"))
    for number, file in enumerate(cells, 1):
        children.append(builder.cell(np.fromfile(file, _ROW)))
        file.unlink()
        progress(0.5 + 0.45 * number / len(cells), "tiles")
    top = np.concatenate(root)
    if not len(top):
        return georef, children[0] if len(children) == 1 else _wrap(children)
    error = max(_spacing(low, high, len(top)) * 8, 1.5 * max((c.error for c in children), default=0.0), 1e-3)
    return georef, builder.node(top, children, error)


def _wrap(children: list[Record]) -> Record:
    low = np.min([c.low for c in children], axis=0).tolist()
    high = np.max([c.high for c in children], axis=0).tolist()
    error = max(1.5 * max(c.error for c in children), 1.0)
    return Record(low, high, error, "", 1 + max(c.level for c in children), children=children)


def _deal(rows: NDArray[Any], local: F64, low: F64, step: NDArray[Any], grid: int, work: Path) -> None:
    """Append points to the files of their cells."""
    column = np.clip(((local[:, :2] - low[:2]) / step).astype(np.int64), 0, grid - 1)
    cell = column[:, 0] * grid + column[:, 1]
    order = np.argsort(cell, kind="stable")
    for number, part in zip(*_runs(cell[order]), strict=True):
        with (work / f"cell-{number:06d}").open("ab") as file:
            rows[order[part]].tofile(file)


def _runs(values: NDArray[np.int64]) -> tuple[list[int], list[slice]]:
    if not len(values):
        return [], []
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    ends = np.append(starts[1:], len(values))
    return [int(values[s]) for s in starts], [slice(int(s), int(e)) for s, e in zip(starts, ends, strict=True)]
