"""OGC API - Tiles and TileJSON over every registered layer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tiles.features import documents, schemas
from tiles.features.endpoints import LayerKey
from tiles.features.errors import QueryInvalid
from tiles.features.query import only
from tiles.features.service import answer, base_of, dumps, readable_layer
from tiles.vector import service
from tiles.vector.errors import TileMatrixSetNotFound
from twin.auth.principal import Principal
from twin.registry.layer import Layer
from twin.web import CurrentPrincipal, TwinRoute

router = APIRouter(prefix="/ogc", tags=["ogc"], route_class=TwinRoute)

Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
LayerKeys = Annotated[str, Path(max_length=600, description="layers, comma-separated")]
MAX_LAYERS = 40


class _Json(Response):
    media_type = documents.JSON


class _Tile(Response):
    media_type = documents.MVT


_TILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "tile",
        "content": {documents.MVT: {"schema": {"type": "string", "format": "binary"}}},
    },
    204: {"description": "nothing there"},
    304: {"description": "not modified since `If-None-Match`"},
}
_V = schemas.extra(
    schemas.parameter("v", "version of the data, from TileJSON; lets browsers keep the tile", schemas.TEXT)
)
_LANG = schemas.extra(schemas.LANG)
_OBJECT = schemas.answers(schemas.OBJECT, html=False)


def several(principal: Principal, keys: str) -> list[Layer]:
    """Layers by their comma-separated keys, each once, in a fixed order.

    Raises:
        QueryInvalid: too many.
    """
    names = sorted(set(keys.split(",")))
    if len(names) > MAX_LAYERS:
        raise QueryInvalid.of("layers", "query_limit", value=len(names), maximum=MAX_LAYERS)
    return [readable_layer(principal, name) for name in names]


@router.get(
    "/collections/{layer}/tiles",
    summary="Tilesets of a layer",
    response_class=_Json,
    responses=_OBJECT,
    openapi_extra=_LANG,
)
async def tilesets(request: Request, layer: LayerKey, principal: CurrentPrincipal) -> Response:
    """The one tileset of the layer."""
    found = readable_layer(principal, layer)
    only(request.query_params.multi_items(), "lang", "f")
    return answer(dumps(service.tilesets(request, found)), documents.JSON)


@router.get(
    "/collections/{layer}/tiles/WebMercatorQuad",
    summary="TileJSON",
    response_class=_Json,
    responses=_OBJECT,
    openapi_extra=_LANG,
)
async def tileset(request: Request, layer: LayerKey, principal: CurrentPrincipal) -> Response:
    """TileJSON 3.0; the address of the tiles changes when the data does."""
    found = readable_layer(principal, layer)
    only(request.query_params.multi_items(), "lang", "f")
    url = f"{base_of(request)}/collections/{found.key}/tiles/{service.MATRIX_SET}"
    return answer(dumps(await service.tileset(request, principal, [found], url)), documents.JSON)


@router.get(
    "/collections/{layer}/tiles/WebMercatorQuad/{z}/{y}/{x}",
    summary="Vector tile",
    response_class=_Tile,
    responses=_TILE,
    openapi_extra=_V,
)
async def layer_tile(
    request: Request, layer: LayerKey, z: Number, y: Number, x: Number, principal: CurrentPrincipal
) -> Response:
    """A tile of one layer."""
    found = readable_layer(principal, layer)
    only(request.query_params.multi_items(), "v", "f")
    return await service.tile(request, principal, [found], z, y, x)


@router.get(
    "/tiles/{layers}/WebMercatorQuad",
    summary="TileJSON of several layers",
    response_class=_Json,
    responses=_OBJECT,
    openapi_extra=_LANG,
)
async def layers_tileset(request: Request, layers: LayerKeys, principal: CurrentPrincipal) -> Response:
    """TileJSON of tiles that hold several layers."""
    found = several(principal, layers)
    only(request.query_params.multi_items(), "lang", "f")
    url = f"{base_of(request)}/tiles/{','.join(layer.key for layer in found)}/{service.MATRIX_SET}"
    return answer(dumps(await service.tileset(request, principal, found, url)), documents.JSON)


@router.get(
    "/tiles/{layers}/WebMercatorQuad/{z}/{y}/{x}",
    summary="Vector tile of several layers",
    response_class=_Tile,
    responses=_TILE,
    openapi_extra=_V,
)
async def layers_tile(
    request: Request, layers: LayerKeys, z: Number, y: Number, x: Number, principal: CurrentPrincipal
) -> Response:
    """A tile that holds several layers."""
    found = several(principal, layers)
    only(request.query_params.multi_items(), "v", "f")
    return await service.tile(request, principal, found, z, y, x)


@router.get("/tileMatrixSets", summary="Tile matrix sets", response_class=_Json, responses=_OBJECT)
async def matrix_sets(request: Request) -> Response:
    """The one tile matrix set; needs no sign-in."""
    only(request.query_params.multi_items(), "f")
    return answer(dumps(service.matrix_sets(base_of(request))), documents.JSON)


@router.get("/tileMatrixSets/{name}", summary="A tile matrix set", response_class=_Json, responses=_OBJECT)
async def matrix_set(request: Request, name: Annotated[str, Path(max_length=60)]) -> Response:
    """WebMercatorQuad; needs no sign-in."""
    only(request.query_params.multi_items(), "f")
    if name != service.MATRIX_SET:
        raise TileMatrixSetNotFound(name=name)
    return answer(dumps(service.matrix_set()), documents.JSON)
