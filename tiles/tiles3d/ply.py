"""Reader of PLY point clouds: ascii, binary little and big endian; x, y, z and red, green, blue."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.mesh import F64, U8

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_MAX_POINTS = 200_000_000


def _header(data: bytes, label: str) -> tuple[str, int, list[tuple[str, str]], int]:
    """Form, number of vertices, their properties, and where the body starts."""
    end = data.find(b"end_header")
    if data[:3] != b"ply" or end < 0:
        raise BrokenFile(label, "not a PLY file")
    body = data.index(b"\n", end) + 1
    form, count, properties, element = "", -1, [], ""
    for text in data[:end].decode("ascii", "replace").splitlines():
        words = text.split()
        if words[:1] == ["format"] and len(words) > 1:
            form = words[1]
        elif words[:1] == ["element"] and len(words) == 3 and words[2].isdecimal():
            if not element and words[1] != "vertex":
                raise BrokenFile(label, f"the first element is {words[1]!r}, not vertex")
            element = words[1]
            count = int(words[2]) if element == "vertex" else count
        elif words[:1] == ["property"] and element == "vertex":
            if len(words) != 3 or words[1] not in _TYPES:
                raise BrokenFile(label, f"property is not taken: {text!r}")
            properties.append((words[2], _TYPES[words[1]]))
    if not 0 <= count <= _MAX_POINTS or not {"x", "y", "z"} <= {n for n, _ in properties}:
        raise BrokenFile(label, "no vertices with x, y, z")
    return form, count, properties, body


def read_ply(path: Path, label: str) -> tuple[F64, U8]:
    """Positions (N, 3) and colours (N, 4; white where the file has none).

    Raises:
        BrokenFile: no PLY, cut off, or of a form that is not taken.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BrokenFile(label, f"cannot be read: {error.strerror}") from error
    form, count, properties, body = _header(data, label)
    names = [n for n, _ in properties]
    if form == "ascii":
        values = np.array(data[body:].split(None, count * len(names))[: count * len(names)])
        if len(values) < count * len(names):
            raise BrokenFile(label, "cut off")
        try:
            table = values.astype(np.float64).reshape(count, len(names))
        except ValueError as error:
            raise BrokenFile(label, f"not a number: {error}") from error
        column = {n: table[:, k] for k, n in enumerate(names)}
    elif form in ("binary_little_endian", "binary_big_endian"):
        order = "<" if form == "binary_little_endian" else ">"
        dtype = np.dtype([(n, order + t) for n, t in properties])
        if len(data) - body < dtype.itemsize * count:
            raise BrokenFile(label, "cut off")
        rows = np.frombuffer(data, dtype, count, body)
        column = {n: rows[n] for n in names}
    else:
        raise BrokenFile(label, f"form {form!r} is not taken")
    positions = np.stack([np.asarray(column[k], np.float64) for k in "xyz"], axis=1)
    if not np.isfinite(positions).all():
        raise BrokenFile(label, "positions are not finite numbers")
    colors = np.full((count, 4), 255, np.uint8)
    if {"red", "green", "blue"} <= set(names):
        rgb = np.stack([np.asarray(column[k], np.float64) for k in ("red", "green", "blue")], axis=1)
        scale = 255.0 if dict(properties)["red"].startswith("f") else 1.0
        colors[:, :3] = np.clip(rgb * scale, 0, 255).astype(np.uint8)
    return positions, colors
