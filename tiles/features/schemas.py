"""What the OGC endpoints say about themselves in OpenAPI: parameters, bodies and errors."""

from __future__ import annotations

from typing import Any

from tiles.features import documents
from tiles.features.query import DEFAULT_LIMIT, MAX_LIMIT

Schema = dict[str, Any]


def parameter(name: str, description: str, schema: Schema, **more: Any) -> Schema:
    """A query parameter."""
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema, **more}


TEXT: Schema = {"type": "string"}
FORMAT = parameter("f", "form of the answer", {"type": "string", "enum": ["json", "html"]})
LANG = parameter("lang", "language of the page", {"type": "string", "enum": ["zh-CN", "en"]})
CRS = parameter("crs", "coordinate system of the answer; EPSG's axis order", {"type": "string", "format": "uri"})
ITEMS = [
    parameter("f", "form of the answer", {"type": "string", "enum": ["json", "geojson", "html"]}),
    LANG,
    parameter(
        "limit",
        "features on a page",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    ),
    parameter(
        "bbox",
        "4 or 6 numbers in the axis order of `bbox-crs`, lower corner first",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
        style="form",
        explode=False,
    ),
    parameter("bbox-crs", "coordinate system of `bbox`", {"type": "string", "format": "uri"}),
    CRS,
    parameter("datetime", "instant, or `start/end`; `..` is open", TEXT),
    parameter("filter", "CQL2-text or CQL2-JSON", TEXT),
    parameter("filter-lang", "language of `filter`", {"type": "string", "enum": ["cql2-text", "cql2-json"]}),
    parameter("filter-crs", "coordinate system of geometries in `filter`", {"type": "string", "format": "uri"}),
    parameter(
        "sortby",
        "properties, comma-separated; `-` before a name sorts downwards",
        {"type": "array", "items": TEXT},
        style="form",
        explode=False,
    ),
    parameter("next", "token of the next page, from the `next` link", TEXT),
]

LINKS: Schema = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["href", "rel"],
        "properties": {"href": TEXT, "rel": TEXT, "type": TEXT, "title": TEXT, "templated": {"type": "boolean"}},
    },
}
FEATURE: Schema = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string", "format": "uuid"},
        "geometry": {"type": "object", "required": ["type", "coordinates"]},
        "properties": {"type": "object"},
        "links": LINKS,
    },
}
COLLECTION_OF_FEATURES: Schema = {
    "type": "object",
    "required": ["type", "features", "links", "numberReturned"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "features": {"type": "array", "items": FEATURE},
        "links": LINKS,
        "timeStamp": {"type": "string", "format": "date-time"},
        "numberMatched": {"type": "integer", "minimum": 0},
        "numberReturned": {"type": "integer", "minimum": 0},
    },
}
COLLECTION: Schema = {
    "type": "object",
    "required": ["id", "links"],
    "properties": {
        "id": TEXT,
        "title": TEXT,
        "description": TEXT,
        "itemType": TEXT,
        "crs": {"type": "array", "items": TEXT},
        "storageCrs": TEXT,
        "extent": {"type": "object"},
        "links": LINKS,
    },
}
LANDING: Schema = {
    "type": "object",
    "required": ["links"],
    "properties": {"title": TEXT, "description": TEXT, "links": LINKS},
}
CONFORMANCE: Schema = {
    "type": "object",
    "required": ["conformsTo"],
    "properties": {"conformsTo": {"type": "array", "items": TEXT}},
}
COLLECTIONS: Schema = {
    "type": "object",
    "required": ["links", "collections"],
    "properties": {"links": LINKS, "collections": {"type": "array", "items": COLLECTION}},
}
LEGEND: Schema = {
    "type": "object",
    "required": ["layer", "title", "entries"],
    "properties": {
        "layer": TEXT,
        "title": TEXT,
        "by": {"type": ["string", "null"]},
        "label": {"type": ["string", "null"]},
        "min_zoom": {"type": "integer"},
        "entries": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["colour", "text"],
                "properties": {"value": {}, "colour": TEXT, "icon": TEXT, "text": TEXT},
            },
        },
    },
}
OBJECT: Schema = {"type": "object"}

_HTML: Schema = {documents.HTML: {"schema": TEXT}}


def answers(schema: Schema, media_type: str = documents.JSON, *, html: bool = True, tagged: bool = False) -> Any:
    """``responses`` of an endpoint; the errors that every operation may answer are added by the application."""
    found: dict[int, Schema] = {
        200: {"description": "OK", "content": {media_type: {"schema": schema}} | (_HTML if html else {})}
    }
    if tagged:
        found[304] = {"description": "not modified since `If-None-Match`"}
    return found


def extra(*parameters: Schema) -> Schema:
    """``openapi_extra`` with query parameters that are read by hand."""
    return {"parameters": list(parameters)}
