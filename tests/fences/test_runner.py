"""Fences drawn over the API, batches of fixes as the tracking process publishes them: alarms, events, counts, restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from gis_assets.sites.demo.frame import ring, to_local

from realtime.fences import retention
from realtime.fences.runner import FenceRunner
from realtime.positioning.types import State
from realtime.tracking.batch import Subject
from tests.conftest import Enterprise
from tests.fences.conftest import Draw
from tests.fences.support import Hub, Noted, World
from twin import clock
from twin.db.uow import unit_of_work
from twin.ids import uuid7

FAR = (200.0, 0.0)


def person(name: str, klass: str = "employee", department: str = "生产部") -> Subject:
    return Subject(uuid7(), "person", name, klass, department, f"B-{name}")


class Scene:
    """A runner with what it tells."""

    def __init__(self, enterprise: Enterprise) -> None:
        self.hub, self.desk, self.enterprise = Hub(), Noted(), enterprise
        self.runner = FenceRunner(self.hub, alarm_desk=self.desk)

    async def again(self) -> None:
        """The process is started anew."""
        await self.runner.close()
        self.runner = FenceRunner(self.hub, alarm_desk=self.desk)

    async def go(self, world: World, places: dict[int, tuple[float, ...]], seconds: int, **columns: Any) -> None:
        for _ in range(seconds):
            await self.runner.feed(world.batch(places, **columns))

    def since(self, fence: dict[str, Any], start: int = 0) -> list[tuple[str, str]]:
        return [(what, key.split(":", 2)[2]) for what, key in self.desk.told[start:] if fence["id"] in key]

    async def events(self, fence: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
        from sqlalchemy import text

        async with unit_of_work(self.enterprise.id) as uow:
            rows = await uow.session.execute(
                text("SELECT kind, rule, subject_name, initial FROM fence_event WHERE fence_id = :f ORDER BY at, id"),
                {"f": UUID(fence["id"])},
            )
            return [tuple(row) for row in rows]  # type: ignore[misc]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(manager: httpx.AsyncClient, enterprise: Enterprise) -> AsyncIterator[Scene]:
    made = Scene(enterprise)
    yield made
    await made.runner.close()


@pytest.mark.req("M10.2")
async def test_trespass_raises_once_names_the_person_and_ends_when_they_leave(scene: Scene, draw: Draw) -> None:
    may = json.dumps({"departments": ["安全环保部"]})
    fence = await draw("T1", "trespass", 0, 0, allowed=may, grade=1)
    world = World(scene.enterprise.id, [person("甲"), person("乙", department="安全环保部")])
    await scene.go(world, {0: FAR, 1: FAR}, 2)
    await scene.go(world, {0: (0, 0), 1: (1, 1)}, 6)
    key = f"fence:{fence['id']}:trespass:{world.subjects[0].id}"
    assert [k for k in scene.desk.open if fence["id"] in k] == [key], "who is on the list may enter"
    alarm = scene.desk.open[key]
    assert (alarm.grade, alarm.source, alarm.subject_name, alarm.persons) == (1, "fence", "甲", (world.subjects[0].id,))
    assert alarm.lon is not None and alarm.title["fence"] == "围栏T1"
    shown = scene.hub.values["fences", fence["id"]]
    assert (shown["count"], shown["alarms"]) == (2, ["trespass"])
    await scene.go(world, {0: FAR, 1: (1, 1)}, 6)
    assert scene.since(fence) == [
        ("raise", f"trespass:{world.subjects[0].id}"),
        ("clear", f"trespass:{world.subjects[0].id}"),
    ]
    assert await scene.events(fence) == [
        ("enter", "", "甲", False), ("enter", "", "乙", False), ("alarm", "trespass", "甲", False),
        ("leave", "", "甲", False), ("clear", "trespass", "甲", False),
    ]  # fmt: skip


@pytest.mark.req("M10.2")
async def test_whoever_stands_in_the_hole_of_a_fence_is_not_in_it(scene: Scene, manager: httpx.AsyncClient) -> None:
    square = lambda half: [(x * half, y * half) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]  # noqa: E731
    rings = [ring(square(20.0), 0.0), ring(square(10.0)[::-1], 0.0)]
    properties = {"code": "H1", "name": "环形围栏", "kind": "trespass", "enabled": True}
    body = {"geometry": {"type": "Polygon", "coordinates": rings}, "properties": properties}
    fence = (await manager.post("/api/spatial/geofence", json=body)).raise_for_status().json()
    world = World(scene.enterprise.id, [person("甲"), person("乙")])
    await scene.go(world, {0: (0.0, 0.0), 1: (15.0, 0.0)}, 4)
    assert scene.since(fence) == [("raise", f"trespass:{world.subjects[1].id}")]
    assert scene.hub.values["fences", fence["id"]]["count"] == 1


@pytest.mark.req("M10.2")
async def test_over_count_counts_people_not_vehicles_and_stale_is_not_left(scene: Scene, draw: Draw) -> None:
    fence = await draw("O1", "over_count", 0, 60, limit_count=2)
    truck = Subject(uuid7(), "vehicle", "鲁A1", "truck", "", "V-1")
    world = World(scene.enterprise.id, [person("a"), person("b", "contractor"), person("c", "visitor"), truck])
    spot = (0.0, 60.0)
    await scene.go(world, {0: spot, 1: spot, 2: FAR, 3: spot}, 4)
    assert scene.since(fence) == []
    await scene.go(world, {0: spot, 1: spot, 2: spot, 3: spot}, 4)
    assert scene.since(fence) == [("raise", "over_count")]
    alarm = scene.desk.open[f"fence:{fence['id']}:over_count"]
    assert (alarm.value, alarm.limit, len(alarm.persons)) == (3.0, 2, 3)
    await scene.go(world, {0: spot, 1: spot, 2: spot, 3: spot}, 30, state=int(State.STALE))
    shown = scene.hub.values["fences", fence["id"]]
    assert (shown["count"], shown["stale"], shown["employee"], shown["contractor"], shown["visitor"]) == (3, 3, 1, 1, 1)
    assert scene.since(fence) == [("raise", "over_count")], "stale is not left"
    await scene.go(world, {0: spot, 1: spot, 2: FAR, 3: spot}, 12)
    assert scene.since(fence) == [("raise", "over_count"), ("clear", "over_count")]


@pytest.mark.req("M10.2")
async def test_static_timeout_and_call(scene: Scene, draw: Draw) -> None:
    still = await draw("S1", "static_timeout", -60, 0, limit_seconds=30)
    call = await draw("C1", "call", -60, 60)
    world = World(scene.enterprise.id, [person("s"), person("c1"), person("c2")])
    places = {0: (-60.0, 0.0), 1: (-60.0, 60.0), 2: FAR}
    await scene.go(world, places, 28)
    assert scene.since(still) == [] and scene.since(call) == [("raise", "call")]
    await scene.go(world, {**places, 2: (-62.0, 60.0)}, 6)
    assert scene.since(still) == [("raise", f"static:{world.subjects[0].id}")]
    assert scene.since(call) == [("raise", "call")], "one alarm for all who are called"
    await scene.go(world, {**places, 0: (-55.0, 0.0)}, 2)
    assert scene.since(still)[-1] == ("clear", f"static:{world.subjects[0].id}")
    await scene.go(world, {0: (-55.0, 0.0), 1: FAR, 2: FAR}, 6)
    assert scene.since(call) == [("raise", "call"), ("clear", "call")]


async def test_posts_gatherings_and_long_stays(scene: Scene, draw: Draw) -> None:
    post = await draw(
        "P1", "leave_post", 60, 0, limit_count=1, limit_seconds=20, allowed=json.dumps({"departments": ["中控"]})
    )
    few = await draw("U1", "under_count", 60, 0, limit_count=2, limit_seconds=10)
    crowd = await draw("G1", "gathering", 60, 60, half=30, limit_count=3, radius_m=5, limit_seconds=5)
    stay = await draw("L1", "stay", 60, 60, half=30, limit_seconds=40, classes="visitor")
    people = [person("岗", department="中控"), person("x"), person("y"), person("v", "visitor")]
    world = World(scene.enterprise.id, people)
    here, far = (60.0, 0.0), FAR
    spread = {1: (40.0, 60.0), 2: (60.0, 60.0), 3: (80.0, 60.0)}
    await scene.go(world, {0: here, **spread}, 8)
    assert scene.since(post) == [] and scene.since(crowd) == []
    assert scene.since(few) == []
    await scene.go(world, {0: here, **spread}, 8)
    assert scene.since(few) == [("raise", "under_count")]
    await scene.go(world, {0: far, **spread}, 18)
    assert scene.since(post) == [], "a short absence is none"
    await scene.go(world, {0: far, **spread}, 8)
    assert scene.since(post) == [("raise", "leave_post")]
    assert scene.since(stay) == [("raise", f"stay:{people[3].id}")]
    await scene.go(world, {0: here, **spread}, 10)
    assert scene.since(post) == [("raise", "leave_post"), ("clear", "leave_post")]
    close = {1: (60.0, 61.0), 2: (60.0, 60.0), 3: (61.0, 60.0)}
    await scene.go(world, {0: here, **close}, 8)
    assert scene.since(crowd) == [("raise", "gathering")]
    assert len(scene.desk.open[f"fence:{crowd['id']}:gathering"].persons) == 3


async def test_a_speeding_vehicle(scene: Scene, draw: Draw) -> None:
    fence = await draw("V1", "speeding", 120, 60, half=30, limit_speed_kmh=15)
    truck = Subject(uuid7(), "vehicle", "鲁A2", "truck", "", "V-2")
    world = World(scene.enterprise.id, [truck, person("走")])
    places = {0: (120.0, 60.0), 1: (120.0, 60.0)}
    await scene.go(world, places, 2, speed=6.0)
    assert scene.since(fence) == []
    await scene.go(world, places, 4, speed=6.0)
    assert scene.since(fence) == [("raise", f"speeding:{truck.id}")], "a person who runs does not speed"
    assert scene.desk.open[f"fence:{fence['id']}:speeding:{truck.id}"].value == pytest.approx(21.6)
    await scene.go(world, places, 3, speed=3.9)
    assert len(scene.since(fence)) == 1, "just below the limit is not yet right again"
    await scene.go(world, places, 1, speed=3.0)
    assert scene.since(fence)[-1] == ("clear", f"speeding:{truck.id}")


async def test_a_schedule_in_plant_time(scene: Scene, draw: Draw) -> None:
    nights = json.dumps({"weekly": [{"days": [1, 2, 3, 4, 5, 6, 7], "from": "22:00", "to": "06:00"}]})
    fence = await draw("N1", "trespass", 0, -60, schedule=nights)
    world = World(scene.enterprise.id, [person("夜")])
    await scene.go(world, {0: (0.0, -60.0)}, 5)
    assert scene.since(fence) == [] and scene.hub.values["fences", fence["id"]]["active"] is False
    world.now += 13 * 3600.0  # 23:00
    await scene.go(world, {0: (0.0, -60.0)}, 2)
    assert scene.since(fence) == [("raise", f"trespass:{world.subjects[0].id}")], "it begins to hold: judged at once"
    world.now += 7.5 * 3600.0  # 06:30
    await scene.go(world, {0: (0.0, -60.0)}, 2)
    assert scene.since(fence)[-1][0] == "clear"


async def test_floors_are_told_apart(scene: Scene, draw: Draw) -> None:
    fence = await draw("F1", "count", -229, -170, half=6, floor_code="BD-04-F2")
    world = World(scene.enterprise.id, [person("一楼"), person("二楼"), person("三楼")])
    await scene.go(world, {0: (-229.0, -170.0, 0.0), 1: (-229.0, -170.0, 4.5), 2: (-229.0, -170.0, 9.0)}, 3)
    assert [e[2] for e in await scene.events(fence)] == ["二楼"]


async def test_a_bad_schedule_or_list_is_refused(manager: httpx.AsyncClient, draw: Draw) -> None:
    fence = await draw("X1", "count", 0, -120)
    for name, value in (
        ("schedule", "{"), ("schedule", '{"weekly": [{"from": "25:00", "to": "06:00"}]}'), ("schedule", '{"days": []}'),
        ("allowed", '{"classes": [1]}'), ("allowed", "[]"), ("classes", "employee,ghost"),
    ):  # fmt: skip
        answer = await manager.patch(
            f"/api/spatial/geofence/{fence['id']}", json={"properties": {name: value}}, headers={"If-Match": '"1"'}
        )
        assert answer.status_code == 422, (name, value)
        assert answer.json()["errors"][0]["where"] == f"properties.{name}"


async def test_an_edit_is_judged_at_once(scene: Scene, draw: Draw, manager: httpx.AsyncClient) -> None:
    fence = await draw("E1", "count", 120, -60)
    world = World(scene.enterprise.id, [person("编")])
    await scene.go(world, {0: (120.0, -60.0)}, 2)
    changed = await manager.patch(
        f"/api/spatial/geofence/{fence['id']}", json={"properties": {"kind": "trespass"}}, headers={"If-Match": '"1"'}
    )
    assert changed.status_code == 200
    for _ in range(200):
        await scene.runner.feed(world.batch({0: (120.0, -60.0)}))
        if scene.since(fence):
            break
        await asyncio.sleep(0.05)
    assert scene.since(fence) == [("raise", f"trespass:{world.subjects[0].id}")]
    assert [e[0] for e in await scene.events(fence)] == ["enter", "alarm"], "the edit moved nobody"
    gone = await manager.delete(f"/api/spatial/geofence/{fence['id']}", headers={"If-Match": '"2"'})
    assert gone.status_code in (200, 204)
    for _ in range(200):
        await scene.runner.feed(world.batch({0: (120.0, -60.0)}))
        if len(scene.since(fence)) > 1:
            break
        await asyncio.sleep(0.05)
    assert scene.since(fence)[-1][0] == "clear" and scene.hub.values["fences", fence["id"]] is None


async def test_a_restart_makes_no_false_exit_and_no_second_alarm(scene: Scene, draw: Draw) -> None:
    over = await draw("R1", "over_count", -120, -60, limit_count=1)
    still = await draw("R2", "static_timeout", -120, -60, limit_seconds=10)
    world = World(scene.enterprise.id, [person("r1"), person("r2")])
    places = {0: (-120.0, -60.0), 1: (-121.0, -60.0)}
    await scene.go(world, places, 14)
    before = len(scene.desk.told), await scene.events(over), await scene.events(still)
    assert len(scene.since(over)) == 1 and len(scene.since(still)) == 2
    await scene.again()
    world = World(scene.enterprise.id, world.subjects[::-1], world.now)  # rows are given anew
    await scene.go(world, {0: places[1], 1: places[0]}, 3, state=int(State.HELD))
    await scene.go(world, {0: places[1], 1: places[0]}, 8)
    assert (len(scene.desk.told), await scene.events(over), await scene.events(still)) == before
    assert scene.hub.values["fences", over["id"]]["count"] == 2
    await scene.go(world, {0: FAR, 1: places[0]}, 12)
    assert scene.since(over)[-1] == ("clear", "over_count")
    assert scene.since(still)[-1] == ("clear", f"static:{world.subjects[0].id}")


async def test_time_in_which_nobody_listened_counts_for_no_rule(scene: Scene, draw: Draw) -> None:
    stay = await draw("NL1", "stay", -120, 60, limit_seconds=30)
    still = await draw("NL2", "static_timeout", -120, 60, limit_seconds=30)
    over = await draw("NL3", "over_count", -120, 60, limit_count=1)
    world = World(scene.enterprise.id, [person("g1"), person("g2")])
    spot = (-120.0, 60.0)
    await scene.go(world, {0: spot, 1: FAR}, 15)
    await scene.again()
    world.now, world.deaf = world.now + 1080.0, 1080.0  # the process was down
    await scene.go(world, {0: spot, 1: FAR}, 5)
    assert [scene.since(fence) for fence in (stay, still, over)] == [[], [], []], "15 s before and 5 s after it"
    await scene.again()
    world.now, world.deaf = world.now + 2.0, 0.0  # and started once more: what did not count is known
    await scene.go(world, {0: spot, 1: FAR}, 3)
    for n in range(1, 60):  # the feed is away
        world.deaf = 10.0 * n
        await scene.go(world, {0: spot, 1: FAR}, 1, step=10.0, state=int(State.STALE))
    assert [scene.since(fence) for fence in (stay, still, over)] == [[], [], []]
    # Meanwhile they have changed places: nobody is one too many because he is found here before the other has left.
    await scene.go(world, {0: FAR, 1: spot}, 20)
    assert scene.since(over) == []
    await scene.go(world, {0: FAR, 1: spot}, 20)
    who = world.subjects[1].id
    assert (scene.since(stay), scene.since(still)) == ([("raise", f"stay:{who}")], [("raise", f"static:{who}")])


@pytest.mark.req("M10.2")
async def test_alarms_come_to_the_desk_with_sound_and_place(
    manager: httpx.AsyncClient, enterprise: Enterprise, draw: Draw
) -> None:
    fence = await draw("D1", "trespass", 60, -60)
    world = World(enterprise.id, [person("闯入者", "visitor")])
    runner = FenceRunner(Hub())
    try:
        for _ in range(3):
            await runner.feed(world.batch({0: (60.0, -60.0)}))
        (alarm,) = (await manager.get("/api/alarms", params={"type": "trespass", "state": "active"})).json()["items"]
        assert alarm["subject_name"] == "闯入者" and alarm["lon"] and alarm["lat"] and alarm["grade"] == 2
        assert "闯入者" in alarm["title"] and "围栏D1" in alarm["title"]
        found = await manager.get("/api/fences/events", params={"fence": fence["id"], "from": "2026-01-01T00:00:00Z",
                                                               "to": "2027-01-01T00:00:00Z"})  # fmt: skip
        assert [(e["kind"], e["rule"]) for e in found.json()] == [("enter", ""), ("alarm", "trespass")]
        (member,) = (await manager.get(f"/api/fences/{fence['id']}/members")).json()
        assert (member["subject_id"], member["rules"]) == (str(world.subjects[0].id), ["trespass"])
        for _ in range(6):
            await runner.feed(world.batch({0: FAR}))
        active = await manager.get("/api/alarms", params={"type": "trespass", "state": "active"})
        assert active.json()["items"] == []
        assert (await manager.get(f"/api/fences/{fence['id']}/members")).json() == []
    finally:
        await runner.close()


@pytest.mark.req("M11.3")
async def test_a_vehicle_off_its_roads_or_parked_for_too_long_comes_to_the_desk(
    manager: httpx.AsyncClient, enterprise: Enterprise
) -> None:
    """Allowed road, parking place and time are those of the vehicle's record; Z-54 holds the place where it parks."""
    roads = (await manager.get("/ogc/collections/road/items", params={"limit": 1})).json()["features"]
    (lon, lat), zone = roads[0]["geometry"]["coordinates"][0][:2], await _middle_of(manager, "Z-54")
    on_road = to_local(lon, lat)[:2]
    may = {"roads": [roads[0]["properties"]["code"]], "parking": ["Z-54"], "parking_minutes": 2}
    made = (await manager.post("/api/vehicles", json={"plate": "冀J-T1", "type": "tanker", **may})).json()
    world = World(enterprise.id, [Subject(UUID(made["id"]), "vehicle", made["plate"], "tanker", "", "V-T1")])
    runner = FenceRunner(Hub())

    async def alarms(place: tuple[float, float], seconds: int) -> list[str]:
        for _ in range(seconds):
            await runner.feed(world.batch({0: place}))
        open_ = (await manager.get("/api/alarms", params={"state": "active", "limit": 200})).json()["items"]
        return sorted(a["type"] for a in open_ if a["subject_name"] == made["plate"])

    try:
        assert await alarms(on_road, 20) == []
        astray = (on_road[0] + 40.0, on_road[1] + 40.0)
        assert await alarms(astray, 20) == ["off_route"]
        assert await alarms(on_road, 5) == []
        assert await alarms(zone, 100) == [], "it may stand there for two minutes"
        assert await alarms(zone, 30) == ["parking"]
        assert await alarms(on_road, 5) == []
    finally:
        await runner.close()


async def _middle_of(http: httpx.AsyncClient, code: str) -> tuple[float, float]:
    (zone,) = (await http.get("/ogc/collections/zone/items", params={"code": code})).json()["features"]
    corners = [to_local(*p[:2])[:2] for p in zone["geometry"]["coordinates"][0][:-1]]
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)


async def test_events_are_kept_as_long_as_is_set_and_that_is_shown(
    manager: httpx.AsyncClient, enterprise: Enterprise, scene: Scene, draw: Draw
) -> None:
    fence = await draw("K1", "trespass", 60, -120)
    await scene.go(World(enterprise.id, [person("k1")]), {0: (60.0, -120.0)}, 3)
    report = (await manager.get("/api/history/retention")).json()
    row = next(row for row in report["classes"] if row["key"] == "fence_events")
    assert row["minimum_days"] == 30 and row["days"] >= 1 and row["bytes"] > 0
    oldest, keep = datetime.fromisoformat(row["oldest"]), timedelta(days=row["keep_days"])
    for later, gone in ((keep - timedelta(hours=1), False), (keep + timedelta(days=400), True)):
        with clock.travel(oldest + later):
            async with unit_of_work(enterprise.id) as uow:
                assert (await retention.prune(uow) > 0) is gone
        assert bool(await scene.events(fence)) is not gone
    refused = await manager.put("/api/history/retention/fence_events", json={"keep_days": 29})
    assert refused.status_code in (403, 422)
