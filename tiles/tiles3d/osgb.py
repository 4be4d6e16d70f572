"""OSGB scenes as paged cells: meshes with their textures, and the files that refine them."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d.errors import BrokenFile, MissingTexture
from tiles.tiles3d.gltf_write import sniff
from tiles.tiles3d.mesh import F64, U8, Mesh, Part, Texture, inside
from tiles.tiles3d.osg_classes import read_scene
from tiles.tiles3d.osg_state import Obj

_PIXELS = {0x1907: "RGB", 0x1908: "RGBA", 0x80E0: "BGR", 0x80E1: "BGRA", 0x1909: "L"}
_S3TC = {0x83F0: b"DXT1", 0x83F1: b"DXT1", 0x83F2: b"DXT3", 0x83F3: b"DXT5"}


@dataclass
class Cell:
    """Geometry at one level, and what replaces it when one comes near.

    Attributes:
        files: names of the finer files.
        error: geometric error in metres, 16 * 2 radius / pixel range; 0 when nothing finer is named.
    """

    mesh: Mesh
    files: list[str] = field(default_factory=list)
    error: float = 0.0
    inner: list[Cell] = field(default_factory=list)


def load_cells(path: Path, label: str) -> list[Cell]:
    """The cells of one .osgb file.

    Raises:
        BrokenFile, MissingTexture, Bomb: naming the file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BrokenFile(label, f"cannot be read: {error.strerror}") from error
    builder = _Builder(path, label)
    loose = Cell(Mesh())
    cells: list[Cell] = []
    builder.walk(read_scene(data, label), np.eye(4), -1, loose, cells)
    if loose.mesh.parts:
        cells.append(loose)
    return cells


class _Builder:
    def __init__(self, path: Path, label: str) -> None:
        self.path, self.label = path, label
        self.textures: dict[int, Texture] = {}

    def walk(self, o: Obj, matrix: F64, texture: int, into: Cell, cells: list[Cell]) -> None:
        """Gather geometry below ``o`` in ``into``; PagedLODs become cells of their own in ``cells``."""
        texture = self.state(o.get("state"), texture)
        if o.kind == "PagedLOD":
            cell = Cell(Mesh())
            self.refine(o, cell)
            for child in o.children:
                self.walk(child, matrix, texture, cell, cell.inner)
            cells.append(cell)
        elif o.kind == "LOD":
            ranges = o.get("ranges", [])
            finest = max if o.get("pixels") else min
            if o.children:
                count = min(len(ranges), len(o.children))
                best = finest(range(count), key=lambda k: ranges[k][0]) if count else 0
                self.walk(o.children[best], matrix, texture, into, cells)
        elif o.kind == "Geometry":
            self.geometry(o, matrix, texture, into.mesh)
        else:
            if o.get("matrix") is not None:
                matrix = o.get("matrix") @ matrix
            for child in o.children:
                self.walk(child, matrix, texture, into, cells)

    def refine(self, o: Obj, cell: Cell) -> None:
        """Finer files and the error of a PagedLOD, from its ranges."""
        files, ranges = o.get("files", []), o.get("ranges", [])
        radius = float(o.get("radius", 0.0))
        for k, name in enumerate(files):
            if not name:
                continue
            cell.files.append((o.get("path") or "") + name)
            if k >= len(ranges):
                continue
            if o.get("pixels"):
                pixels = max(ranges[k][0], 1e-3)
                cell.error = max(cell.error, 16 * 2 * radius / pixels)
            else:
                # Shown nearer than a distance: as seen by a camera of 60 degrees on 1080 lines.
                distance = ranges[k][1] if ranges[k][1] < 1e9 else ranges[k][0]
                cell.error = max(cell.error, 16 * 2 * 0.577 * distance / 1080)

    def state(self, state: Obj | None, inherited: int) -> int:
        """Number of the texture in force."""
        if state is None:
            return inherited
        for unit in state.get("textures", []):
            for attribute in unit:
                if attribute.kind == "Texture2D" and attribute.get("image") is not None:
                    image = attribute.get("image")
                    if id(image) not in self.textures:
                        self.textures[id(image)] = self.picture(image)
                    return id(image)
        return inherited

    def picture(self, image: Obj) -> Texture:
        name = str(image.get("file") or "")
        label = f"{self.label}#{name}"
        if image.get("bytes") is not None:
            data = bytes(image.get("bytes"))
            if not data:
                raise MissingTexture(self.label, f"picture {name!r} is empty")
            return self.checked(data, label)
        if image.get("raw") is not None:
            return Texture(pixels=_raw_pixels(image, label), file=label)
        source = inside(self.path.parent, name)
        if not source.is_file():
            raise MissingTexture(self.label, f"picture {name!r} is missing")
        return self.checked(source.read_bytes(), label)

    def checked(self, data: bytes, label: str) -> Texture:
        """Kept byte for byte where it is JPEG, PNG or WebP; anything else that Pillow reads is decoded."""
        texture = Texture(data, sniff(data), file=label)
        _ = texture.size
        return texture if texture.mime else Texture(pixels=texture.array(), file=label)

    def geometry(self, o: Obj, matrix: F64, texture: int, mesh: Mesh) -> None:
        vertices = o.get("vertices")
        if vertices is None or not len(vertices):
            return
        triangles = [self.triangles(p, len(vertices)) for p in o.get("primitives", []) if p is not None]
        indices = np.concatenate(triangles) if triangles else np.zeros(0, np.uint32)
        if not len(indices):
            return
        if int(indices.max()) >= len(vertices):
            raise BrokenFile(self.label, "an index points past the vertices")
        exact = vertices[:, :3].astype(np.float64)
        if not np.isfinite(exact).all():
            raise BrokenFile(self.label, "positions are not finite numbers")
        exact = exact @ matrix[:3, :3] + matrix[3, :3]
        part = Part(exact.astype(np.float32), indices, exact=exact)
        uv = next((t for t in o.get("texcoords", []) if t is not None and len(t) == len(vertices)), None)
        if texture in self.textures and uv is not None:
            found = self.textures[texture]
            if found not in mesh.textures:
                mesh.textures.append(found)
            part.texture = mesh.textures.index(found)
            part.uvs = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1).astype(np.float32)
            part.repeat = bool(part.uvs.min() < -1e-3 or part.uvs.max() > 1.001)
        else:
            self.color(part, o)
        mesh.parts.append(part)

    def color(self, part: Part, o: Obj) -> None:
        colors = o.get("colors")
        if colors is not None and len(colors) in (1, len(part.positions)) and colors.shape[1] >= 3:
            scaled = colors * 255 if colors.dtype.kind == "f" else colors
            rgba = np.full((len(part.positions), 4), 255, np.uint8)
            rgba[:, :3] = np.clip(scaled[:, :3], 0, 255).astype(np.uint8)
            part.colors = rgba

    def triangles(self, p: Obj, count: int) -> NDArray[np.uint32]:
        mode = p.get("mode")
        if "lengths" in p.values:
            first, found = int(p.get("first")), []
            for length in p.get("lengths"):
                found.append(self.assemble(np.arange(first, first + int(length)), mode))
                first += int(length)
            return np.concatenate(found) if found else np.zeros(0, np.uint32)
        if "indices" in p.values:
            return self.assemble(p.get("indices"), mode)
        length = int(p.get("count"))
        if length < 0 or length > count:
            raise BrokenFile(self.label, "a primitive reaches past the vertices")
        return self.assemble(np.arange(p.get("first"), p.get("first") + length), mode)

    def assemble(self, run: NDArray[Any], mode: int) -> NDArray[np.uint32]:
        """Triangles of a run of vertices by OpenGL's mode; points and lines give none."""
        v = run.astype(np.uint32)
        n = len(v)
        if mode == 4:
            return v[: n // 3 * 3]
        if mode == 5 and n > 2:
            tri = np.stack([v[:-2], v[1:-1], v[2:]], axis=1)
            tri[1::2] = tri[1::2, [1, 0, 2]]
            return cast(NDArray[np.uint32], tri.ravel())
        if mode in (6, 9) and n > 2:
            return np.stack([np.broadcast_to(v[:1], n - 2), v[1:-1], v[2:]], axis=1).ravel()
        if mode == 7:
            q = v[: n // 4 * 4].reshape(-1, 4)
            return q[:, [0, 1, 2, 0, 2, 3]].ravel()
        if mode == 8 and n > 3:
            q = v[: n // 2 * 2].reshape(-1, 2)
            return np.stack([q[:-1, 0], q[:-1, 1], q[1:, 1], q[:-1, 0], q[1:, 1], q[1:, 0]], axis=1).ravel()
        return np.zeros(0, np.uint32)


def _raw_pixels(image: Obj, label: str) -> U8:
    width, height = image.get("size")
    raw, kind = bytes(image.get("raw")), image.get("pixel")
    if kind in _S3TC:
        header = struct.pack("<4s7I44x", b"DDS ", 124, 0x1007, height, width, 0, 0, 0)
        header += struct.pack("<2I4s5I5I", 32, 4, _S3TC[kind], 0, 0, 0, 0, 0, 0x1000, 0, 0, 0, 0)
        try:
            pixels = np.asarray(Image.open(io.BytesIO(header + raw)).convert("RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise MissingTexture(label, f"S3TC picture cannot be read: {error}") from error
    elif kind in _PIXELS and image.get("type") == 0x1401:
        mode = _PIXELS[kind]
        pack = max(int(image.get("packing")), 1)
        row = -(-width * len(mode) // pack) * pack
        if len(raw) < row * height or width <= 0 or height <= 0:
            raise MissingTexture(label, "raw picture is shorter than its size says")
        rows = np.frombuffer(raw[: row * height], np.uint8).reshape(height, row)[:, : width * len(mode)]
        pixels = rows.reshape(height, width, len(mode))
        if mode.startswith("BGR"):
            pixels = pixels[..., [2, 1, 0, *range(3, len(mode))]]
        if mode == "L":
            pixels = np.repeat(pixels, 3, axis=2)
    else:
        raise MissingTexture(label, f"pixel format {kind:#x} is not taken")
    return np.ascontiguousarray(pixels[::-1] if image.get("origin") == 0 else pixels)
