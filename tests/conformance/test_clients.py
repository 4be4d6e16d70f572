"""Programs of others read every collection: GDAL's OAPIF driver and OWSLib, page by page, over a real server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from owslib.ogcapi.features import Features

from tests.conformance.conftest import Server
from twin.registry.layer import Layer, layers

EVERY = [layer for layer in layers().values() if layer.editable]
each = pytest.mark.parametrize("layer", EVERY, ids=[layer.key for layer in EVERY])


def ogr(server: Server, tool: str, *arguments: str, page: int = 1000) -> str:
    """Run a tool of GDAL with the manager's token."""
    assert shutil.which(tool), "gdal-bin is missing: scripts/setup.sh dev installs it"
    env = {**os.environ, "GDAL_HTTP_HEADERS": f"Authorization: Bearer {server.token}", "NO_PROXY": "127.0.0.1"}
    options = [*arguments, "-oo", f"PAGE_SIZE={page}"] if arguments else []
    done = subprocess.run([tool, *options], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def everything(server: Server, key: str, **query: str | int) -> list[dict[str, Any]]:
    """A layer's features, as we say them."""
    answer = server.get(f"/ogc/collections/{key}/items", limit=10_000, **query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["features"]
    return found


@pytest.mark.judge
def test_gdal_reads_every_collection(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "all.gpkg"
    # One call for all layers, in small pages: GDAL follows the next links.
    ogr(server, "ogr2ogr", "-f", "GPKG", str(target), f"OAPIF:{server.url}/ogc", page=25)
    import pyogrio

    assert {name for name, _ in pyogrio.list_layers(target)} >= {layer.key for layer in EVERY}
    for layer in EVERY:
        rows = everything(server, layer.key)
        frame = pyogrio.raw.read(target, layer=layer.key)
        meta, _, geometry, values = frame
        assert len(geometry) == len(rows), layer.key
        codes = values[list(meta["fields"]).index("code")]
        assert sorted(codes) == sorted(r["properties"]["code"] for r in rows)
        assert layer.geometry in meta["geometry_type"]


@pytest.mark.judge
def test_gdal_filters_on_the_server(server: Server) -> None:
    rows = everything(server, "camera")
    lon, lat = rows[0]["geometry"]["coordinates"][:2]
    box = [str(v) for v in (lon - 5e-4, lat - 5e-4, lon + 5e-4, lat + 5e-4)]
    told = ogr(server, "ogrinfo", f"OAPIF:{server.url}/ogc", "camera", "-al", "-q", "-geom=NO", "-spat", *box)
    expected = {r["properties"]["code"] for r in everything(server, "camera", bbox=",".join(box))}
    found = {line.split("= ", 1)[1] for line in told.splitlines() if line.strip().startswith("code (String)")}
    assert found == expected and 0 < len(found) < len(rows)
    summary = ogr(server, "ogrinfo", f"OAPIF:{server.url}/ogc", "camera", "-so")
    assert 'ID["EPSG",4979]' in summary or "CRS84" in summary or 'ID["EPSG",4326]' in summary


@pytest.mark.judge
@each
def test_owslib_reads_every_collection_by_page(server: Server, layer: Layer) -> None:
    api = Features(f"{server.url}/ogc", headers={"Authorization": f"Bearer {server.token}"})
    assert layer.key in api.feature_collections()
    assert api.collection(layer.key)["itemType"] == "feature"
    assert set(api.collection_queryables(layer.key)["properties"]) >= {f.name for f in layer.all_fields}
    rows = everything(server, layer.key)
    page = api.collection_items(layer.key, limit=max(1, len(rows) // 2))
    found = list(page["features"])
    while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        page = server.get(following[0].removeprefix(server.url)).json()
        found += page["features"]
        assert len(found) <= len(rows)
    assert sorted(f["id"] for f in found) == sorted(r["id"] for r in rows)
    one = api.collection_item(layer.key, rows[0]["id"])
    assert one["properties"] == rows[0]["properties"] and one["geometry"] == rows[0]["geometry"]
    by_cql = api.collection_items(layer.key, filter=f"code = '{rows[0]['properties']['code']}'")
    assert [f["id"] for f in by_cql["features"]] == [rows[0]["id"]]


@pytest.mark.judge
def test_owslib_reads_what_is_said_about_the_api(server: Server) -> None:
    api = Features(f"{server.url}/ogc", headers={"Authorization": f"Bearer {server.token}"})
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in api.conformance()["conformsTo"]
    document = api.api()
    assert document["openapi"].startswith("3.0") and f"/collections/{EVERY[0].key}/items" in document["paths"]
    assert json.dumps(document)
