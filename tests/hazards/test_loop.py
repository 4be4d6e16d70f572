"""The hazard loop over HTTP: every step by its named person, photos from the field, signed at the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.hazards import deadlines
from domain.hazards.workflow import HAZARD
from realtime.alarms.raising import AlarmFact, raise_alarm
from tests.conftest import Enterprise
from tests.hazards.support import PLAN, Crew, accept
from tests.kernel.tools import owner
from tests.signature.support import live_photo
from tests.support import make_enterprise
from twin import clock
from twin.db import outbox
from twin.db.uow import unit_of_work
from twin.ids import uuid7
from twin.settings import Settings


async def _inbox(crew: Crew, who: str) -> list[str]:
    rows = (await crew.people[who].get("/api/inbox")).json()["items"]
    return [f"{row['kind']} {row['params'].get('number')}" for row in rows]


@pytest.mark.req("M4.3")
@pytest.mark.req("M7.2")
async def test_the_full_loop(crew: Crew, client: httpx.AsyncClient) -> None:
    hazard = await crew.report()
    assert (hazard["status"], hazard["zone_code"] is not None) == ("reported", True)
    assert f"hazard_reported {hazard['code']}" in await _inbox(crew, "manager")
    assert f"hazard_reported {hazard['code']}" not in await _inbox(crew, "leader")  # a general one
    await crew.step("manager", hazard, "evaluate", {"level": 0, "hazard_type": 7})
    given = await crew.step("manager", hazard, "assign", crew.assignment())
    assert given["status"] == "rectifying" and given["days_left"] == 2 and given["owner_name"] == "employee"
    assert f"hazard_assigned {hazard['code']}" in await _inbox(crew, "employee")
    (waiting,) = [h for h in (await crew.people["employee"].get("/api/hazards/mine")).json() if h["id"] == hazard["id"]]
    assert waiting["status"] == "rectifying"
    done = await crew.step("employee", hazard, "rectify", await crew.rectification(hazard))
    assert done["status"] == "to_accept" and done["rectifications"][0]["permit"] == "DH-1"
    one = await crew.step("manager", hazard, "accept", accept())
    assert one["status"] == "to_accept" and len(one["rectifications"][0]["acceptances"]) == 1
    assert (await crew.people["manager"].post(f"/api/hazards/{hazard['id']}/accept", json=accept())).status_code == 409
    last = await crew.step("leader", hazard, "accept", accept("整改合格"))
    assert last["status"] == "closed" and last["closed_at"] and last["possible"] == []
    assert len(last["photo_files"]) == 2  # both ends
    for signed in last["rectifications"][0]["acceptances"]:
        check = (await client.get(f"/api/verify/{signed['signature_id']}")).json()
        assert check["valid"] and check["checks"]["record"] is True, check


@pytest.mark.req("M4.3")
async def test_a_changed_record_or_photo_shows_after_acceptance(
    crew: Crew, client: httpx.AsyncClient, database: Settings
) -> None:
    hazard = await crew.to_accept()
    signed = (await crew.step("leader", hazard, "accept", accept()))["rectifications"][0]["acceptances"][0]
    path = f"/api/verify/{signed['signature_id']}"
    with owner(database) as connection:
        connection.execute("UPDATE hazard_rectification SET cost = 99 WHERE hazard_id = %s", [hazard["id"]])
        assert (await client.get(path)).json()["changed"] == ["rectification.cost"]
        connection.execute("UPDATE hazard_rectification SET cost = 0.3 WHERE hazard_id = %s", [hazard["id"]])
        assert (await client.get(path)).json()["valid"]
        connection.execute("UPDATE live_photo SET sha256 = repeat('0', 64) WHERE id = %s", [hazard["photos"][0]])
        assert (await client.get(path)).json()["changed"] == ["photos.0.sha256"]


@pytest.mark.req("M4.3")
async def test_a_major_hazard_needs_criteria_and_the_five_elements_and_reaches_the_leaders(crew: Crew) -> None:
    hazard = await crew.report(level=1)
    assert f"hazard_reported {hazard['code']}" in await _inbox(crew, "leader")
    refused = await crew.step("manager", hazard, "evaluate", {"level": 1, "hazard_type": 7}, 422)
    assert refused["errors"][0]["code"] == "major_needs_criteria"
    await crew.step("manager", hazard, "evaluate", {"level": 1, "hazard_type": 7, "criteria": ["15"]})
    bare = await crew.step("leader", hazard, "assign", crew.assignment(), 409)
    assert bare["params"]["reason"] == "major_needs_plan"
    given = await crew.step("leader", hazard, "assign", crew.assignment(plan=PLAN))
    assert given["status"] == "rectifying" and given["plan"]["emergency"] == PLAN["emergency"]


@pytest.mark.req("M4.3")
async def test_new_criteria_are_loaded_and_earlier_judgements_keep_theirs(
    crew: Crew, client: httpx.AsyncClient
) -> None:
    manager = crew.people["manager"]
    shipped = (await manager.get("/api/hazards/criteria")).json()
    before = await crew.report(level=1)
    judged = await crew.step("manager", before, "evaluate", {"level": 1, "hazard_type": 7, "criteria": ["15"]})
    assert judged["criteria_version"] == shipped["version"]
    today = (await manager.get("/api/hazards/criteria/versions")).json()
    assert [v["version"] for v in today if v["in_force"]] == [shipped["version"]]
    items = [["A-1", "新标准第一条", "First of the new ones"]]
    body = {
        "version": "AQ 3067-2026",
        "effective_from": (clock.now() - timedelta(days=2)).date().isoformat(),
        "items": items,
    }
    assert (await crew.people["employee"].post("/api/hazards/criteria", json=body)).status_code == 403
    wrong = await manager.post("/api/hazards/criteria", json={**body, "items": [*items, *items, ["A 2", "二", "Two"]]})
    assert [e["message"] for e in wrong.json()["errors"]] == [
        "第 2 行：编号“A-1”重复。",
        "第 3 行：编号“A 2”只能由字母、数字、“-”、“_”组成，最多 20 个字符。",
    ]
    book = (await manager.get("/api/hazards/criteria/template")).content
    table = "编号\t中文内容\t英文内容\r\nA-1\t新标准第一条\tFirst of the new ones\r\n\t\t\r\n7\t只有中文".encode(
        "gb18030"
    )
    for content, rows in ((book, shipped["items"]), (table, [*items, ["7", "只有中文", ""]])):
        read = await manager.post("/api/hazards/criteria/rows", files={"file": ("new", content)})
        assert read.json()["items"] == rows
    picture = await manager.post("/api/hazards/criteria/rows", files={"file": ("a.png", b"\x89PNG\xff\x00\xff")})
    assert (picture.status_code, picture.json()["code"]) == (422, "table_unreadable")
    later = {**body, "version": "later", "effective_from": (clock.now() + timedelta(days=30)).date().isoformat()}
    assert (await manager.post("/api/hazards/criteria", json=later)).status_code == 201
    assert (await manager.get("/api/hazards/criteria")).json()["version"] == shipped["version"], "not begun yet"
    assert (await manager.post("/api/hazards/criteria", json=body)).status_code == 201
    assert (await manager.post("/api/hazards/criteria", json=body)).json()["code"] == "code_taken"
    assert (await manager.get("/api/hazards/criteria")).json()["items"] == items
    after = await crew.report(level=1)
    old = await crew.step("manager", after, "evaluate", {"level": 1, "hazard_type": 7, "criteria": ["15"]}, 422)
    assert old["errors"][0]["code"] == "criterion_unknown"
    judged = await crew.step("manager", after, "evaluate", {"level": 1, "hazard_type": 7, "criteria": ["A-1"]})
    assert (judged["criteria"], judged["criteria_version"]) == (["A-1"], "AQ 3067-2026")
    assert (await manager.get(f"/api/hazards/{before['id']}")).json()["criteria_version"] == shipped["version"]
    # the other tests name the criteria that ship
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    back = {"version": "back", "effective_from": yesterday, "items": shipped["items"]}
    assert (await manager.post("/api/hazards/criteria", json=back)).status_code == 201


@pytest.mark.req("M4.3")
async def test_it_is_no_hazard(crew: Crew) -> None:
    hazard = await crew.report()
    assert (await crew.step("manager", hazard, "dismiss", {"reason": ""}, 422))["code"] == "invalid"
    gone = await crew.step("manager", hazard, "dismiss", {"reason": "仅为冷凝水"})
    assert (gone["status"], gone["dismiss_reason"]) == ("dismissed", "仅为冷凝水")


@pytest.mark.req("M4.3")
async def test_fixed_on_the_spot_goes_straight_to_acceptance(crew: Crew) -> None:
    hazard = await crew.report(fixed={"cause": "未锁紧", "measures": "当场锁紧"})
    assert "confirm_fixed" in (await crew.people["manager"].get(f"/api/hazards/{hazard['id']}")).json()["possible"]
    named = {"level": 0, "hazard_type": 7, "acceptor_ids": [str(crew.ids["manager"])]}
    own = {**named, "acceptor_ids": [str(crew.ids["employee"])]}
    assert (await crew.step("manager", hazard, "confirm_fixed", own, 422))["errors"][0]["code"] == "own_judge"
    await crew.step("manager", hazard, "confirm_fixed", named)
    assert (await crew.step("manager", hazard, "accept", accept()))["status"] == "closed"
    plain = await crew.report()
    assert (await crew.step("manager", plain, "confirm_fixed", named, 409))["params"]["reason"] == "not_fixed"


async def test_sent_back_and_done_again_needs_every_signature_anew(crew: Crew) -> None:
    hazard = await crew.to_accept()
    await crew.step("manager", hazard, "accept", accept())
    back = await crew.step("leader", hazard, "send_back", {"reason": "仍有渗漏"})
    assert (back["status"], back["send_back_reason"]) == ("rectifying", "仍有渗漏")
    again = await crew.step("employee", hazard, "rectify", await crew.rectification(hazard))
    assert [r["round"] for r in again["rectifications"]] == [1, 2]
    assert (await crew.step("leader", hazard, "accept", accept()))["status"] == "to_accept"
    assert (await crew.step("manager", hazard, "accept", accept()))["status"] == "closed"


async def test_more_time_is_asked_and_answered(crew: Crew) -> None:
    hazard = await crew.rectifying()
    until = (clock.now() + timedelta(days=9)).isoformat()
    early = {"until": (clock.now() + timedelta(days=1)).isoformat(), "reason": "备件未到"}
    assert (await crew.step("employee", hazard, "ask_extension", early, 409))["params"][
        "reason"
    ] == "extension_not_later"
    asked = await crew.step("employee", hazard, "ask_extension", {"until": until, "reason": "备件未到"})
    assert asked["status"] == "extension_asked"
    answers = await asyncio.gather(
        *(crew.people[who].post(f"/api/hazards/{hazard['id']}/extension/{a}")
          for who, a in (("manager", "approve"), ("leader", "refuse")))
    )  # fmt: skip
    assert sorted(a.status_code for a in answers) == [200, 409]
    later = (await crew.people["manager"].get(f"/api/hazards/{hazard['id']}")).json()
    assert later["status"] == "rectifying" and later["extension_until"] is None


@pytest.mark.req("M7.2")
async def test_only_live_photos_of_this_person_and_record(crew: Crew) -> None:
    hazard = await crew.rectifying()
    body = await crew.rectification(hazard)
    path = f"/api/hazards/{hazard['id']}/rectify"
    http = crew.people["employee"]
    upload = (await http.post("/api/files", params={"name": "album.txt"}, content=b"album")).json()["id"]
    other = await live_photo(http, "hazard_rectification", "YH-20200101-0001", 991)
    theirs = await live_photo(crew.people["manager"], "hazard_rectification", hazard["code"], 992)
    for photo in (upload, other, theirs):
        refused = await http.post(path, json={**body, "photos": [photo]})
        assert refused.json()["code"] == "photo_not_found"
    assert (await http.post(path, json={**body, "photos": []})).status_code == 422
    assert (await crew.people["employee"].get(f"/api/hazards/{hazard['id']}")).json()["status"] == "rectifying"
    used = await crew.rectification(hazard)
    await crew.step("employee", hazard, "rectify", used)
    await crew.step("manager", hazard, "send_back", {"reason": "再来一次"})
    assert (await http.post(path, json=used)).json()["code"] == "photo_stale"


_BODIES: dict[str, Any] = {
    "evaluate": {"level": 0, "hazard_type": 1}, "dismiss": {"reason": "不是隐患"}, "extension/approve": None,
    "extension/refuse": None, "send_back": {"reason": "不合格"}, "accept": accept(),
    "ask_extension": {"until": "2099-01-01T00:00:00Z", "reason": "备件"},
}  # fmt: skip


@pytest.mark.req("M4.3")
async def test_nobody_takes_a_step_that_is_not_theirs(crew: Crew) -> None:
    """Every step, in every state, by everybody: what ``possible`` does not list is refused and changes nothing."""
    states = [await crew.report(), await crew.rectifying(), await crew.to_accept()]
    for hazard in states:
        for who, http in crew.people.items():
            seen = await http.get(f"/api/hazards/{hazard['id']}")
            allowed = set(seen.json()["possible"]) if seen.status_code == 200 else set()
            tries = {**_BODIES, "assign": crew.assignment(), "reassign": crew.assignment(),
                     "rectify": {"cause": "原因", "measures": "措施", "photos": [hazard["photos"][0]]},
                     "confirm_fixed": {"level": 0, "hazard_type": 1, "acceptor_ids": [str(crew.ids["leader"])]}}  # fmt: skip
            for path, body in tries.items():
                event = {"extension/approve": "approve_extension", "extension/refuse": "refuse_extension"}.get(
                    path, path
                )
                if event in allowed:
                    continue
                answer = await http.post(f"/api/hazards/{hazard['id']}/{path}", json=body)
                assert answer.status_code in (403, 409, 422), f"{who} {path} in {hazard['status']}: {answer.text}"
        now = (await crew.people["manager"].get(f"/api/hazards/{hazard['id']}")).json()
        assert (now["status"], now["version"]) == (hazard["status"], hazard["version"])


def test_every_state_has_a_way_to_an_end_and_people_move_it() -> None:
    ends = {"closed", "dismissed"}
    for status in HAZARD.statuses:
        reached, todo = {status}, [status]
        while todo:
            here = todo.pop()
            new = {t.target for t in HAZARD.transitions if t.source == here and t.people} - reached
            reached |= new
            todo += new
        assert reached & ends, status
        assert status in ends or any(t.source == status for t in HAZARD.transitions)


async def test_two_at_once_one_winner(crew: Crew) -> None:
    hazard = await crew.report()
    path = f"/api/hazards/{hazard['id']}"
    answers = await asyncio.gather(
        crew.people["manager"].post(f"{path}/evaluate", json=_BODIES["evaluate"]),
        crew.people["leader"].post(f"{path}/dismiss", json=_BODIES["dismiss"]),
    )
    assert sorted(a.status_code for a in answers) == [200, 409]
    waiting = await crew.to_accept()
    path = f"/api/hazards/{waiting['id']}/accept"
    both = await asyncio.gather(*(crew.people[who].post(path, json=accept()) for who in ("manager", "leader")))
    assert [a.status_code for a in both] == [200, 200]
    assert (await crew.people["manager"].get(f"/api/hazards/{waiting['id']}")).json()["status"] == "closed"


@pytest.mark.req("M4.3")
async def test_late_ones_are_reminded_escalated_and_counted(crew: Crew, site: Enterprise) -> None:
    hazard = await crew.rectifying()
    label = hazard["code"]

    async def pass_time(**span: int) -> dict[str, int]:
        # Sessions end when so much time passes, so the inboxes are read afterwards.
        with clock.travel(by=timedelta(**span)):
            await deadlines.run()
            await deadlines.run()
        boxes = {who: await _inbox(crew, who) for who in ("employee", "manager", "leader")}
        return {
            f"{who} {kind}": box.count(f"hazard_{kind} {label}")
            for who, box in boxes.items()
            for kind in ("due", "overdue")
        }

    assert (await pass_time(days=2, hours=12))["employee due"] == 1
    told = await pass_time(days=3, hours=1)
    assert (told["employee overdue"], told["manager overdue"], told["leader overdue"]) == (1, 1, 0)
    late = (await crew.people["manager"].get("/api/hazards", params={"overdue": True})).json()["items"]
    (row,) = [h for h in late if h["code"] == label]
    assert row["overdue"] and row["days_left"] == -1
    assert (await pass_time(days=6, hours=1))["leader overdue"] == 1


@pytest.mark.req("M4.3")
async def test_the_map_follows_every_step(crew: Crew, site: Enterprise) -> None:
    seen = await outbox.position()
    hazard = await crew.to_accept()
    await outbox.sequence()
    async with unit_of_work(site.id) as uow:
        events = await outbox.read(uow.session, seen, ["layer.hazard"])
    shown = [e.payload["properties"]["status"] for e in events if e.key == hazard["id"]]
    assert shown == ["reported", "to_assign", "rectifying", "to_accept"]
    fresh = (await crew.people["manager"].get(f"/ogc/collections/hazard/items/{hazard['id']}")).json()
    assert {k: events[-1].payload[k] for k in ("id", "geometry", "properties")} == {
        k: fresh[k] for k in ("id", "geometry", "properties")
    }
    # The spatial editor has no say.
    edit = await crew.people["manager"].patch(
        f"/api/spatial/hazard/{hazard['id']}", json={"properties": {"note": "x"}}, headers={"If-Match": "1"}
    )
    assert (edit.status_code, edit.json()["code"]) == (404, "layer_not_found")


async def test_another_enterprise_sees_nothing(crew: Crew, sign_in: Any) -> None:
    hazard = await crew.report()
    await make_enterprise("other")
    stranger = await sign_in("other-manager")
    assert (await stranger.get(f"/api/hazards/{hazard['id']}")).json()["code"] == "hazard_not_found"
    assert (await stranger.post(f"/api/hazards/{hazard['id']}/evaluate", json=_BODIES["evaluate"])).status_code == 404
    contractor = crew.people["contractor"]
    assert (await contractor.get("/api/hazards")).status_code == 403
    own = await crew.report("contractor")
    assert (await contractor.get(f"/api/hazards/{own['id']}")).status_code == 200
    assert (await contractor.get(f"/api/hazards/{hazard['id']}")).status_code == 403


@pytest.mark.req("M4.3")
async def test_an_alarm_becomes_one_hazard_and_goes_through_the_loop(crew: Crew, site: Enterprise) -> None:
    title = {"name": "液位", "tag": "LT-1", "value": 9.5, "unit": "m", "limit": 9}
    fact = AlarmFact(
        "point:x:hh", "point", "hh", 1, clock.now(), title, 9.5, 9.0, zone_code="Z-61", lon=117.778, lat=38.359
    )
    async with unit_of_work(site.id) as uow:
        alarm = await raise_alarm(uow, fact)
        elsewhere = await raise_alarm(uow, replace(fact, key="point:y:hh", zone_code=None, lon=None, lat=None))
    path = f"/api/hazards/from-alarm/{alarm}"
    manager, employee = crew.people["manager"], crew.people["employee"]
    assert (await manager.get(path)).json() is None
    refused = await crew.people["regulator"].post(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    gone = await manager.post(f"/api/hazards/from-alarm/{uuid7()}")
    assert (gone.status_code, gone.json()["code"]) == (404, "alarm_not_found")
    answers = await asyncio.gather(employee.post(path), manager.post(path), employee.post(path))
    assert sorted(a.status_code for a in answers) == [200, 200, 201], [a.text for a in answers]
    assert len({a.json()["id"] for a in answers}) == 1
    hazard = (await manager.get(f"/api/hazards/{answers[0].json()['id']}")).json()
    assert (hazard["origin"], hazard["origin_key"], hazard["photos"]) == ("alarm", str(alarm), [])
    assert hazard["name"] == "液位（LT-1）高高报：9.5m，限值 9m" and (hazard["lon"], hazard["lat"]) == (117.778, 38.359)
    assert hazard["zone_code"] and hazard["department"]
    assert (await manager.get(path)).json()["code"] == hazard["code"], "the alarm shows its hazard"
    assert f"hazard_reported {hazard['code']}" in await _inbox(crew, "manager")
    await crew.step("manager", hazard, "evaluate", {"level": 0, "hazard_type": 4})
    await crew.step("manager", hazard, "assign", crew.assignment())
    await crew.step("employee", hazard, "rectify", await crew.rectification(hazard))
    await crew.step("manager", hazard, "accept", accept())
    assert (await crew.step("leader", hazard, "accept", accept()))["status"] == "closed"
    assert (await employee.post(path)).json()["status"] == "closed", "no second one, also when the first is closed"
    nowhere = await employee.post(f"/api/hazards/from-alarm/{elsewhere}")
    assert nowhere.status_code == 201 and nowhere.json()["lon"] > 100, "without a place it lies at the site's origin"
