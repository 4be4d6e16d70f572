"""What the OGC endpoints do: rights, negotiation, version keys, and the text around a page of features."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tiles.features import documents, repository
from tiles.features.crs import COMMON, DEFAULT, Crs, find
from tiles.features.errors import QueryInvalid
from tiles.features.html import render
from tiles.features.query import ItemsQuery, make_token, only, parse_items
from twin import __version__, clock
from twin.auth.principal import Principal
from twin.db.features import feature_sql
from twin.i18n import LANGUAGES, negotiate, t
from twin.registry.layer import Field, Layer, layers
from twin.spatial.service import FeatureNotFound, layer_of

VARY = "Accept, Accept-Language, Authorization, Cookie"
_EXTENTS: dict[tuple[UUID, str], tuple[str, repository.Extent]] = {}
_EXTENTS_SIZE = 2_000


def language_of(request: Request) -> str:
    """``lang`` of the query, else ``Accept-Language``."""
    asked = request.query_params.get("lang")
    return asked if asked in LANGUAGES else negotiate(request.headers.get("accept-language"))


def format_of(request: Request, *allowed: str) -> str:
    """The form to answer in: ``f`` of the query, else the first of HTML and JSON in ``Accept``.

    Raises:
        QueryInvalid: ``f`` names none of ``allowed`` (the first is the default).
    """
    asked = request.query_params.get("f")
    if asked is not None:
        if asked not in allowed:
            raise QueryInvalid.of("f", "query_format", value=asked)
        return "json" if asked == "geojson" else asked
    if "html" in allowed:
        for part in request.headers.get("accept", "").split(","):
            kind = part.partition(";")[0].strip()
            if kind in ("text/html", "application/xhtml+xml"):
                return "html"
            if "json" in kind:
                break
    return "json"


def base_of(request: Request) -> str:
    """Address of the OGC API as this client reaches it."""
    return f"{str(request.base_url).rstrip('/')}/ogc"


def readable(principal: Principal) -> list[Layer]:
    """Layers that the principal may read."""
    return [layer for layer in layers().values() if layer.read in principal.scopes]


def readable_layer(principal: Principal, key: str) -> Layer:
    """The layer ``key``.

    Raises:
        LayerNotFound: there is none. Forbidden: the principal may not read it.
    """
    layer = layer_of(key)
    principal.require(layer.read)
    return layer


@cache
def release() -> str:
    """Digest of the product's version and of what features look like: cached answers end with it."""
    text = __version__ + "".join(feature_sql(layer) for layer in layers().values())
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def etag(version: str, principal: Principal, *parts: str) -> str:
    """A weak entity tag of a representation at a version of the data."""
    return f'W/"{"-".join([version, *(p for p in parts if p), principal.enterprise_id.hex[-8:], release()])}"'


def matches(request: Request, tag: str) -> bool:
    """Whether ``If-None-Match`` holds the tag (weak comparison, RFC 9110, 13.1.2)."""
    header = request.headers.get("if-none-match")
    if header is None:
        return False
    plain = tag.removeprefix("W/")
    return any(part.strip() == "*" or part.strip().removeprefix("W/") == plain for part in header.split(","))


def answer(body: bytes, media_type: str, tag: str | None = None, **headers: str) -> Response:
    """An answer that is asked for again each time, cheaply when there is a tag."""
    fixed = {"Vary": VARY, "Cache-Control": "private, no-cache"} | ({"ETag": tag} if tag else {})
    return Response(body, headers={**fixed, **headers}, media_type=media_type)


def not_modified(tag: str) -> Response:
    """304."""
    return Response(status_code=304, headers={"ETag": tag, "Vary": VARY, "Cache-Control": "private, no-cache"})


def document(request: Request, name: str, content: dict[str, Any], here: str, media_type: str, **more: Any) -> Response:
    """A document as JSON or as its page."""
    if here == "html":
        page = render(name, language_of(request), base_of(request), document=content, **more)
        return answer(page, "text/html; charset=utf-8", **{"Content-Language": language_of(request)})
    return answer(dumps(content), media_type, **{"Content-Language": language_of(request)})


def dumps(content: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


async def site_crs(principal: Principal) -> list[int]:
    """EPSG codes of the principal's sites."""
    return await repository.site_crs(principal.enterprise_id)


async def extents(principal: Principal, wanted: Sequence[Layer]) -> list[tuple[Layer, repository.Extent]]:
    """Extents of layers, remembered until their data changes."""
    owner = principal.enterprise_id
    versions = dict(zip([layer.key for layer in wanted], await repository.versions(owner, wanted), strict=True))
    remembered = {layer.key: _EXTENTS.get((owner, layer.key)) for layer in wanted}
    stale = [layer for layer in wanted if (remembered[layer.key] or ("",))[0] != versions[layer.key]]
    if stale:
        found = await repository.extents(owner, stale)
        if len(_EXTENTS) > _EXTENTS_SIZE:
            _EXTENTS.clear()
        for layer, extent in zip(stale, found, strict=True):
            _EXTENTS[owner, layer.key] = (versions[layer.key], extent)
    return [(layer, _EXTENTS[owner, layer.key][1]) for layer in wanted]


async def items(request: Request, principal: Principal, key: str) -> Response:
    """A page of a layer's features."""
    layer = readable_layer(principal, key)
    here = format_of(request, "json", "geojson", "html")
    language = language_of(request) if here == "html" else ""
    pairs = request.query_params.multi_items()
    named = any(name in ("crs", "bbox-crs", "filter-crs") for name, _ in pairs)
    query = parse_items(pairs, layer, await site_crs(principal) if named else [])
    if "if-none-match" in request.headers:
        tag = etag(await repository.version(principal.enterprise_id, [layer]), principal, language)
        if matches(request, tag):
            return not_modified(tag)
    page = await repository.page(principal.enterprise_id, layer, query)
    tag = etag(page.version, principal, language)
    links = items_links(request, layer, page, here)
    headers = {"Content-Crs": f"<{query.crs.uri}>"}
    body = _collection_text(page, links, query)
    if here == "html":
        found = json.loads(body)
        following = next((link["href"] for link in links if link["rel"] == "next"), None)
        html = render(
            "items",
            language,
            base_of(request),
            document=found,
            layer=layer,
            next=following,
            trail=trail(layer, language),
            text_of=text_in(language),
        )
        return answer(html, "text/html; charset=utf-8", tag, **headers)
    return answer(body, documents.GEOJSON, tag, **headers)


def _collection_text(page: repository.Page, links: list[dict[str, Any]], query: ItemsQuery) -> bytes:
    """The collection around the features' text. The whole number is told when it costs nothing: one page holds all."""
    rest: dict[str, Any] = {"links": links, "timeStamp": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    if page.last is None and query.after is None:
        rest["numberMatched"] = page.count
    rest["numberReturned"] = page.count
    return b"".join((b'{"type":"FeatureCollection","features":[', page.body, b"],", dumps(rest)[1:]))


def items_links(request: Request, layer: Layer, page: repository.Page, here: str) -> list[dict[str, Any]]:
    """Self, the other form, the next page, and the collection."""
    language = language_of(request)
    base = f"{base_of(request)}/collections/{layer.key}"
    given = request.query_params.multi_items()

    def address(**change: str) -> str:
        kept = [(name, value) for name, value in given if name not in change]
        return f"{base}/items?{urlencode([*kept, *change.items()])}"

    other = ("html", documents.HTML) if here == "json" else ("json", documents.GEOJSON)
    own = documents.GEOJSON if here == "json" else documents.HTML
    links = [
        documents.link(address(), "self", own, t("ogc.items", language)),
        documents.link(address(f=other[0]), "alternate", other[1], t(f"ogc.as_{other[0]}", language)),
        documents.link(base, "collection", documents.JSON, layer.title.get(language)),
    ]
    if page.last is not None:
        links.append(documents.link(address(next=make_token(page.last)), "next", own, t("ogc.next", language)))
    return links


async def item(request: Request, principal: Principal, key: str, id_: str) -> Response:
    """One feature. Its tag is its version: what ``If-Match`` of an edit takes."""
    layer = readable_layer(principal, key)
    here = format_of(request, "json", "geojson", "html")
    language = language_of(request)
    crs = await _item_crs(request, principal)
    try:
        feature_id = UUID(id_)
    except ValueError:
        raise FeatureNotFound(layer=layer.key, id=id_[:60]) from None
    found = await repository.item(principal.enterprise_id, layer, feature_id, crs.geometry_sql)
    if found is None:
        raise FeatureNotFound(layer=layer.key, id=id_)
    body, version = found
    plain = here == "json" and crs is DEFAULT
    tag = f'"{version}"' if plain else etag(str(version), principal, language if here == "html" else str(crs.srid))
    if matches(request, tag):
        return not_modified(tag)
    headers = {"Content-Crs": f"<{crs.uri}>"}
    if here == "html":
        content = json.loads(body)
        crumbs = [*trail(layer, language), (t("ogc.items", language), f"/collections/{layer.key}/items")]
        page = render(
            "item", language, base_of(request), document=content, layer=layer, trail=crumbs, text_of=text_in(language)
        )
        return answer(page, "text/html; charset=utf-8", tag, **headers)
    collection = f"{base_of(request)}/collections/{layer.key}"
    links = [
        documents.link(f"{collection}/items/{feature_id}", "self", documents.GEOJSON),
        documents.link(f"{collection}/items/{feature_id}?f=html", "alternate", documents.HTML),
        documents.link(collection, "collection", documents.JSON),
    ]
    text = b"".join((body.rstrip()[:-1], b',"links":', dumps(links), b"}"))
    return answer(text, documents.GEOJSON, tag, **headers)


async def _item_crs(request: Request, principal: Principal) -> Crs:
    name = only(request.query_params.multi_items(), "f", "crs", "lang").get("crs")
    if name is None:
        return DEFAULT
    found = find(name, COMMON) or find(name, await site_crs(principal))
    if found is None:
        raise QueryInvalid.of("crs", "query_crs", value=name)
    return found


def trail(layer: Layer | None, language: str) -> list[tuple[str, str]]:
    """Bread crumbs down to a layer."""
    crumbs = [(t("ogc.collections", language), "/collections")]
    return crumbs if layer is None else [*crumbs, (layer.title.get(language), f"/collections/{layer.key}")]


def text_in(language: str) -> Any:
    """A function that writes a property's value for people."""

    def text_of(field: Field, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return t("ogc.yes" if value else "ogc.no", language)
        text = dict(field.codes).get(value)
        return text.get(language) if text else str(value)

    return text_of
