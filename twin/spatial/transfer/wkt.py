"""Well-known text of points, lines and polygons to and from GeoJSON; the validation judges the shape later."""

from __future__ import annotations

import re
from typing import Any

_HEAD = re.compile(r"\s*(POINT|LINESTRING|POLYGON)\s*(?:Z\s*)?\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_TYPES = {"POINT": "Point", "LINESTRING": "LineString", "POLYGON": "Polygon"}


def parse(text: str) -> dict[str, Any]:
    """A GeoJSON geometry.

    Raises:
        ValueError: the text is not of this form.
    """
    match = _HEAD.fullmatch(text)
    if match is None:
        raise ValueError("not POINT, LINESTRING or POLYGON")
    kind, body = _TYPES[match[1].upper()], match[2].strip()
    if kind == "Polygon":
        rings = re.fullmatch(r"\((.*)\)", body, re.DOTALL)
        if rings is None:
            raise ValueError("a ring needs brackets")
        return {"type": kind, "coordinates": [_line(ring) for ring in re.split(r"\)\s*,\s*\(", rings[1])]}
    line = _line(body)
    return {"type": kind, "coordinates": line[0] if kind == "Point" and len(line) == 1 else line}


def _line(text: str) -> list[list[float]]:
    return [[float(number) for number in position.split()] for position in text.split(",")]


def dump(geometry: dict[str, Any]) -> str:
    """WKT of a GeoJSON geometry, heights included."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Polygon":
        body = ", ".join(f"({_text(ring)})" for ring in coordinates)
    else:
        body = _text([coordinates] if kind == "Point" else coordinates)
    first = coordinates if kind == "Point" else coordinates[0] if kind == "LineString" else coordinates[0][0]
    return f"{kind.upper()}{' Z' if len(first) > 2 else ''} ({body})"


def _text(line: list[list[float]]) -> str:
    return ", ".join(" ".join(repr(v) if isinstance(v, float) else str(v) for v in position) for position in line)
