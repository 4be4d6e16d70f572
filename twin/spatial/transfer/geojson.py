"""GeoJSON (RFC 7946), with the older ``crs`` member where coordinates are not EPSG:4326."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from twin.geo import crs
from twin.registry.layer import Layer
from twin.spatial.repository import Feature
from twin.spatial.transfer.model import FileUnreadable, Options, Raw, Read, check_rows
from twin.spatial.transfer.systems import System, label
from twin.spatial.validate import fault


def read(path: Path, layer: Layer, options: Options) -> Read:
    """Features of a FeatureCollection, or a single Feature.

    Raises:
        FileUnreadable: no JSON, or not such an object.
    """
    try:
        document = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise FileUnreadable(detail=str(error)[:200]) from error
    if isinstance(document, dict) and document.get("type") == "Feature":
        document = {"type": "FeatureCollection", "features": [document]}
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise FileUnreadable(detail="FeatureCollection")
    check_rows(len(features))
    return Read([_row(number, feature) for number, feature in enumerate(features, 1)], _stated(document.get("crs")))


def _row(number: int, feature: Any) -> Raw:
    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), (dict, type(None))):
        return Raw(number, {}, None, faults=[fault("not_a_feature", "geometry")])
    geometry = feature.get("geometry")
    return Raw(number, feature.get("properties") or {}, single(geometry) if isinstance(geometry, dict) else None)


def single(geometry: dict[str, Any]) -> dict[str, Any]:
    """A multi-geometry with one part as that part."""
    kind, parts = str(geometry.get("type")), geometry.get("coordinates")
    if kind.startswith("Multi") and isinstance(parts, list) and len(parts) == 1:
        return {"type": kind.removeprefix("Multi"), "coordinates": parts[0]}
    return geometry


def _stated(member: Any) -> str | None:
    if not isinstance(member, dict) or not isinstance(member.get("properties"), dict):
        return None
    name = str(member["properties"].get("name", ""))
    return "local" if name == "local" else crs.normalise(name)


def write(layer: Layer, features: list[Feature], system: System, language: str) -> bytes:
    """A FeatureCollection with all properties."""
    document: dict[str, Any] = {"type": "FeatureCollection", "name": layer.key}
    if system.name != crs.WGS84:
        name = f"urn:ogc:def:crs:EPSG::{system.epsg}" if system.epsg else label(system.name)
        document["crs"] = {"type": "name", "properties": {"name": name}}
    return orjson.dumps({**document, "features": features})
