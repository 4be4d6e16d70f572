"""The layer registry: one declaration from which everything else about a layer comes.

From a :class:`Layer` come the OGC API - Features collection, the vector tiles, the live topic on the hub, access rights, style,
legend, the TypeScript type, the drill-down in the viewer and the contract tests (design.md, section 1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from twin.db.base import SpatialRow
from twin.registry import discover

GeometryKind = Literal["Point", "LineString", "Polygon"]
FieldKind = Literal["string", "integer", "number", "boolean", "datetime"]


@dataclass(frozen=True)
class Text:
    """A short text in Chinese and English."""

    zh: str
    en: str

    def get(self, language: str) -> str:
        """The text in ``language`` (``zh-CN`` or ``en``)."""
        return self.en if language.startswith("en") else self.zh


@dataclass(frozen=True)
class Field:
    """A property of the layer's features, backed by the model's column of the same name.

    Attributes:
        codes: allowed values with their texts; empty means free.
        unit: symbol of the unit, e.g. ``m``.
        minimum, maximum: inclusive limits of numbers.
        required: must be given on creation.
        writable: false for values that only engines set (e.g. the live ``risk``).
        tile: goes into vector tiles.
        check: whether a text that is given is of its form; None takes any.
    """

    name: str
    title: Text
    kind: FieldKind = "string"
    codes: tuple[tuple[str | int, Text], ...] = ()
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    writable: bool = True
    tile: bool = False
    check: Callable[[str], bool] | None = None


@dataclass(frozen=True)
class Style:
    """How viewers draw the layer.

    Attributes:
        by: property that decides the colour; with it ``colours`` maps value to a token name of ``viewer/packages/ui``.
        icon: symbol name for points.
        min_zoom: not drawn below this Web Mercator zoom.
    """

    colour: str = "line-neutral"
    by: str | None = None
    colours: tuple[tuple[str | int, str], ...] = ()
    icon: str = ""
    label: str | None = "name"
    min_zoom: int = 0


@dataclass(frozen=True)
class Layer:
    """A layer: a table of spatial features and all that is said about it.

    Attributes:
        key: collection id, tile layer name; the hub topic is ``layer.<key>``.
        read, write: scopes that a principal needs.
        live: whether changes go over the hub.
        datetime_field: column for the ``datetime`` parameter of OGC API - Features.
        identify: rank for clicks; the highest under the pointer wins.
        editable: edited under ``/api/spatial``; otherwise its module writes the rows (e.g. a workflow) and their events.
    """

    key: str
    title: Text
    description: Text
    model: type[SpatialRow]
    geometry: GeometryKind
    fields: tuple[Field, ...] = ()
    style: Style = field(default_factory=Style)
    read: str = "map:read"
    write: str = "spatial:write"
    live: bool = True
    datetime_field: str = "updated_at"
    identify: int = 0
    editable: bool = True

    @property
    def topic(self) -> str:
        """Name of the live topic on the hub."""
        return f"layer.{self.key}"

    @property
    def table(self) -> str:
        """Name of the database table."""
        return str(self.model.__table__.name)  # type: ignore[attr-defined]

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """The common fields and the layer's own, in the order of the feature's properties."""
        return COMMON_FIELDS + self.fields

    def field(self, name: str) -> Field | None:
        """The field called ``name``."""
        return next((f for f in self.all_fields if f.name == name), None)

    def legend(self, language: str) -> list[dict[str, Any]]:
        """Legend entries: value, colour token and text."""
        by = self.field(self.style.by) if self.style.by else None
        if by is None:
            return [
                {"value": None, "colour": self.style.colour, "icon": self.style.icon, "text": self.title.get(language)}
            ]
        texts = dict(by.codes)
        return [
            {
                "value": value,
                "colour": colour,
                "icon": self.style.icon,
                "text": texts[value].get(language) if value in texts else str(value),
            }
            for value, colour in self.style.colours
        ]


COMMON_FIELDS = (
    Field("code", Text("编号", "Code"), required=True, tile=True),
    Field("name", Text("名称", "Name"), required=True, tile=True),
    Field("name_en", Text("英文名称", "English name"), tile=True),
    Field("note", Text("备注", "Note")),
    Field("version", Text("版本", "Version"), "integer", writable=False),
    Field("updated_at", Text("更新时间", "Updated"), "datetime", writable=False),
)


@cache
def layers() -> dict[str, Layer]:
    """Every registered layer by key.

    Raises:
        ValueError: when two modules declare the same key, or a field has no column.
    """
    found: dict[str, Layer] = {}
    for module in discover.submodules("layer"):
        for layer in getattr(module, "LAYERS", ()):
            if layer.key in found:
                raise ValueError(f"layer {layer.key} is declared twice ({module.__name__})")
            columns = layer.model.__table__.columns
            missing = [f.name for f in layer.all_fields if f.name not in columns]
            if missing:
                raise ValueError(f"layer {layer.key}: no columns for {missing}")
            found[layer.key] = layer
    return found
