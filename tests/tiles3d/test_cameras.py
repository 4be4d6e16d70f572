"""Cameras of the site over HTTP, against a model that is imported like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import shapely
from gis_assets.sites.demo.frame import CRS_EPSG, ORIGIN_E, ORIGIN_H, ORIGIN_N

from tests.conftest import Enterprise
from tests.people.support import badge, give, person, place
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.georef import ecef
from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.job import Options
from tiles.tiles3d.mesh import Mesh, Part
from twin.settings import Settings

Feature = dict[str, Any]


@pytest.fixture(scope="module")
def model(database: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A flat plant of 3 x 3 km as the site's only survey."""
    folder = tmp_path_factory.mktemp("flat")
    corners = np.array([[-1500, -1500, 0], [1500, -1500, 0], [1500, 1500, 0], [-1500, 1500, 0]], np.float32)
    flat = Mesh([Part(corners, np.array([0, 1, 2, 0, 2, 3], np.uint32))])
    (folder / "flat.glb").write_bytes(write_glb(flat, compress=False))
    options = Options(id="flat", site="demo", srs=f"EPSG:{CRS_EPSG}", origin=(ORIGIN_E, ORIGIN_N, ORIGIN_H), workers=1)
    import_delivery(folder / "flat.glb", Path(database.sites_dir) / "demo" / "tiles3d" / "flat", options=options)
    return "flat"


async def cameras(http: httpx.AsyncClient) -> list[Feature]:
    found: list[Feature] = (await http.get("/ogc/collections/camera/items?limit=1000")).json()["features"]
    return found


async def test_what_a_camera_covers_it_also_says_it_sees(manager: httpx.AsyncClient, model: str) -> None:
    pole = next(
        c for c in await cameras(manager)
        if c["properties"]["kind"] == "fixed" and 3 < (c["properties"]["mount_m"] or 0) < 30
        and c["geometry"]["coordinates"][2] > ORIGIN_H + 2
    )  # fmt: skip
    p = pole["properties"]
    answer = await manager.get(f"/tiles3d/demo/cameras/{pole['id']}/coverage")
    assert answer.status_code == 200, answer.text
    fan = answer.json()
    off = (np.array(fan["azimuths"]) - p["heading_deg"] + 180) % 360 - 180
    assert np.abs(off).max() <= p["fov_deg"] / 2 and max(fan["ranges"]) <= p["range_m"]
    outline = shapely.Polygon([c[:2] for c in fan["outline"]])
    assert outline.area > 0
    inside = outline.representative_point()
    here = {"lon": inside.x, "lat": inside.y, "h": fan["outline"][0][2] + 1.2}
    seen = (await manager.get("/tiles3d/demo/cameras/seeing", params=here)).json()
    assert pole["id"] in {c["id"] for c in seen}
    distances = [c["distance_m"] for c in seen]
    assert distances == sorted(distances)
    one = next(c for c in seen if c["id"] == pole["id"])
    a = ecef(*(np.array([v]) for v in pole["geometry"]["coordinates"]))
    b = ecef(*(np.array([here[k]]) for k in ("lon", "lat", "h")))
    assert one["distance_m"] == pytest.approx(float(np.linalg.norm(a - b)), abs=0.02)
    # The ground hides what is below it.
    below = (await manager.get("/tiles3d/demo/cameras/seeing", params=here | {"h": ORIGIN_H - 5})).json()
    assert below == []


@pytest.mark.req("M10.5")
async def test_from_where_somebody_is_to_the_cameras_that_see_them(
    manager: httpx.AsyncClient, enterprise: Enterprise, model: str
) -> None:
    one = await person(manager, "CAM1")
    await badge(manager, "B-CAM1")
    await give(manager, one["id"], "B-CAM1")
    pole = next(
        c
        for c in await cameras(manager)
        if c["properties"]["kind"] == "fixed" and c["geometry"]["coordinates"][2] > ORIGIN_H + 2
    )
    fan = (await manager.get(f"/tiles3d/demo/cameras/{pole['id']}/coverage")).json()
    view = shapely.Polygon([c[:2] for c in fan["outline"]])
    inside, ground = view.representative_point(), fan["outline"][0][2]
    # First in front of the camera, then as far on its other side: only the first place is seen.
    mast = pole["geometry"]["coordinates"]
    behind = (2 * mast[0] - inside.x, 2 * mast[1] - inside.y)
    for (lon, lat), sees in (((inside.x, inside.y), True), (behind, False)):
        await place(enterprise.id, one["id"], "Z-00", at=(lon, lat, ground))
        at = (await manager.get(f"/api/people/{one['id']}")).json()["position"]
        where = {"lon": at["lon"], "lat": at["lat"], "h": at["h"] + 1.2}
        found = (await manager.get("/tiles3d/demo/cameras/seeing", params=where)).json()
        assert (pole["id"] in {c["id"] for c in found}) is sees


async def test_whose_cameras_and_which_model(
    manager: httpx.AsyncClient, stranger: httpx.AsyncClient, model: str
) -> None:
    first = (await cameras(manager))[0]
    at = {"lon": 117.0, "lat": 38.9, "h": 5.0}
    assert (await stranger.get("/tiles3d/demo/cameras/seeing", params=at)).status_code == 404
    assert (await stranger.get(f"/tiles3d/demo/cameras/{first['id']}/coverage")).status_code == 404
    unknown = await manager.get("/tiles3d/demo/cameras/nobody/coverage")
    assert unknown.status_code == 404 and unknown.json()["code"] == "tiles3d_camera_not_found"
    wrong = await manager.get("/tiles3d/demo/cameras/seeing", params=at | {"tileset": "nothing"})
    assert wrong.status_code == 404 and wrong.json()["code"] == "tileset_not_found"
    assert (await manager.get("/tiles3d/demo/cameras/seeing", params=at | {"lon": 500})).status_code == 422
    named = await manager.get(f"/tiles3d/demo/cameras/{first['properties']['code']}/coverage")
    assert named.status_code == 200 and named.json()["id"] == first["id"]
