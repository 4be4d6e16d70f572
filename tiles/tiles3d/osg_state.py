"""Materials, textures and pictures of OSG scene files: the part of the reader that knows render state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from tiles.tiles3d.osg_stream import Stream


@dataclass
class Obj:
    """An object of the scene: class name without ``osg::`` and the fields that matter here."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    children: list[Obj] = field(default_factory=list)

    def get(self, name: str, default: Any = None) -> Any:
        return self.values.get(name, default)


class StateReader(ABC):
    """Readers of state classes; each takes exactly the fields of its class in the file's version."""

    s: Stream
    seen: dict[int, Obj]
    image_fields: bool

    @abstractmethod
    def object(self) -> Obj | None:
        """The next object of the stream."""

    @abstractmethod
    def optional(self) -> Obj | None:
        """Flag and object."""

    @abstractmethod
    def base(self, o: Obj) -> None:
        """Fields of ``osg::Object``."""

    def user(self) -> bool:
        """Flag in front of a hand-written field."""
        return self.s.boolean()

    def state_set(self, o: Obj) -> None:
        s = self.s
        if self.user():
            self._modes()
        attributes = self._attributes() if self.user() else []
        if self.user():
            count = s.size()
            s.open()
            for _ in range(count):
                self._modes()
            s.close()
        textures: list[list[Obj]] = []
        if self.user():
            count = s.size()
            s.open()
            textures = [self._attributes() for _ in range(count)]
            s.close()
        if self.user():
            count = s.size()
            s.open()
            for _ in range(count):
                self.object()
                s.i32()
            s.close()
        s.unpack("3i")
        s.string()
        s.boolean()
        self.optional()
        self.optional()
        if s.version >= 146 and self.user():
            count = s.size()
            s.open()
            for _ in range(count):
                s.string()
                s.string()
                s.i32()
            s.close()
        o.values["attributes"] = attributes
        o.values["textures"] = textures

    def _modes(self) -> None:
        count = self.s.size()
        if count:
            self.s.open()
            self.s.take(8 * count)
            self.s.close()

    def _attributes(self) -> list[Obj]:
        count = self.s.size()
        found = []
        if count:
            self.s.open()
            for _ in range(count):
                item = self.object()
                self.s.i32()
                if item is not None:
                    found.append(item)
            self.s.close()
        return found

    def attribute(self, o: Obj) -> None:
        self.optional()
        self.optional()

    def enum32(self, o: Obj) -> None:
        self.s.i32()

    def polygon_mode(self, o: Obj) -> None:
        for _ in range(1):
            if self.user():
                self.s.take(1 + 8)

    def tex_env(self, o: Obj) -> None:
        self.s.i32()
        self.s.floats(4)

    def material(self, o: Obj) -> None:
        s = self.s
        s.i32()
        for width in (4, 4, 4, 4, 1):
            if self.user():
                s.boolean()
                values = s.floats(2 * width)
                if width == 4 and "ambient" in o.values and "diffuse" not in o.values:
                    o.values["diffuse"] = values[:4]
                o.values.setdefault("ambient", values[:4])

    def texture(self, o: Obj) -> None:
        s = self.s
        wraps = [s.u32() if self.user() else 0 for _ in range(5)]
        o.values["repeat"] = wraps[0] == 0x2901 or wraps[1] == 0x2901
        s.floats(1)
        s.take(4)
        s.doubles(4)
        s.i32()
        s.i32()
        for _ in range(3):
            if self.user():
                s.u32()
        s.boolean()
        s.unpack("2i")
        s.floats(1)
        if s.version >= 95 and self.user():
            s.u32()
            s.i32()
            s.take(1)
            s.unpack("i2I")
        if s.version >= 98 and self.user():
            s.string()
        if s.version >= 155:
            s.floats(3)

    def texture_2d(self, o: Obj) -> None:
        o.values["image"] = self.image() if self.s.boolean() else None
        self.s.unpack("2i")

    def image(self) -> Obj:
        s = self.s
        if s.version > 94:
            s.string()
        number = s.u32()
        if number in self.seen:
            return self.seen[number]
        o = Obj("Image", {"file": s.string()})
        self.seen[number] = o
        s.i32()
        decision = s.i32()
        if decision == 0:
            origin, width, height, _depth, internal, pixel, dtype, packing, _mode = s.unpack("9i")
            o.values |= {"origin": origin, "size": (width, height), "internal": internal, "pixel": pixel, "type": dtype}
            o.values |= {"packing": packing, "raw": s.take(s.size())}
            s.take(4 * s.size())
        elif decision == 1:
            o.values["bytes"] = s.take(s.size())
        elif decision not in (2, 3):
            raise s.fail(f"picture storage {decision} is not known")
        self.base(o)
        if self.image_fields and s.version >= 112:
            s.string()
            s.unpack("2i3I2iI")
        return o
