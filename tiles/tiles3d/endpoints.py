"""3D tilesets over HTTP (``/tiles3d``): the list, the tiles with ranges and cache keys, heights, lines of sight,
expiring links.

``/tiles3d/{site}/{tileset}/v-<version>/...`` never changes and may be cached for ever; without the version segment
answers carry an ETag and are asked for again. Relative addresses inside a tileset keep the segment, so every tile has
it.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from tiles.tiles3d import camera_endpoints, links, raster_endpoints, store, surveys
from tiles.tiles3d.errors import TileNotFound, TilesetNotFound, TooManyPoints
from tiles.tiles3d.manifest import Manifest
from twin import clock
from twin.auth.principal import Principal, current_principal
from twin.db.uow import unit_of_work
from twin.settings import get_settings
from twin.spatial import repository
from twin.web import CurrentPrincipal

router = APIRouter(prefix="/tiles3d", tags=["tiles3d"])
# Before the tilesets' own addresses, whose last one takes any path.
router.include_router(raster_endpoints.router)
router.include_router(camera_endpoints.router)

_MAX_POINTS = 100_000
_MAX_CAMERAS = 5_000
#: Seconds for which it is remembered that a site belongs to an enterprise.
_REMEMBER = 60.0
_owned: dict[tuple[UUID, str], tuple[float, bool]] = {}


class TilesetOut(Manifest):
    """A tileset's card with its addresses."""

    tileset: str
    url: str = Field(description="versioned address of tileset.json; may be cached for ever")
    current: bool = Field(description="the survey that the site shows when nobody names one")
    retired: bool = Field(description="taken off the list; only with `retired=true`")
    residual_m: float | None = Field(description="RMS of the fit to control points; null when it was not aligned")


class HeightOut(BaseModel):
    """Ellipsoidal height of the model's highest surface, metres; null beside the model."""

    lon: float
    lat: float
    height: float | None


class HeightsIn(BaseModel):
    """Points to sample."""

    points: list[tuple[float, float]] = Field(description="longitude, latitude in degrees")
    below: float | None = Field(None, description="the highest surface not above this ellipsoidal height")


class HeightsOut(BaseModel):
    """Heights in the order of the points; null beside the model."""

    heights: list[float | None]


class SightIn(BaseModel):
    """A point and cameras: longitude, latitude (degrees), ellipsoidal height (metres)."""

    point: tuple[float, float, float]
    cameras: list[tuple[float, float, float]]


class SightOut(BaseModel):
    """Per camera whether nothing of the model stands between it and the point."""

    visible: list[bool]


class LinkOut(BaseModel):
    """An address that needs no sign-in until it expires."""

    url: str
    expires: datetime


async def _may_see(principal: Principal, site: str) -> bool:
    """Whether a site belongs to the principal's enterprise (row-level security answers)."""
    key = (principal.enterprise_id, site)
    known = _owned.get(key)
    if known is None or clock.monotonic() - known[0] > _REMEMBER:
        async with unit_of_work(principal.enterprise_id, principal.account_id) as uow:
            row = await repository.site(uow.session, site)
        known = (clock.monotonic(), row is not None and row.code == site)
        _owned[key] = known
    return known[1]


async def _folder(principal: Principal, site: str, tileset: str) -> Path:
    principal.require("map:read")
    folder = store.tileset_folder(get_settings().sites_dir, site, tileset)
    if not await _may_see(principal, site):
        raise TilesetNotFound(site=site, tileset=tileset)
    return folder


def _address(site: str, tileset: str, segment: str) -> str:
    return f"/tiles3d/{site}/{tileset}/{segment}/tileset.json"


@router.get("", summary="List tilesets")
async def tilesets(
    principal: CurrentPrincipal,
    retired: Annotated[bool, Query(description="also those taken off the list")] = False,
) -> list[TilesetOut]:
    """Cards of all surveys of the enterprise's sites: place, date, accuracy, licence, coverage, alignment, levels."""
    principal.require("map:read")
    sites = get_settings().sites_dir
    found = await asyncio.to_thread(store.list_manifests, sites)
    out = []
    for site in dict.fromkeys(site for site, _, _ in found):
        if await _may_see(principal, site):
            made, shown = surveys.choice(sites, site), surveys.current(sites, site)
            for own, tileset, manifest in found:
                gone = tileset in made.retired
                if own == site and (retired or not gone):
                    out.append(_card(site, tileset, manifest, tileset == shown, gone))
    return out


def _card(site: str, tileset: str, manifest: Manifest, current: bool, retired: bool) -> TilesetOut:
    return TilesetOut(
        **(manifest.model_dump() | {"site": site}),
        tileset=tileset,
        url=_address(site, tileset, f"v-{manifest.version}"),
        current=current,
        retired=retired,
        residual_m=manifest.alignment.rms if manifest.alignment else None,
    )


@router.get("/{site}/{tileset}/height", summary="Height of the model at a place")
async def height(
    site: str,
    tileset: str,
    principal: CurrentPrincipal,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    below: Annotated[float | None, Query(description="highest surface not above this height")] = None,
) -> HeightOut:
    """The model's highest surface, ellipsoidal metres."""
    folder = await _folder(principal, site, tileset)
    (value,) = await asyncio.to_thread(store.sample, folder, [(lon, lat)], below)
    return HeightOut(lon=lon, lat=lat, height=value)


@router.post("/{site}/{tileset}/heights", summary="Heights of the model at many places")
async def heights(site: str, tileset: str, body: HeightsIn, principal: CurrentPrincipal) -> HeightsOut:
    """Up to 100,000 points at once; reads only."""
    if len(body.points) > _MAX_POINTS:
        raise TooManyPoints(limit=_MAX_POINTS)
    folder = await _folder(principal, site, tileset)
    return HeightsOut(heights=await asyncio.to_thread(store.sample, folder, body.points, body.below))


@router.post("/{site}/{tileset}/sight", summary="Which cameras see a point")
async def sight(site: str, tileset: str, body: SightIn, principal: CurrentPrincipal) -> SightOut:
    """Lines of sight through the mesh; reads only."""
    if len(body.cameras) > _MAX_CAMERAS:
        raise TooManyPoints(limit=_MAX_CAMERAS)
    folder = await _folder(principal, site, tileset)

    def look() -> list[bool]:
        seen = store.height_field(folder).visible(body.point, np.array(body.cameras, np.float64).reshape(-1, 3))
        return [bool(v) for v in seen]

    return SightOut(visible=await asyncio.to_thread(look))


@router.post("/{site}/{tileset}/link", summary="Make an expiring address")
async def link(
    site: str,
    tileset: str,
    principal: CurrentPrincipal,
    minutes: Annotated[int, Query(ge=1, le=24 * 60)] = 60,
) -> LinkOut:
    """An address that opens this tileset without signing in, for at most a day."""
    await _folder(principal, site, tileset)
    segment, until = links.make(get_settings().var_dir, site, tileset, minutes * 60)
    return LinkOut(url=_address(site, tileset, segment), expires=datetime.fromtimestamp(until, UTC))


_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file"},
    206: {"description": "A range of it"},
    304: {"description": "Not modified"},
}


@router.get(
    "/{site}/{tileset}/{name:path}", summary="A file of a tileset", response_class=FileResponse, responses=_FILE
)
async def tile(site: str, tileset: str, name: str, request: Request) -> Response:
    """tileset.json, tiles and pictures. Takes ranges; JSON comes compressed where the client allows."""
    segment, _, rest = name.partition("/")
    immutable = False
    if segment.startswith(links.PREFIX) and rest:
        folder = store.tileset_folder(get_settings().sites_dir, site, tileset)
        if not links.holds(get_settings().var_dir, site, tileset, segment):
            raise TilesetNotFound(site=site, tileset=tileset)
        name = rest
    else:
        folder = await _folder(await current_principal(request), site, tileset)
        if segment.startswith("v-") and rest:
            if segment != f"v-{store.manifest_of(folder).version}":
                raise TileNotFound(file=name)
            name, immutable = rest, True
    return _answer(request, store.tile_path(folder, name), immutable)


def _answer(request: Request, path: Path, immutable: bool) -> Response:
    media = store.MEDIA[path.suffix.lower()]
    headers = {"Vary": "Accept-Encoding, Cookie, Authorization", "X-Content-Type-Options": "nosniff"}
    headers["Cache-Control"] = "private, max-age=31536000, immutable" if immutable else "private, no-cache"
    if path.suffix == ".json" and "range" not in request.headers:
        accepted = request.headers.get("accept-encoding", "")
        for coding, suffix in (("br", ".br"), ("gzip", ".gz")):
            packed = path.with_name(path.name + suffix)
            if coding in accepted and packed.is_file():
                path, headers["Content-Encoding"] = packed, coding
                break
    stat = path.stat()
    etag = hashlib.sha256(f"{path}\0{stat.st_mtime_ns}\0{stat.st_size}".encode()).hexdigest()[:24]
    headers["ETag"] = f'"{etag}"'
    if f'"{etag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=media, headers=headers, stat_result=stat)
