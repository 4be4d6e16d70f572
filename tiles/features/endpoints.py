"""OGC API - Features over every registered layer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tiles.features import documents, schemas, service
from tiles.features.openapi import api_document
from tiles.features.query import only
from tiles.features.service import base_of, document, format_of, language_of
from twin.web import CurrentPrincipal, TwinRoute

router = APIRouter(prefix="/ogc", tags=["ogc"], route_class=TwinRoute)

LayerKey = Annotated[str, Path(max_length=60, description="layer, e.g. `zone`")]
FeatureId = Annotated[str, Path(max_length=60, description="UUID of the feature")]


class _Json(Response):
    media_type = documents.JSON


class _GeoJson(Response):
    media_type = documents.GEOJSON


class _Schema(Response):
    media_type = documents.SCHEMA


class _OpenApi(Response):
    media_type = documents.OPENAPI


_PAGE = schemas.extra(schemas.FORMAT, schemas.LANG)


def _plain(request: Request) -> tuple[str, str, str]:
    """Base address, language and form of a document without other parameters."""
    only(request.query_params.multi_items(), "f", "lang")
    return base_of(request), language_of(request), format_of(request, "json", "html")


@router.get("/", include_in_schema=False)
@router.get(
    "", summary="Landing page", response_class=_Json, responses=schemas.answers(schemas.LANDING), openapi_extra=_PAGE
)
async def landing(request: Request) -> Response:
    """Where everything is; needs no sign-in."""
    base, language, here = _plain(request)
    content = documents.landing(base, language, here)
    return document(request, "landing", content, here, documents.JSON, trail=[])


@router.get(
    "/conformance",
    summary="Conformance classes",
    response_class=_Json,
    responses=schemas.answers(schemas.CONFORMANCE),
    openapi_extra=_PAGE,
)
async def conformance(request: Request) -> Response:
    """Which parts of which standards are implemented; needs no sign-in."""
    base, language, here = _plain(request)
    content = documents.conformance(base, language, here)
    return document(request, "conformance", content, here, documents.JSON, trail=[])


@router.get(
    "/api",
    summary="API definition (OpenAPI 3.0)",
    response_class=_OpenApi,
    responses=schemas.answers(schemas.OBJECT, documents.OPENAPI),
    openapi_extra=_PAGE,
)
async def api(request: Request) -> Response:
    """The OGC API with the parameters of every layer; needs no sign-in."""
    base, language, here = _plain(request)
    return document(request, "api", api_document(base, language), here, documents.OPENAPI, trail=[])


@router.get(
    "/collections",
    summary="Layers",
    response_class=_Json,
    responses=schemas.answers(schemas.COLLECTIONS),
    openapi_extra=_PAGE,
)
async def collections(request: Request, principal: CurrentPrincipal) -> Response:
    """The layers that the caller may read."""
    base, language, here = _plain(request)
    found = await service.extents(principal, service.readable(principal))
    content = documents.collections(base, language, here, found, await service.site_crs(principal))
    return document(request, "collections", content, here, documents.JSON, trail=[])


@router.get(
    "/collections/{layer}",
    summary="A layer",
    response_class=_Json,
    responses=schemas.answers(schemas.COLLECTION),
    openapi_extra=_PAGE,
)
async def collection(request: Request, layer: LayerKey, principal: CurrentPrincipal) -> Response:
    """Extent, coordinate systems and links of a layer."""
    found = service.readable_layer(principal, layer)
    base, language, here = _plain(request)
    ((_, extent),) = await service.extents(principal, [found])
    content = documents.collection(base, language, here, found, extent, await service.site_crs(principal))
    legend = documents.legend(language, found)
    crumbs = service.trail(None, language)
    return document(request, "collection", content, here, documents.JSON, trail=crumbs, legend=legend)


@router.get(
    "/collections/{layer}/items",
    summary="Features",
    response_class=_GeoJson,
    responses=schemas.answers(schemas.COLLECTION_OF_FEATURES, documents.GEOJSON, tagged=True),
    openapi_extra=schemas.extra(*schemas.ITEMS),
)
async def items(request: Request, layer: LayerKey, principal: CurrentPrincipal) -> Response:
    """A page of features. Any property of the layer is a parameter too; `next` links lead through all pages."""
    return await service.items(request, principal, layer)


@router.get(
    "/collections/{layer}/items/{id}",
    summary="A feature",
    response_class=_GeoJson,
    responses=schemas.answers(schemas.FEATURE, documents.GEOJSON, tagged=True),
    openapi_extra=schemas.extra(schemas.ITEMS[0], schemas.LANG, schemas.CRS),
)
async def item(request: Request, layer: LayerKey, id: FeatureId, principal: CurrentPrincipal) -> Response:
    """One feature; `ETag` is the version that an edit's `If-Match` takes."""
    return await service.item(request, principal, layer, id)


@router.get(
    "/collections/{layer}/queryables",
    summary="Queryables",
    response_class=_Schema,
    responses=schemas.answers(schemas.OBJECT, documents.SCHEMA),
    openapi_extra=_PAGE,
)
async def queryables(request: Request, layer: LayerKey, principal: CurrentPrincipal) -> Response:
    """JSON Schema of the properties that filters and `sortby` may name."""
    found = service.readable_layer(principal, layer)
    base, language, here = _plain(request)
    content = documents.queryables(base, language, found)
    crumbs = service.trail(found, language)
    return document(request, "queryables", content, here, documents.SCHEMA, trail=crumbs)


@router.get(
    "/collections/{layer}/legend",
    summary="Legend",
    response_class=_Json,
    responses=schemas.answers(schemas.LEGEND, html=False),
    openapi_extra=schemas.extra(schemas.LANG),
)
async def legend(request: Request, layer: LayerKey, principal: CurrentPrincipal) -> Response:
    """Values, colour tokens and texts in the caller's language."""
    found = service.readable_layer(principal, layer)
    only(request.query_params.multi_items(), "lang")
    return document(request, "", documents.legend(language_of(request), found), "json", documents.JSON)
