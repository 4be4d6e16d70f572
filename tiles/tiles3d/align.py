"""Fitting a tileset to control points: ``twin tiles align``.

Least squares after Umeyama (IEEE PAMI 13(4), 1991), with numpy alone; residuals stay with the tileset.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from tiles.tiles3d.errors import AlignError
from tiles.tiles3d.georef import Georef, ecef
from tiles.tiles3d.manifest import Alignment, Manifest, Residual, read_manifest, write_manifest
from tiles.tiles3d.mesh import F64
from tiles.tiles3d.tileset import load_json
from twin import clock

#: Directions in which points must spread (m, standard deviation) before a rotation can be told from them.
_SPREAD = 1.0


@dataclass(frozen=True)
class ControlPoint:
    """One point on the model and where it truly is.

    Attributes:
        model: (x, y, z) measured on the delivery, in its own system (SRS coordinates, metres), or lon, lat, height.
        truth: the surveyed place in the same kind of coordinates.
        geographic: both are longitude, latitude (degrees), ellipsoidal height (m).
    """

    name: str
    model: tuple[float, float, float]
    truth: tuple[float, float, float]
    geographic: bool = False


def read_points(path: Path) -> list[ControlPoint]:
    """Control points of a CSV file.

    Columns: ``name, model_x, model_y, model_z, x, y, z`` in the delivery's system, or
    ``name, model_lon, model_lat, model_h, lon, lat, h``.

    Raises:
        AlignError: columns missing or a value that is no number; names the line.
    """
    forms = {
        False: ("model_x", "model_y", "model_z", "x", "y", "z"),
        True: ("model_lon", "model_lat", "model_h", "lon", "lat", "h"),
    }
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise AlignError(path.name, f"cannot be read: {error}") from error
    points = []
    for number, row in enumerate(rows, 2):
        geographic = "model_lon" in row
        try:
            v = [float(row[c]) for c in forms[geographic]]
        except (KeyError, TypeError, ValueError) as error:
            raise AlignError(path.name, f"line {number}: {error}") from error
        if not np.isfinite(v).all():
            raise AlignError(path.name, f"line {number}: not a finite number")
        points.append(
            ControlPoint(row.get("name") or f"P{number - 1}", (v[0], v[1], v[2]), (v[3], v[4], v[5]), geographic)
        )
    return points


def umeyama(source: NDArray[np.float64], target: NDArray[np.float64], *, scale: bool) -> F64:
    """4 x 4 similarity (or rigid motion) that takes (N, 3) ``source`` nearest to ``target`` in least squares."""
    a, b = source.mean(axis=0), target.mean(axis=0)
    u, d, vt = np.linalg.svd((target - b).T @ (source - a) / len(source))
    sign = np.ones(3)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        sign[2] = -1
    rotation = (u * sign) @ vt
    factor = float((d * sign).sum() / ((source - a) ** 2).sum() * len(source)) if scale else 1.0
    m = np.eye(4)
    m[:3, :3] = factor * rotation
    m[:3, 3] = b - factor * rotation @ a
    return m


def fit(source: F64, target: F64, *, file: str, scale: bool) -> F64:
    """Translation for one or two points, else rigid motion or similarity, as far as the points determine it.

    Raises:
        AlignError: no point, or three or more that lie on a line.
    """
    if not len(source):
        raise AlignError(file, "no control point")
    if len(source) < 3:
        m = np.eye(4)
        m[:3, 3] = (target - source).mean(axis=0)
        return m
    spread = np.linalg.svd(source - source.mean(axis=0), compute_uv=False) / np.sqrt(len(source))
    if spread[1] < _SPREAD:
        raise AlignError(file, "the control points lie on a line: they do not determine a rotation")
    return umeyama(source, target, scale=scale)


def _georef(manifest: Manifest) -> Georef:
    place = manifest.place
    base = np.array(manifest.transform).reshape(4, 4).T
    if manifest.alignment is not None:
        base = base @ np.linalg.inv(np.array(manifest.alignment.matrix).reshape(4, 4))
    lonlat = (place.longitude, place.latitude, place.height)
    return Georef(place.srs, place.crs, place.srs_origin, lonlat, place.height_offset, base, geoid=place.geoid)


def _frame(points: Sequence[ControlPoint], truth: bool, georef: Georef, shown: F64) -> F64:
    """Coordinates in the tileset's frame, before any alignment for measured points."""
    rows = []
    for point in points:
        x, y, z = point.truth if truth else point.model
        if point.geographic:
            # Picked on the model as it is shown now, an earlier alignment included.
            inverse = np.linalg.inv(georef.transform if truth else shown)
            rows.append(inverse[:3, :3] @ ecef(x, y, z) + inverse[:3, 3])
        else:
            rows.append(georef.exact(np.array([[x, y, z]]) - georef.origin)[0])
    return np.array(rows)


def align(
    folder: Path, points: Sequence[ControlPoint], *, scale: bool = False, file: str = "control points"
) -> Alignment:
    """Fit a tileset to control points and store the result in its manifest and root transform.

    Args:
        folder: the tileset.
        scale: also fit the scale (only for models without a survey's scale).

    Raises:
        AlignError: the points do not determine a transform.
    """
    manifest = read_manifest(folder)
    georef = _georef(manifest)
    shown = np.array(manifest.transform).reshape(4, 4).T
    source, target = _frame(points, False, georef, shown), _frame(points, True, georef, shown)
    m = fit(source, target, file=file, scale=scale)
    # Residuals on true axes: frame axes are the grid's, a small turn away from east and north.
    turn = np.radians(manifest.place.convergence_deg)
    left = target - (source @ m[:3, :3].T + m[:3, 3])
    east = left[:, 0] * np.cos(turn) + left[:, 1] * np.sin(turn)
    north = left[:, 1] * np.cos(turn) - left[:, 0] * np.sin(turn)
    distance = np.linalg.norm(left, axis=1)
    factor = float(np.cbrt(np.linalg.det(m[:3, :3])))
    angle = float(np.degrees(np.arccos(np.clip((np.trace(m[:3, :3]) / factor - 1) / 2, -1, 1))))
    moved = (m[:3, :3] - np.eye(3)) @ source.mean(axis=0) + m[:3, 3]
    result = Alignment(
        matrix=[float(v) for v in m.ravel()],
        scale=factor,
        rotation_deg=angle,
        translation=(float(moved[0]), float(moved[1]), float(moved[2])),
        rms=float(np.sqrt((distance**2).mean())),
        max=float(distance.max()),
        residuals=[
            Residual(name=p.name, east=float(e), north=float(n), up=float(u), distance=float(d))
            for p, e, n, u, d in zip(points, east, north, left[:, 2], distance, strict=True)
        ],
        at=clock.now(),
    )
    _store(folder, manifest, georef.transform @ m, result)
    return result


def _store(folder: Path, manifest: Manifest, transform: F64, result: Alignment) -> None:
    """Root transform and manifest; both files change by renaming."""
    doc = load_json(folder / "tileset.json")
    column_major = [float(v) for v in transform.T.ravel()]
    doc["root"]["transform"] = column_major
    manifest.version = hashlib.sha256((manifest.version + repr(column_major)).encode()).hexdigest()[:16]
    doc["asset"]["tilesetVersion"] = manifest.version
    manifest.transform, manifest.alignment = column_major, result
    temp = folder / ".tileset.json.tmp"
    temp.write_bytes(orjson.dumps(doc))
    (folder / "tileset.json.gz").unlink(missing_ok=True)
    temp.replace(folder / "tileset.json")
    write_manifest(manifest, folder)
