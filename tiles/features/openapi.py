"""The OGC API's own definition, OpenAPI 3.0 (what its conformance class asks for), with one path per layer."""

from __future__ import annotations

from typing import Any

from tiles.features import documents, schemas
from twin import __version__
from twin.i18n import t
from twin.registry.layer import Layer, layers

_PROBLEM = {
    "description": "problem",
    "content": {
        documents.JSON: {
            "schema": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {"code": schemas.TEXT, "message": schemas.TEXT},
            }
        }
    },
}


def api_document(base: str, language: str) -> dict[str, Any]:
    """``GET /ogc/api``."""
    paths: dict[str, Any] = {
        "/": _get(t("ogc.title", language), schemas.LANDING),
        "/conformance": _get(t("ogc.conformance", language), schemas.CONFORMANCE),
        "/collections": _get(t("ogc.collections", language), schemas.COLLECTIONS),
    }
    for layer in layers().values():
        paths |= _layer_paths(layer, language)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": t("ogc.title", language),
            "description": t("ogc.description", language),
            "version": __version__,
        },
        "servers": [{"url": base}],
        "security": [{"session": []}, {"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "twin_session"},
                "token": {"type": "http", "scheme": "bearer"},
            }
        },
    }


def _layer_paths(layer: Layer, language: str) -> dict[str, Any]:
    title = layer.title.get(language)
    url = f"/collections/{layer.key}"
    properties = [
        schemas.parameter(field.name, field.title.get(language), _plain(documents.field_schema(field, language)))
        for field in layer.all_fields
    ]
    id_ = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    tile = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        for name in ("z", "y", "x")
    ]
    items = _get(
        f"{title}: {t('ogc.items', language)}",
        schemas.COLLECTION_OF_FEATURES,
        documents.GEOJSON,
        [*schemas.ITEMS, *properties],
    )
    item = _get(
        f"{title}: {t('ogc.item', language)}",
        schemas.FEATURE,
        documents.GEOJSON,
        [id_, schemas.ITEMS[0], schemas.LANG, schemas.CRS],
    )
    queryables = _get(f"{title}: {t('ogc.queryables', language)}", schemas.OBJECT, documents.SCHEMA)
    tiles = _get(f"{title}: {t('ogc.tile', language)}", {"type": "string", "format": "binary"}, documents.MVT, tile)
    return {
        url: _get(title, schemas.COLLECTION),
        f"{url}/items": items,
        f"{url}/items/{{id}}": item,
        f"{url}/queryables": queryables,
        f"{url}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}": tiles,
    }


def _get(
    summary: str,
    schema: dict[str, Any],
    media_type: str = documents.JSON,
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    problems = {str(status): _PROBLEM for status in (400, 401, 403, 404)}
    content: dict[str, Any] = {media_type: {"schema": schema}}
    if media_type != documents.MVT:
        content[documents.HTML] = {"schema": schemas.TEXT}
    given = [schemas.FORMAT, schemas.LANG] if parameters is None else parameters
    return {
        "get": {
            "summary": summary,
            "parameters": given,
            "responses": {
                "200": {"description": "OK", "content": content},
                "204": {"description": "nothing there (tiles)"},
                "304": {"description": "not modified"},
                **problems,
            },
        }
    }


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A property's schema as OpenAPI 3.0 takes it (no ``const``)."""
    return {name: value for name, value in schema.items() if name not in ("oneOf", "x-ogc-unit", "x-ogc-role")}
