"""Edits of spatial features over HTTP: versions, history, faults that name the vertex, rights, other enterprises."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features
from sqlalchemy import text

from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin.db.uow import unit_of_work
from twin.spatial.site import load_site

X, Y = 117.7790, 38.3592


def square(x: float = X, y: float = Y, size: float = 0.0002) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]]}


def zone(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"区域{code}", "kind": "place", "control_level": 4, "static_risk": 4, **more}


async def add(http: httpx.AsyncClient, code: str, **more: Any) -> dict[str, Any]:
    answer = await http.post("/api/spatial/zone", json={"geometry": square(), "properties": zone(code, **more)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.req("M1.7")
async def test_the_demo_loads_completely_and_again_changes_nothing(
    site: dict[str, int], enterprise: Enterprise
) -> None:
    data = features()
    assert site == {"create": sum(map(len, data.values())), "update": 0, "unchanged": 0}
    async with unit_of_work(enterprise.id) as uow:
        assert (await load_site(uow, data, views()))["unchanged"] == site["create"]
    changed = {
        **data,
        "tank": [
            {**data["tank"][0], "properties": {**data["tank"][0]["properties"], "medium": "甲醇"}},
            *data["tank"][1:],
        ],
    }
    async with unit_of_work(enterprise.id) as uow:
        assert (await load_site(uow, changed, views()))["update"] == 1


async def test_config_tells_clients_where_they_are(client: httpx.AsyncClient, site: dict[str, int]) -> None:
    told = (await client.get("/api/config")).json()
    assert told["site"]["crs"] == "EPSG:4548" and told["site"]["timezone"] == "Asia/Shanghai"
    west, south, east, north = told["site"]["bounds"]
    assert west < told["site"]["center"][0] < east and south < told["site"]["center"][1] < north
    assert next(v["key"] for v in told["views"]) == "home" and len(told["views"]) >= 4
    assert told["hub"].startswith("ws://twin.test:")


async def test_create_change_conflict_and_history(manager: httpx.AsyncClient) -> None:
    made = await add(manager, "T-HIST")
    assert made["properties"]["risk"] == 4 and made["properties"]["version"] == 1
    assert made["geometry"]["coordinates"][0][0][2] == pytest.approx(4.0)  # ground height where none was given
    url = f"/api/spatial/zone/{made['id']}"
    answer = await manager.patch(url, json={"properties": {"static_risk": 1}}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200 and answer.json()["properties"]["risk"] == 1 and answer.headers["etag"] == '"2"'
    stale = await manager.patch(url, json={"properties": {"name": "别名"}}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"], stale.json()["params"]["current"]) == (409, "conflict", 2)
    assert stale.json()["params"]["feature"] == answer.json()
    assert (await manager.patch(url, json={"properties": {}})).status_code == 428
    back = await manager.post(f"{url}/restore", json={"version": 1})
    assert back.json()["properties"] | {"updated_at": ""} == made["properties"] | {"version": 3, "updated_at": ""}
    versions = (await manager.get(f"{url}/history")).json()["items"]
    assert [(v["version"], v["action"], v["by_name"]) for v in versions] == [
        (3, "update", "manager"),
        (2, "update", "manager"),
        (1, "create", "manager"),
    ]


async def test_deleted_comes_back_with_a_new_version(manager: httpx.AsyncClient) -> None:
    made = await add(manager, "T-DEL")
    url = f"/api/spatial/zone/{made['id']}"
    assert (await manager.delete(url, headers={"If-Match": '"1"'})).status_code == 204
    assert (await manager.patch(url, json={"version": 1})).status_code == 404
    back = await manager.post(f"{url}/restore", json={"version": 1})
    assert back.status_code == 200, back.text
    assert back.json()["properties"]["version"] == 3 and back.json()["id"] == made["id"]
    assert [v["action"] for v in (await manager.get(f"{url}/history")).json()["items"]] == [
        "create",
        "delete",
        "create",
    ]


async def test_of_many_at_once_exactly_one_wins(manager: httpx.AsyncClient) -> None:
    made = await add(manager, "T-RACE")
    url = f"/api/spatial/zone/{made['id']}"
    answers = await asyncio.gather(
        *(manager.patch(url, json={"properties": {"note": str(n)}}, headers={"If-Match": '"1"'}) for n in range(6))
    )
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409, 409, 409]


def polygon(*rings: list[tuple[float, float]]) -> dict[str, Any]:
    """A polygon by offsets from a place in the site, in thousandths of a degree."""
    return {"type": "Polygon", "coordinates": [[[X + dx / 1000, Y + dy / 1000] for dx, dy in ring] for ring in rings]}


SQUARE = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
SHORT = {"type": "Polygon", "coordinates": [[[X], [X, Y], [X, Y], [X]]]}
HIGH = {"type": "Polygon", "coordinates": [[[X, Y, 1e5], [X + 0.001, Y], [X, Y + 0.001], [X, Y, 1e5]]]}
CROSSED = polygon([(0, 0), (1, 1), (1, 0), (0, 1), (0, 0)])
HUGE = {"type": "Polygon", "coordinates": [[[X, Y], [10**400, Y], [X, Y + 0.001], [X, Y]]]}
FAULTS: list[tuple[str, Any, str, str]] = [
    ("geometry_type", {"type": "Point", "coordinates": [X, Y]}, "geometry", "Polygon"),
    ("geometry_not_closed", polygon([(0, 0), (1, 0), (0, 1), (0, 0.5)]), "geometry.ring[1].vertex[4]", "4"),
    ("geometry_not_closed_hole", polygon(SQUARE, [*SQUARE[:3], (0.5, 0.5)]), "geometry.ring[2].vertex[4]", "1"),
    ("geometry_self_intersection", CROSSED, "geometry.ring[1].vertex", "117.7795"),
    ("geometry_outside_site", square(117.70, 38.30), "geometry.ring[1].vertex[1]", "117.7"),
    ("geometry_out_of_range", polygon([(0, 0), (90000, 0), (0, 1), (0, 0)]), "geometry.ring[1].vertex[2]", "2"),
    ("geometry_too_few", polygon([(0, 0), (1, 0), (0, 0)]), "geometry.ring[1]", "4"),
    ("geometry_repeated", polygon([(0, 0), (1, 0), (1, 0), (0, 1), (0, 0)]), "geometry.ring[1].vertex[3]", "3"),
    ("geometry_not_simple_hole", polygon(SQUARE, [(2, 2), (3, 2), (3, 3), (2, 2)]), "geometry.ring[2].vertex", "1"),
    ("geometry_no_area", polygon([(0, 0), (0.0001, 0), (0, 0.0001), (0, 0)]), "geometry", ""),
    ("geometry_position", SHORT, "geometry.ring[1].vertex[1]", "1"),
    ("geometry_not_finite", HUGE, "geometry.ring[1].vertex[2]", "2"),
    ("geometry_height", HIGH, "geometry.ring[1].vertex[1]", "100000"),
    ("geometry_empty", {"type": "Polygon", "coordinates": []}, "geometry", ""),
    ("geometry_empty", {"type": "Polygon", "coordinates": [[]]}, "geometry.ring[1]", ""),
]  # fmt: skip


@pytest.mark.parametrize(("code", "geometry", "where", "word"), FAULTS, ids=[f[0] for f in FAULTS])
async def test_geometry_faults_name_the_vertex(
    manager: httpx.AsyncClient, code: str, geometry: Any, where: str, word: str
) -> None:
    for language in ("zh-CN", "en"):
        answer = await manager.post(
            "/api/spatial/zone",
            json={"geometry": geometry, "properties": zone("T-BAD")},
            headers={"Accept-Language": language},
        )
        body = answer.json()
        assert answer.status_code == 422 and body["code"] == "geometry_invalid", body
        row = next(r for r in body["errors"] if r["code"] == code)
        assert row["where"].startswith(where) and word in row["message"], row
        assert not row["message"].startswith("error.")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def prop(manager: httpx.AsyncClient) -> dict[str, Any]:
    return await add(manager, "T-PROP")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"static_risk": 9}, "not_in_list"),
        ({"static_risk": "x"}, "not_number"),
        ({"z_max": 10**400}, "not_number"),
        ({"name": ""}, "required"),
        ({"name": "\ud800"}, "text_broken"),
        ({"note": "a\x00b"}, "text_broken"),
        ({"note": "x" * 4001}, "text_too_long"),
        ({"colour": "red"}, "unknown_property"),
        ({"risk": 1}, "not_writable"),
        ({"z_min": 20, "z_max": 10}, "height_range"),
        ({"parent_code": "NO"}, "unknown_code"),
        ({"parent_code": "T-PROP"}, "parent_loop"),
        ({"kind": "moon"}, "not_in_list"),
    ],
)
async def test_property_faults_are_named(
    manager: httpx.AsyncClient, prop: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    body = json.dumps({"properties": change, "version": 1})
    headers = {"Content-Type": "application/json"}
    answer = await manager.patch(f"/api/spatial/zone/{prop['id']}", content=body, headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] == code and not answer.json()["errors"][0]["message"].startswith("error.")


async def test_a_floor_must_lie_in_its_building(manager: httpx.AsyncClient) -> None:
    floor = {"code": "T-FL", "name": "楼层", "building_code": "BD-04", "level": 9}
    answer = await manager.post("/api/spatial/floor", json={"geometry": square(), "properties": floor})
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "geometry_outside_container"
    answer = await manager.post(
        "/api/spatial/floor", json={"geometry": square(), "properties": {**floor, "building_code": "NO"}}
    )
    assert answer.json()["errors"][0]["code"] == "unknown_code"


async def test_an_edge_that_cuts_a_corner_of_the_building_is_named(manager: httpx.AsyncClient) -> None:
    corner = [(0, 0), (0.4, 0), (0.4, 0.1), (0.1, 0.1), (0.1, 0.4), (0, 0.4), (0, 0)]
    house = {"code": "T-L", "name": "L 形楼", "kind": "office"}
    made = await manager.post("/api/spatial/building", json={"geometry": polygon(corner), "properties": house})
    assert made.status_code == 201, made.text
    floor = {"code": "T-L-F1", "name": "一层", "building_code": "T-L", "level": 1}
    over = polygon([(0, 0), (0.4, 0), (0, 0.4), (0, 0)])
    answer = await manager.post("/api/spatial/floor", json={"geometry": over, "properties": floor})
    (row,) = answer.json()["errors"]
    assert (row["code"], row["where"]) == ("geometry_edge_outside_container", "geometry.ring[1].vertex[2]")
    fits = await manager.post("/api/spatial/floor", json={"geometry": polygon(corner), "properties": floor})
    assert fits.status_code == 201, fits.text


@pytest.mark.parametrize(("z_min", "z_max", "code"), [(-20, 8, "below_container"), (4, 400, "above_container")])
async def test_a_floor_must_not_stick_out_of_the_roof(
    manager: httpx.AsyncClient, z_min: float, z_max: float, code: str
) -> None:
    ground = next(f for f in features()["floor"] if f["code"] == "BD-04-F1")
    properties = {**ground["properties"], "code": "T-Z", "z_min": z_min, "z_max": z_max}
    answer = await manager.post("/api/spatial/floor", json={"geometry": ground["geometry"], "properties": properties})
    (row,) = answer.json()["errors"]
    assert row["code"] == code and "BD-04" in row["message"]


async def test_what_others_belong_to_stays(manager: httpx.AsyncClient) -> None:
    parent, child = await add(manager, "T-UP"), await add(manager, "T-DOWN", parent_code="T-UP")
    up, down = (f"/api/spatial/zone/{f['id']}" for f in (parent, child))
    kept = await manager.delete(up, headers={"If-Match": "1"})
    assert (kept.status_code, kept.json()["code"], kept.json()["params"]["count"]) == (409, "in_use", 1)
    renamed = await manager.patch(up, json={"properties": {"code": "T-UP2"}, "version": 1})
    assert (renamed.status_code, renamed.json()["code"]) == (409, "in_use")
    loop = await manager.patch(up, json={"properties": {"parent_code": "T-DOWN"}, "version": 1})
    assert loop.json()["errors"][0]["code"] == "parent_loop"
    assert (await manager.delete(down, headers={"If-Match": "1"})).status_code == 204
    assert (await manager.delete(up, headers={"If-Match": "1"})).status_code == 204
    back = await manager.post(f"{down}/restore", json={"version": 1})
    assert (back.status_code, back.json()["errors"][0]["code"]) == (422, "unknown_code")  # its parent is gone


async def test_a_zone_cannot_go_while_something_is_put_into_it(manager: httpx.AsyncClient) -> None:
    zones = [await add(manager, f"T-GONE-{n}") for n in range(4)]
    fence = {"name": "围栏", "kind": "trespass"}
    work = []
    for n, made in enumerate(zones):
        body = {"geometry": square(), "properties": {**fence, "code": f"T-F-{n}", "zone_code": f"T-GONE-{n}"}}
        work.append(manager.post("/api/spatial/geofence", json=body))
        work.append(manager.delete(f"/api/spatial/zone/{made['id']}", headers={"If-Match": "1"}))
    answers = await asyncio.gather(*work)
    for put, gone in zip(answers[::2], answers[1::2], strict=True):
        assert (put.status_code, gone.status_code) in ((201, 409), (422, 204))


async def test_every_write_leaves_audit_history_and_event(manager: httpx.AsyncClient, enterprise: Enterprise) -> None:
    made = await add(manager, "T-TRACE")
    url = f"/api/spatial/zone/{made['id']}"
    changed = (await manager.patch(url, json={"properties": {"static_risk": 1}, "version": 1})).json()
    await manager.delete(url, headers={"If-Match": "2"})
    async with unit_of_work(enterprise.id) as uow:
        audit = await uow.session.execute(
            text("SELECT action, actor, before, after FROM audit WHERE key = :k ORDER BY id"), {"k": made["id"]}
        )
        events = await uow.session.execute(
            text("SELECT topic, kind, payload FROM outbox WHERE key = :k ORDER BY id"), {"k": made["id"]}
        )
        assert [tuple(row) for row in audit] == [
            ("zone.create", "manager", None, made),
            ("zone.update", "manager", made, changed),
            ("zone.delete", "manager", changed, None),
        ]
        assert [tuple(row) for row in events] == [
            ("layer.zone", "put", made),
            ("layer.zone", "put", changed),
            ("layer.zone", "del", {"id": made["id"]}),
        ]


async def test_a_taken_code_is_refused(manager: httpx.AsyncClient) -> None:
    await add(manager, "T-TWICE")
    answer = await manager.post("/api/spatial/zone", json={"geometry": square(), "properties": zone("T-TWICE")})
    assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")


@pytest.mark.req("S5")
async def test_rights(sign_in: SignIn, client: httpx.AsyncClient, manager: httpx.AsyncClient) -> None:
    made = await add(manager, "T-RIGHTS")
    url = f"/api/spatial/zone/{made['id']}"
    assert (await client.patch(url, json={"version": 1})).status_code == 401
    for role in ("employee", "visitor", "audit_admin"):
        answer = await (await sign_in(role)).patch(url, json={"properties": {"static_risk": 1}, "version": 1})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), role
    no_header = await manager.patch(url, json={"version": 1}, headers={"X-Twin": ""})
    assert no_header.status_code == 403


@pytest.mark.req("S8")
async def test_another_enterprise_sees_and_changes_nothing(
    manager: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    made = await add(manager, "T-OURS")
    other = await make_enterprise("other")
    answer = await client.post("/api/auth/login", json={"username": "other-manager", "password": other.password})
    assert answer.status_code == 200
    url = f"/api/spatial/zone/{made['id']}"
    for attempt in (
        client.patch(url, json={"properties": {"name": "偷改"}, "version": 1}),
        client.delete(url, headers={"If-Match": '"1"'}),
        client.get(f"{url}/history"),
        client.post(f"{url}/restore", json={"version": 1}),
    ):
        assert (await attempt).status_code == 404
    client.cookies.clear()
