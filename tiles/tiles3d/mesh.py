"""The one in-memory form of a textured mesh between readers and writers.

Frame: the delivery's local frame, x grid east, y grid north, z up, metres from the delivery's origin.
"""

from __future__ import annotations

import io
import struct
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
U32 = NDArray[np.uint32]
U8 = NDArray[np.uint8]

#: Positions are kept on this grid (2 mm). Powers of two are exact in float32, so a vertex that two tiles share stays
#: bit-identical in both and no crack can open between them, whatever compression follows.
GRID_EXP = -9
GRID = 2.0**GRID_EXP
#: Vertices with this value are never locked (they belong to one leaf only).
FREE = 127

#: First bytes of a KTX2 file; its width and height follow at 20.
KTX2 = b"\xabKTX 20\xbb\r\n\x1a\n"
_MAX_PIXELS = 16384 * 16384
#: Decoded pictures kept for the next leaf of the same tile (bytes).
_DECODED_LIMIT = 192 << 20
_decoded: OrderedDict[int, tuple[Texture, NDArray[np.uint8]]] = OrderedDict()


@dataclass
class Texture:
    """A picture, either still encoded (``data``, ``mime``) or decoded (``pixels`` H x W x 3|4); decoded on demand."""

    data: bytes = b""
    mime: str = ""
    pixels: U8 | None = None
    file: str = ""
    _size: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; reads only the header of encoded data."""
        if self.pixels is not None:
            return int(self.pixels.shape[1]), int(self.pixels.shape[0])
        if self._size is None and self.data.startswith(KTX2):
            self._size = struct.unpack_from("<II", self.data, 20) if len(self.data) >= 80 else (0, 0)
        if self._size is None:
            with _open(self) as image:
                self._size = image.size
        return self._size

    def array(self) -> U8:
        """Decoded pixels, H x W x 3, or 4 where the picture really has transparency."""
        if self.pixels is not None:
            return self.pixels
        if id(self) in _decoded and _decoded[id(self)][0] is self:
            _decoded.move_to_end(id(self))
            return _decoded[id(self)][1]
        pixels = self._decode()
        _decoded[id(self)] = (self, pixels)
        while sum(p.nbytes for _, p in _decoded.values()) > _DECODED_LIMIT and len(_decoded) > 1:
            _decoded.popitem(last=False)
        return pixels

    def _decode(self) -> U8:
        with _open(self) as image:
            try:
                has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
                pixels = np.asarray(image.convert("RGBA" if has_alpha else "RGB"))
            except (OSError, SyntaxError, ValueError) as error:
                raise _unreadable(self, error) from error
        if pixels.shape[2] == 4 and int(pixels[..., 3].min()) == 255:
            pixels = pixels[..., :3]
        return cast(U8, pixels)


def _open(texture: Texture) -> Image.Image:
    from tiles.tiles3d.errors import Bomb

    try:
        image = Image.open(io.BytesIO(texture.data))
    except Image.DecompressionBombError as error:
        raise Bomb(texture.file or "texture", "picture is absurdly large") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _unreadable(texture, error) from error
    if image.width * image.height > _MAX_PIXELS:
        raise Bomb(texture.file or "texture", f"picture of {image.width} x {image.height} is absurdly large")
    return image


def _unreadable(texture: Texture, error: Exception) -> Exception:
    from tiles.tiles3d.errors import MissingTexture

    return MissingTexture(texture.file or "texture", f"picture cannot be read: {error}")


@dataclass
class Part:
    """Triangles of one material.

    Attributes:
        positions: (N, 3) float32, metres, z up.
        indices: (3 T,) uint32.
        uvs: (N, 2) float32, origin at the picture's top left (glTF), or None.
        colors: (N, 4) uint8 or None; sRGB, as pictures and screens have them (glTF has linear ones: ``color.py``).
        texture: index into the mesh's textures, -1 for none.
        detail: 0 coarse (kept at every level) .. 2 fine (only in the finest).
        repeat: the texture tiles (uvs leave [0, 1]); such parts never enter an atlas.
        exact: (N, 3) positions as read, in double precision, until they are snapped to the grid.
        free_depth: (N,) int8: the vertex may be moved away only in nodes at this depth or above (see ``simplify``).
    """

    positions: F32
    indices: U32
    uvs: F32 | None = None
    colors: U8 | None = None
    texture: int = -1
    detail: int = 0
    repeat: bool = False
    free_depth: NDArray[np.int8] | None = None
    exact: F64 | None = None

    @property
    def triangles(self) -> int:
        return len(self.indices) // 3

    def depth(self) -> NDArray[np.int8]:
        """``free_depth``, filled with FREE where it was never set."""
        if self.free_depth is None:
            self.free_depth = np.full(len(self.positions), FREE, np.int8)
        return self.free_depth

    def take(self, triangles: NDArray[Any]) -> Part:
        """The part made of some triangles (indices or a mask of them), with only the vertices they use."""
        picked = self.indices.reshape(-1, 3)[triangles].ravel()
        used = np.zeros(len(self.positions), bool)
        used[picked] = True
        keep = np.flatnonzero(used)
        number = np.zeros(len(self.positions), np.uint32)
        number[keep] = np.arange(len(keep), dtype=np.uint32)
        return Part(
            positions=self.positions[keep],
            indices=number[picked],
            uvs=None if self.uvs is None else self.uvs[keep],
            colors=None if self.colors is None else self.colors[keep],
            texture=self.texture,
            detail=self.detail,
            repeat=self.repeat,
            free_depth=None if self.free_depth is None else self.free_depth[keep],
        )


@dataclass
class Mesh:
    """Parts and the textures that they share."""

    parts: list[Part] = field(default_factory=list)
    textures: list[Texture] = field(default_factory=list)
    double_sided: bool = False

    @property
    def triangles(self) -> int:
        return sum(p.triangles for p in self.parts)

    @property
    def texels(self) -> int:
        return sum(t.size[0] * t.size[1] for t in self.textures)

    def bounds(self) -> tuple[F64, F64]:
        """Lowest and highest corner of all used vertices, (3,) each."""
        low = np.min([p.positions.min(axis=0) for p in self.parts], axis=0).astype(np.float64)
        high = np.max([p.positions.max(axis=0) for p in self.parts], axis=0).astype(np.float64)
        return low, high


def snap(positions: NDArray[Any]) -> F32:
    """Round to the 2 mm grid; exact in float32 up to +-16 km from the origin."""
    return (np.rint(np.asarray(positions, np.float64) / GRID) * GRID).astype(np.float32)


def keys(positions: F32) -> NDArray[np.int64]:
    """One integer per position on the grid: equal keys, equal positions (21 bits an axis, +-2 km; beyond that
    collisions only add locks).
    """
    q = np.rint(positions.astype(np.float64) / GRID).astype(np.int64) & 0x1FFFFF
    return (q[:, 0] << 42) | (q[:, 1] << 21) | q[:, 2]


def mesh_area(parts: Iterable[Part]) -> float:
    """Surface in square metres."""
    return float(sum(_areas(p).sum() for p in parts))


def _areas(part: Part) -> F64:
    a, b, c = (part.positions[part.indices[k::3]].astype(np.float64) for k in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2)


def texel_size(mesh: Mesh) -> float:
    """Mean edge of a texel on the surface in metres; from triangle edges where there is no texture."""
    surface = texels = 0.0
    for part in mesh.parts:
        if part.uvs is None or part.texture < 0:
            continue
        w, h = mesh.textures[part.texture].size
        uv = part.uvs[part.indices].reshape(-1, 3, 2).astype(np.float64) * (w, h)
        e1, e2 = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
        texels += float(np.abs(e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]).sum() / 2)
        surface += float(_areas(part).sum())
    if texels > 1.0:
        return float(np.sqrt(surface / texels))
    return float(np.sqrt(mesh_area(mesh.parts) / max(mesh.triangles, 1)) / 4)


def inside(base: Path, reference: str) -> Path:
    """The file that ``reference`` (a relative URI in a delivery) means, refused when it leads out of ``base``.

    Raises:
        UnsafePath: absolute, a URL, or climbing out (also through links).
    """
    from tiles.tiles3d.errors import UnsafePath

    cleaned = reference.replace("\\", "/")
    target = (base / cleaned).resolve()
    if "://" in cleaned or cleaned.startswith("/") or ":" in cleaned[:3] or not target.is_relative_to(base.resolve()):
        raise UnsafePath(base.name, f"reference leads out of the delivery: {reference!r}")
    return target
