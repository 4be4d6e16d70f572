"""Edits of spatial features over HTTP: versions, history, faults that name the vertex, rights, and other enterprises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site

X, Y = 117.7790, 38.3592


def square(x: float = X, y: float = Y, size: float = 0.0002) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]]}


def zone(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "name": f"区域{code}", "kind": "place", "control_level": 4, "static_risk": 4, **more}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> dict[str, int]:
    async with unit_of_work(enterprise.id) as uow:
        return await load_site(uow, features(), views())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(site: dict[str, int], sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    yield await sign_in("manager")


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


FAULTS: list[tuple[str, Any, str, str]] = [
    ("geometry_type", {"type": "Point", "coordinates": [X, Y]}, "geometry", "Polygon"),
    ("geometry_not_closed", {"type": "Polygon", "coordinates": [[[X, Y], [X + 0.001, Y], [X, Y + 0.001], [X, Y + 0.0005]]]}, "geometry.ring[1].vertex[4]", "4"),
    (
        "geometry_self_intersection",
        {"type": "Polygon", "coordinates": [[[X, Y], [X + 0.001, Y + 0.001], [X + 0.001, Y], [X, Y + 0.001], [X, Y]]]},
        "geometry.ring[1].vertex",
        "117.7795",
    ),
    ("geometry_outside_site", square(117.70, 38.30), "geometry.ring[1].vertex[1]", "117.7"),
    ("geometry_out_of_range", {"type": "Polygon", "coordinates": [[[X, Y], [200.0, Y], [X, Y + 0.001], [X, Y]]]}, "geometry.ring[1].vertex[2]", "2"),
    ("geometry_too_few", {"type": "Polygon", "coordinates": [[[X, Y], [X + 0.001, Y], [X, Y]]]}, "geometry.ring[1]", "4"),
    ("geometry_repeated", {"type": "Polygon", "coordinates": [[[X, Y], [X + 0.001, Y], [X + 0.001, Y], [X, Y + 0.001], [X, Y]]]}, "geometry.ring[1].vertex[3]", "3"),
    ("geometry_position", {"type": "Polygon", "coordinates": [[[X], [X, Y], [X, Y], [X]]]}, "geometry.ring[1].vertex[1]", "1"),
    ("geometry_empty", {"type": "Polygon", "coordinates": []}, "geometry", ""),
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


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"static_risk": 9}, "out_of_range|not_in_list"), ({"static_risk": "x"}, "not_number"), ({"name": ""}, "required"), ({"colour": "red"}, "unknown_property"),
        ({"risk": 1}, "not_writable"), ({"z_min": 20, "z_max": 10}, "height_range"), ({"parent_code": "NO"}, "unknown_code"), ({"kind": "moon"}, "not_in_list"),
    ],
)  # fmt: skip
async def test_property_faults_are_named(manager: httpx.AsyncClient, change: dict[str, Any], code: str) -> None:
    if not hasattr(test_property_faults_are_named, "made"):
        test_property_faults_are_named.made = await add(manager, "T-PROP")  # type: ignore[attr-defined]
    made = test_property_faults_are_named.made  # type: ignore[attr-defined]
    answer = await manager.patch(f"/api/spatial/zone/{made['id']}", json={"properties": change, "version": 1})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] in code.split("|")


async def test_a_floor_must_lie_in_its_building(manager: httpx.AsyncClient) -> None:
    floor = {"code": "T-FL", "name": "楼层", "building_code": "BD-04", "level": 9}
    answer = await manager.post("/api/spatial/floor", json={"geometry": square(), "properties": floor})
    assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "geometry_outside_container"
    answer = await manager.post(
        "/api/spatial/floor", json={"geometry": square(), "properties": {**floor, "building_code": "NO"}}
    )
    assert answer.json()["errors"][0]["code"] == "unknown_code"


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
