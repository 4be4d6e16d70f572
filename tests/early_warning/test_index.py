"""The early-warning index from outside: it moves, it can be computed again from its rows, it says what it leaves out."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.early_warning import service, tasks
from realtime.alarms.raising import AlarmFact, raise_alarm
from tests.conftest import Enterprise
from tests.hazards.support import Crew, accept
from tests.support import make_enterprise
from twin import clock
from twin.db.uow import unit_of_work
from twin.registry.indicator import indicators

Json = dict[str, Any]
WITHOUT_MODULE = {"special_operations", "change", "energy", "emergency", "training", "fire"}


async def index(crew: Crew, who: str = "manager") -> Json:
    answer = await crew.people[who].get("/api/index")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def aspect(found: Json, key: str) -> Json:
    return next(a for a in found["aspects"] if a["key"] == key)


def part(found: Json, key: str) -> Json:
    return next(i for a in found["aspects"] for i in a["indicators"] if i["key"] == key)


async def rows(crew: Crew, key: str, at: datetime | None = None, status: int = 200) -> Json:
    query = {"at": at.isoformat()} if at else {}
    answer = await crew.people["manager"].get(f"/api/index/indicators/{key}/rows", params=query)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


@pytest.mark.req("M8.1")
async def test_aspects_without_data_are_left_out_of_the_weights(crew: Crew) -> None:
    found = await index(crew)
    states = {a["key"]: a["state"] for a in found["aspects"]}
    assert len(states) == 10
    assert {key for key, state in states.items() if state == "no_module"} == WITHOUT_MODULE
    assert states["hazards"] == "no_data" and states["static_risk"] == "scored"
    for a in found["aspects"]:
        assert (a["score"] is None) == (a["share"] == 0) == (a["state"] != "scored")
        assert a["weight"] > 0
    assert math.isclose(sum(a["weight"] for a in found["aspects"]), 1, abs_tol=1e-9)
    assert math.isclose(sum(a["share"] for a in found["aspects"]), 1, abs_tol=1e-9)


@pytest.mark.req("M8.1")
async def test_it_moves_when_a_hazard_is_late_and_comes_back(crew: Crew) -> None:
    await crew.rectifying()
    calm = await index(crew)
    assert aspect(calm, "hazards")["score"] == 100
    with clock.travel(by=timedelta(days=-4)):
        late = await crew.rectifying()  # was due a day ago
    raised = await index(crew)
    assert part(raised, "hazards_overdue")["value"] == 1 and raised["value"] < calm["value"]
    assert [r["key"] for r in (await rows(crew, "hazards_overdue"))["rows"]] == [late["id"]]
    # It was not late yet at noon two days ago.
    assert (await rows(crew, "hazards_overdue", clock.now() - timedelta(days=2)))["rows"] == []
    area = next(a for a in raised["areas"] if a["aspects"].get("hazards", 100) < 100)
    assert area["zone"].startswith("Z-A")

    await crew.step("employee", late, "rectify", await crew.rectification(late))
    await crew.step("manager", late, "accept", accept())
    await crew.step("leader", late, "accept", accept())
    after = await index(crew)
    assert part(after, "hazards_overdue")["value"] == 0 and after["value"] > raised["value"]
    # The rate of what was put right in time remembers it for 30 days.
    assert part(after, "hazards_on_time")["value"] == 0 and after["value"] < calm["value"]


async def _fill(crew: Crew, site: Enterprise) -> None:
    """Something behind every indicator."""
    manager, now = crew.people["manager"], clock.now()
    with clock.travel(by=timedelta(days=-2)):
        plan = {
            "code": "JH-1", "name": "球罐日常排查", "rule": {"unit": "hour", "every": 8, "at": "00:00"},
            "starts_on": (clock.now() - timedelta(days=1)).date().isoformat(), "owner_id": str(crew.ids["employee"]),
            "zone_codes": ["Z-11"],
        }  # fmt: skip
        made = await manager.post("/api/inspections/plans", json=plan)
        assert made.status_code == 201, made.text
        item = await manager.post(f"/api/inspections/plans/{made.json()['id']}/items", json={"content": "无泄漏"})
        assert item.status_code == 201, item.text
        assert (await manager.post("/api/inspections/dispatch")).json()["tasks"] > 0
    terminal = {"kind": "badge", "ex_mark": "", "ex_certificate": "", "battery": 5}
    assert (await crew.people["manager"].put("/api/people/terminals/B-1", json=terminal)).status_code == 200
    async with unit_of_work(site.id) as uow:
        for n in range(4):
            with clock.travel(now - timedelta(hours=3 + 10 * n)):
                fact = AlarmFact(
                    f"point:{n % 3}:h", "point", "h", 2, clock.now(), {}, zone_code="Z-11", subject_name=f"PI-{n}"
                )
                await raise_alarm(uow, fact)
        person = "INSERT INTO place_latest SELECT id, gen_random_uuid(), 'person', :now, 117, 38, 0, NULL, 'Z-11', 1, 0, 'ok',"
        await uow.session.execute(text(f"{person} 'uwb' FROM enterprise WHERE code = 'demo'"), {"now": now})
        day = {"d": now.date()}
        await uow.session.execute(text("SELECT tracking_partitions(CAST(:d AS date) - 1, CAST(:d AS date) + 1)"), day)
        await uow.session.execute(
            text("INSERT INTO positioning_accuracy SELECT id, :at, z, n, k, 0.5, 0.4, 0.1, 0.2 FROM enterprise,"
                 " (VALUES ('Z-11', 200, 190), ('Z-12', 50, 50)) v(z, n, k) WHERE code = 'demo'"),
            {"at": now - timedelta(minutes=5)},
        )  # fmt: skip
        await uow.session.execute(
            text("INSERT INTO risk_change (enterprise_id, zone, at, before, after, own, causes, override)"
                 " SELECT enterprise_id, code, :at, static_risk, 1, 1, '[]', false FROM zone WHERE code = 'Z-12'"),
            {"at": now - timedelta(minutes=5)},
        )  # fmt: skip


@pytest.mark.req("M8.1", "S6")
async def test_every_number_can_be_computed_again_from_its_rows(crew: Crew, site: Enterprise) -> None:
    await _fill(crew, site)
    with clock.travel(by=timedelta(days=-4)):
        await crew.rectifying()
    library = {i["key"]: i for i in (await crew.people["manager"].get("/api/index/indicators")).json()}
    found = await index(crew)
    in_index = {i["key"]: i for a in found["aspects"] for i in a["indicators"]}
    assert library.keys() == indicators().keys() and len(library) >= 15
    for key, line in library.items():
        timed = key in in_index and in_index[key]["timed"]
        answer = await rows(crew, key, datetime.fromisoformat(found["at"]) if timed else None)
        value = None
        weights = sum(r["weight"] for r in answer["rows"])
        total = sum(r["value"] * r["weight"] for r in answer["rows"])
        if answer["basis"]:
            value = total if line["how"] == "sum" else total / weights if weights else None
        if value is not None and line["how"] == "share":
            value *= 100
        assert answer["value"] == value, key
        assert value == (in_index[key]["value"] if key in in_index else line["value"]), key
        assert line["formula"] and line["source"] and line["owner"]
        if line["value"] is not None:
            assert line["met"] == (
                line["value"] >= line["target"] if line["higher"] else line["value"] <= line["target"]
            )
    with_data = {key for key, line in library.items() if line["value"] is not None}
    assert with_data >= library.keys() - {"risk_uncontrolled"}, library.keys() - with_data
    for a in found["aspects"]:
        if a["state"] != "scored":
            continue
        penalty = 0.0
        for i in a["indicators"]:
            line = library[i["key"]]
            assert i["coefficient"] == line["coefficient"]
            excess = 0.0
            if i["value"] is not None:
                excess = max(0.0, line["best"] - i["value"] if line["higher"] else i["value"] - line["best"])
            assert math.isclose(i["penalty"], line["coefficient"] * excess, abs_tol=1e-9)
            penalty += line["coefficient"] * excess
        assert math.isclose(a["score"], max(0.0, 100 - penalty), abs_tol=1e-9)
    total = sum(a["share"] * a["score"] for a in found["aspects"] if a["score"] is not None)
    assert math.isclose(found["uncapped"], total, abs_tol=1e-9)
    one = (await crew.people["manager"].get("/api/index/aspects/alarms")).json()
    assert {i["key"] for i in one["indicators"]} == {i["key"] for i in aspect(found, "alarms")["indicators"]}


@pytest.mark.req("M8.1")
async def test_an_open_major_hazard_caps_it(crew: Crew) -> None:
    before = await index(crew)
    assert before["vetoes"] == []
    hazard = await crew.report()
    await crew.step("manager", hazard, "evaluate", {"level": 1, "hazard_type": 7, "criteria": ["05"]})
    capped = await index(crew)
    assert capped["value"] <= 59 and capped["level"] == 1
    assert [(v["indicator"], v["rows"]) for v in capped["vetoes"]] == [("hazards_major_open", 1)]
    assert capped["uncapped"] < before["uncapped"]

    manager = crew.people["manager"]
    model = (await manager.get("/api/index/model")).json()
    body = {"version": model["version"], "model": {**model["model"], "vetoes": {"hazards_major_open": False}}}
    assert (await manager.put("/api/index/model", json=body)).status_code == 200
    free = await index(crew)
    assert free["vetoes"] == [] and free["value"] == free["uncapped"]


@pytest.mark.req("M8.1")
async def test_weights_come_from_comparisons_that_agree(crew: Crew) -> None:
    leader, manager = crew.people["leader"], crew.people["manager"]
    shipped = (await manager.get("/api/index/model")).json()
    assert shipped["consistency_ratio"] < shipped["limit"] == 0.1
    keys = [a["key"] for a in shipped["aspects"]]
    wild = [list(row) for row in shipped["model"]["matrix"]]
    for i, j, a in ((0, 1, 9.0), (1, 2, 9.0), (2, 0, 9.0)):
        wild[i][j], wild[j][i] = a, 1 / a
    tried = (await leader.post("/api/index/ahp", json={"matrix": wild})).json()
    assert tried["consistency_ratio"] > 0.1 and not tried["accepted"]
    body = {"version": shipped["version"], "model": {**shipped["model"], "matrix": wild}}
    refused = await leader.put("/api/index/model", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "index_inconsistent")
    broken = [[1.0] * 10 for _ in range(9)]
    assert (await leader.post("/api/index/ahp", json={"matrix": broken})).json()["code"] == "index_model_fault"

    # Only alarms and hazards, three to one.
    direct = {"alarms": 0.75, "hazards": 0.25}
    body["model"] = {**shipped["model"], "method": "direct", "direct": direct, "coefficients": {"hazards_on_time": 0}}
    saved = (await leader.put("/api/index/model", json=body)).json()
    assert saved["version"] == shipped["version"] + 1 and set(saved["weights"]) == set(keys)
    found = await index(crew)
    assert aspect(found, "alarms")["share"] == 0.75 and found["model_version"] == saved["version"]
    assert part(found, "hazards_on_time")["penalty"] == 0
    assert (await manager.put("/api/index/model", json=body)).status_code == 409  # somebody was first
    for wrong in (
        {"direct": {"alarms": 0.4}}, {"direct": {"nobody": 1.0}}, {"coefficients": {"nobody": 1}},
        {"vetoes": {"hazards_overdue": True}}, {"bands": {"blue": 70, "yellow": 80, "orange": 60}},
    ):  # fmt: skip
        answer = await manager.put(
            "/api/index/model", json={"version": saved["version"], "model": {**saved["model"], **wrong}}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "index_model_fault"), wrong
    versions = (await manager.get("/api/index/model/versions")).json()
    assert [v["version"] for v in versions] == list(range(saved["version"], 0, -1)) and versions[0]["by"] == "leader"


@pytest.mark.req("S6")
async def test_targets_and_owners_are_changed_by_the_right_people(crew: Crew) -> None:
    path, manager = "/api/index/indicators/hazards_overdue", crew.people["manager"]
    body = {"version": 0, "target": 2, "owner": "leader", "owner_name": "周建国"}
    assert (await crew.people["employee"].put(path, json=body)).status_code == 403
    assert (await crew.people["regulator"].put(path, json=body)).status_code == 403
    before = next(i for i in (await manager.get("/api/index/indicators")).json() if i["key"] == "hazards_overdue")
    assert (before["target"], before["met"], before["version"]) == (0, False, 0)
    after = (await manager.put(path, json=body)).json()
    assert (after["target"], after["met"], after["owner"], after["version"]) == (2, True, "leader", 1)
    assert (await manager.put(path, json=body)).status_code == 409
    assert (await manager.put(path, json={**body, "version": 1, "owner": "nobody"})).status_code == 422
    assert (await manager.put("/api/index/indicators/nobody", json=body)).status_code == 404


@pytest.mark.req("M8.1")
async def test_the_job_writes_the_hour_down(crew: Crew, site: Enterprise) -> None:
    manager = crew.people["manager"]
    assert (await manager.get("/api/index/history")).json() == []
    async with unit_of_work(site.id) as uow:
        assert await service.backfill(uow, clock.now() - timedelta(days=4), timedelta(hours=6)) > 0
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    with clock.travel(hour + timedelta(minutes=10)):  # the real hour may end meanwhile
        await tasks.record_all(0)
        await tasks.record_all(0)
    points = (await manager.get("/api/index/history")).json()
    assert datetime.fromisoformat(points[-1]["at"]) == hour
    assert [p["computed_later"] for p in points] == [True] * (len(points) - 1) + [False]
    assert len({p["at"] for p in points}) == len(points)
    # What knows only the present is not in what was made later, and is kept with what was not.
    assert "layout" in points[-1]["aspects"] and "layout" not in points[0]["aspects"]
    kept = await rows(crew, "risk_zone_levels", datetime.fromisoformat(points[-1]["at"]))
    assert kept["rows"] and datetime.fromisoformat(kept["at"]) == datetime.fromisoformat(points[-1]["at"])
    gone = await rows(crew, "risk_zone_levels", datetime.fromisoformat(points[0]["at"]), 404)
    assert gone["code"] == "index_rows_not_kept"
    assert (await rows(crew, "alarms_rate", clock.now() + timedelta(hours=1), 422))["errors"][0][
        "code"
    ] == "index_future"
    area = (await manager.get("/api/index/history", params={"area": "Z-A1"})).json()
    assert len(area) == len(points)
    assert (await manager.get("/api/index/history", params={"area": "Z-00"})).json()["code"] == "index_area_not_found"

    month = (await manager.get("/api/index/forecast", params={"ahead": 5})).json()
    assert len(month["past"]) >= 4 and len(month["future"]) == 5
    last = [day["value"] for day in month["past"][-3:]]
    assert math.isclose(month["future"][0]["value"], sum(last) / 3)
    radar = (await manager.get("/api/index/radar")).json()
    assert radar["now"].keys() == {a["key"] for a in (await index(crew))["aspects"] if a["score"] is not None}


@pytest.mark.req("M8.1")
async def test_leaders_are_told_when_it_becomes_worse(crew: Crew, site: Enterprise) -> None:
    manager = crew.people["manager"]
    base = datetime.fromisoformat((await manager.get("/api/index/history")).json()[-1]["at"])
    for hours, bands in (
        (3, {"blue": 1, "yellow": 0.5, "orange": 0.2}),
        (6, {"blue": 99.9, "yellow": 99.8, "orange": 99.7}),
    ):
        model = (await manager.get("/api/index/model")).json()
        body = {"version": model["version"], "model": {**model["model"], "method": "ahp", "bands": bands}}
        assert (await manager.put("/api/index/model", json=body)).status_code == 200
        with clock.travel(base + timedelta(hours=hours, minutes=10)):
            async with unit_of_work(site.id) as uow:
                await service.record(uow)
    inbox = (await crew.people["leader"].get("/api/inbox")).json()["items"]
    assert [n["kind"] for n in inbox if n["kind"].startswith("index_level")] == ["index_level_1"]
    until = (base + timedelta(hours=7)).isoformat()
    found = (await manager.get("/api/index/history", params={"to": until})).json()
    # The hours between were made up for.
    assert [p["computed_later"] for p in found[-6:]] == [True, True, False, True, True, False]


@pytest.mark.req("M8.1", "S6")
async def test_who_may_see_it(crew: Crew, site: Enterprise, sign_in: Any) -> None:
    assert (await crew.people["contractor"].get("/api/index")).status_code == 403
    assert (await crew.people["contractor"].get("/api/index/indicators/hazards_overdue/rows")).status_code == 403
    assert (await crew.people["employee"].get("/api/index")).status_code == 200
    body = {"version": 0, "model": {}}
    assert (await crew.people["employee"].put("/api/index/model", json=body)).status_code == 403
    await make_enterprise("other")
    other = await sign_in("other-manager")
    found = (await other.get("/api/index")).json()
    assert found["value"] is None and found["level"] is None and found["areas"] == [] and found["model_version"] == 0
    assert {a["state"] for a in found["aspects"]} == {"no_data", "no_module"}
    assert (await other.get("/api/index/history")).json() == []
    for key in indicators():
        assert (await other.get(f"/api/index/indicators/{key}/rows")).json()["rows"] == []
