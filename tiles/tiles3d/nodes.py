"""Nodes of a tileset while it is built: their records, their files, and the subtree of one delivery tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from tiles.tiles3d import atlas, levels
from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.levels import Limits
from tiles.tiles3d.mesh import Mesh, Part, Texture, texel_size

_MAX_DEPTH = 100


@dataclass
class Record:
    """What tileset.json and the manifest need to know of a node.

    Attributes:
        low, high: box of the content and all below, metres in the tileset's frame.
        error: geometric error in metres; 0 in leaves.
        content: path of the glb relative to the tileset's folder.
        level: 0 in leaves, one more than the highest child above.
    """

    low: list[float]
    high: list[float]
    error: float
    content: str
    level: int
    triangles: int = 0
    texels: int = 0
    bytes: int = 0
    texel: float = 0.0
    points: int = 0
    children: list[Record] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "children": [c.to_json() for c in self.children]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        return cls(**{**data, "children": [cls.from_json(c) for c in data["children"]]})

    def walk(self) -> Iterator[Record]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Style:
    """How tiles are written."""

    compress: bool = True
    pictures: str = "webp"
    quality: int = 80
    limits: Limits = field(default_factory=Limits)


class Writer:
    """Writes nodes of one building folder."""

    def __init__(self, folder: Path, style: Style) -> None:
        self.folder, self.style = folder, style

    def node(self, mesh: Mesh, name: str, children: list[Record], error: float, texel: float | None = None) -> Record:
        """Write the glb of a node and make its record."""
        data = write_glb(mesh, compress=self.style.compress, pictures=self.style.pictures, quality=self.style.quality)
        path = self.folder / "tiles" / f"{name}.glb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        low, high = mesh.bounds()
        for child in children:
            low, high = np.minimum(low, child.low), np.maximum(high, child.high)
        return Record(
            low=low.tolist(),
            high=high.tolist(),
            error=error,
            content=f"tiles/{name}.glb",
            level=1 + max((c.level for c in children), default=-1),
            triangles=mesh.triangles,
            texels=mesh.texels,
            bytes=len(data),
            texel=texel_size(mesh) if texel is None else texel,
            children=children,
        )

    def parent(self, meshes: list[Mesh], children: list[Record], depth: int, name: str) -> tuple[Record, Mesh]:
        """Build and write the node above some children."""
        level = 1 + max(c.level for c in children)
        weights = [max(c.triangles, 1) for c in children]
        texel = float(np.average([c.texel for c in children], weights=weights))
        # Three texels, or the pixel that the children's own error stands for where they came with one
        # (supplied pyramids).
        allowed = max(3 * texel, max(c.error for c in children) / levels.TEXELS_PER_ERROR)
        mesh, moved = levels.coarser(meshes, depth, self.style.limits, allowed, drop_detail=2 if level == 1 else 1)
        own = max(texel_size(mesh), texel * 1.2)
        error = levels.geometric_error(own, moved, [c.error for c in children])
        return self.node(mesh, name, children, error, own), mesh

    def subtree(
        self, mesh: Mesh, low: NDArray[np.float64], high: NDArray[np.float64], depth: int, name: str
    ) -> tuple[Record, Mesh]:
        """All nodes of one delivery tile, finest first; returns the top record and its mesh."""
        limits = self.style.limits
        small = mesh.triangles <= limits.triangles * 1.3 and atlas.used_texels(mesh) <= limits.texture**2 * 1.5
        if small or depth >= _MAX_DEPTH or float(max(high[:2] - low[:2])) < 0.5:
            leaf = atlas.rebuild(mesh, scale=1.0, limit=2 * limits.texture)
            return self.node(leaf, name, [], 0.0), leaf
        center = (low + high) / 2
        pieces = levels.split(mesh, center, depth)
        if len(pieces) == 1:
            inner_low, inner_high = pieces[0].bounds()
            if (inner_high - inner_low)[:2].max() >= 0.99 * (high - low)[:2].max():
                leaf = atlas.rebuild(mesh, scale=1.0, limit=2 * limits.texture)
                return self.node(leaf, name, [], 0.0), leaf
            return self.subtree(pieces[0], inner_low, inner_high, depth + 1, name)
        records, meshes = [], []
        for number, piece in enumerate(pieces):
            record, child = self.subtree(piece, *_cell(piece, low, high), depth + 1, f"{name}/{number}")
            records.append(record)
            meshes.append(child)
        return self.parent(meshes, records, depth, f"{name}/top")


def _cell(
    piece: Mesh, low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    own_low, own_high = piece.bounds()
    return np.maximum(own_low, low), np.minimum(own_high, high)


def save_mesh(mesh: Mesh, path: Path) -> None:
    """Keep a node's mesh for the node above it (plain npz, no pickles)."""
    arrays: dict[str, NDArray[Any]] = {}
    meta: dict[str, Any] = {"double_sided": mesh.double_sided, "parts": [], "textures": []}
    for i, part in enumerate(mesh.parts):
        arrays[f"p{i}"], arrays[f"i{i}"], arrays[f"d{i}"] = part.positions, part.indices, part.depth()
        if part.uvs is not None:
            arrays[f"u{i}"] = part.uvs
        if part.colors is not None:
            arrays[f"c{i}"] = part.colors
        meta["parts"].append([part.texture, part.detail, part.repeat])
    for i, texture in enumerate(mesh.textures):
        arrays[f"t{i}"] = texture.pixels if texture.pixels is not None else np.frombuffer(texture.data, np.uint8)
        meta["textures"].append([texture.pixels is not None, texture.mime, texture.file])
    arrays["meta"] = np.frombuffer(orjson.dumps(meta), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_mesh(path: Path) -> Mesh:
    """The mesh that ``save_mesh`` kept."""
    with np.load(path, allow_pickle=False) as data:
        meta = orjson.loads(data["meta"].tobytes())
        mesh = Mesh(double_sided=meta["double_sided"])
        for i, (texture, detail, repeat) in enumerate(meta["parts"]):
            uvs, colors = (data.get(f"{k}{i}") for k in "uc")
            mesh.parts.append(Part(data[f"p{i}"], data[f"i{i}"], uvs, colors, texture, detail, repeat, data[f"d{i}"]))
        for i, (decoded, mime, file) in enumerate(meta["textures"]):
            raw = data[f"t{i}"]
            mesh.textures.append(Texture(pixels=raw, file=file) if decoded else Texture(raw.tobytes(), mime, file=file))
    return mesh
