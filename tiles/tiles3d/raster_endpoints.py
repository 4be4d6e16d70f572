"""Rasters of zones and objects over HTTP (``/tiles3d/{site}/rasters/{layer}``)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from twin.web import CurrentPrincipal

router = APIRouter()

Kind = Annotated[Literal["zone", "object"], Path(alias="layer", description="what the raster tells apart")]


class RasterOut(BaseModel):
    """A raster of areas: which one stands where. Rows run from south to north, columns from west to east. Two slots per
    texel: the smallest area that holds the texel's middle, and the next larger one, which takes over where a point of
    the model lies outside the first one's height range. Number n means the area at index n - 1 of the lists; 0 is none.
    """

    version: str = Field(description="changes with the content; part of the addresses")
    origin: tuple[float, float, float] = Field(
        description="longitude, latitude (degrees), ellipsoidal height (m) of the site's frame: a tangent plane"
    )
    box: tuple[float, float, float, float] | None = Field(
        description="west, south, east, north in metres of that frame; null when there is no area"
    )
    size: int = Field(description="width and height in texels")
    metres_per_texel: float
    ids: list[str]
    layers: list[str] = Field(description="the layer of each")
    ranges: list[tuple[float, float]] = Field(description="bottom and top of each, ellipsoidal metres")
    reach: float = Field(description="metres at which a distance in `edges` is 255; 0 without edges")
    url: str | None = Field(
        description="size * size * 4 bytes: number in slot A (low byte, high byte), number in slot B"
    )
    edges: str | None = Field(
        description="size * size * 2 bytes: distance to the nearest rim in slot A and in slot B; only of zones"
    )
    png: str | None = Field(
        description="the numbers as a picture, slot A's rows first, then slot B's: red is the low byte, green the high"
    )


@router.get("/{site}/rasters/{layer}", summary="Which zone or object stands where")
async def raster(site: str, layer: Kind, principal: CurrentPrincipal) -> RasterOut:
    """As of the last committed edit; only what was edited has been cut again."""
    from tiles.tiles3d import rasters  # compiled code: loaded with the first question
    from tiles.tiles3d.raster import REACH

    principal.require("map:read")
    card = await rasters.card(principal.enterprise_id, site, layer)
    base = f"/tiles3d/{site}/rasters/{layer}/v-{card.version}" if card.box else None
    edges = bool(base) and rasters.KINDS[layer][1]
    return RasterOut(
        version=card.version,
        origin=card.origin,
        box=card.box,
        size=card.texels,
        metres_per_texel=(card.box[2] - card.box[0]) / card.texels if card.box else 0.0,
        ids=[a.id for a in card.areas],
        layers=[a.layer for a in card.areas],
        ranges=[(a.z_min, a.z_max) for a in card.areas],
        reach=REACH if edges else 0.0,
        url=base and f"{base}/ids",
        edges=f"{base}/edges" if edges else None,
        png=base and f"{base}/ids.png",
    )


@router.get(
    "/{site}/rasters/{layer}/v-{version}/{what}",
    summary="Texels of a raster",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}, "image/png": {}}, "description": "The texels"}},
)
async def texels(
    site: str,
    layer: Kind,
    version: str,
    what: Literal["ids", "edges", "ids.png"],
    principal: CurrentPrincipal,
    request: Request,
) -> Response:
    """Never changes under its address; 404 ``raster_not_found`` when the areas have changed since: ask for the raster
    again.
    """
    from tiles.tiles3d import rasters

    principal.require("map:read")
    body = await rasters.texels(principal.enterprise_id, site, layer, version, what)
    headers = {
        "Cache-Control": "private, max-age=31536000, immutable",
        "Vary": "Accept-Encoding, Cookie, Authorization",
        "X-Content-Type-Options": "nosniff",
    }
    if what == "ids.png":
        return Response(body, media_type="image/png", headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = rasters.plain(body)
    return Response(body, media_type="application/octet-stream", headers=headers)
