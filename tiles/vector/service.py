"""Tiles with their version keys, and the documents around them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tiles.features import documents, repository, service
from tiles.features.crs import CRS84
from tiles.vector.cache import TileCache
from tiles.vector.errors import TileNotFound
from tiles.vector.repository import tile as build_tile
from twin.auth.principal import Principal
from twin.i18n import t
from twin.registry.layer import Layer

MATRIX_SET = "WebMercatorQuad"
MATRIX_SET_URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
MAX_ZOOM = 22
VARY = "Accept-Encoding, Authorization, Cookie"
_CIRCUMFERENCE = 40075016.685578488
_FOREVER = "private, max-age=31536000, immutable"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
_cache = TileCache()


async def tile(request: Request, principal: Principal, layers: Sequence[Layer], z: int, y: int, x: int) -> Response:
    """The tile of layers; 204 where nothing is. With the present version as ``v`` the answer may be kept for ever.

    Raises:
        TileNotFound: outside of the tile matrix.
    """
    if not 0 <= z <= MAX_ZOOM or not 0 <= x < 1 << z or not 0 <= y < 1 << z:
        raise TileNotFound(z=z, y=y, x=x)
    owner = principal.enterprise_id
    version = await repository.version(owner, layers)
    squeeze = "gzip" in request.headers.get("accept-encoding", "")
    tag = service.etag(version, principal)
    headers = {"ETag": tag, "Vary": VARY, "Cache-Control": "private, no-cache"}
    if request.query_params.get("v") == version:
        headers["Cache-Control"] = _FOREVER
    if service.matches(request, tag):
        return Response(status_code=304, headers=headers)
    key = (owner, tuple(layer.key for layer in layers), z, x, y, version)

    async def plain() -> bytes:
        # Cut after the version was read, so what is kept under it is never older than it says.
        return await build_tile(owner, layers, z, x, y)

    async def squeezed() -> bytes:
        content = await _cache.get(key, plain)
        return gzip.compress(content, 5) if content else b""

    content = await (_cache.get((*key, "gzip"), squeezed) if squeeze else _cache.get(key, plain))
    if not content:
        return Response(status_code=204, headers=headers)
    if squeeze:
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=documents.MVT, headers=headers)


async def tileset(request: Request, principal: Principal, layers: Sequence[Layer], url: str) -> dict[str, Any]:
    """TileJSON 3.0 that is an OGC tileset description too; the tiles' address carries the version of the data."""
    language = service.language_of(request)
    version = await repository.version(principal.enterprise_id, layers)
    boxes = [e.box for _, e in await service.extents(principal, layers) if e.box is not None]
    bounds = [-180.0, -85.05112878, 180.0, 85.05112878]
    if boxes:
        bounds = [
            min(b[0] for b in boxes),
            min(b[1] for b in boxes),
            max(b[3] for b in boxes),
            max(b[4] for b in boxes),
        ]
    title = ", ".join(layer.title.get(language) for layer in layers)
    return {
        "tilejson": "3.0.0",
        "name": title,
        "title": title,
        "tiles": [f"{url}/{{z}}/{{y}}/{{x}}?v={version}"],
        "version": "1.0.0",
        "data_version": version,
        "scheme": "xyz",
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "bounds": bounds,
        "center": [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, 15],
        "vector_layers": [vector_layer(layer, language) for layer in layers],
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": MATRIX_SET_URI,
        "boundingBox": {"lowerLeft": bounds[:2], "upperRight": bounds[2:], "crs": CRS84},
        "links": [
            documents.link(url, "self", documents.JSON, title),
            documents.link(
                f"{url}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?v={version}",
                "item",
                documents.MVT,
                t("ogc.tile", language),
                templated=True,
            ),
            documents.link(
                f"{service.base_of(request)}/tileMatrixSets/{MATRIX_SET}", f"{_REL}tiling-scheme", documents.JSON
            ),
        ],
    }


def vector_layer(layer: Layer, language: str) -> dict[str, Any]:
    """A layer inside TileJSON."""
    fields = {"id": "UUID"} | {f.name: f.title.get(language) for f in layer.all_fields if f.tile}
    return {
        "id": layer.key,
        "description": layer.title.get(language),
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "fields": fields,
    }


def tilesets(request: Request, layer: Layer) -> dict[str, Any]:
    """The list of a layer's tilesets: one."""
    base, language = service.base_of(request), service.language_of(request)
    url = f"{base}/collections/{layer.key}/tiles"
    title = layer.title.get(language)
    return {
        "links": [documents.link(url, "self", documents.JSON)],
        "tilesets": [
            {
                "title": title,
                "dataType": "vector",
                "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
                "tileMatrixSetURI": MATRIX_SET_URI,
                "links": [documents.link(f"{url}/{MATRIX_SET}", "self", documents.JSON, title)],
            }
        ],
    }


def matrix_sets(base: str) -> dict[str, Any]:
    """The tile matrix sets that are served."""
    url = f"{base}/tileMatrixSets/{MATRIX_SET}"
    return {
        "tileMatrixSets": [
            {"id": MATRIX_SET, "uri": MATRIX_SET_URI, "links": [documents.link(url, "self", documents.JSON)]}
        ]
    }


def matrix_set() -> dict[str, Any]:
    """WebMercatorQuad (OGC Two Dimensional Tile Matrix Set, 17-083r4, annex E)."""
    half = _CIRCUMFERENCE / 2
    matrices = []
    for zoom in range(MAX_ZOOM + 1):
        cell = _CIRCUMFERENCE / 256 / (1 << zoom)
        matrices.append(
            {
                "id": str(zoom),
                "scaleDenominator": cell / 0.00028,
                "cellSize": cell,
                "pointOfOrigin": [-half, half],
                "tileWidth": 256,
                "tileHeight": 256,
                "matrixWidth": 1 << zoom,
                "matrixHeight": 1 << zoom,
            }
        )
    return {
        "id": MATRIX_SET,
        "uri": MATRIX_SET_URI,
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    }
