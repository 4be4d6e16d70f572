"""A tiny encoder of OSGB files for tests: PagedLOD, Group, Geode, Geometry, StateSet, Texture2D with inline JPEG.

Writes the forms that survey software writes: version 80 and 91 (bare), 131 (arrays as objects, bracket sizes) and 161
(buffer data, 8-byte bracket sizes); plain or zlib.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass
class Geom:
    """Vertices (N, 3), texture coordinates (N, 2) with v up, primitives as (mode, indices), a JPEG."""

    vertices: NDArray[Any]
    uv: NDArray[Any] | None
    primitives: Sequence[tuple[int, NDArray[Any]]]
    jpeg: bytes = b""
    picture: str = "t.jpg"
    external: bool = False


@dataclass
class Lod:
    """A PagedLOD: geometry, the finer file, centre, radius, pixel range."""

    geoms: list[Geom]
    file: str = ""
    center: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius: float = 50.0
    pixels: float = 100.0
    matrix: NDArray[Any] | None = field(default=None)


class Encoder:
    def __init__(self, version: int, *, brackets: bool) -> None:
        self.version, self.brackets = version, brackets
        self.out = bytearray()
        self.ids = 0
        self.starts: list[int] = []

    def put(self, form: str, *values: Any) -> None:
        self.out += struct.pack("<" + form, *values)

    def text(self, value: str) -> None:
        raw = value.encode()
        self.put("I", len(raw))
        self.out += raw

    def open(self) -> None:
        if self.brackets:
            self.starts.append(len(self.out))
            self.put("q" if self.version > 148 else "i", 0)

    def close(self) -> None:
        if self.brackets:
            start = self.starts.pop()
            struct.pack_into("<q" if self.version > 148 else "<i", self.out, start, len(self.out) - start)

    def begin(self, name: str) -> None:
        self.text(name)
        self.open()
        self.ids += 1
        self.put("I", self.ids)
        self.base()

    def base(self) -> None:
        self.text("")
        self.put("i?", 2, False)

    def node(self) -> None:
        self.put("?????", *[False] * 5)
        self.put("?I?", True, 0xFFFFFFFF, False)

    def group(self, children: Sequence[Any]) -> None:
        self.begin("osg::Group")
        self.node()
        self.put("?I", True, len(children))
        self.open()
        for child in children:
            self.child(child)
        self.close()
        self.close()

    def child(self, item: Any) -> None:
        if isinstance(item, Lod):
            self.lod(item)
        elif isinstance(item, Geom):
            self.geode([item])
        else:
            self.group(item)

    def lod(self, lod: Lod) -> None:
        self.begin("osg::PagedLOD")
        self.node()
        self.put("i?4d", 1, True, *lod.center, lod.radius)
        files = ["", lod.file] if lod.file else [""]
        self.put("i?I", 1, True, len(files))
        self.open()
        for low, high in ((0.0, lod.pixels), (lod.pixels, 1e30))[: len(files)]:
            self.put("2f", low, high)
        self.close()
        self.put("??", True, False)
        self.put("I?", 0, False)
        self.put("?I", True, len(files))
        self.open()
        for name in files:
            self.text(name)
        self.close()
        self.put("I", len(files))
        self.open()
        for _ in files:
            self.put("2f", 0, 1)
        self.close()
        self.put("?I", True, 1)
        self.open()
        if lod.matrix is not None:
            self.transform(lod)
        else:
            self.geode(lod.geoms)
        self.close()
        self.close()

    def transform(self, lod: Lod) -> None:
        self.begin("osg::MatrixTransform")
        self.node()
        self.put("?I", True, 1)
        self.open()
        self.geode(lod.geoms)
        self.close()
        self.put("i", 0)
        self.open()
        assert lod.matrix is not None
        self.put("16d", *lod.matrix.ravel())
        self.close()
        self.close()

    def geode(self, geoms: Sequence[Geom]) -> None:
        self.begin("osg::Geode")
        self.node()
        self.put("?I", True, len(geoms))
        self.open()
        for geom in geoms:
            self.geometry(geom)
        self.close()
        self.close()

    def geometry(self, g: Geom) -> None:
        self.begin("osg::Geometry")
        if self.version >= 145:
            self.node()
        self.put("?", bool(g.jpeg or g.external))
        if g.jpeg or g.external:
            self.state(g)
        self.put("???", False, False, False)
        self.put("???", True, True, False)
        self.put("????", *[False] * 4)
        if self.version >= 142:
            self.put("I", 0xFFFFFFFF)
        self.put("I", len(g.primitives))
        for mode, indices in g.primitives:
            self.primitive(mode, indices)
        if self.version >= 112:
            self.arrays_new(g)
        else:
            self.arrays_old(g)
        if self.version >= 145:
            self.put("?", False)
        self.close()

    def primitive(self, mode: int, indices: NDArray[Any]) -> None:
        name = {1: "UByte", 2: "UShort", 4: "UInt"}[indices.itemsize]
        if self.version >= 112:
            self.begin(f"osg::DrawElements{name}")
            self.buffer()
            self.put("iiI", 0, mode, len(indices))
            self.out += indices.tobytes()
            self.close()
            return
        self.put("ii", {1: 52, 2: 53, 4: 54}[indices.itemsize], mode)
        if self.version > 96:
            self.put("I", 0)
        self.put("I", len(indices))
        self.open()
        self.out += indices.tobytes()
        self.close()

    def buffer(self) -> None:
        if self.version >= 147:
            self.put("?", True)
            self.text("NULL")
            self.put("?I", True, 0)

    def arrays_new(self, g: Geom) -> None:
        self.put("?", True)
        self.array(g.vertices.astype("<f4"))
        self.put("????", *[False] * 4)
        self.put("I", 0 if g.uv is None else 1)
        if g.uv is not None:
            self.array(g.uv.astype("<f4"))
        self.put("I", 0)

    def array(self, values: NDArray[Any]) -> None:
        self.begin(f"osg::Vec{values.shape[1]}Array")
        self.buffer()
        self.put("i??I", 4, False, False, len(values))
        self.out += values.tobytes()
        self.close()

    def arrays_old(self, g: Geom) -> None:
        self.put("?", True)
        self.data(g.vertices.astype("<f4"), 16)
        self.put("????", *[False] * 4)
        self.put("?", g.uv is not None)
        if g.uv is not None:
            self.put("I", 1)
            self.open()
            self.data(g.uv.astype("<f4"), 15)
            self.close()
        self.put("??", False, False)

    def data(self, values: NDArray[Any], kind: int) -> None:
        self.open()
        self.ids += 1
        self.put("?IiI", True, 1000 + self.ids, kind, len(values))
        self.open()
        self.out += values.tobytes()
        self.close()
        self.put("?ii", False, 4, 0)
        self.close()

    def state(self, g: Geom) -> None:
        self.begin("osg::StateSet")
        self.put("??", False, False)
        self.put("?I", True, 1)
        self.open()
        self.put("I", 1)
        self.open()
        self.put("Ii", 0x0DE1, 1)
        self.close()
        self.close()
        self.put("?I", True, 1)
        self.open()
        self.put("I", 1)
        self.open()
        self.texture(g)
        self.put("i", 1)
        self.close()
        self.close()
        self.put("?3i", False, 0, 0, 0)
        self.text("")
        self.put("???", True, False, False)
        if self.version >= 146:
            self.put("?", False)
        self.close()

    def texture(self, g: Geom) -> None:
        self.begin("osg::Texture2D")
        self.put("??", False, False)
        for value in (0x812F, 0x812F, 0x812F, 0x2703, 0x2601):
            self.put("?I", True, value)
        self.put("f????", 1.0, True, False, False, True)
        self.put("4dii", 0, 0, 0, 0, 0, 0)
        self.put("???", False, False, False)
        self.put("?iif", False, 3, 0, 0.0)
        if self.version >= 95:
            self.put("?", False)
        if self.version >= 98:
            self.put("?", True)
            self.text("RGBA")
        if self.version >= 155:
            self.put("3f", 0, -1, 0)
        self.put("?", True)
        self.image(g)
        self.put("ii", 0, 0)
        self.close()

    def image(self, g: Geom) -> None:
        if self.version > 94:
            self.text("osg::Image")
        self.ids += 1
        self.put("I", self.ids)
        self.text(g.picture)
        self.put("ii", 0, 2 if g.external else 1)
        if not g.external:
            self.put("I", len(g.jpeg))
            self.out += g.jpeg
        self.base()


def encode(root: Any, version: int = 80, *, compress: bool = False) -> bytes:
    """An .osgb file: ``root`` is a Lod, a Geom or a list of them (a Group)."""
    brackets = version >= 112
    encoder = Encoder(version, brackets=brackets)
    encoder.child(root)
    head = struct.pack("<IIIII", 0x6C910EA1, 0x1AFB4545, 1, version, 4 if brackets else 0)
    if compress:
        engine = zlib.compressobj(6, zlib.DEFLATED, 31)
        return head + struct.pack("<I", 4) + b"zlib" + engine.compress(bytes(encoder.out)) + engine.flush()
    return head + struct.pack("<I", 1) + b"0" + bytes(encoder.out)
