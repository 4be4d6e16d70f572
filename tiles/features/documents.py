"""The JSON documents of the OGC API: landing page, conformance, collections, queryables, legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tiles.features.crs import CRS84, offered
from tiles.features.repository import Extent
from twin.i18n import t
from twin.registry.layer import Field, Layer

JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
MVT = "application/vnd.mapbox-vector-tile"
SCHEMA = "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
_FEATURES = "http://www.opengis.net/spec/ogcapi-features-"
_CQL = "http://www.opengis.net/spec/cql2/1.0/conf/"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(f"{_FEATURES}1/1.0/conf/{name}" for name in ("core", "geojson", "html", "oas30")),
    f"{_FEATURES}2/1.0/conf/crs",
    *(
        f"{_FEATURES}3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        f"{_CQL}{name}"
        for name in (
            "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
            "basic-spatial-functions", "basic-spatial-functions-plus", "property-property",
        )
    ),
    *(f"{_TILES}{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")),
)  # fmt: skip


def link(href: str, rel: str, type_: str, title: str = "", **more: Any) -> dict[str, Any]:
    """A link object (RFC 8288)."""
    return {"href": href, "rel": rel, "type": type_} | ({"title": title} if title else {}) | more


def same_in(base: str, here: str, language: str) -> list[dict[str, Any]]:
    """The document itself and its other form; ``here`` is the form that was asked for."""
    forms = ((JSON, "json"), (HTML, "html"))
    return [
        link(f"{base}?f={f}", "self" if f == here else "alternate", type_, t(f"ogc.as_{f}", language))
        for type_, f in forms
    ]


def landing(base: str, language: str, here: str) -> dict[str, Any]:
    """``GET /ogc``."""
    return {
        "title": t("ogc.title", language),
        "description": t("ogc.description", language),
        "links": [
            *same_in(base, here, language),
            link(f"{base}/api", "service-desc", OPENAPI, t("ogc.api", language)),
            link(f"{base}/api?f=html", "service-doc", HTML, t("ogc.api", language)),
            link(f"{base}/conformance", "conformance", JSON, t("ogc.conformance", language)),
            link(f"{base}/conformance", f"{_REL}conformance", JSON, t("ogc.conformance", language)),
            link(f"{base}/collections", "data", JSON, t("ogc.collections", language)),
            link(f"{base}/collections", f"{_REL}data", JSON, t("ogc.collections", language)),
            link(f"{base}/tileMatrixSets", f"{_REL}tiling-schemes", JSON, t("ogc.tiling", language)),
        ],
    }


def conformance(base: str, language: str, here: str) -> dict[str, Any]:
    """``GET /ogc/conformance``."""
    return {"conformsTo": list(CONFORMANCE), "links": same_in(f"{base}/conformance", here, language)}


def collections(
    base: str, language: str, here: str, found: Sequence[tuple[Layer, Extent]], site_crs: Sequence[int]
) -> dict[str, Any]:
    """``GET /ogc/collections``."""
    return {
        "links": same_in(f"{base}/collections", here, language),
        "crs": offered(site_crs),
        "collections": [collection(base, language, "", layer, extent, site_crs) for layer, extent in found],
    }


def collection(
    base: str, language: str, here: str, layer: Layer, extent: Extent, site_crs: Sequence[int]
) -> dict[str, Any]:
    """``GET /ogc/collections/{layer}``; ``here`` is empty inside the list."""
    url = f"{base}/collections/{layer.key}"
    own = same_in(url, here or "json", language)
    document: dict[str, Any] = {
        "id": layer.key,
        "title": layer.title.get(language),
        "description": layer.description.get(language),
        "itemType": "feature",
        "geometry": layer.geometry,
        "topic": layer.topic if layer.live else None,
        "crs": offered(site_crs),
        "storageCrs": CRS84,
        "links": [
            *own,
            link(f"{url}/items", "items", GEOJSON, t("ogc.items", language)),
            link(f"{url}/items?f=html", "items", HTML, t("ogc.items", language)),
            link(f"{url}/queryables", f"{_REL}queryables", SCHEMA, t("ogc.queryables", language)),
            link(f"{url}/legend", f"{_REL}legend", JSON, t("ogc.legend", language)),
            link(f"{url}/tiles", f"{_REL}tilesets-vector", JSON, t("ogc.tiles", language)),
        ],
    }
    spatial: dict[str, Any] = {"crs": CRS84}
    if extent.box is not None:
        west, south, _, east, north, _ = extent.box
        spatial["bbox"] = [[west, south, east, north]]
    else:
        spatial["bbox"] = [[-180, -90, 180, 90]]
    document["extent"] = {"spatial": spatial}
    if extent.times is not None:
        document["extent"]["temporal"] = {"interval": [list(extent.times)]}
    return document


_TYPES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "datetime": "string"}


def field_schema(field: Field, language: str) -> dict[str, Any]:
    """JSON Schema of a property, its code list with texts."""
    schema: dict[str, Any] = {"title": field.title.get(language), "type": _TYPES[field.kind]}
    if field.kind == "datetime":
        schema["format"] = "date-time"
    if field.codes:
        schema["enum"] = [value for value, _ in field.codes]
        schema["oneOf"] = [{"const": value, "title": text.get(language)} for value, text in field.codes]
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    if field.unit:
        schema["x-ogc-unit"] = field.unit
    return schema


def queryables(base: str, language: str, layer: Layer) -> dict[str, Any]:
    """``GET /ogc/collections/{layer}/queryables``: what a filter and ``sortby`` may name."""
    properties: dict[str, Any] = {
        "geometry": {
            "title": t("ogc.geometry", language),
            "x-ogc-role": "primary-geometry",
            "format": f"geometry-{layer.geometry.lower()}",
        },
        "id": {"title": "id", "type": "string", "format": "uuid", "x-ogc-role": "id"},
    }
    properties |= {f.name: field_schema(f, language) for f in layer.all_fields}
    if layer.datetime_field in properties:
        properties[layer.datetime_field]["x-ogc-role"] = "primary-instant"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base}/collections/{layer.key}/queryables",
        "type": "object",
        "title": layer.title.get(language),
        "properties": properties,
        "additionalProperties": False,
    }


def legend(language: str, layer: Layer) -> dict[str, Any]:
    """``GET /ogc/collections/{layer}/legend``: colours are token names of the viewer."""
    return {
        "layer": layer.key,
        "title": layer.title.get(language),
        "by": layer.style.by,
        "label": layer.style.label,
        "min_zoom": layer.style.min_zoom,
        "entries": layer.legend(language),
    }
