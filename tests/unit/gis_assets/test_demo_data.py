"""The demo plant's spatial data: counts, validity, and that everything stands where it says it stands."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations
from typing import Any

import pytest
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.accounts import accounts, views
from gis_assets.sites.demo.build import Feature, features
from gis_assets.sites.demo.frame import ORIGIN_H, to_local, to_position
from shapely import Polygon
from shapely.geometry import Point, shape

COUNTS = {
    "site": 1,
    "floor": 3,
    "passage": 1,
    "gate": 2,
    "device": 400,
    "camera": 60,
    "geofence": 20,
    "assembly_point": 4,
    "anchor": 80,
}
RISK_WORDS = {1, 2, 3, 4}


@cache
def data() -> dict[str, list[Feature]]:
    return features()


def local_polygon(feature: Feature) -> Polygon:
    return Polygon([to_local(*p)[:2] for p in feature["geometry"]["coordinates"][0]])


def local_point(feature: Feature) -> tuple[float, float, float]:
    lon, lat, h = feature["geometry"]["coordinates"]
    return to_local(lon, lat, h)


def by_code(key: str) -> dict[str, dict[str, Any]]:
    return {f["code"]: f["properties"] for f in data()[key]}


def test_counts() -> None:
    got = {key: len(rows) for key, rows in data().items()}
    assert {key: got[key] for key in COUNTS} == COUNTS
    assert 28 <= got["zone"] <= 36
    assert set(got) == set(COUNTS) | {"zone", "building", "unit", "tank", "warehouse", "road"}


def test_codes_are_unique_and_stable() -> None:
    for key, rows in data().items():
        codes = [f["code"] for f in rows]
        assert len(codes) == len(set(codes)), key
    assert json.dumps(features(), sort_keys=True) == json.dumps(data(), sort_keys=True)


def test_names_are_chinese_first_with_english() -> None:
    for rows in data().values():
        for f in rows:
            assert any("\u4e00" <= c <= "\u9fff" or c == "M" for c in f["properties"]["name"])
            assert f["properties"]["name_en"].isascii()


def test_polygons_are_closed_valid_counter_clockwise_and_inside_the_site() -> None:
    site = local_polygon(data()["site"][0]).buffer(0.01)
    for key, rows in data().items():
        for f in rows:
            geometry = shape(f["geometry"])
            assert geometry.is_valid and geometry.has_z, f["code"]
            if f["geometry"]["type"] == "Polygon":
                ring = f["geometry"]["coordinates"][0]
                assert ring[0] == ring[-1] and geometry.exterior.is_ccw, f["code"]
                assert key == "site" or site.contains(local_polygon(f)), f["code"]


def test_zone_tree() -> None:
    zones = by_code("zone")
    shapes = {f["code"]: local_polygon(f) for f in data()["zone"]}
    order = ["plant", "area", "unit", "place"]
    assert {z["static_risk"] for z in zones.values()} == RISK_WORDS
    for code, z in zones.items():
        assert z["control_level"] in RISK_WORDS and z["risk"] == z["static_risk"] and z["z_min"] < z["z_max"]
        if z["kind"] == "plant":
            assert z["parent_code"] is None
            continue
        parent = zones[z["parent_code"]]
        assert order.index(parent["kind"]) == order.index(z["kind"]) - 1, code
        assert shapes[z["parent_code"]].contains(shapes[code]), code
        assert parent["z_min"] <= z["z_min"] and z["z_max"] <= parent["z_max"], code
    for a, b in combinations(zones, 2):
        if zones[a]["parent_code"] == zones[b]["parent_code"]:
            assert shapes[a].intersection(shapes[b]).area == 0, (a, b)


@pytest.mark.parametrize("key", ["device", "camera", "anchor"])
def test_points_lie_in_their_zone_and_height_range(key: str) -> None:
    zones = by_code("zone")
    shapes = {f["code"]: local_polygon(f) for f in data()["zone"]}
    for f in data()[key]:
        x, y, _ = local_point(f)
        zone = zones[f["properties"]["zone_code"]]
        assert shapes[f["properties"]["zone_code"]].contains(Point(x, y)), f["code"]
        assert zone["z_min"] <= f["geometry"]["coordinates"][2] <= zone["z_max"], f["code"]


def test_devices_have_sane_limits() -> None:
    kinds = set()
    for f in data()["device"]:
        p = f["properties"]
        kinds.add(p["kind"])
        limits = [p[k] for k in ("limit_ll", "limit_l", "limit_h", "limit_hh") if p[k] is not None]
        assert p["tag"] == f["code"] and limits == sorted(limits)
        assert all(p["range_low"] <= v <= p["range_high"] for v in limits), p["tag"]
    assert kinds >= {
        "temperature",
        "pressure",
        "level",
        "flow",
        "gas_combustible",
        "gas_toxic",
        "gas_oxygen",
        "humidity",
        "vibration",
        "current",
        "valve",
        "wind",
    }
    assert sum(f["code"].startswith("GT-") for f in data()["device"]) >= 60


def test_floors_stand_inside_their_building_and_stack_up() -> None:
    buildings = {f["code"]: f for f in data()["building"]}
    top = ORIGIN_H
    for f in data()["floor"]:
        house = buildings[f["properties"]["building_code"]]
        assert local_polygon(house).contains(local_polygon(f))
        assert f["properties"]["z_min"] == pytest.approx(top)
        top = f["properties"]["z_max"]
    assert top == pytest.approx(buildings["BD-04"]["properties"]["z_max"])
    floors = by_code("floor")
    for f in data()["anchor"]:
        if (code := f["properties"]["floor_code"]) is not None:
            assert floors[code]["z_min"] < f["geometry"]["coordinates"][2] < floors[code]["z_max"]


def test_nothing_solid_overlaps() -> None:
    solids = [(f["code"], local_polygon(f)) for key in ("building", "warehouse", "tank") for f in data()[key]]
    for (a, pa), (b, pb) in combinations(solids, 2):
        assert pa.intersection(pb).area < 1e-6, (a, b)


def test_solids_keep_off_the_roads() -> None:
    solids = [(f["code"], local_polygon(f)) for key in ("building", "warehouse", "tank", "unit") for f in data()[key]]
    for f in data()["road"]:
        line = [to_local(*p)[:2] for p in f["geometry"]["coordinates"]]
        lane = shape({"type": "LineString", "coordinates": line}).buffer(
            f["properties"]["width_m"] / 2, cap_style="flat"
        )
        for code, polygon in solids:
            if not (f["code"] == "R-14" and code.startswith("U-")):  # the service lane runs through unit 100
                assert lane.intersection(polygon).area < 1e-6, (f["code"], code)


def test_tanks_stand_in_their_dikes() -> None:
    dikes = [Polygon(d.rect.outline()) for d in layout.DIKES]
    for t in layout.TANKS:
        if t.code.startswith(("T-1", "T-3", "T-4", "V-5")):
            assert sum(d.contains(Polygon(t.outline()).buffer(0.5)) for d in dikes) == 1, t.code


def test_local_frame_round_trip() -> None:
    for x, y, z in ((-300.0, -225.0, 0.0), (299.5, 100.25, 62.0), (0.0, 0.0, -3.0)):
        assert to_local(*to_position(x, y, z)) == pytest.approx((x, y, z), abs=1e-3)


def test_accounts_and_views() -> None:
    rows = accounts()
    assert {r for a in rows for r in a["roles"]} >= {
        "leader",
        "manager",
        "employee",
        "contractor",
        "visitor",
        "regulator",
    }
    assert all(a["password"] and a["name"] and a["roles"] for a in rows)
    assert rows[0]["username"] == "control" and len({a["username"] for a in rows}) == len(rows)
    assert views()[0]["key"] == "home" and len(views()) == 4
    assert all(117 < v["lon"] < 118 and 38 < v["lat"] < 39 and -90 <= v["pitch"] < 0 for v in views())
