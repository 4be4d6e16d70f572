"""The wrapped tile formats of 3D Tiles 1.0 (b3dm, i3dm, pnts, cmpt) turned into glb."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.gltf_read import split_glb
from tiles.tiles3d.gltf_write import pack, write_points
from tiles.tiles3d.mesh import F64

_MAX_INSTANCES = 100_000
_MAX_NESTED = 64
#: Z up (tiles) from y up (glTF) and back, on column vectors.
_YUP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)


def to_glbs(data: bytes, name: str, fetch: Callable[[str], bytes], depth: int = 0) -> list[bytes]:
    """One or more glb (cmpt: one per inner tile) in the tile's frame.

    Args:
        fetch: bytes of a relative address that an i3dm refers to.

    Raises:
        BrokenFile: cut off, of an unknown kind, or with glTF 1.0 inside.
    """
    magic = data[:4]
    if magic == b"glTF":
        split_glb(data, name)
        return [data]
    if len(data) < 16:
        raise BrokenFile(name, "cut off: no tile header")
    (length,) = struct.unpack_from("<I", data, 8)
    if length > len(data):
        raise BrokenFile(name, f"cut off: {len(data)} of {length} bytes")
    data = data[:length]
    if magic == b"b3dm":
        table, _, body = _tables(data, name, 28)
        return [_placed(body, name, [_moved(table.get("RTC_CENTER", (0, 0, 0)))])]
    if magic == b"i3dm":
        return [_instances(data, name, fetch)]
    if magic == b"pnts":
        return [_points(data, name)]
    if magic == b"cmpt":
        return _composite(data, name, fetch, depth)
    raise BrokenFile(name, f"content of the kind {magic!r} is not taken")


def _composite(data: bytes, name: str, fetch: Callable[[str], bytes], depth: int) -> list[bytes]:
    if depth > 8:
        raise BrokenFile(name, "composites are nested without end")
    (count,) = struct.unpack_from("<I", data, 12)
    at, found = 16, []
    for _ in range(min(count, _MAX_NESTED)):
        if at + 12 > len(data):
            raise BrokenFile(name, "cut off inside a composite")
        (size,) = struct.unpack_from("<I", data, at + 8)
        if size < 12:
            raise BrokenFile(name, "an inner tile has no length")
        found += to_glbs(data[at : at + size], name, fetch, depth + 1)
        at += size
    return found


def _tables(data: bytes, name: str, header: int) -> tuple[dict[str, Any], bytes, bytes]:
    """Feature table JSON, its binary, and what follows the batch table."""
    if len(data) < header:
        raise BrokenFile(name, "cut off: no tile header")
    sizes = struct.unpack_from("<4I", data, 12)
    at = header
    if at + sum(sizes) > len(data):
        raise BrokenFile(name, "tables reach past the end")
    try:
        table = json.loads(data[at : at + sizes[0]] or b"{}")
    except ValueError as error:
        raise BrokenFile(name, f"feature table is not JSON: {error}") from error
    binary = data[at + sizes[0] : at + sizes[0] + sizes[1]]
    return table, binary, data[at + sum(sizes) :]


def _moved(offset: Any) -> F64:
    m = np.eye(4)
    m[:3, 3] = [float(v) for v in offset]
    return m


def _placed(glb: bytes, name: str, matrices: list[F64]) -> bytes:
    """The glb with its scene repeated under nodes with z-up matrices; unchanged for a single identity."""
    doc, blob = split_glb(glb, name)
    if len(matrices) == 1 and np.array_equal(matrices[0], np.eye(4)):
        return glb
    roots = doc.get("scenes", [{}])[doc.get("scene", 0)].get("nodes", [])
    nodes: list[dict[str, Any]] = doc.setdefault("nodes", [])
    made = []
    plain = len(roots) == 1 and "children" not in nodes[roots[0]] and "mesh" in nodes[roots[0]]
    if len(matrices) > 1 and not plain:
        raise BrokenFile(name, "instances of a model with several nodes are not taken")
    for matrix in matrices:
        node: dict[str, Any] = {"matrix": [float(v) for v in (_YUP @ matrix @ _YUP.T).T.ravel()]}
        if len(matrices) == 1:
            node["children"] = roots
        else:
            inner = {k: v for k, v in nodes[roots[0]].items() if k in ("matrix", "translation", "rotation", "scale")}
            node["mesh"] = nodes[roots[0]]["mesh"]
            if inner:
                nodes.append({**inner, "mesh": node.pop("mesh")})
                node["children"] = [len(nodes) - 1]
        nodes.append(node)
        made.append(len(nodes) - 1)
    doc["scenes"], doc["scene"] = [{"nodes": made}], 0
    return pack(doc, blob)


def _values(
    table: dict[str, Any], binary: bytes, key: str, dtype: Any, width: int, count: int, name: str
) -> NDArray[Any]:
    start = int(table[key]["byteOffset"])
    size = np.dtype(dtype).itemsize * width * count
    if start < 0 or start + size > len(binary):
        raise BrokenFile(name, f"{key} reaches past the feature table")
    return np.frombuffer(binary[start : start + size], dtype).reshape(count, width)


def _positions(table: dict[str, Any], binary: bytes, count: int, name: str) -> F64:
    center = np.array(table.get("RTC_CENTER", (0, 0, 0)), np.float64)
    if "POSITION" in table:
        return _values(table, binary, "POSITION", "<f4", 3, count, name).astype(np.float64) + center
    if "POSITION_QUANTIZED" in table:
        q = _values(table, binary, "POSITION_QUANTIZED", "<u2", 3, count, name).astype(np.float64) / 65535
        scale, offset = (np.array(table[f"QUANTIZED_VOLUME_{k}"], np.float64) for k in ("SCALE", "OFFSET"))
        return np.asarray(q * scale + offset + center)
    raise BrokenFile(name, "no positions (or Draco-compressed ones, which are not taken)")


def _points(data: bytes, name: str) -> bytes:
    table, binary, _ = _tables(data, name, 28)
    count = int(table.get("POINTS_LENGTH", 0))
    if not 0 < count <= 100_000_000:
        raise BrokenFile(name, f"POINTS_LENGTH is {count}")
    positions = _positions(table, binary, count, name)
    colors = np.full((count, 4), 255, np.uint8)
    if "RGBA" in table:
        colors[:] = _values(table, binary, "RGBA", np.uint8, 4, count, name)
    elif "RGB" in table:
        colors[:, :3] = _values(table, binary, "RGB", np.uint8, 3, count, name)
    elif "RGB565" in table:
        v = _values(table, binary, "RGB565", "<u2", 1, count, name)[:, 0].astype(np.uint32)
        colors[:, :3] = np.stack([(v >> 11) * 255 // 31, ((v >> 5) & 63) * 255 // 63, (v & 31) * 255 // 31], axis=1)
    elif "CONSTANT_RGBA" in table:
        colors[:] = np.array(table["CONSTANT_RGBA"], np.uint8)
    # Float32 relative to the middle, which becomes the node's place: positions may be earth-centred.
    middle = np.rint((positions.min(axis=0) + positions.max(axis=0)) / 2)
    return write_points((positions - middle).astype(np.float32), colors, compress=False, offset=middle)


def _instances(data: bytes, name: str, fetch: Callable[[str], bytes]) -> bytes:
    table, binary, body = _tables(data, name, 32)
    (form,) = struct.unpack_from("<I", data, 28)
    count = int(table.get("INSTANCES_LENGTH", 0))
    if not 0 < count <= _MAX_INSTANCES:
        raise BrokenFile(name, f"INSTANCES_LENGTH is {count}")
    if table.get("EAST_NORTH_UP"):
        raise BrokenFile(name, "instances turned by EAST_NORTH_UP are not taken")
    model = body if form == 1 else fetch(body.rstrip(b"\0 ").decode("utf-8", "replace"))
    positions = _positions(table, binary, count, name)
    turns = np.tile(np.eye(3), (count, 1, 1))
    if "NORMAL_UP" in table and "NORMAL_RIGHT" in table:
        up = _values(table, binary, "NORMAL_UP", "<f4", 3, count, name).astype(np.float64)
        right = _values(table, binary, "NORMAL_RIGHT", "<f4", 3, count, name).astype(np.float64)
        # The model's own axes after z up: x right, y forward, z up.
        turns = np.stack([right, np.cross(up, right), up], axis=2)
    scales = np.ones((count, 3))
    if "SCALE" in table:
        scales *= _values(table, binary, "SCALE", "<f4", 1, count, name)
    if "SCALE_NON_UNIFORM" in table:
        scales *= _values(table, binary, "SCALE_NON_UNIFORM", "<f4", 3, count, name)
    matrices = []
    for k in range(count):
        m = np.eye(4)
        m[:3, :3] = turns[k] * scales[k]
        m[:3, 3] = positions[k]
        matrices.append(m)
    return _placed(model, name, matrices)
