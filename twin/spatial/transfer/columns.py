"""Finding a layer's properties under the names that files give them, and turning cells into values."""

from __future__ import annotations

import re
from typing import Any

from twin.registry.layer import Field, Layer

#: What a dBASE table (Shapefile) can hold of a name.
SHORT = 10
#: Columns of a table that hold a point or any shape, with names people give them.
PLACE: dict[str, tuple[str, ...]] = {
    "x": ("x", "lon", "lng", "long", "longitude", "经度", "东坐标", "easting"),
    "y": ("y", "lat", "latitude", "纬度", "北坐标", "northing"),
    "z": ("z", "h", "height", "elevation", "alt", "高程", "高度"),
    "wkt": ("wkt", "geometry", "geom", "图形", "坐标"),
}
_NAMED = re.compile(r"[(（]([a-z][a-z0-9_]*)[)）]$")
_YES = {"true", "yes", "y", "t", "1", "是", "有"}
_NO = {"false", "no", "n", "f", "0", "否", "无"}


def short_names(layer: Layer) -> dict[str, str]:
    """Names of at most ten characters, unique in the layer: full name to short one."""
    found: dict[str, str] = {}
    for field in layer.all_fields:
        name, n = field.name[:SHORT], 0
        while name in found.values():
            n += 1
            name = f"{field.name[: SHORT - 1]}{n}"
        found[field.name] = name
    return found


def matcher(layer: Layer) -> dict[str, str]:
    """Lower-case name in a file to the property's name."""
    names: dict[str, str] = {}
    for full, short in short_names(layer).items():
        names.setdefault(short.lower(), full)
    for field in layer.all_fields:
        for text in (field.title.zh, field.title.en):
            names.setdefault(text.lower(), field.name)
    names |= {field.name.lower(): field.name for field in layer.all_fields}
    return names


def column(header: Any, names: dict[str, str]) -> str | None:
    """The property (or ``x``, ``y``, ``z``, ``wkt``) that a column's header means; None when nothing fits."""
    text = str(header or "").strip().rstrip("*").strip().lower()
    if match := _NAMED.search(text):
        text = match[1]
    if text in names:
        return names[text]
    return next((key for key, others in PLACE.items() if text in others), None)


def properties(layer: Layer, raw: dict[str, Any], names: dict[str, str]) -> tuple[dict[str, Any], set[str]]:
    """The layer's properties among a row's, as values of their kinds where possible; and the names passed over."""
    found: dict[str, Any] = {}
    ignored: set[str] = set()
    for name, value in raw.items():
        key = column(name, names)
        field = layer.field(key) if key else None
        if field is None:
            ignored.add(str(name)[:60])
        elif field.name not in found or found[field.name] is None:
            found[field.name] = coerce(field, value)
    return found, ignored


def coerce(field: Field, value: Any) -> Any:
    """A cell as the field's kind; what cannot be one stays as it is, for the validation to name it."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()  # numpy scalars
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, str):
        value = value.strip()
        if value == "":
            return None
    if field.codes:
        return _code(field, value)
    if field.kind == "boolean":
        text = str(int(value) if isinstance(value, float) and value.is_integer() else value).lower()
        return True if text in _YES else False if text in _NO else value
    if field.kind in ("integer", "number"):
        return _number(field, value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else value


def _code(field: Field, value: Any) -> Any:
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).casefold()
    for code, words in field.codes:
        if text in (str(code).casefold(), words.zh.casefold(), words.en.casefold()):
            return code
    return value


def _number(field: Field, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return value
    return int(number) if field.kind == "integer" and number.is_integer() else number
