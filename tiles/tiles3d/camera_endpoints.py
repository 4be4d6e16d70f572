"""Which cameras see a point, and what a camera sees, computed from the mesh (``/tiles3d/{site}/cameras``).

Alarms, SOS and permits ask here; inside the server ``cameras_seeing`` and ``camera_coverage`` give the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tiles.tiles3d import repository, store, surveys
from tiles.tiles3d.errors import CameraNotFound, SiteNotFound
from tiles.tiles3d.repository import CameraRow
from twin.settings import get_settings
from twin.web import CurrentPrincipal

if TYPE_CHECKING:
    from tiles.tiles3d.coverage import Fan, View  # loads compiled code: with the first question

router = APIRouter()

Tileset = Annotated[str, Query(description="the survey to ask; the site's current one when absent")]


class SeeingOut(BaseModel):
    """A camera that sees the point."""

    id: str
    code: str
    name: str
    name_en: str
    kind: str
    distance_m: float
    steered: bool = Field(description="it has to be turned to the point (a PTZ camera)")


class CameraCoverageOut(BaseModel):
    """What a camera sees of the ground, clipped by the mesh."""

    id: str
    azimuths: list[float] = Field(description="degrees clockwise from north")
    ranges: list[float] = Field(description="metres up to which a person is seen along each; 0 for nothing")
    outline: list[tuple[float, float, float]] = Field(
        description="longitude, latitude, ellipsoidal height of the area on the ground; closed; empty when it sees none"
    )


def _view(camera: CameraRow, ground: float, *, turning: bool) -> View:
    from tiles.tiles3d.coverage import FOV, RANGE, View

    lon, lat, height = camera.place
    free = turning and camera.kind == "ptz"
    return View(
        (lon, lat, ground if height is None else height),
        None if free else camera.heading,
        camera.tilt,
        FOV if camera.fov is None else camera.fov,
        RANGE if camera.range is None else camera.range,
    )


async def _site(enterprise_id: UUID, site: str) -> repository.SiteFrame:
    frame = await repository.site_frame(enterprise_id, site)
    if frame is None:
        raise SiteNotFound(site=site)
    return frame


async def cameras_seeing(
    enterprise_id: UUID, site: str, point: tuple[float, float, float], tileset: str = ""
) -> list[SeeingOut]:
    """Cameras that see a point (degrees, degrees, ellipsoidal metres), nearest first. A PTZ camera may turn anywhere.

    Raises:
        SiteNotFound, TilesetNotFound.
    """
    from tiles.tiles3d.coverage import seeing

    frame = await _site(enterprise_id, site)
    folder = surveys.folder_of(get_settings().sites_dir, site, tileset)
    cameras = await repository.cameras(enterprise_id, frame.id)
    views = [_view(c, frame.origin[2], turning=True) for c in cameras]
    sees, distances = await asyncio.to_thread(lambda: seeing(store.height_field(folder), views, point))
    found = [
        SeeingOut(
            id=c.id, code=c.code, name=c.name, name_en=c.name_en, kind=c.kind, distance_m=round(float(d), 2),
            steered=c.kind == "ptz",
        )
        for c, d, s in zip(cameras, distances, sees, strict=True)
        if s
    ]  # fmt: skip
    return sorted(found, key=lambda c: (c.distance_m, c.code))


async def camera_coverage(enterprise_id: UUID, site: str, camera: str, tileset: str = "") -> tuple[CameraRow, Fan]:
    """What a camera (by id or code) sees of the ground as it stands now.

    Raises:
        SiteNotFound, TilesetNotFound, CameraNotFound.
    """
    from tiles.tiles3d.coverage import coverage

    frame = await _site(enterprise_id, site)
    found = await repository.cameras(enterprise_id, frame.id, camera)
    if not found:
        raise CameraNotFound(camera=camera)
    folder = surveys.folder_of(get_settings().sites_dir, site, tileset)
    view = _view(found[0], frame.origin[2], turning=False)
    return found[0], await asyncio.to_thread(lambda: coverage(store.height_field(folder), view))


@router.get("/{site}/cameras/seeing", summary="Which cameras see a point")
async def seen_by(
    site: str,
    principal: CurrentPrincipal,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    h: Annotated[float, Query(ge=-500, le=10_000, description="ellipsoidal height, metres")],
    tileset: Tileset = "",
) -> list[SeeingOut]:
    """In the picture, in range, and nothing of the model between; nearest first."""
    principal.require("map:read")
    return await cameras_seeing(principal.enterprise_id, site, (lon, lat, h), tileset)


@router.get("/{site}/cameras/{camera}/coverage", summary="What a camera sees")
async def covered(site: str, camera: str, principal: CurrentPrincipal, tileset: Tileset = "") -> CameraCoverageOut:
    """The view cone clipped by the model: where a person on the ground is seen."""
    principal.require("map:read")
    row, fan = await camera_coverage(principal.enterprise_id, site, camera, tileset)
    return CameraCoverageOut(
        id=row.id,
        azimuths=[round(float(v), 3) for v in fan.azimuths],
        ranges=[round(float(v), 3) for v in fan.ranges],
        outline=[(float(x), float(y), float(z)) for x, y, z in fan.ring],
    )
