"""The meshoptimizer calls that we use, with numpy types, and the byte forms of EXT_meshopt_compression."""

from __future__ import annotations

import ctypes
from typing import Any, cast

import meshoptimizer as mo
import numpy as np
from meshoptimizer._loader import lib
from numpy.typing import NDArray

from tiles.tiles3d.mesh import F32, GRID, GRID_EXP, U8, U32

_MODES = ("ATTRIBUTES", "TRIANGLES", "INDICES")
_codec_ready = False


def _codec() -> None:
    """EXT_meshopt_compression knows vertex codec version 0 only; newer libraries write 1 by default."""
    global _codec_ready
    if not _codec_ready:
        mo.encode_vertex_version(0)
        mo.encode_index_version(1)
        _codec_ready = True


def order(indices: U32, vertices: int) -> tuple[U32, U32]:
    """Reorder triangles for the vertex cache and vertices by first use.

    Returns:
        New indices (3 T,) and, for each new vertex, its old number (V,); unused vertices are gone.
    """
    cached = np.empty_like(indices)
    mo.optimize_vertex_cache(cached, indices, len(indices), vertices)
    remap = np.empty(vertices, np.uint32)
    used = mo.optimize_vertex_fetch_remap(remap, cached, len(cached), vertices)
    old = np.empty(used, np.uint32)
    live = remap != 0xFFFFFFFF
    old[remap[live]] = np.flatnonzero(live).astype(np.uint32)
    return remap[cached], old


def encode_triangles(indices: U32, vertices: int) -> bytes:
    """TRIANGLES mode bytes."""
    _codec()
    return bytes(mo.encode_index_buffer(indices, len(indices), vertices))


def encode_attributes(rows: NDArray[Any]) -> bytes:
    """ATTRIBUTES mode bytes of (N, stride / itemsize) rows; the row stride must be a multiple of 4 bytes."""
    _codec()
    return bytes(mo.encode_vertex_buffer(np.ascontiguousarray(rows)))


def positions_to_exponential(positions: F32) -> NDArray[np.uint32]:
    """Positions on the 2 mm grid in the EXPONENTIAL filter's form: the grid's exponent above a 24-bit mantissa.
    Exact both ways.
    """
    mantissa = np.rint(positions.astype(np.float64) / GRID).astype(np.int64)
    return ((np.int64(GRID_EXP) & 0xFF) << 24 | (mantissa & 0xFFFFFF)).astype(np.uint32)


def floats_to_exponential(values: F32, exponent: int = -14) -> NDArray[np.uint32]:
    """Any floats with a fixed exponent (default steps of 6e-5), in the EXPONENTIAL filter's form."""
    mantissa = np.clip(np.rint(values.astype(np.float64) / 2.0**exponent), -(2**23), 2**23 - 1).astype(np.int64)
    return ((np.int64(exponent) & 0xFF) << 24 | (mantissa & 0xFFFFFF)).astype(np.uint32)


def decode_view(raw: bytes, count: int, stride: int, mode: str, filter_: str) -> bytes:
    """Bytes of a compressed buffer view (EXT_meshopt_compression), filters undone.

    Raises:
        ValueError: unknown mode or filter. RuntimeError: data that does not decode.
    """
    if mode not in _MODES:
        raise ValueError(f"mode {mode}")
    if mode == "ATTRIBUTES":
        out = np.zeros(count * stride, np.uint8)
        source = np.frombuffer(raw, np.uint8)
        result = lib.meshopt_decodeVertexBuffer(
            out.ctypes.data_as(ctypes.c_void_p),
            count,
            stride,
            source.ctypes.data_as(ctypes.POINTER(ctypes.c_ubyte)),
            len(raw),
        )
        if result != 0:
            raise RuntimeError(f"vertex data, code {result}")
        return _unfilter(out, stride, filter_).tobytes()
    decode = mo.decode_index_buffer if mode == "TRIANGLES" else mo.decode_index_sequence
    wide = decode(count, 4, raw)
    return cast(bytes, wide.astype(np.uint16 if stride == 2 else np.uint32).tobytes())


def _unfilter(data: U8, stride: int, filter_: str) -> NDArray[Any]:
    if filter_ == "NONE":
        return data
    if filter_ == "EXPONENTIAL":
        word = data.view(np.int32)
        exponent = word >> 24
        mantissa = (word << 8) >> 8
        return np.asarray(np.ldexp(mantissa.astype(np.float32), exponent))
    if filter_ in ("OCTAHEDRAL", "QUATERNION"):
        # Normals and rotations; nothing here uses them, so the packed form may stay.
        return data
    raise ValueError(f"filter {filter_}")


def simplify(
    indices: U32, positions: F32, attributes: F32, locked: NDArray[np.bool_], target: int, error: float, *, prune: bool
) -> tuple[U32, float]:
    """Collapse edges until ``target`` indices or ``error`` metres; locked vertices stay; vertices never move.

    Args:
        attributes: (N, K) float32, already weighted so that one unit costs as much as one metre of displacement.

    Returns:
        Indices and the reached error in metres.
    """
    positions = np.ascontiguousarray(positions, np.float32)
    source = np.ascontiguousarray(indices, np.uint32)
    scale = float(mo.simplify_scale(positions)) or 1.0
    weighted = np.ascontiguousarray(attributes / scale, np.float32)
    weights = np.ones(weighted.shape[1], np.float32)
    lock = np.ascontiguousarray(locked, np.uint8)
    out = np.empty(len(source), np.uint32)
    reached = ctypes.c_float(0.0)
    # Called without the wrapper: it declares no argument types for this function, and sizes and floats need theirs.
    count = lib.meshopt_simplifyWithAttributes(
        _pointer(out, ctypes.c_uint),
        _pointer(source, ctypes.c_uint),
        ctypes.c_size_t(len(source)),
        _pointer(positions, ctypes.c_float),
        ctypes.c_size_t(len(positions)),
        ctypes.c_size_t(12),
        _pointer(weighted, ctypes.c_float),
        ctypes.c_size_t(4 * weighted.shape[1]),
        _pointer(weights, ctypes.c_float),
        ctypes.c_size_t(len(weights)),
        _pointer(lock, ctypes.c_ubyte),
        ctypes.c_size_t(min(target, len(source))),
        ctypes.c_float(error / scale),
        ctypes.c_uint(mo.SIMPLIFY_PRUNE if prune else 0),
        ctypes.byref(reached),
    )
    return out[:count].copy(), float(reached.value) * scale


def _pointer(array: NDArray[Any], kind: Any) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(kind))
