"""``twin tiles check``: what a validator would say of a tileset, and sums per level."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.contents import content_bytes, content_mesh
from tiles.tiles3d.errors import DeliveryError
from tiles.tiles3d.georef import geodetic
from tiles.tiles3d.gltf_read import load_points
from tiles.tiles3d.mesh import F64, Mesh
from tiles.tiles3d.tileset import Visit, load_json, matrix_of, walk

_VOLUMES = {"box": 12, "region": 6, "sphere": 4}
#: Content may stand out of its box by rounding only (metres, and share of the box).
_SLACK = 0.01
_LARGE_TEXTURE = 4096


@dataclass(frozen=True)
class Issue:
    """A fault. ``severity`` is ``error`` (engines draw wrong or not at all) or ``warning``."""

    severity: str
    code: str
    file: str
    message: str


@dataclass
class LevelSum:
    """Sums over the tiles of one depth, 0 at the root."""

    depth: int
    tiles: int = 0
    triangles: int = 0
    points: int = 0
    texels: int = 0
    bytes: int = 0
    error: float = 0.0


@dataclass
class Report:
    """Outcome of a check."""

    issues: list[Issue] = field(default_factory=list)
    levels: dict[int, LevelSum] = field(default_factory=dict)
    tiles: int = 0
    contents: int = 0
    worst: str = ""
    worst_bytes: int = 0
    worst_triangles: int = 0

    @property
    def errors(self) -> list[Issue]:
        return [i for i in self.issues if i.severity == "error"]

    @property
    def warnings(self) -> list[Issue]:
        return [i for i in self.issues if i.severity == "warning"]

    def add(self, severity: str, code: str, file: str, message: str) -> None:
        self.issues.append(Issue(severity, code, file, message))


def check(folder: Path) -> Report:
    """Check a tileset: JSON, boxes, errors, every content. Never raises for faults of the tileset; they are in the
    report.
    """
    report = Report()
    folder = Path(folder)
    try:
        _document(report, load_json(folder / "tileset.json"), "tileset.json")
        for visit in walk(folder):
            _tile(report, visit)
    except DeliveryError as error:
        report.add("error", "unreadable", error.file, error.fault)
    return report


def _document(report: Report, doc: dict[str, Any], file: str) -> None:
    version = doc.get("asset", {}).get("version")
    if version not in ("1.0", "1.1"):
        report.add("error", "asset_version", file, f"asset.version is {version!r}")
    if not _number(doc.get("geometricError")):
        report.add("error", "geometric_error", file, "the tileset has no geometricError")
    required = set(doc.get("extensionsRequired", [])) - {"3DTILES_content_gltf"}
    if required:
        report.add("warning", "extension", file, f"required extensions: {', '.join(sorted(required))}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value)) and value >= 0


def _tile(report: Report, visit: Visit) -> None:
    report.tiles += 1
    tile, where = visit.tile, f"{visit.file} depth {visit.depth}"
    given = tile.get("geometricError")
    if not _number(given):
        report.add("error", "geometric_error", where, f"geometricError is {given!r}")
    error = float(given or 0.0) if _number(given) else 0.0
    if error > visit.parent_error + 1e-9:
        report.add(
            "error", "error_grows", where, f"geometricError {error:g} is above the parent's {visit.parent_error:g}"
        )
    elif error == visit.parent_error > 0 and visit.parent and _own_content(visit.parent):
        report.add("warning", "error_equal", where, f"geometricError {error:g} equals the parent's")
    if tile.get("refine", "REPLACE") not in ("REPLACE", "ADD"):
        report.add("error", "refine", where, f"refine is {tile['refine']!r}")
    if not _matrix(tile.get("transform")):
        report.add("error", "transform", where, "transform is not an invertible 4 x 4 matrix")
    volume = _volume(report, tile.get("boundingVolume"), where)
    if volume and visit.parent is not None:
        _within_parent(report, visit, where)
    level = report.levels.setdefault(visit.depth, LevelSum(visit.depth))
    level.tiles += 1
    level.error = max(level.error, error)
    for uri in visit.contents():
        if not uri.split("?")[0].endswith(".json"):
            _content(report, visit, uri, level)


def _own_content(visit: Visit) -> bool:
    """Whether a tile draws something itself, rather than only pointing to another tileset."""
    return any(not uri.split("?")[0].endswith(".json") for uri in visit.contents())


def _matrix(values: Any) -> bool:
    if values is None:
        return True
    if not isinstance(values, list) or len(values) != 16:
        return False
    m = np.array(values, np.float64)
    return bool(np.isfinite(m).all() and abs(np.linalg.det(m.reshape(4, 4))) > 1e-12)


def _volume(report: Report, volume: Any, where: str) -> bool:
    kinds = [k for k in _VOLUMES if isinstance(volume, dict) and k in volume]
    if len(kinds) != 1:
        report.add("error", "bounding_volume", where, "exactly one of box, region, sphere is needed")
        return False
    values = volume[kinds[0]]
    if (
        not isinstance(values, list)
        or len(values) != _VOLUMES[kinds[0]]
        or not np.isfinite(np.array(values, float)).all()
    ):
        report.add("error", "bounding_volume", where, f"{kinds[0]} is not {_VOLUMES[kinds[0]]} numbers")
        return False
    return True


def _sound(volume: Any) -> bool:
    """Whether a bounding volume can be computed with."""
    return _volume(Report(), volume, "")


def corners(box: list[float]) -> F64:
    """The eight corners (8, 3) of a 3D Tiles box."""
    b = np.array(box, np.float64)
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], np.float64)
    return np.asarray(b[:3] + signs @ b[3:].reshape(3, 3))


def _outside(volume: dict[str, Any], world: F64, points: NDArray[Any]) -> float:
    """Metres by which points (N, 3) in the tile's frame stand out of a bounding volume; 0 inside."""
    if "box" in volume:
        b = np.array(volume["box"], np.float64)
        axes = b[3:].reshape(3, 3)
        half = np.linalg.norm(axes, axis=1)
        unit = axes / np.maximum(half, 1e-12)[:, None]
        return float(np.maximum(np.abs((points - b[:3]) @ unit.T) - half * (1 + 1e-6), 0).max())
    if "sphere" in volume:
        s = np.array(volume["sphere"], np.float64)
        return float(max(np.linalg.norm(points - s[:3], axis=1).max() - s[3], 0.0))
    west, south, east, north, low, high = volume["region"]
    g = geodetic(points @ world[:3, :3].T + world[:3, 3])
    lon, lat = np.radians(g[:, 0]), np.radians(g[:, 1])
    flat = np.maximum.reduce([west - lon, lon - east, south - lat, lat - north]).max() * 6.378e6
    return float(max(flat, (low - g[:, 2]).max(), (g[:, 2] - high).max(), 0.0))


def _within_parent(report: Report, visit: Visit, where: str) -> None:
    parent = visit.parent
    assert parent is not None
    own, outer = visit.tile["boundingVolume"], parent.tile.get("boundingVolume", {})
    if "box" not in own or "box" not in outer or not _sound(outer) or not _matrix(visit.tile.get("transform")):
        return
    to_parent = matrix_of(visit.tile.get("transform"))
    points = corners(own["box"]) @ to_parent[:3, :3].T + to_parent[:3, 3]
    out = _outside(outer, parent.world, points)
    if out > max(_SLACK * 2, 1e-4 * float(np.abs(np.array(outer["box"])[3:]).max())):
        report.add("warning", "box_outside_parent", where, f"the box stands {out:.3f} m out of the parent's")


def _content(report: Report, visit: Visit, uri: str, level: LevelSum) -> None:
    try:
        size = len(content_bytes(visit.base, uri))
        mesh = content_mesh(visit.base, uri, textures=True)
        points = content_points(visit.base, uri)
        textures = [t.size for t in mesh.textures]
    except DeliveryError as error:
        report.add("error", "content", error.file, error.fault)
        return
    report.contents += 1
    level.triangles += mesh.triangles
    level.points += len(points)
    level.texels += sum(w * h for w, h in textures)
    level.bytes += size
    if size > report.worst_bytes:
        report.worst, report.worst_bytes, report.worst_triangles = uri, size, mesh.triangles
    if not mesh.triangles and not len(points):
        report.add("warning", "empty", uri, "neither a triangle nor a point")
        return
    for w, h in textures:
        if max(w, h) > _LARGE_TEXTURE:
            report.add("warning", "texture_size", uri, f"a picture of {w} x {h}")
    every = np.concatenate([_positions(mesh), points])
    volume = visit.tile.get("boundingVolume", {})
    if _sound(volume):
        out = _outside(volume, visit.world, every)
        if out > _SLACK:
            report.add("error", "content_outside", uri, f"content stands {out:.3f} m out of its bounding volume")


def _positions(mesh: Mesh) -> F64:
    found = [p.positions if p.exact is None else p.exact for p in mesh.parts]
    return np.concatenate([np.asarray(f, np.float64) for f in found]) if found else np.zeros((0, 3))


def content_points(base: Path, uri: str) -> F64:
    """Positions (N, 3) of point primitives in a glb, z up."""
    data = content_bytes(base, uri)
    if data[:4] != b"glTF":
        return np.zeros((0, 3))
    return load_points(data, uri)
