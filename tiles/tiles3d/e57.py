"""E57 point clouds (ASTM E2807), scan by scan and a chunk at a time, in the file's common frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tiles.tiles3d.errors import BrokenFile
from tiles.tiles3d.mesh import F64, U8

_CARTESIAN = ("cartesianX", "cartesianY", "cartesianZ")
_SPHERICAL = ("sphericalRange", "sphericalAzimuth", "sphericalElevation")
_COLORS = ("colorRed", "colorGreen", "colorBlue")


def _open(file: Path, label: str) -> Any:
    try:
        import pye57
    except ImportError as error:
        raise BrokenFile(label, "E57 needs the package pye57") from error
    return pye57.E57(str(file))


def read_e57(file: Path, label: str, chunk: int) -> Iterator[tuple[F64, U8]]:
    """Positions (N, 3) in metres and colours (N, 4), at most ``chunk`` at a time; scans one after the other, each
    moved by its pose. Points that the scanner marks as invalid are left out.

    Raises:
        BrokenFile: not an E57, cut off, or a scan without positions.
    """
    try:
        source = _open(file, label)
        try:
            for number in range(source.scan_count):
                yield from _scan(source, number, label, chunk)
        finally:
            source.close()
    except BrokenFile:
        raise
    except Exception as error:  # the library raises its own kinds and what its parsers raise
        raise BrokenFile(label, f"E57 cannot be read: {str(error).strip() or type(error).__name__}") from error


def _scan(source: Any, number: int, label: str, chunk: int) -> Iterator[tuple[F64, U8]]:
    header = source.get_header(number)
    fields = set(header.point_fields)
    axes = next((names for names in (_CARTESIAN, _SPHERICAL) if fields.issuperset(names)), None)
    if axes is None:
        raise BrokenFile(label, f"scan {number} has no positions")
    flag = "cartesianInvalidState" if axes is _CARTESIAN else "sphericalInvalidState"
    wanted = [*axes, *(k for k in (*_COLORS, flag) if k in fields)]
    if header.point_count == 0:
        return
    data, buffers = source.make_buffers(wanted, min(chunk, header.point_count))
    reader = header.points.reader(buffers)
    seen = 0
    while count := reader.read():
        seen += count
        xyz = np.stack([data[k][:count] for k in axes], axis=1).astype(np.float64)
        if axes is _SPHERICAL:
            xyz = _cartesian(xyz)
        if header.has_pose():
            xyz = xyz @ np.asarray(header.rotation_matrix, np.float64).T + np.asarray(header.translation, np.float64)
        colors = np.full((count, 4), 255, np.uint8)
        if all(k in data for k in _COLORS):
            colors[:, :3] = np.stack([data[k][:count] for k in _COLORS], axis=1)
        good = np.isfinite(xyz).all(axis=1)
        if flag in data:
            good &= data[flag][:count] == 0
        yield xyz[good], colors[good]
    reader.close()
    if seen != header.point_count:
        raise BrokenFile(label, f"cut off: {seen} of {header.point_count} points in scan {number}")


def _cartesian(rae: F64) -> F64:
    """Range, azimuth, elevation (radians) to x, y, z."""
    r, a, e = rae.T
    return np.stack([r * np.cos(e) * np.cos(a), r * np.cos(e) * np.sin(a), r * np.sin(e)], axis=1)
