"""The classes of OSG scene files that survey software writes, read into plain objects.

Each reader takes exactly the fields that its class had in the file's version; versions 77 to 160 differ in the places
marked below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.osg_state import Obj, StateReader
from tiles.tiles3d.osg_stream import Stream

_ARRAYS: dict[int, tuple[type[np.generic], int]] = {
    0: (np.int8, 1), 1: (np.uint8, 1), 2: (np.int16, 1), 3: (np.uint16, 1), 4: (np.int32, 1), 5: (np.uint32, 1),
    6: (np.float32, 1), 7: (np.float64, 1), 8: (np.int8, 2), 9: (np.int8, 3), 10: (np.int8, 4), 11: (np.uint8, 4),
    12: (np.int16, 2), 13: (np.int16, 3), 14: (np.int16, 4), 15: (np.float32, 2), 16: (np.float32, 3),
    17: (np.float32, 4), 18: (np.float64, 2), 19: (np.float64, 3), 20: (np.float64, 4),
}  # fmt: skip
_SUFFIX: dict[str, type[np.generic]] = {
    "": np.float32, "d": np.float64, "b": np.int8, "ub": np.uint8, "s": np.int16, "us": np.uint16,
    "i": np.int32, "ui": np.uint32,
}  # fmt: skip
_SCALARS: dict[str, type[np.generic]] = {
    "FloatArray": np.float32, "DoubleArray": np.float64, "ByteArray": np.int8, "UByteArray": np.uint8,
    "ShortArray": np.int16, "UShortArray": np.uint16, "IntArray": np.int32, "UIntArray": np.uint32,
}  # fmt: skip
_ELEMENTS = {"DrawElementsUByte": np.uint8, "DrawElementsUShort": np.uint16, "DrawElementsUInt": np.uint32}


class SceneReader(StateReader):
    """Reads the object graph of one file.

    Args:
        image_fields: some writers between versions 112 and 130 put more fields behind pictures; tried when the short
            form fails.
    """

    def __init__(self, data: bytes, name: str, *, image_fields: bool = False) -> None:
        self.s = Stream(data, name)
        self.image_fields = image_fields
        self.seen: dict[int, Obj] = {}
        self.arrays: dict[int, NDArray[Any]] = {}
        self.depth = 0

    def read(self) -> Obj:
        """The root object."""
        root = self.object()
        if root is None:
            raise self.s.fail("the file holds no object")
        return root

    def object(self) -> Obj | None:
        s = self.s
        name = s.string()
        if name == "NULL":
            return None
        if not name.startswith("osg::") and not name.startswith("osgDB::"):
            raise s.fail(f"an object's class was expected, found {name[:40]!r}")
        s.open()
        number = s.u32()
        if number in self.seen:
            s.close(skip=True)
            return self.seen[number]
        found = Obj(name.partition("::")[2])
        self.seen[number] = found
        self.depth += 1
        if self.depth > 128:
            raise s.fail("objects are nested without end")
        chain = self.chain(found.kind)
        if chain is None:
            if not s.brackets:
                raise s.fail(f"class {name} is not known, and its length is not given")
        else:
            for step in chain:
                step(found)
        self.depth -= 1
        s.close(skip=True)
        return found

    def chain(self, kind: str) -> list[Callable[[Obj], None]] | None:
        """Readers of a class and its bases, in the order of the file; None for unknown classes."""
        base: list[Callable[[Obj], None]] = [self.base]
        node: list[Callable[[Obj], None]] = [self.base, self.node]
        drawable = [*(node if self.s.version >= 145 else base), self.drawable]
        attribute = [self.base, self.attribute]
        table: dict[str, list[Callable[[Obj], None]]] = {
            "Node": node,
            "Group": [*node, self.group],
            "Geode": [*node, self.drawables],
            "LOD": [*node, self.group, self.lod],
            "PagedLOD": [*node, self.lod, self.paged],
            "Transform": [*node, self.group, self.transform],
            "MatrixTransform": [*node, self.group, self.transform, self.matrix],
            "Geometry": [*drawable, self.geometry],
            "StateSet": [self.base, self.state_set],
            "Material": [*attribute, self.material],
            "Texture2D": [*attribute, self.texture, self.texture_2d],
            "TexEnv": [*attribute, self.tex_env],
            "CullFace": [*attribute, self.enum32],
            "PolygonMode": [*attribute, self.polygon_mode],
        }
        if kind in table:
            return table[kind]
        buffered = [*base, self.buffer_data] if self.s.version >= 147 else base
        if kind.endswith("Array"):
            return [*buffered, self.array_head, self.array_body]
        if kind in _ELEMENTS or kind in ("DrawArrays", "DrawArrayLengths"):
            return [*buffered, self.primitive_head, self.primitive_body]
        return None

    # -- helpers

    def optional(self) -> Obj | None:
        """Flag and object."""
        return self.object() if self.s.boolean() else None

    # -- bases

    def base(self, o: Obj) -> None:
        o.values["name"] = self.s.string()
        self.s.i32()
        if self.s.version >= 77:
            self.optional()
        elif self.user():
            self.s.open()
            self.object()
            self.s.close()

    def node(self, o: Obj) -> None:
        s = self.s
        if self.user():
            s.open()
            s.doubles(4)
            s.close()
        for _ in range(4):
            self.optional()
        s.boolean()
        s.u32()
        if s.version < 77 and self.user():
            count = s.size()
            s.open()
            for _ in range(count):
                s.string()
            s.close()
        o.values["state"] = self.optional()

    def group(self, o: Obj) -> None:
        if self.user():
            self._children(o)

    def _children(self, o: Obj) -> None:
        count = self.s.size()
        if count or o.kind != "PagedLOD":
            self.s.open()
            for _ in range(count):
                child = self.object()
                if child is not None:
                    o.children.append(child)
            self.s.close()

    def drawables(self, o: Obj) -> None:
        if self.user():
            self._children(o)

    def lod(self, o: Obj) -> None:
        s = self.s
        s.i32()
        if self.user():
            x, y, z, radius = s.doubles(4)
            o.values["center"], o.values["radius"] = (x, y, z), radius
        o.values["pixels"] = s.i32() == 1
        if self.user():
            count = s.size()
            s.open()
            o.values["ranges"] = [s.floats(2) for _ in range(count)]
            s.close()

    def paged(self, o: Obj) -> None:
        s = self.s
        if self.user() and s.boolean():
            o.values["path"] = s.string()
        if s.version < 70:
            s.u32()
        s.u32()
        s.boolean()
        if self.user():
            count = s.size()
            s.open()
            o.values["files"] = [s.string() for _ in range(count)]
            s.close()
            count = s.size()
            s.open()
            for _ in range(count):
                s.floats(2)
            s.close()
        if self.user():
            self._children(o)

    def transform(self, o: Obj) -> None:
        self.s.i32()

    def matrix(self, o: Obj) -> None:
        self.s.open()
        o.values["matrix"] = np.array(self.s.doubles(16)).reshape(4, 4)
        self.s.close()

    # -- drawables

    def drawable(self, o: Obj) -> None:
        s = self.s
        state = self.optional()
        o.values["state"] = state or o.get("state")
        if self.user():
            s.open()
            s.doubles(6)
            s.close()
        self.optional()
        self.optional()
        s.take(3)
        for _ in range(4):
            self.optional()
        if s.version >= 142:
            s.u32()

    def geometry(self, o: Obj) -> None:
        s = self.s
        count = s.size()
        o.values["primitives"] = [self.old_primitive() if s.version < 112 else self.object() for _ in range(count)]
        names = ("vertices", "normals", "colors", "secondary", "fog")
        if s.version >= 112:
            for name in names:
                o.values[name] = _data(self.optional())
            for name in ("texcoords", "attributes"):
                o.values[name] = [_data(self.object()) for _ in range(s.size())]
        else:
            for name in names:
                o.values[name] = self.old_data() if self.user() else None
            for name in ("texcoords", "attributes"):
                o.values[name] = self.old_list() if self.user() else []
            s.boolean()
        if s.version >= 145:
            s.boolean()

    def old_list(self) -> list[NDArray[Any] | None]:
        count = self.s.size()
        self.s.open()
        found = [self.old_data() for _ in range(count)]
        self.s.close()
        return found

    def old_data(self) -> NDArray[Any] | None:
        s = self.s
        s.open()
        values = self.old_array() if s.boolean() else None
        if s.boolean():
            index = self.old_array()
            if values is not None and index.size and int(index.max()) < len(values):
                values = values[index[:, 0].astype(np.int64)]
        s.i32()
        s.i32()
        s.close()
        return values

    def old_array(self) -> NDArray[Any]:
        s = self.s
        number = s.u32()
        if number in self.arrays:
            return self.arrays[number]
        kind = s.i32()
        if kind not in _ARRAYS:
            raise s.fail(f"array type {kind} is not known")
        dtype, width = _ARRAYS[kind]
        count = s.size()
        s.open()
        self.arrays[number] = s.array(dtype, count, width)
        s.close()
        return self.arrays[number]

    def old_primitive(self) -> Obj:
        s = self.s
        kind, mode = s.i32(), s.i32()
        if s.version > 96:
            s.u32()
        o = Obj("primitive", {"mode": mode})
        if kind == 50:
            o.values["first"], o.values["count"] = s.i32(), s.i32()
        elif kind == 51:
            o.values["first"] = s.i32()
            o.values["lengths"] = self._block(np.int32)
        elif kind in (52, 53, 54):
            o.values["indices"] = self._block((np.uint8, np.uint16, np.uint32)[kind - 52])
        else:
            raise s.fail(f"primitive type {kind} is not known")
        return o

    def _block(self, dtype: Any) -> NDArray[Any]:
        count = self.s.size()
        self.s.open()
        values = self.s.array(dtype, count, 1)[:, 0]
        self.s.close()
        return values

    def buffer_data(self, o: Obj) -> None:
        if self.user():
            self.object()
        if self.user():
            self.s.u32()

    def array_head(self, o: Obj) -> None:
        self.s.i32()
        self.s.take(2)

    def array_body(self, o: Obj) -> None:
        kind = o.kind
        if kind in _SCALARS:
            dtype, width = _SCALARS[kind], 1
        else:
            suffix = kind[4:-5]
            if not kind.startswith("Vec") or kind[3:4] not in "234" or suffix not in _SUFFIX:
                raise self.s.fail(f"array class {kind} is not known")
            dtype, width = _SUFFIX[suffix], int(kind[3])
        o.values["data"] = self.s.array(dtype, self.s.size(), width)

    def primitive_head(self, o: Obj) -> None:
        self.s.i32()
        o.values["mode"] = self.s.i32()

    def primitive_body(self, o: Obj) -> None:
        s = self.s
        if o.kind == "DrawArrays":
            o.values["first"], o.values["count"] = s.i32(), s.i32()
        elif o.kind == "DrawArrayLengths":
            o.values["first"] = s.i32()
            o.values["lengths"] = s.array(np.int32, s.size(), 1)[:, 0]
        else:
            o.values["indices"] = s.array(_ELEMENTS[o.kind], s.size(), 1)[:, 0]


def _data(o: Obj | None) -> NDArray[Any] | None:
    return None if o is None else o.get("data")


def read_scene(data: bytes, name: str) -> Obj:
    """The object graph of an .osgb file.

    Raises:
        BrokenFile: cut off, not an OSGB file, or of a class or version that is not known.
        Bomb: compressed data that unpacks absurdly.
    """
    from tiles.tiles3d.errors import BrokenFile

    try:
        return SceneReader(data, name).read()
    except BrokenFile:
        if len(data) < 20 or not 112 <= int.from_bytes(data[12:16], "little") <= 200:
            raise
        try:
            return SceneReader(data, name, image_fields=True).read()
        except BrokenFile:
            pass
        raise
