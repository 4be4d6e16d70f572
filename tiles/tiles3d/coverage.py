"""What cameras see of the model: pure geometry on top of the mesh's lines of sight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.georef import ecef, enu_frame, geodetic
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.mesh import F64

#: Taken where a camera does not say.
RANGE, FOV = 60.0, 90.0
#: Height over width of a picture.
_ASPECT = 9 / 16
#: Height above the ground at which somebody must be seen, metres (a person's chest).
_TALL = 1.2


@dataclass(frozen=True)
class View:
    """A camera: lens (degrees, degrees, ellipsoidal metres), heading clockwise from north, tilt (negative looks down),
    horizontal field of view (all degrees) and range in metres. ``heading`` None: it turns, every direction counts.
    """

    place: tuple[float, float, float]
    heading: float | None = None
    tilt: float | None = None
    fov: float = FOV
    range: float = RANGE


def in_view(views: list[View], point: tuple[float, float, float]) -> tuple[NDArray[np.bool_], F64]:
    """Whether a point lies in each camera's picture and range, the mesh left out of account, and how far it is
    (metres).
    """
    if not views:
        return np.zeros(0, np.bool_), np.zeros(0)
    inside, distances = np.zeros(len(views), np.bool_), np.zeros(len(views))
    for i, view in enumerate(views):
        d = _from(view, np.array([point]))
        distances[i] = np.linalg.norm(d)
        inside[i] = distances[i] <= view.range and _in_picture(view, d)[0]
    return inside, distances


def _from(view: View, points: F64) -> F64:
    """Points (N, 3: degrees, degrees, ellipsoidal metres) as metres east, north and up of the lens."""
    lens = enu_frame(*view.place)
    return np.asarray((ecef(points[:, 0], points[:, 1], points[:, 2]) - lens[:3, 3]) @ lens[:3, :3])


def _in_picture(view: View, d: F64) -> NDArray[np.bool_]:
    """Whether directions (N, 3: east, north, up at the lens) fall into the rectangle of the picture."""
    if view.heading is None or view.fov >= 360:
        return np.ones(len(d), np.bool_)
    h, t = np.radians(view.heading), np.radians(view.tilt or 0.0)
    ahead = np.array([np.sin(h) * np.cos(t), np.cos(h) * np.cos(t), np.sin(t)])
    right = np.array([np.cos(h), -np.sin(h), 0.0])
    x, y, z = d @ right, d @ np.cross(right, ahead), d @ ahead
    if view.fov >= 180:  # no plane holds such a picture: an angle around the heading
        return np.asarray(np.abs(np.degrees(np.arctan2(x, z))) <= view.fov / 2)
    half = np.tan(np.radians(view.fov / 2))
    return np.asarray((z > 0) & (np.abs(x) <= z * half) & (np.abs(y) <= z * half * _ASPECT))


def seeing(field: HeightField, views: list[View], point: tuple[float, float, float]) -> tuple[NDArray[np.bool_], F64]:
    """Which cameras see a point: it is in the picture, in range, and nothing of the mesh stands between. With the
    distances in metres.
    """
    inside, distances = in_view(views, point)
    near = np.flatnonzero(inside)
    if len(near):
        inside[near] = field.visible(point, np.array([views[i].place for i in near]))
    return inside, distances


@dataclass(frozen=True)
class Fan:
    """What a camera sees of the ground.

    Attributes:
        azimuths: (N,) degrees clockwise from north.
        ranges: (N,) metres on the ground from below the lens up to which a person is seen without a break.
        ring: (M, 3) longitude, latitude, ellipsoidal height of the outline, closed; lies on the model's ground.
    """

    azimuths: F64
    ranges: F64
    ring: F64


def coverage(field: HeightField, view: View, *, rays: int = 64, steps: int = 64) -> Fan:
    """The view cone clipped by the mesh.

    From below the lens outwards along each azimuth: a place counts when somebody who stands there on the lowest ground
    is in the picture and nothing of the mesh hides the chest. The range ends where that breaks for good behind the
    first place seen; what is nearer than the picture's lower rim counts as not seen.
    """
    whole = view.heading is None or view.fov >= 360
    start, width = (0.0, 360.0) if whole else ((view.heading or 0.0) - view.fov / 2, view.fov)
    azimuths = start + width * (np.arange(rays) + 0.5) / rays
    along = view.range * np.arange(1, steps + 1) / steps
    a, s = np.meshgrid(np.radians(azimuths), along, indexing="ij")
    local = np.stack([np.sin(a) * s, np.cos(a) * s, np.zeros_like(s)], axis=-1).reshape(-1, 3)
    lens = enu_frame(*view.place)
    places = geodetic(local @ lens[:3, :3].T + lens[:3, 3])
    below = view.place[2] - 0.3
    ground = field.sample(places[:, :2], below=below)
    places[:, 2] = ground + _TALL
    seen = np.zeros(len(places), np.bool_)
    there = np.flatnonzero(~np.isnan(ground))
    if len(there):
        seen[there] = field.visible(view.place, places[there])
    d = _from(view, places[there])
    seen[there] &= _in_picture(view, d) & (np.linalg.norm(d, axis=1) <= view.range)
    grid = seen.reshape(rays, steps)
    first = np.where(grid.any(axis=1), grid.argmax(axis=1), steps)
    last = np.zeros(rays, np.int64)
    for k in range(rays):
        run = grid[k, first[k] :]
        last[k] = 0 if not len(run) else first[k] + (len(run) if run.all() else int(np.argmin(run)))
    ranges = last * view.range / steps
    return Fan(np.mod(azimuths, 360), ranges, _outline(places.reshape(rays, steps, 3), first, last, whole))


def _outline(places: F64, first: NDArray[np.int64], last: NDArray[np.int64], whole: bool) -> F64:
    """Outer rim along the azimuths and back along the inner one."""
    on = np.flatnonzero(last > first)
    if not len(on):
        return np.zeros((0, 3))
    outer = places[on, last[on] - 1]
    inner = places[on, first[on]][::-1]
    ring = np.concatenate([outer, outer[:1]] if whole and len(on) == len(first) else [outer, inner, outer[:1]])
    return np.asarray(ring - (0.0, 0.0, _TALL))
