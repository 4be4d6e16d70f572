"""The byte stream of OpenSceneGraph's binary format (.osgb): header, compression, brackets, basic types.

Own implementation after the published format (osgDB, "osg2" plugin). Little and big endian, plain and zlib, with and
without the bracket sizes of the robust form.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.errors import Bomb, BrokenFile

_MAGIC = (0x6C910EA1, 0x1AFB4545)
#: An OSGB file unpacks to pictures and vertices; ratios above this are attacks or garbage.
_MAX_UNPACKED = 1 << 30
_MAX_RATIO = 200


class Stream:
    """Cursor over an .osgb file's bytes.

    Attributes:
        version: the file's OSG version (80 is OSG 3.0, 131 is 3.4, 161 is 3.6).
        brackets: whether objects carry their length.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name, self.data, self.at = name, data, 0
        self.order = "<"
        self.brackets = False
        self.version = 0
        self._ends: list[int] = []
        self._header()

    def fail(self, fault: str) -> BrokenFile:
        return BrokenFile(self.name, f"{fault} (byte {self.at})")

    def _header(self) -> None:
        if len(self.data) < 20:
            raise self.fail("cut off: no OSGB header")
        if struct.unpack_from("<II", self.data) != _MAGIC:
            if struct.unpack_from(">II", self.data) != _MAGIC:
                raise self.fail("not an OSGB file (magic)")
            self.order = ">"
        self.at = 8
        _kind, self.version, attributes = self.u32(), self.u32(), self.u32()
        if not 50 <= self.version <= 400:
            raise self.fail(f"OSG version {self.version} is not known")
        self.brackets = bool(attributes & 0x4)
        if attributes & 0x1:
            for _ in range(self.size()):
                self.string()
                self.i32()
        compressor = self.string()
        if compressor == "zlib":
            self._inflate()
        elif compressor != "0":
            raise self.fail(f"compression {compressor!r} is not taken")
        if attributes & 0x2:
            self.string()  # schema of the writer; the classes read here have been stable

    def _inflate(self) -> None:
        packed = self.data[self.at :]
        limit = min(_MAX_UNPACKED, max(len(packed) * _MAX_RATIO, 1 << 20))
        engine = zlib.decompressobj(47)
        try:
            data = engine.decompress(packed, limit)
        except zlib.error as error:
            raise self.fail(f"zlib data is broken: {error}") from error
        if engine.unconsumed_tail:
            raise Bomb(self.name, f"unpacks to more than {limit >> 20} MiB")
        if not engine.eof:
            raise self.fail("cut off: zlib data ends early")
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise self.fail(f"cut off: {count} bytes wanted, {len(self.data) - self.at} left")
        self.at += count
        return self.data[self.at - count : self.at]

    def unpack(self, form: str) -> tuple[Any, ...]:
        layout = struct.Struct(self.order + form)
        return layout.unpack(self.take(layout.size))

    def u32(self) -> int:
        return int(self.unpack("I")[0])

    def i32(self) -> int:
        return int(self.unpack("i")[0])

    def boolean(self) -> bool:
        value = self.take(1)[0]
        if value > 1:
            raise self.fail(f"a flag holds {value}")
        return bool(value)

    def doubles(self, count: int) -> tuple[float, ...]:
        return self.unpack(f"{count}d")

    def floats(self, count: int) -> tuple[float, ...]:
        return self.unpack(f"{count}f")

    def size(self) -> int:
        """A count; refused when not even one byte per item is left."""
        count = self.u32()
        if count > len(self.data) - self.at:
            raise self.fail(f"a count of {count} reaches past the end")
        return count

    def string(self) -> str:
        return self.take(self.size()).decode("utf-8", "replace")

    def array(self, dtype: Any, count: int, width: int) -> NDArray[Any]:
        """(count, width) values."""
        kind = np.dtype(dtype).newbyteorder(self.order)
        raw = self.take(count * width * kind.itemsize)
        values = np.frombuffer(raw, kind).reshape(count, width)
        return values if kind.isnative else values.astype(dtype)

    def open(self) -> None:
        """BEGIN_BRACKET."""
        if self.brackets:
            start = self.at
            length = int(self.unpack("q")[0]) if self.version > 148 else self.i32()
            self._ends.append(start + length)

    def close(self, *, skip: bool = False) -> None:
        """END_BRACKET; with ``skip`` jump to it over whatever was not read."""
        if self.brackets and self._ends:
            end = self._ends.pop()
            if skip:
                if not self.at <= end <= len(self.data):
                    raise self.fail("an object's length does not hold")
                self.at = end
