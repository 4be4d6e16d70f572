"""Rasters of zones and objects over HTTP, against PostGIS, before and after edits."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d.georef import enu_frame, geodetic
from tiles.tiles3d.repository import OBJECT_LAYERS
from twin.db import cluster as pg
from twin.settings import Settings

Card = dict[str, Any]


async def card(http: httpx.AsyncClient, kind: str) -> Card:
    answer = await http.get(f"/tiles3d/demo/rasters/{kind}")
    assert answer.status_code == 200, answer.text
    found: Card = answer.json()
    return found


async def texels(http: httpx.AsyncClient, known: Card) -> NDArray[np.uint16]:
    answer = await http.get(known["url"])
    assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    return np.frombuffer(answer.content, "<u2").reshape(known["size"], known["size"], 2)


def look_up(known: Card, ids: NDArray[np.uint16], x: float, y: float) -> list[str]:
    west, south, east, _ = known["box"]
    step = (east - west) / known["size"]
    return [known["ids"][n - 1] for n in ids[int((y - south) / step), int((x - west) / step)].tolist() if n]


def postgis(settings: Settings, layers: tuple[str, ...], places: list[tuple[float, float]]) -> list[list[str]]:
    """Of each place the two smallest areas that hold it, the smallest first."""
    every = " UNION ALL ".join(f"SELECT id::text AS id, ST_Force2D(geom) AS g FROM {layer}" for layer in layers)
    with psycopg.connect(pg.owner_url(settings)) as connection:
        rows = connection.execute(
            "SELECT (SELECT array_agg(id ORDER BY size) FROM (SELECT id, ST_Area(geography(ST_MakePolygon("
            f"ST_ExteriorRing(g)))) AS size FROM ({every}) q WHERE ST_Contains(g, ST_SetSRID(ST_MakePoint(lon, lat),"
            " 4326)) ORDER BY size LIMIT 2) best) FROM unnest(%s::float8[], %s::float8[]) WITH ORDINALITY"
            " AS p (lon, lat, n) ORDER BY n",
            [[lon for lon, _ in places], [lat for _, lat in places]],
        ).fetchall()
    return [row[0] or [] for row in rows]


@pytest.mark.parametrize(("kind", "layers"), [("zone", ("zone",)), ("object", OBJECT_LAYERS)])
async def test_look_ups_agree_with_postgis(
    manager: httpx.AsyncClient, database: Settings, kind: str, layers: tuple[str, ...]
) -> None:
    known = await card(manager, kind)
    ids = await texels(manager, known)
    assert len(known["ids"]) == len(known["layers"]) == len(known["ranges"]) > 10
    assert set(known["layers"]) <= set(layers)
    west, south, east, north = known["box"]
    step = known["metres_per_texel"]
    rng = np.random.default_rng(5)
    frame = enu_frame(*known["origin"])
    places, mine = [], []
    for x, y in rng.uniform((west, south), (east, north), (400, 2)):
        column, row = int((x - west) / step), int((y - south) / step)
        around = ids[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].reshape(-1, 2)
        if (around != around[0]).any():
            continue  # within a texel of a rim the texel's middle decides, not the point
        lon, lat, _ = geodetic(frame[:3, :3] @ (x, y, 0.0) + frame[:3, 3])
        places.append((float(lon), float(lat)))
        mine.append(look_up(known, ids, x, y))
    assert mine == postgis(database, layers, places)
    assert len(mine) > 200 and sum(map(bool, mine)) > 20


async def test_an_edit_shows_at_once_and_the_old_address_ends(manager: httpx.AsyncClient) -> None:
    before = await card(manager, "zone")
    old = await texels(manager, before)
    west, south, east, north = before["box"]
    frame = enu_frame(*before["origin"])
    x, y = (west + east) / 2, (south + north) / 2
    square = [(x, y), (x + 20, y), (x + 20, y + 20), (x, y + 20), (x, y)]
    ring = [geodetic(frame[:3, :3] @ (a, b, 0.0) + frame[:3, 3])[:2].tolist() for a, b in square]
    body = {
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "code": "Z-RASTER", "name": "栅格", "name_en": "Raster", "kind": "place", "control_level": 3,
            "static_risk": 4, "z_min": 10.0, "z_max": 14.0,
        },
    }  # fmt: skip
    made = await manager.post("/api/spatial/zone", json=body)
    assert made.status_code in (200, 201), made.text
    feature = made.json()
    after = await card(manager, "zone")
    assert after["version"] != before["version"] and after["box"] == before["box"]
    ids = await texels(manager, after)
    assert look_up(after, ids, x + 10, y + 10)[0] == feature["id"]
    assert after["ranges"][after["ids"].index(feature["id"])] == [10.0, 14.0]
    gone = await manager.get(before["url"])
    assert gone.status_code == 404 and gone.json()["code"] == "raster_not_found"
    # A change that is no change of shape keeps the raster, and with it every cache.
    renamed = await manager.patch(
        f"/api/spatial/zone/{feature['id']}",
        json={"properties": {"name": "新名"}},
        headers={"If-Match": f'"{feature["properties"]["version"]}"'},
    )
    assert renamed.status_code == 200, renamed.text
    assert (await card(manager, "zone"))["version"] == after["version"]
    deleted = await manager.delete(
        f"/api/spatial/zone/{feature['id']}",
        headers={"If-Match": f'"{renamed.json()["properties"]["version"]}"'},
    )
    assert deleted.status_code < 300, deleted.text
    again = await card(manager, "zone")
    assert again["version"] == before["version"]
    assert (await texels(manager, again) == old).all()


async def test_picture_and_rims_say_the_same(manager: httpx.AsyncClient) -> None:
    known = await card(manager, "zone")
    ids = await texels(manager, known)
    picture = np.asarray(Image.open(io.BytesIO((await manager.get(known["png"])).content)))
    halves = picture.reshape(2, known["size"], known["size"], 3).astype(np.uint16)
    assert (halves[..., 0] + (halves[..., 1] << 8) == np.moveaxis(ids, 2, 0)).all()
    plain = await manager.get(known["edges"], headers={"accept-encoding": "identity"})
    packed = await manager.get(known["edges"])
    assert "content-encoding" not in plain.headers and packed.headers["content-encoding"] == "gzip"
    assert plain.content == packed.content and len(plain.content) == 2 * known["size"] ** 2
    assert known["reach"] > 0 and (await card(manager, "object"))["edges"] is None


async def test_rasters_belong_to_their_enterprise(manager: httpx.AsyncClient, stranger: httpx.AsyncClient) -> None:
    known = await card(manager, "zone")
    for path in ("/tiles3d/demo/rasters/zone", known["url"], known["png"]):
        answer = await stranger.get(path)
        assert answer.status_code == 404, path
    assert (await manager.get("/tiles3d/nowhere/rasters/zone")).status_code == 404
    assert (await manager.get("/tiles3d/demo/rasters/roads")).status_code == 422
