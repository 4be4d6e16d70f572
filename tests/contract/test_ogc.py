"""Parameters, coordinate systems, filters, errors and pages of the OGC API."""

from __future__ import annotations

import itertools
import json
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
from pyproj import Transformer
from shapely.geometry import box, shape

from tests.contract.conftest import everything, get, ids, tile_of, walk
from tiles.features import typescript
from tiles.features.cql2_text import CqlError, parse
from twin.registry.layer import layers

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


async def test_coordinate_systems_have_their_own_axis_order(manager: httpx.AsyncClient) -> None:
    plain = {r["id"]: r["geometry"]["coordinates"] for r in await everything(manager, "gate")}
    for code, flip, digits in ((4326, True, 1e-8), (4490, True, 1e-8), (3857, False, 1e-3), (4548, True, 1e-3)):
        move = Transformer.from_crs(4326, code, always_xy=True).transform
        answer = await manager.get("/ogc/collections/gate/items", params={"crs": f"{EPSG}{code}", "limit": 500})
        assert answer.headers["content-crs"] == f"<{EPSG}{code}>"
        for row in answer.json()["features"]:
            lon, lat, height = plain[row["id"]]
            x, y = move(lon, lat)
            expected = [y, x, height] if flip else [x, y, height]
            assert row["geometry"]["coordinates"] == pytest.approx(expected, abs=digits, rel=0)
        one = await manager.get(f"/ogc/collections/gate/items/{row['id']}", params={"crs": f"EPSG:{code}"})
        assert one.json()["geometry"] == row["geometry"]
        # The same box, said in this system's axes, finds the same.
        found = ids(await everything(manager, "gate", bbox=_around(row["geometry"], code), bbox_crs=f"{EPSG}{code}"))
        assert row["id"] in found and len(found) < len(plain)
        near = json.dumps({"op": "s_intersects", "args": [{"property": "geometry"}, _square(row["geometry"], code)]})
        query = {"filter": near, "filter_crs": f"{EPSG}{code}", "filter_lang": "cql2-json"}
        assert ids(await everything(manager, "gate", **query)) == found
    told = await get(manager, "gate")
    assert told["storageCrs"] == CRS84 and {f"{EPSG}4490", f"{EPSG}4548", CRS84} <= set(told["crs"])
    answer = await manager.get("/ogc/collections/gate/items?limit=1")
    assert answer.headers["content-crs"] == f"<{CRS84}>"


def _reach(code: int) -> float:
    return 1e-5 if code in (4326, 4490) else 1.0


def _around(geometry: dict[str, Any], code: int) -> str:
    a, b = geometry["coordinates"][:2]
    r = _reach(code)
    return f"{a - r},{b - r},{a + r},{b + r}"


def _square(geometry: dict[str, Any], code: int) -> dict[str, Any]:
    a, b = geometry["coordinates"][:2]
    r = _reach(code)
    ring = [[a - r, b - r], [a + r, b - r], [a + r, b + r], [a - r, b + r], [a - r, b - r]]
    return {"type": "Polygon", "coordinates": [ring]}


async def test_a_box_goes_over_the_antimeridian(manager: httpx.AsyncClient) -> None:
    whole = ids(await everything(manager, "camera"))
    assert ids(await everything(manager, "camera", bbox="100,-90,-100,90")) == whole
    assert await everything(manager, "camera", bbox="170,-90,-100,90") == []
    row = (await everything(manager, "camera"))[0]
    lon, lat = row["geometry"]["coordinates"][:2]
    assert row["id"] in ids(
        await everything(manager, "camera", bbox=f"{lon - 1e-7},{lat - 1e-7},{lon + 1e-7},{lat + 1e-7}")
    )
    # A box of no width is a line.
    assert await everything(manager, "camera", bbox=f"{lon + 1},{lat},{lon + 1},{lat + 1}") == []


@pytest.mark.parametrize(
    "predicate", ["intersects", "disjoint", "within", "contains", "crosses", "touches", "overlaps", "equals"]
)
async def test_spatial_predicates_answer_like_brute_force(manager: httpx.AsyncClient, predicate: str) -> None:
    hits = 0
    # Grown a little: features are shown to eight digits, so edges that coincide there may not in the database.
    unit = max(await everything(manager, "zone", kind="unit"), key=lambda r: shape(r["geometry"]).area)
    zone = shape(unit["geometry"]).buffer(1.23e-6)
    for layer in ("zone", "device", "road", "tank"):
        rows = {r["id"]: shape(r["geometry"]) for r in await everything(manager, layer)}
        given = zone if predicate not in ("contains", "crosses") else zone.centroid.buffer(1e-5)
        if predicate == "equals":
            id_, given = next(iter(rows.items()))
            given = await _redraw(manager, layer, id_)
        flat = json.loads(json.dumps(shape(given).__geo_interface__))
        for sides in itertools.permutations([{"property": "geometry"}, flat]):
            condition = {"op": f"s_{predicate}", "args": list(sides)}
            found = ids(await everything(manager, layer, filter=json.dumps(condition)))
            swapped = sides[0] is flat
            expected = {
                i
                for i, s in rows.items()
                if (getattr(given, predicate)(s) if swapped else getattr(s, predicate)(given))
            }
            assert found == expected, (layer, swapped)
            hits += len(found)
    assert hits or predicate in ("touches", "crosses", "overlaps")


async def _redraw(http: httpx.AsyncClient, layer: str, id_: str) -> Any:
    """Store a feature's geometry as it is shown; the shape."""
    row = await get(http, f"{layer}/items/{id_}")
    body = {"geometry": row["geometry"], "version": row["properties"]["version"]}
    done = await http.patch(f"/api/spatial/{layer}/{id_}", json=body)
    assert done.status_code == 200, done.text
    return shape(row["geometry"])


async def test_nearness_is_measured_in_metres(manager: httpx.AsyncClient) -> None:
    rows = await everything(manager, "device")
    lon, lat = rows[0]["geometry"]["coordinates"][:2]
    move = Transformer.from_crs(4326, 4548, always_xy=True).transform
    x, y = move(lon, lat)
    places = {r["id"]: move(*r["geometry"]["coordinates"][:2]) for r in rows}
    for reach in (0, 15.5, 60, 1e6):
        found = ids(
            await everything(manager, "device", filter=f"S_DWITHIN(geometry, POINT({lon} {lat}), {reach}, meters)")
        )
        far = {i: ((px - x) ** 2 + (py - y) ** 2) ** 0.5 for i, (px, py) in places.items()}
        assert (
            {i for i, d in far.items() if d <= reach - 0.1} <= found <= {i for i, d in far.items() if d <= reach + 0.1}
        )


FILTERS: list[tuple[str, Any]] = [
    ("risk IN (1, 2) AND NOT (kind = 'place')", lambda p: p["risk"] in (1, 2) and p["kind"] != "place"),
    ("name LIKE '%罐%' OR code = 'Z-00'", lambda p: "罐" in p["name"] or p["code"] == "Z-00"),
    ("(risk = 1 OR risk = 2) AND control_level <= 2", lambda p: p["risk"] in (1, 2) and p["control_level"] <= 2),
    (
        "risk = 1 OR risk = 2 AND control_level = 4",
        lambda p: p["risk"] == 1 or (p["risk"] == 2 and p["control_level"] == 4),
    ),
    ("CASEI(name_en) LIKE CASEI('%TANK%')", lambda p: "tank" in p["name_en"].lower()),
    ("z_max BETWEEN 10 AND 60", lambda p: p["z_max"] is not None and 10 <= p["z_max"] <= 60),
    ("z_max NOT BETWEEN 10 AND 6e1", lambda p: p["z_max"] is not None and not 10 <= p["z_max"] <= 60),
    ("parent_code IS NOT NULL", lambda p: p["parent_code"] is not None),
    ("risk < control_level", lambda p: p["risk"] < p["control_level"]),
    ("T_AFTER(updated_at, TIMESTAMP('2020-01-01T00:00:00Z'))", lambda p: True),
    ("T_DURING(updated_at, INTERVAL('..', '2020-01-01'))", lambda p: False),
    ("updated_at < DATE('2020-01-01') OR \"kind\" = 'plant'", lambda p: p["kind"] == "plant"),
    ("owner = '王''; DROP TABLE zone; --'", lambda p: False),
    ("name <> '\\'' AND TRUE", lambda p: True),
]


@pytest.mark.parametrize(("text", "holds"), FILTERS, ids=[f[0][:40] for f in FILTERS])
async def test_text_and_json_filters_answer_like_brute_force(manager: httpx.AsyncClient, text: str, holds: Any) -> None:
    rows = await everything(manager, "zone")
    expected = {r["id"] for r in rows if holds(r["properties"])}
    assert ids(await everything(manager, "zone", filter=text)) == expected
    as_json = json.dumps(parse(text))
    assert ids(await everything(manager, "zone", filter=as_json, filter_lang="cql2-json")) == expected


def test_cql2_text_reads_as_cql2_json() -> None:
    assert parse("s_intersects(geom, BBOX(1,2,3,4)) AND a IN ('x','y')") == {
        "op": "and",
        "args": [
            {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [1, 2, 3, 4]}]},
            {"op": "in", "args": [{"property": "a"}, ["x", "y"]]},
        ],
    }
    assert parse("NOT NOT a = -1.5") == {"op": "=", "args": [{"property": "a"}, -1.5]}
    for text, place in (
        ("a = ", 5),
        ("a = 1 b", 7),
        ("a = 'x", 5),
        ("s_within(geom, POINT(x y))", 16),
        ("", 1),
        ("a ! 1", 3),
    ):
        with pytest.raises(CqlError) as caught:
            parse(text)
        assert caught.value.args[1] == place, text


async def test_filters_work_together_and_page(manager: httpx.AsyncClient) -> None:
    rows = await everything(manager, "device")
    west, south, east, north = (await get(manager, "device"))["extent"]["spatial"]["bbox"][0]
    part = box(west - 1e-6, south - 1e-6, (west + east) / 2 + 1.23e-6, north + 1e-6)  # no feature lies on its edge
    expected = {
        r["id"]
        for r in rows
        if r["properties"]["safety"] and r["properties"]["kind"] != "wind" and part.intersects(shape(r["geometry"]))
    }
    query = {
        "safety": "true",
        "bbox": ",".join(map(str, part.bounds)),
        "filter": "kind <> 'wind'",
        "datetime": "2020-01-01/..",
        "sortby": "-tag",
    }
    found = await walk(manager, "device/items", limit=7, **query)
    assert ids(found) == expected and len(found) > 14
    assert [r["properties"]["tag"] for r in found] == sorted((r["properties"]["tag"] for r in found), reverse=True)
    page = await get(manager, "device/items", limit=7)
    assert page["numberReturned"] == 7 and "numberMatched" not in page  # a count would cost a scan


BAD: list[dict[str, str]] = [
    {"filter": "risk = "}, {"filter": "nothing = 1"}, {"filter": "risk = 'x'"}, {"filter": "(" * 500 + "risk=1"},
    {"filter": '{"op":"and"}'}, {"filter": '{"op":"and","args":[]}'}, {"filter": '{"op":"=","args":[1]}'},
    {"filter": '{"op":"drop","args":[1,2]}'}, {"filter": "[" * 5000}, {"filter": '{"op":"not","args":[' * 200},
    {"filter": "s_intersects(geom, POINT(x y))"}, {"filter": "s_intersects(geom, geom)"}, {"filter": "name = 1"},
    {"filter": "s_touches(geom, POLYGON((0 0,1 1,1 0,0 1,0 0)))"}, {"filter": "s_dwithin(geom, POINT(1 2), -1)"},
    {"filter": "s_dwithin(geom, POINT(1 2), 5, furlongs)"}, {"filter": "s_within(geom, POINT(999 99))"},
    {"filter": "name LIKE 'x\\'"}, {"filter": "updated_at > TIMESTAMP('soon')"}, {"filter": "name = 'a\x00b'"},
    {"filter": '{"op":"=","args":[{"property":"risk"},NaN]}'},
    {"filter": '{"op":"in","args":[{"property":"risk"},[]]}'},
    {"filter": '{"op":"s_within","args":[{"property":"geom"},{"type":"Point","coordinates":["a",1]}]}'},
    {"filter": '{"op":"s_within","args":[{"property":"geom"},{"type":"Polygon"}]}'},
    {"filter": '{"op":"casei","args":[]}'}, {"filter": "t_after(risk, DATE('2020-01-01'))"},
    {"filter": "risk = 1", "filter-lang": "sql"}, {"filter": "risk = 1", "filter-crs": "EPSG:9999"},
    {"limit": "0"}, {"limit": "x"}, {"limit": "-5"}, {"limit": "1e3"}, {"limit": "²"},
    {"bbox": "1,2,3"}, {"bbox": "3,4,1,2,9"}, {"bbox": "1,nan,2,3"}, {"bbox": "1,5,2,3"}, {"bbox": ""},
    {"bbox": "1,2,3,4", "bbox-crs": "GCJ-02"}, {"bbox": "5,1,4,2", "bbox-crs": f"{EPSG}3857"},
    {"datetime": "yesterday"}, {"datetime": "2026-02-01/2026-01-01"}, {"datetime": "../.."},
    {"datetime": "9999-12-31T23:59:59-23:00"},
    {"crs": "EPSG:32650"}, {"crs": "x"}, {"next": "###"}, {"next": "W10"}, {"next": "WyJub3QtYW4taWQiXQ"},
    {"colour": "red"}, {"risk": "high"}, {"sortby": "colour"}, {"sortby": "name,name"}, {"sortby": ""}, {"f": "xml"},
    {"name": "\x00"}, {"updated_at": "never"},
]  # fmt: skip


@pytest.mark.parametrize("query", BAD, ids=[str(n) for n in range(len(BAD))])
async def test_bad_parameters_are_named_and_harm_nobody(manager: httpx.AsyncClient, query: dict[str, str]) -> None:
    for language in ("zh-CN", "en"):
        answer = await manager.get("/ogc/collections/zone/items", params=query, headers={"Accept-Language": language})
        assert answer.status_code == 400, answer.text[:300]
        told = answer.json()
        assert told["code"] == "query_invalid" and told["errors"][0]["where"] in query
        assert not told["errors"][0]["message"].startswith("error.") and "{" not in told["message"]
    # A parameter given twice, and unknown ones on documents, are refused too.
    twice = "&".join(["limit=1", "limit=2"])
    assert (await manager.get(f"/ogc/collections/zone/items?{twice}")).status_code == 400


async def test_unknown_things_are_404(manager: httpx.AsyncClient) -> None:
    for path, code in (
        ("moon", "layer_not_found"),
        ("moon/items", "layer_not_found"),
        ("zone/items/not-a-uuid", "feature_not_found"),
        ("zone/items/00000000-0000-0000-0000-000000000000", "feature_not_found"),
        ("moon/tiles/WebMercatorQuad/0/0/0", "layer_not_found"),
        ("zone/tiles/Polar/0/0/0", "not_found"),
    ):
        answer = await manager.get(f"/ogc/collections/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, code), path
    assert (await manager.get("/ogc/tileMatrixSets/Polar")).status_code == 404
    assert (await manager.get("/ogc?x=1")).status_code == 400


async def test_people_get_pages_in_their_language(manager: httpx.AsyncClient) -> None:
    row = (await everything(manager, "zone", code="Z-00"))[0]
    paths = ("", "/conformance", "/api", "/collections", "/collections/zone", "/collections/zone/items?limit=2",
             f"/collections/zone/items/{row['id']}", "/collections/zone/queryables")  # fmt: skip
    for path in paths:
        for language in ("zh-CN", "en"):
            headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": language}
            page = await manager.get(f"/ogc{path}", headers=headers)
            assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
            assert f'<html lang="{language}">' in page.text and "ogc." not in page.text.replace("ogc.def", "")
            assert "src=" not in page.text and "<script" not in page.text  # nothing comes from outside
    page = await manager.get("/ogc/collections/zone/items?f=html&limit=1&lang=en")
    assert 'rel="next"' in page.text and "Next page" in page.text


async def test_markup_in_names_stays_text(manager: httpx.AsyncClient) -> None:
    row = (await everything(manager, "zone"))[0]
    url = f"/api/spatial/zone/{row['id']}"
    name = "<script>alert('厂')</script>"
    version = row["properties"]["version"]
    done = await manager.patch(url, json={"properties": {"name": name}, "version": version})
    assert done.status_code == 200, done.text
    for path in ("items?f=html", f"items/{row['id']}?f=html"):
        page = (await manager.get(f"/ogc/collections/zone/{path}")).text
        assert "<script>" not in page and "&lt;script&gt;" in page


async def test_several_layers_come_in_one_tile(manager: httpx.AsyncClient) -> None:
    told = (await manager.get("/ogc/tiles/zone,device,road/WebMercatorQuad")).json()
    assert [v["id"] for v in told["vector_layers"]] == ["device", "road", "zone"]
    x, y = tile_of(*told["center"][:2], 12)
    address = told["tiles"][0].format(z=12, y=y, x=x)
    tile = await manager.get(address, headers={"Accept-Encoding": "gzip"})
    assert tile.status_code == 200 and tile.headers["content-encoding"] == "gzip"
    assert set(mapbox_vector_tile.decode(tile.content)) == {"zone", "device", "road"}
    plain = await manager.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers and plain.content == tile.content
    assert (await manager.get("/ogc/tiles/zone,moon/WebMercatorQuad/0/0/0")).status_code == 404
    sets = (await manager.get("/ogc/tileMatrixSets")).json()["tileMatrixSets"]
    scheme = (await manager.get(sets[0]["links"][0]["href"])).json()
    assert scheme["tileMatrices"][1]["scaleDenominator"] == pytest.approx(279541132.0143589)


def test_the_viewers_types_are_up_to_date() -> None:
    assert typescript.TARGET.read_text(encoding="utf-8") == typescript.render(), (
        "run: python -m tiles.features.typescript"
    )
    assert set(layers()) <= set(typescript.render().replace(":", " ").split())
