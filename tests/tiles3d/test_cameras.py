"""Cameras and heights of the site over HTTP, against a model that is imported like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import shapely
from gis_assets.sites.demo.frame import CRS_EPSG, ORIGIN_E, ORIGIN_H, ORIGIN_N, to_lonlat

from tests.conftest import Enterprise
from tests.people.support import badge, give, person, place
from tiles.tiles3d import surveys
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.georef import ecef
from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.job import Options
from tiles.tiles3d.mesh import Mesh, Part
from twin.settings import Settings

Feature = dict[str, Any]


def survey(sites: Path, folder: Path, name: str, z: float) -> str:
    """A flat plant of 3 x 3 km, ``z`` metres over the site's flat ground."""
    corners = np.array([[-1500, -1500, z], [1500, -1500, z], [1500, 1500, z], [-1500, 1500, z]], np.float32)
    flat = Mesh([Part(corners, np.array([0, 1, 2, 0, 2, 3], np.uint32))])
    (folder / f"{name}.glb").write_bytes(write_glb(flat, compress=False))
    options = Options(id=name, site="demo", srs=f"EPSG:{CRS_EPSG}", origin=(ORIGIN_E, ORIGIN_N, ORIGIN_H), workers=1)
    import_delivery(folder / f"{name}.glb", sites / "demo" / "tiles3d" / name, options=options)
    return name


@pytest.fixture(scope="module")
def model(database: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The site's only survey."""
    return survey(Path(database.sites_dir), tmp_path_factory.mktemp("flat"), "flat", 0.0)


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


async def test_what_comes_without_a_height_stands_on_the_model(
    manager: httpx.AsyncClient, model: str, database: Settings, tmp_path: Path
) -> None:
    """A newer survey lies over the flat ground. Whatever is drawn or imported without a height stands on it, but for what says itself
    where its bottom is; a stated height stays.
    """
    sites = Path(database.sites_dir)
    survey(sites, tmp_path, "raised", 2.5)
    try:
        lon, lat = to_lonlat(10.0, 20.0)
        at = {"lon": lon, "lat": lat}
        surface = (await manager.get("/tiles3d/demo/raised/height", params=at)).json()["height"]
        assert surface == pytest.approx(ORIGIN_H + 2.5, abs=0.5)  # two triangles of 3 km: the earth is round
        made = []

        async def height(at: list[float], layer: str = "device", **properties: str) -> float:
            known = {"code": f"H-{len(made)}", "name": "H"}
            body = {"geometry": {"type": "Point", "coordinates": at}, "properties": known | properties}
            answer = await manager.post(f"/api/spatial/{layer}", json=body)
            assert answer.status_code == 201, answer.text
            made.append(answer.json())
            return float(made[-1]["geometry"]["coordinates"][2])

        assert await height([lon, lat], kind="temperature", tag="H-0") == pytest.approx(surface, abs=0.001)
        assert await height([lon, lat, 9.25], kind="temperature", tag="H-1") == 9.25
        floor = (await manager.get("/ogc/collections/floor/items?code=BD-04-F2")).json()["features"][0]["properties"]
        inside = await height([lon, lat], "anchor", kind="uwb", floor_code="BD-04-F2")
        assert inside == pytest.approx(floor["z_min"], abs=0.001)

        moved = await manager.patch(
            f"/api/spatial/device/{made[1]['id']}",
            json={"geometry": {"type": "Point", "coordinates": [lon, lat]}},
            headers={"If-Match": '"1"'},
        )
        assert moved.json()["geometry"]["coordinates"][2] == pytest.approx(surface, abs=0.001)

        line = [list(to_lonlat(x, 30.0)) for x in (0.0, 10.0, 20.0)]
        road = {"type": "Feature", "geometry": {"type": "LineString", "coordinates": line}}
        road["properties"] = {"code": "H-ROAD", "name": "H", "kind": "fire", "width_m": 5}
        file = json.dumps({"type": "FeatureCollection", "features": [road]}).encode()
        done = await manager.post(
            "/api/spatial/import", files={"file": ("roads.geojson", file)}, data={"layer": "road", "crs": "4326"}
        )
        assert done.status_code == 200, done.text
        found = (await manager.get("/ogc/collections/road/items?code=H-ROAD")).json()["features"][0]
        heights = [p[2] for p in found["geometry"]["coordinates"]]
        assert heights == pytest.approx([surface] * 3, abs=0.01)
    finally:
        surveys.delete(sites, "demo", "raised")
