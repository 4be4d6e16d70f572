"""OGC API - Features, Parts 1 to 3, over every registered layer (``/ogc``)."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from tiles.features import crs as systems
from tiles.features import documents, pages, params, repository
from twin import clock
from twin.auth.principal import Principal
from twin.db.features import head
from twin.registry.layer import Layer, layers
from twin.spatial.service import FeatureNotFound, LayerNotFound
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute, prefix="/ogc", tags=["ogc"])
BASE = "/ogc"

LayerKey = Annotated[str, Path(max_length=60, description="collection, e.g. `zone`")]
_ANY = {200: {"content": {"application/json": {}, "text/html": {}}, "description": "ok"}}
_GEO = {
    200: {"content": {"application/geo+json": {}, "text/html": {}}, "description": "ok"},
    304: {"description": "not changed"},
}
#: Parameters of the descriptive documents.
_PLAIN = frozenset({"f", "lang"})


def readable(principal: Principal) -> list[Layer]:
    """The layers that a principal may read."""
    return [layer for layer in layers().values() if layer.read in principal.scopes]


def layer_for(principal: Principal, key: str) -> Layer:
    """A layer that the principal may read.

    Raises:
        LayerNotFound: there is none by that name.
        Forbidden: the scope is missing.
    """
    found = layers().get(key)
    if found is None:
        raise LayerNotFound(layer=key)
    principal.require(found.read)
    return found


def base_of(request: Request) -> str:
    """Absolute address of the API as this client knows it."""
    return str(request.base_url).rstrip("/") + BASE


def wants_html(request: Request) -> bool:
    """Whether the answer is for a person: ``f=html``, or a browser's ``Accept``.

    Raises:
        BadParameter: an unknown ``f``.
    """
    form = request.query_params.get("f")
    if form in ("html", "json", "geojson"):
        return form == "html"
    if form is not None:
        raise params.BadParameter(name="f", reason="unknown")
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "json" not in accept.split("text/html")[0]


def language_of(request: Request, fallback: str) -> str:
    """``lang`` in the address, else the browser's."""
    return {"en": "en", "zh": "zh-CN", "zh-CN": "zh-CN"}.get(request.query_params.get("lang", ""), fallback)


def only(request: Request, allowed: frozenset[str] = _PLAIN) -> None:
    """Refuse unknown query parameters, as the standard demands."""
    for name in request.query_params:
        if name not in allowed:
            raise params.BadParameter(name=name[:60], reason="unknown")


@router.get("", responses=_ANY, summary="Landing page", response_model=None)
async def landing(request: Request, language: Language) -> Response:
    """What there is."""
    only(request)
    language = language_of(request, language)
    content = documents.landing(base_of(request), language)
    if wants_html(request):
        return HTMLResponse(pages.document(content["title"], content, language))
    return JSONResponse(content)


@router.get("/conformance", responses=_ANY, summary="Conformance classes", response_model=None)
async def conformance(request: Request, language: Language) -> Response:
    """The classes that this API conforms to."""
    only(request)
    content = {"conformsTo": documents.CONFORMANCE}
    if wants_html(request):
        return HTMLResponse(
            pages.document("Conformance", content, language_of(request, language), f"{base_of(request)}?f=html")
        )
    return JSONResponse(content)


@router.get("/api", responses=_ANY, summary="OpenAPI 3.0 of the OGC API", response_model=None)
async def api(request: Request, language: Language) -> Response:
    """The definition that clients such as QGIS read."""
    only(request)
    language = language_of(request, language)
    content = documents.openapi(base_of(request), list(layers().values()), language)
    if wants_html(request):
        return HTMLResponse(pages.document(content["info"]["title"], content, language, f"{base_of(request)}?f=html"))
    return Response(json.dumps(content, ensure_ascii=False), media_type=documents.OPENAPI)


@router.get("/collections", responses=_ANY, summary="Collections", response_model=None)
async def collections(request: Request, uow: Uow, principal: CurrentPrincipal, language: Language) -> Response:
    """Every layer that the principal may read."""
    only(request)
    language, base, every = language_of(request, language), base_of(request), readable(principal)
    if wants_html(request):
        return HTMLResponse(pages.collections(base, every, language))
    offered = systems.offered(await repository.site_crs(uow.session))
    listed = [documents.collection(base, x, language, offered, await repository.extent(uow.session, x)) for x in every]
    content = {"links": documents.both(f"{base}/collections"), "collections": listed, "crs": [s.uri for s in offered]}
    return JSONResponse(json.loads(json.dumps(content, default=str)))


@router.get("/collections/{layer}", responses=_ANY, summary="A collection", response_model=None)
async def collection(
    layer: LayerKey, request: Request, uow: Uow, principal: CurrentPrincipal, language: Language
) -> Response:
    """A layer's description."""
    only(request)
    found, language = layer_for(principal, layer), language_of(request, language)
    offered = systems.offered(await repository.site_crs(uow.session))
    content = documents.collection(
        base_of(request), found, language, offered, await repository.extent(uow.session, found)
    )
    if wants_html(request):
        return HTMLResponse(
            pages.document(content["title"], content, language, f"{base_of(request)}/collections?f=html")
        )
    return JSONResponse(content)


@router.get("/collections/{layer}/queryables", responses=_ANY, summary="Queryables", response_model=None)
async def queryables(layer: LayerKey, request: Request, principal: CurrentPrincipal, language: Language) -> Response:
    """The properties that filters may name, as JSON schema."""
    only(request)
    found, language = layer_for(principal, layer), language_of(request, language)
    content = documents.queryables(base_of(request), found, language)
    if wants_html(request):
        return HTMLResponse(
            pages.document(content["title"], content, language, f"{base_of(request)}/collections/{layer}?f=html")
        )
    return Response(json.dumps(content, ensure_ascii=False), media_type=documents.SCHEMA)


@router.get("/collections/{layer}/legend", responses=_ANY, summary="Legend", response_model=None)
async def legend(layer: LayerKey, request: Request, principal: CurrentPrincipal, language: Language) -> Response:
    """Colours and symbols with their texts."""
    only(request)
    found, language = layer_for(principal, layer), language_of(request, language)
    return JSONResponse({"layer": found.key, "title": found.title.get(language), "entries": found.legend(language)})


def etag(version: int, request: Request) -> str:
    """A weak tag that changes when the layer's data does, or the request."""
    digest = hashlib.sha256(f"{request.url.query}|{request.headers.get('accept', '')}".encode()).hexdigest()[:12]
    return f'W/"{version}-{digest}"'


def unchanged(request: Request, tag: str) -> bool:
    """Whether the client has this version already."""
    return tag in [v.strip() for v in request.headers.get("if-none-match", "").split(",")]


def data_headers(tag: str) -> dict[str, str]:
    """Answers with data are the asker's alone and are asked for again each time."""
    return {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Authorization, Accept, Accept-Language"}


@router.get("/collections/{layer}/items", responses=_GEO, summary="Features", response_model=None)
async def items(
    layer: LayerKey, request: Request, uow: Uow, principal: CurrentPrincipal, language: Language
) -> Response:
    """A page of features, filtered and sorted; `next` leads on."""
    found = layer_for(principal, layer)
    offered = systems.offered(await repository.site_crs(uow.session))
    query = params.parse(request.query_params, found, offered)
    html = wants_html(request)
    tag = etag(await head(uow.session, principal.enterprise_id, found.topic), request)
    headers = data_headers(tag)
    if unchanged(request, tag):
        return Response(status_code=304, headers=headers)
    page = await repository.page(uow.session, found, query)
    here = f"{base_of(request)}/collections/{found.key}/items"
    following = None
    if page.last is not None:
        following = f"{here}?{urlencode({**query.raw, 'next': params.encode(page.last)})}"
    headers["Content-Crs"] = f"<{query.crs.uri}>"
    if html:
        language = language_of(request, language)
        content = json.loads(f"[{page.features}]")
        return HTMLResponse(pages.items(base_of(request), found, content, following, language), headers=headers)
    own = f"{here}?{urlencode(query.raw)}" if query.raw else here
    links = documents.both(own, media=documents.GEOJSON)
    links.append(documents.link(f"{base_of(request)}/collections/{found.key}", "collection", documents.JSON))
    if following:
        links.append(documents.link(following, "next", documents.GEOJSON))
    matched = "" if page.last is not None or query.after is not None else f'"numberMatched":{page.count},'
    body = (
        f'{{"type":"FeatureCollection","timeStamp":"{clock.now().isoformat()}",{matched}"numberReturned":{page.count},'
        f'"links":{json.dumps(links)},"features":[{page.features}]}}'
    )
    return Response(body.encode(), media_type=documents.GEOJSON, headers=headers)


@router.get("/collections/{layer}/items/{id}", responses=_GEO, summary="A feature", response_model=None)
async def item(
    layer: LayerKey, id: str, request: Request, uow: Uow, principal: CurrentPrincipal, language: Language
) -> Response:
    """One feature by its id."""
    only(request, frozenset({"f", "lang", "crs"}))
    found = layer_for(principal, layer)
    offered = {s.uri: s for s in systems.offered(await repository.site_crs(uow.session))}
    wanted = request.query_params.get("crs", systems.CRS84.uri)
    if wanted not in offered:
        raise params.BadParameter(name="crs", reason="crs")
    try:
        feature_id = UUID(id)
    except ValueError as error:
        raise FeatureNotFound(layer=layer, id=id[:60]) from error
    tag = etag(await head(uow.session, principal.enterprise_id, found.topic), request)
    if unchanged(request, tag):
        return Response(status_code=304, headers=data_headers(tag))
    body = await repository.one(uow.session, found, feature_id, offered[wanted])
    if body is None:
        raise FeatureNotFound(layer=layer, id=id)
    headers = {**data_headers(tag), "Content-Crs": f"<{wanted}>"}
    base = f"{base_of(request)}/collections/{found.key}"
    links: list[Any] = documents.both(f"{base}/items/{id}", media=documents.GEOJSON)
    links.append(documents.link(base, "collection", documents.JSON))
    if wants_html(request):
        content = {**json.loads(body), "links": links}
        title = str(content["properties"]["name"])
        return HTMLResponse(
            pages.document(title, content, language_of(request, language), f"{base}/items?f=html"), headers=headers
        )
    return Response(
        (body[:-1] + f', "links": {json.dumps(links)}}}').encode(), media_type=documents.GEOJSON, headers=headers
    )
