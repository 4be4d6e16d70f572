"""Checks of a feature's properties against the layer's declaration; every fault is named by its property."""

from __future__ import annotations

import math
from typing import Any

from twin.errors import Invalid
from twin.registry.layer import Field, Layer
from twin.spatial.validate import Fault, check_heights, fault

MAX_TEXT = 4000
#: Columns that are never null: an absent text is an empty one.
_EMPTY_TEXT = ("name_en", "note", "address")


def check_properties(layer: Layer, properties: dict[str, Any], *, partial: bool) -> dict[str, Any]:
    """The writable properties, each of its declared kind; with ``partial`` only the given ones, else all of them.

    Raises:
        Invalid: every fault named by its property.
    """
    clean, faults = clean_properties(layer, properties, partial=partial)
    if faults:
        raise Invalid(errors=faults)
    return clean


def clean_properties(layer: Layer, properties: dict[str, Any], *, partial: bool) -> tuple[dict[str, Any], list[Fault]]:
    """As :func:`check_properties`, but faults are returned."""
    faults: list[Fault] = []
    clean: dict[str, Any] = {}
    for name, value in properties.items():
        field = layer.field(name)
        if field is None:
            faults.append(fault("unknown_property", f"properties.{_printable(name)}"))
        elif not field.writable:
            if partial:
                faults.append(fault("not_writable", f"properties.{name}"))
        elif problem := _value_fault(field, value):
            faults.append(problem)
        elif value is None or value == "":
            clean[name] = _absent(field)
        else:
            clean[name] = float(value) if field.kind == "number" else int(value) if field.kind == "integer" else value
    if not partial:
        missing = [f for f in layer.all_fields if f.required and f.writable and properties.get(f.name) in (None, "")]
        named = {row["where"] for row in faults}
        faults += [row for f in missing if (row := fault("required", f"properties.{f.name}"))["where"] not in named]
        clean = {f.name: clean.get(f.name, _absent(f)) for f in layer.all_fields if f.writable}
        faults += check_heights(clean.get("z_min"), clean.get("z_max"))
    return clean, faults


def derive(layer: Layer, clean: dict[str, Any]) -> None:
    """Columns that follow from others: until something lifts it, a zone's risk is its static one."""
    if layer.key == "zone" and clean.get("static_risk") is not None:
        clean["risk"] = clean["static_risk"]


def _absent(field: Field) -> Any:
    """What an absent value is kept as."""
    if field.kind == "boolean":
        return field.name == "enabled"
    return "" if field.name in _EMPTY_TEXT else None


def _value_fault(field: Field, value: Any) -> Fault | None:
    where = f"properties.{field.name}"
    if value is None or value == "":
        return fault("required", where) if field.required else None
    if field.kind == "boolean":
        return None if isinstance(value, bool) else fault("not_boolean", where)
    if field.kind in ("integer", "number"):
        if problem := _number_fault(field, value):
            return problem
    elif not isinstance(value, str):
        return fault("not_text", where)
    elif len(value) > MAX_TEXT:
        return fault("text_too_long", where, limit=MAX_TEXT)
    elif _printable(value) != value:
        return fault("text_broken", where)
    elif field.check is not None and not field.check(value):
        return fault("wrong_form", where)
    if field.codes and value not in [code for code, _ in field.codes]:
        allowed = ", ".join(str(code) for code, _ in field.codes)
        return fault("not_in_list", where, value=str(value)[:60], allowed=allowed)
    return None


def _number_fault(field: Field, value: Any) -> Fault | None:
    where = f"properties.{field.name}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return fault("not_number", where)
    try:
        number = float(value)
    except OverflowError:
        return fault("not_number", where)
    if not math.isfinite(number):
        return fault("not_number", where)
    if field.kind == "integer" and (number != int(number) or abs(number) > 2**31 - 1):
        return fault("not_integer", where)
    low, high = field.minimum, field.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        return fault("out_of_range", where, value=value, low=_limit(low, "-∞"), high=_limit(high, "∞"))
    return None


def _limit(value: float | None, endless: str) -> float | str:
    return endless if value is None else value


def _printable(text: str) -> str:
    """Without what PostgreSQL cannot keep: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")[:MAX_TEXT]
