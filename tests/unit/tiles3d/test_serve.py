"""The tilesets over HTTP and on the command line."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import numpy as np
import pytest
import pytest_asyncio
import shapely
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from typer.testing import CliRunner

from tests.unit.tiles3d.deliveries import glb_delivery
from tiles.cli import app as command
from tiles.tiles3d import endpoints, surveys
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.job import Options
from twin import clock
from twin.auth.principal import Principal, current_principal
from twin.errors import TwinError
from twin.settings import get_settings

ENTERPRISE, OTHER = uuid4(), uuid4()


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A var folder with one site and one tileset."""
    folder = tmp_path_factory.mktemp("serve")
    source = glb_delivery(folder / "in", 1, 1, n=12, texture=32)
    target = folder / "var" / "sites" / "demo" / "tiles3d" / "plant"
    import_delivery(source, target, options=Options(id="plant", site="demo", workers=1, triangles=100))
    (target / "secret.txt").write_text("no")
    (target / ".hidden.json").write_text("{}")
    patch = pytest.MonkeyPatch()
    patch.setenv("TWIN_VAR_DIR", str(folder / "var"))
    get_settings.cache_clear()
    yield folder / "var"
    patch.undo()
    get_settings.cache_clear()


def principal(enterprise: UUID = ENTERPRISE, *scopes: str) -> Principal:
    return Principal(uuid4(), enterprise, "u", "U", ("control",), frozenset(scopes or ("map:read",)))


@pytest_asyncio.fixture
async def http(var: Path, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    """The router alone; the header X-Who chooses who asks; whose site it is stands here, not in a database."""

    async def may_see(who: Principal, site: str) -> bool:
        return who.enterprise_id == ENTERPRISE and site == "demo"

    async def who(request: Request) -> Principal:
        asked = request.headers.get("x-who", "reader")
        if asked == "nobody":
            from twin.errors import Unauthenticated

            raise Unauthenticated
        return {"reader": principal(), "other": principal(OTHER), "audit": principal(ENTERPRISE, "audit:read")}[asked]

    monkeypatch.setattr(endpoints, "_may_see", may_see)
    monkeypatch.setattr(endpoints, "current_principal", who)
    app = FastAPI()
    app.include_router(endpoints.router)
    app.dependency_overrides[current_principal] = who

    @app.exception_handler(TwinError)
    async def problem(request: Request, error: TwinError) -> JSONResponse:
        return JSONResponse({"code": error.code, "params": error.params}, error.status)

    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://twin.test")


async def test_list_and_versioned_address(http: httpx.AsyncClient) -> None:
    (card,) = (await http.get("/tiles3d")).json()
    assert card["site"] == "demo" and card["tileset"] == "plant"
    assert card["levels"][0]["triangles"] > 0
    answer = await http.get(card["url"])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"] and "private" in answer.headers["cache-control"]
    root = answer.json()["root"]
    tile = await http.get(card["url"].replace("tileset.json", root["content"]["uri"]))
    assert tile.content[:4] == b"glTF"
    assert tile.headers["content-type"] == "model/gltf-binary"
    old = await http.get("/tiles3d/demo/plant/v-0000000000000000/tileset.json")
    assert old.status_code == 404
    assert (await http.get("/tiles3d", headers={"x-who": "other"})).json() == []


async def test_ranges_etags_and_compression(http: httpx.AsyncClient, var: Path) -> None:
    plain = await http.get("/tiles3d/demo/plant/tileset.json", headers={"accept-encoding": "identity"})
    assert plain.headers["cache-control"] == "private, no-cache"
    packed = await http.get("/tiles3d/demo/plant/tileset.json", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    raw = (var / "sites/demo/tiles3d/plant/tileset.json.gz").read_bytes()
    assert json.loads(gzip.decompress(raw)) == plain.json()
    same = await http.get(
        "/tiles3d/demo/plant/tileset.json",
        headers={"if-none-match": plain.headers["etag"], "accept-encoding": "identity"},
    )
    assert same.status_code == 304 and not same.content
    uri = "/tiles3d/demo/plant/" + plain.json()["root"]["content"]["uri"]
    whole = (await http.get(uri)).content
    part = await http.get(uri, headers={"range": "bytes=4-99"})
    assert part.status_code == 206 and part.content == whole[4:100]
    assert part.headers["content-range"] == f"bytes 4-99/{len(whole)}"
    assert (await http.get(uri, headers={"range": f"bytes={len(whole)}-"})).status_code == 416


async def test_a_plant_with_100_gb_on_disk_is_listed_and_served_at_once(http: httpx.AsyncClient, var: Path) -> None:
    """Only the small manifest is read: files without contents stand for tiles, 100 GB by their sizes."""
    folder = var / "sites/demo/tiles3d/wide"
    shutil.copytree(folder.parent / "plant", folder)
    try:
        for n in range(400):
            with (folder / "tiles" / f"wide-{n}.glb").open("wb") as file:
                file.truncate(256 * 2**20)
        began = time.perf_counter()
        cards = (await http.get("/tiles3d")).json()
        address = cards[-1]["url"].replace("tileset.json", "tiles/wide-399.glb")
        end = await http.get(address, headers={"range": f"bytes={256 * 2**20 - 8}-"})
        assert time.perf_counter() - began < 1.0  # reading the files would take minutes
    finally:
        shutil.rmtree(folder)
    assert [card["tileset"] for card in cards] == ["plant", "wide"]
    assert end.status_code == 206 and end.content == bytes(8)


@pytest.mark.parametrize(
    "name",
    [
        "secret.txt", ".hidden.json", "manifest.json/x", "tiles/../../../../../tiles3d.key", "%2e%2e/%2e%2e/x.json",
        "..%2f..%2f..%2fx.json", "tiles%5c..%5cx.json", "nothing.json", "x.json%00.glb",
    ],
)  # fmt: skip
async def test_other_files_stay_private(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/tiles3d/demo/plant/{name}")
    assert answer.status_code in (400, 404)


async def test_access(http: httpx.AsyncClient) -> None:
    for path in ("/tiles3d/demo/plant/tileset.json", "/tiles3d/demo/plant/height?lon=117&lat=38"):
        assert (await http.get(path, headers={"x-who": "nobody"})).status_code == 401
        assert (await http.get(path, headers={"x-who": "other"})).status_code == 404
        assert (await http.get(path, headers={"x-who": "audit"})).status_code == 403
        assert (await http.get(path.replace("plant", "other"))).status_code == 404
        assert (await http.get(path.replace("plant", "..%2f..%2f.."))).status_code in (404, 422)


async def test_heights_and_sight(http: httpx.AsyncClient) -> None:
    (card,) = (await http.get("/tiles3d")).json()
    west, south, east, north = card["bounds"]
    lon, lat = (west + east) / 2, (south + north) / 2
    one = (await http.get("/tiles3d/demo/plant/height", params={"lon": lon, "lat": lat})).json()
    assert card["heights"][0] <= one["height"] <= card["heights"][1]
    many = (await http.post("/tiles3d/demo/plant/heights", json={"points": [[lon, lat], [0, 0]]})).json()
    assert many["heights"] == [one["height"], None]
    sight = await http.post(
        "/tiles3d/demo/plant/sight",
        json={
            "point": [lon, lat, one["height"] + 1],
            "cameras": [[lon, lat, one["height"] + 30], [lon, lat, one["height"] - 5]],
        },
    )
    assert sight.json() == {"visible": [True, False]}
    assert (await http.get("/tiles3d/demo/plant/height?lon=200&lat=1")).status_code == 422
    too_many = await http.post("/tiles3d/demo/plant/heights", json={"points": np.zeros((100_001, 2)).tolist()})
    assert too_many.status_code == 413


async def test_expiring_links(http: httpx.AsyncClient, var: Path) -> None:
    made = (await http.post("/tiles3d/demo/plant/link?minutes=10")).json()
    stranger = {"x-who": "nobody"}
    answer = await http.get(made["url"], headers=stranger)
    assert answer.status_code == 200
    tile = made["url"].replace("tileset.json", answer.json()["root"]["content"]["uri"])
    assert (await http.get(tile, headers=stranger)).status_code == 200
    assert (var / "tiles3d.key").stat().st_mode & 0o777 == 0o600
    for forged in (
        made["url"].replace("/k-", "/k-1"),
        made["url"].replace("plant", "other"),
        made["url"].replace("k-", "k-x"),
    ):
        assert (await http.get(forged, headers=stranger)).status_code == 404
    with clock.travel(by=timedelta(minutes=11)):
        assert (await http.get(made["url"], headers=stranger)).status_code == 404


def test_command_line(tmp_path: Path) -> None:
    source = glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32)
    run = CliRunner().invoke
    done = run(command, ["import", str(source), "--out", str(tmp_path / "out"), "--workers", "1", "--licence", "CC0"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "tileset.json").is_file()
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["licence"] == "CC0"
    assert run(command, ["check", str(tmp_path / "out")]).exit_code == 0
    points = tmp_path / "points.csv"
    points.write_text("name,model_x,model_y,model_z,x,y,z\nA,512010,4310010,21,512011,4310010,21\n")
    aligned = run(command, ["align", str(tmp_path / "out"), str(points)])
    assert aligned.exit_code == 0 and "A" in aligned.output
    (next((tmp_path / "out" / "tiles").rglob("*.glb"))).unlink()
    broken = run(command, ["check", str(tmp_path / "out")])
    assert broken.exit_code == 1
    assert "missing file" in broken.output


async def test_surveys_over_http(http: httpx.AsyncClient, var: Path, tmp_path: Path) -> None:
    """A second survey with its card; the newest is current, a person's choice wins, a retired one leaves the list."""
    source = glb_delivery(tmp_path / "in", 1, 1, n=6, texture=32)
    sites, target = var / "sites", var / "sites/demo/tiles3d/before"
    card = {"date": date(2020, 5, 1), "accuracy_m": 0.05, "licence": "ours"}
    import_delivery(source, target, options=Options(id="before", site="demo", workers=1, **card))
    try:
        listed = {c["tileset"]: c for c in (await http.get("/tiles3d")).json()}
        assert {k: c["current"] for k, c in listed.items()} == {"plant": True, "before": False}
        old = listed["before"]
        assert (old["date"], old["accuracy_m"], old["licence"]) == ("2020-05-01", 0.05, "ours")
        west, south, east, north = old["bounds"]
        (outline,) = (shapely.Polygon(ring) for ring in old["coverage"])
        box = shapely.box(west, south, east, north)
        assert outline.intersection(box).area > 0.98 * box.area and outline.area < 1.1 * box.area
        surveys.make_current(sites, "demo", "before")
        assert [c["tileset"] for c in (await http.get("/tiles3d")).json() if c["current"]] == ["before"]
        surveys.retire(sites, "demo", "before")
        (left,) = (await http.get("/tiles3d")).json()
        assert left["tileset"] == "plant" and left["current"]
        every = (await http.get("/tiles3d", params={"retired": True})).json()
        assert {c["tileset"]: c["retired"] for c in every} == {"plant": False, "before": True}
        assert (await http.get(old["url"])).status_code == 200
    finally:
        surveys.delete(sites, "demo", "before")
    assert (await http.get(old["url"])).status_code == 404 and not target.exists()
    assert [c["tileset"] for c in (await http.get("/tiles3d", params={"retired": True})).json()] == ["plant"]


def test_surveys_on_the_command_line(var: Path) -> None:
    run = CliRunner().invoke
    assert "plant" in run(command, ["survey", "list", "--site", "demo"]).output
    assert run(command, ["survey", "use", "plant", "--site", "demo"]).exit_code == 0
    assert surveys.choice(var / "sites", "demo").current == "plant"
    assert run(command, ["survey", "delete", "nothing", "--site", "demo", "--yes"]).exit_code != 0
    assert run(command, ["survey", "delete", "plant", "--site", "demo"], input="n\n").exit_code != 0
    assert surveys.current(var / "sites", "demo") == "plant"
    (var / "sites/demo/tiles3d/surveys.json").unlink()
