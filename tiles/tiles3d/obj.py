"""Reader of Wavefront OBJ with MTL and pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.errors import BrokenFile, MissingTexture
from tiles.tiles3d.gltf_write import sniff
from tiles.tiles3d.mesh import Mesh, Part, Texture, inside

_MAX_MATERIALS = 100_000


class _Material:
    def __init__(self) -> None:
        self.color = (200, 200, 200)
        self.picture = ""


def load_obj(path: Path, label: str, *, textures: bool = True) -> Mesh:
    """Triangles of an OBJ file in its own axes (z up, as survey software writes it); faces of any size become fans.

    Raises:
        BrokenFile: numbers or references that do not hold; names the line.
        MissingTexture: a picture named by the material file is not there.
    """
    reader = _Reader(path, label)
    reader.read()
    return reader.mesh(textures)


class _Reader:
    def __init__(self, path: Path, label: str) -> None:
        self.path, self.label = path, label
        self.v: list[tuple[float, float, float]] = []
        self.vt: list[tuple[float, float]] = []
        self.materials: dict[str, _Material] = {}
        self.faces: dict[str, list[tuple[int, int]]] = {}

    def fail(self, line: int, fault: str) -> BrokenFile:
        return BrokenFile(self.label, f"line {line}: {fault}")

    def read(self) -> None:
        current = ""
        try:
            with self.path.open(encoding="utf-8", errors="replace") as file:
                for number, text in enumerate(file, 1):
                    words = text.split()
                    if not words:
                        continue
                    try:
                        current = self.line(words, text, current)
                    except (ValueError, IndexError) as error:
                        raise self.fail(number, f"not understood: {text.strip()[:60]!r}") from error
        except OSError as error:
            raise BrokenFile(self.label, f"cannot be read: {error.strerror}") from error

    def line(self, words: list[str], text: str, current: str) -> str:
        key = words[0]
        if key == "v":
            self.v.append((float(words[1]), float(words[2]), float(words[3])))
        elif key == "vt":
            self.vt.append((float(words[1]), float(words[2]) if len(words) > 2 else 0.0))
        elif key == "f":
            corners = [self.corner(word) for word in words[1:]]
            into = self.faces.setdefault(current, [])
            for k in range(1, len(corners) - 1):
                into += (corners[0], corners[k], corners[k + 1])
        elif key == "usemtl":
            current = text.split(None, 1)[1].strip() if len(words) > 1 else ""
        elif key == "mtllib" and len(words) > 1:
            self.library(text.split(None, 1)[1].strip())
        return current

    def corner(self, word: str) -> tuple[int, int]:
        """Vertex and texture index (from 0, -1 for none); negative ones count from the end."""
        fields = word.split("/")
        v = int(fields[0])
        t = int(fields[1]) if len(fields) > 1 and fields[1] else 0
        if v == 0:
            raise ValueError("index 0")
        return (v - 1 if v > 0 else len(self.v) + v), (t - 1 if t > 0 else len(self.vt) + t if t < 0 else -1)

    def library(self, name: str) -> None:
        path = inside(self.path.parent, name)
        if not path.is_file():
            raise MissingTexture(self.label, f"material file {name!r} is missing")
        material = _Material()
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = text.split()
            if not words:
                continue
            if words[0] == "newmtl":
                material = self.materials.setdefault(
                    text.split(None, 1)[1].strip() if len(words) > 1 else "", _Material()
                )
                if len(self.materials) > _MAX_MATERIALS:
                    raise BrokenFile(self.label, f"material file {name!r} holds too many materials")
            elif words[0] == "Kd" and len(words) >= 4:
                r, g, b = (min(max(round(float(w) * 255), 0), 255) for w in words[1:4])
                material.color = (r, g, b)
            elif words[0] == "map_Kd" and len(words) > 1:
                # Options such as -clamp on stand before the name; names may hold blanks.
                rest = text.split(None, 1)[1].strip()
                material.picture = rest if not rest.startswith("-") else words[-1]

    def mesh(self, textures: bool) -> Mesh:
        mesh = Mesh()
        positions = np.array(self.v, np.float64).reshape(-1, 3)
        uv = np.array(self.vt, np.float64).reshape(-1, 2)
        pictures: dict[str, int] = {}
        for name, corners in self.faces.items():
            pairs = np.array(corners, np.int64).reshape(-1, 2)
            if len(pairs) == 0:
                continue
            if pairs[:, 0].min() < 0 or pairs[:, 0].max() >= len(positions) or pairs[:, 1].max() >= len(uv):
                raise BrokenFile(self.label, f"a face of material {name!r} points past the vertices")
            unique, indices = np.unique(pairs, axis=0, return_inverse=True)
            exact = positions[unique[:, 0]]
            if not np.isfinite(exact).all():
                raise BrokenFile(self.label, "positions are not finite numbers")
            part = Part(exact.astype(np.float32), indices.ravel().astype(np.uint32), exact=exact)
            self.paint(part, self.materials.get(name, _Material()), unique[:, 1], uv, pictures, mesh, textures)
            mesh.parts.append(part)
        return mesh

    def paint(
        self,
        part: Part,
        material: _Material,
        index: NDArray[np.int64],
        uv: NDArray[np.float64],
        pictures: dict[str, int],
        mesh: Mesh,
        textures: bool,
    ) -> None:
        if material.picture and textures and len(uv) and (index >= 0).all():
            if material.picture not in pictures:
                pictures[material.picture] = len(mesh.textures)
                mesh.textures.append(self.texture(material.picture))
            part.texture = pictures[material.picture]
            part.uvs = np.stack([uv[index, 0], 1 - uv[index, 1]], axis=1).astype(np.float32)
            part.repeat = bool(part.uvs.min() < -1e-3 or part.uvs.max() > 1.001)
            if not part.repeat:
                part.uvs = np.clip(part.uvs, 0, 1)
        elif not material.picture:
            part.colors = np.tile(np.array([*material.color, 255], np.uint8), (len(part.positions), 1))

    def texture(self, name: str) -> Texture:
        label = f"{self.label}#{name}"
        path = inside(self.path.parent, name)
        if not path.is_file():
            raise MissingTexture(self.label, f"picture {name!r} is missing")
        data = path.read_bytes()
        texture = Texture(data, sniff(data), file=label)
        _ = texture.size
        return texture if texture.mime else Texture(pixels=texture.array(), file=label)
