"""tileset.json of 3D Tiles 1.1 from node records, and walking existing tilesets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.mesh import F64, inside
from tiles.tiles3d.nodes import Record

#: Nodes in one JSON; beyond that each top-level subtree becomes an external tileset, so that huge sets start in no
#: time.
_INLINE = 4000


def box_of(low: Any, high: Any) -> list[float]:
    """A 3D Tiles box from two corners. Never flat: engines divide by the half lengths."""
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    half = np.maximum((high - low) / 2, 5e-3)
    center = (low + high) / 2
    return [float(v) for v in (*center, half[0], 0, 0, 0, half[1], 0, 0, 0, half[2])]


def _tile(record: Record) -> dict[str, Any]:
    tile: dict[str, Any] = {"boundingVolume": {"box": box_of(record.low, record.high)}, "geometricError": record.error}
    if record.content:
        tile["content"] = {"uri": record.content}
    if record.children:
        tile["children"] = [_tile(c) for c in record.children]
    return tile


def _document(root: dict[str, Any], error: float, version: str) -> bytes:
    doc = {"asset": {"version": "1.1", "tilesetVersion": version}, "geometricError": error, "root": root}
    return orjson.dumps(doc, option=orjson.OPT_SERIALIZE_NUMPY)


def write_tileset(
    folder: Path, root: Record, transform: NDArray[np.float64], version: str, refine: str = "REPLACE"
) -> None:
    """Write tileset.json, with external tilesets for big sets.

    Args:
        transform: 4 x 4, local frame to EPSG:4978.
    """
    # Engines drop the whole tileset when this error falls below their limit of 16 px: only once it is under 4 px wide.
    size = float(np.linalg.norm(np.subtract(root.high, root.low)))
    write_tree(folder, _tile(root), max(root.error * 2, size * 4, 1.0), transform, version, refine)


def write_tree(
    folder: Path,
    tile: dict[str, Any],
    error: float,
    transform: NDArray[np.float64],
    version: str,
    refine: str = "REPLACE",
) -> None:
    """Write tileset.json from a root tile; big trees get external tilesets.

    Args:
        error: geometric error of the whole tileset.
    """
    if _size(tile) > _INLINE:
        _externalise(folder, tile, version, refine, 0)
    tile["refine"] = refine
    tile["transform"] = [float(v) for v in np.asarray(transform).T.ravel()]
    (folder / "tileset.json").write_bytes(_document(tile, error, version))


def _externalise(folder: Path, tile: dict[str, Any], version: str, refine: str, count: int) -> int:
    """Move subtrees of a moderate size into their own JSON files; returns the running number."""
    for index, child in enumerate(tile.get("children", [])):
        size = _size(child)
        if size > _INLINE // 4:
            count = _externalise(folder, child, version, refine, count)
        elif size > 8:
            count += 1
            name = f"sub-{count}.json"
            moved = _relative(child)
            moved["refine"] = refine
            (folder / "tiles" / name).write_bytes(_document(moved, max(child["geometricError"], 1e-3), version))
            tile["children"][index] = {
                "boundingVolume": child["boundingVolume"],
                "geometricError": child["geometricError"],
                "content": {"uri": f"tiles/{name}"},
            }
    return count


def _relative(tile: dict[str, Any]) -> dict[str, Any]:
    """The tile with content addresses relative to the ``tiles`` folder."""
    out = dict(tile)
    if "content" in out:
        out["content"] = {"uri": out["content"]["uri"].removeprefix("tiles/")}
    if "contents" in out:
        out["contents"] = [{"uri": c["uri"].removeprefix("tiles/")} for c in out["contents"]]
    if "children" in out:
        out["children"] = [_relative(c) for c in out["children"]]
    return out


def _size(tile: dict[str, Any]) -> int:
    return 1 + sum(_size(c) for c in tile.get("children", []))


@dataclass
class Visit:
    """One tile met on a walk.

    Attributes:
        tile: its JSON.
        base: folder that its content address is relative to.
        world: 4 x 4, tile to earth-centred (or the root's frame when ``root_transform`` was False).
        parent_error: geometric error of the tile above (of the tileset for the root).
        refine: REPLACE or ADD in force.
        file: the JSON file's path relative to the tileset folder.
    """

    tile: dict[str, Any]
    base: Path
    world: F64
    parent_error: float
    refine: str
    file: str
    depth: int
    parent: Visit | None = None

    def contents(self) -> list[str]:
        """Content addresses; ``url`` is the 1.0 spelling."""
        found = [self.tile["content"]] if "content" in self.tile else []
        found += self.tile.get("contents", [])
        return [str(c.get("uri", c.get("url", ""))) for c in found]


def load_json(path: Path) -> dict[str, Any]:
    """A tileset document.

    Raises:
        BrokenFile: missing, no JSON, or no root.
    """
    try:
        doc = orjson.loads(path.read_bytes())
    except OSError as error:
        raise BrokenFile(path.name, "missing file") from error
    except orjson.JSONDecodeError as error:
        raise BrokenFile(path.name, f"not JSON: {error}") from error
    if not isinstance(doc, dict) or not isinstance(doc.get("root"), dict):
        raise BrokenFile(path.name, "not a tileset: no root")
    return doc


def matrix_of(values: list[float] | None) -> F64:
    """A column-major list of 16 as a 4 x 4 matrix; identity when absent."""
    return np.eye(4) if values is None else np.array(values, np.float64).reshape(4, 4).T


def walk(folder: Path, name: str = "tileset.json", *, root_transform: bool = True) -> Iterator[Visit]:
    """Every tile of a tileset, external tilesets included, parents first.

    Args:
        root_transform: apply the root tile's transform; False gives positions in the tileset's own frame.
    """
    yield from _walk(folder, folder / name, np.eye(4), None, "REPLACE", 0, None, root_transform)


def _walk(
    folder: Path,
    path: Path,
    world: F64,
    error: float | None,
    refine: str,
    depth: int,
    parent: Visit | None,
    root_transform: bool,
) -> Iterator[Visit]:
    if depth > 200:
        raise BrokenFile(path.name, "tilesets refer to one another without end")
    doc = load_json(path)
    file = path.resolve().relative_to(folder.resolve()).as_posix()
    stack = [(doc["root"], world, doc.get("geometricError", 0.0) if error is None else error, refine, depth, parent)]
    while stack:
        tile, matrix, above, mode, level, up = stack.pop()
        if root_transform or up is not None:
            matrix = matrix @ matrix_of(tile.get("transform"))
        mode = str(tile.get("refine", mode)).upper()
        visit = Visit(tile, path.parent, matrix, above, mode, file, level, up)
        yield visit
        for uri in visit.contents():
            if uri.split("?")[0].endswith(".json"):
                target = inside(path.parent, uri)
                yield from _walk(folder, target, matrix, above, mode, level + 1, visit, True)
        stack.extend(
            (c, matrix, tile.get("geometricError", 0.0), mode, level + 1, visit)
            for c in reversed(tile.get("children", []))
        )
