"""Inspections over HTTP: plans, dispatch, check-in, signed results, offline work, stops that explain missing records."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from domain.hazards.subscribers import SUBSCRIBERS
from domain.inspections import dispatch
from realtime.risk.server import Risk
from tests.conftest import Enterprise
from tests.hazards.support import Crew
from tests.signature.authenticator import Authenticator
from tests.signature.support import STROKES, confirmation, live_photo
from tests.support import PASSWORD
from twin import clock
from twin.db import deliver, outbox

Json = dict[str, Any]
POINT = {"code": "P1", "name": "球罐底部", "tag": "NFC-0001", "lon": 117.778, "lat": 38.359, "radius_m": 30}
HOURLY = {"unit": "hour", "every": 6, "at": "00:00"}
_n = count(1)


async def _plan(crew: Crew, **more: Any) -> Json:
    body = {
        "code": f"JH-{next(_n)}", "name": "球罐日常排查", "rule": {"unit": "day", "at": "00:00", "window_minutes": 4320},
        "starts_on": (clock.now() - timedelta(days=3)).date().isoformat(), "owner_id": str(crew.ids["employee"]),
        "zone_codes": ["Z-11"], **more,
    }  # fmt: skip
    answer = await crew.people["manager"].post("/api/inspections/plans", json=body)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    for line in ({"content": "无泄漏"}, {"content": "压力", "unit": "MPa", "low": 0.2, "high": 1.6}):
        made = (await crew.people["manager"].post(f"/api/inspections/plans/{made['id']}/items", json=line)).json()
    return made


async def _dispatch(crew: Crew) -> int:
    return int((await crew.people["manager"].post("/api/inspections/dispatch")).json()["tasks"])


async def _tasks(crew: Crew, plan: Json, who: str = "manager", **query: Any) -> list[Json]:
    answer = await crew.people[who].get("/api/inspections/tasks", params={"plan_id": plan["id"], **query})
    return list(answer.json()["items"])


def _work(plan: Json, **more: Any) -> Json:
    leak, pressure = plan["items"]
    results = [{"item_id": leak["id"], "result": 0}, {"item_id": pressure["id"], "result": 0, "reading": 0.8}]
    return {"client_id": str(uuid4()), "results": results, "confirmation": confirmation(), **more}


async def _first(crew: Crew, plan: Json) -> Json:
    """A task that has begun."""
    await _dispatch(crew)
    return sorted(await _tasks(crew, plan), key=lambda task: task["starts_at"])[0]


def _says(document: bytes, address: str) -> bool:
    """Whether the one label of a sheet has this address as its QR code, module by module, and its last part in letters."""
    import pypdfium2
    import segno

    with pypdfium2.PdfDocument(document) as book:
        page = book[0]
        (picture,) = [o for o in page.get_objects() if isinstance(o, pypdfium2.PdfImage)]
        text = page.get_textpage().get_text_range()
        cells = picture.get_bitmap().to_numpy()[2::4, 2::4, 0].copy()  # four pixels a module
    wanted = [list(row) for row in segno.make_qr(address, error="l").matrix_iter(border=2)]
    return bool(((cells < 128) == np.array(wanted, bool)).all()) and address.rsplit("/", 1)[1] in text


@pytest.mark.req("M4.2")
async def test_a_plan_is_dispatched_done_and_signed(crew: Crew, client: httpx.AsyncClient) -> None:
    plan = await _plan(crew, route=[POINT])
    task = await _first(crew, plan)
    assert await _dispatch(crew) == 0  # again: nothing twice
    assert task["id"] in [t["id"] for t in await _tasks(crew, plan, "employee", mine=True)]
    employee, path = crew.people["employee"], f"/api/inspections/tasks/{task['id']}/submit"
    here = {"tag": "NFC-0001", "lon": 117.7781, "lat": 38.3591, "at": clock.now().isoformat()}

    sheet = await employee.get(f"/api/inspections/plans/{plan['id']}/tags.pdf")
    assert _says(sheet.content, f"http://twin.test/m/point/{POINT['tag']}")

    missing = (await employee.post(path, json=_work(plan))).json()
    assert [e["code"] for e in missing["errors"]] == ["checkin_missing"]
    far = (await employee.post(path, json=_work(plan, checkins=[{**here, "lat": 38.365}]))).json()
    assert [e["code"] for e in far["errors"]] == ["checkin_far"] and 600 < far["errors"][0]["metres"] < 720
    outside = _work(plan, checkins=[here])
    outside["results"][1]["reading"] = 2.5
    assert [e["code"] for e in (await employee.post(path, json=outside)).json()["errors"]] == ["reading_outside"]
    half = _work(plan, checkins=[here])
    del half["results"][0]
    assert [e["code"] for e in (await employee.post(path, json=half)).json()["errors"]] == ["line_missing"]
    assert (await crew.people["leader"].post(path, json=_work(plan, checkins=[here]))).json()["code"] == "not_allowed"

    work = _work(plan, checkins=[here])
    done = (await employee.post(path, json=work)).json()
    assert (done["status"], done["late"], len(done["records"])) == ("done", False, 2)
    assert done["checkins"][0]["distance_m"] < 20
    assert (await employee.post(path, json=work)).status_code == 200  # the same work again
    assert (await employee.post(path, json=_work(plan, checkins=[here]))).status_code == 409
    check = (await client.get(f"/api/verify/{done['signature_id']}")).json()
    assert check["valid"] and check["checks"]["record"] is True
    (row,) = [
        h
        for h in (await employee.get(f"/api/inspections/plans/{plan['id']}/history")).json()
        if h["task_id"] == task["id"]
    ]
    assert (row["status"], row["normal"], row["done_name"]) == ("done", 2, "employee")


@pytest.mark.req("M4.2")
async def test_reminders_before_and_behind_the_end(crew: Crew) -> None:
    plan = await _plan(crew, name="提醒测试", remind_minutes=120)
    task = await _first(crew, plan)
    due = datetime.fromisoformat(task["due_at"])
    with clock.travel(due - timedelta(minutes=90)):
        await dispatch.watch()
        await dispatch.watch()
    with clock.travel(due + timedelta(minutes=1)):
        await dispatch.watch()
        await dispatch.watch()

    async def told(who: str, kind: str) -> int:
        rows = (await crew.people[who].get("/api/inbox", params={"limit": 100})).json()["items"]
        return sum(row["kind"] == kind and row["link"].endswith(task["id"]) for row in rows)

    assert (await told("employee", "inspection_due"), await told("employee", "inspection_overdue")) == (1, 1)
    assert await told("manager", "inspection_overdue") == 1
    (row,) = [t for t in await _tasks(crew, plan) if t["id"] == task["id"]]
    assert row["status"] == "overdue"
    # Late work still counts, as late.
    done = await crew.people["employee"].post(f"/api/inspections/tasks/{task['id']}/submit", json=_work(plan))
    assert done.json()["status"] == "done"


@pytest.mark.req("M4.2", "M8.3")
async def test_the_heat_of_zones_is_what_was_done_and_what_is_overdue(crew: Crew) -> None:
    at = (clock.now() + timedelta(hours=1)).astimezone(ZoneInfo("Asia/Shanghai"))
    rule = {"unit": "day", "at": f"{at:%H:%M}", "window_minutes": 60}
    plan = await _plan(crew, name="热力", rule=rule, zone_codes=["Z-42"])
    await _dispatch(crew)
    (task,) = await _tasks(crew, plan)
    due = datetime.fromisoformat(task["due_at"])

    async def heat() -> tuple[Json, Json]:
        span = {"since": (due - timedelta(hours=1)).isoformat(), "until": (due + timedelta(hours=1)).isoformat()}
        rates = (await crew.people["manager"].get("/api/inspections/statistics", params=span)).json()
        return rates["by_zone"]["Z-42"], rates["by_plan"][plan["code"]]

    assert await heat() == ({"waiting": 1}, {"waiting": 1})
    with clock.travel(due + timedelta(minutes=1)):
        await dispatch.watch()
    assert await heat() == ({"overdue": 1}, {"overdue": 1})
    await _lifts_its_zone_until_it_is_done(crew, plan, task)


async def _lifts_its_zone_until_it_is_done(crew: Crew, plan: Json, task: Json) -> None:
    async def late() -> bool:
        why = (await crew.people["manager"].get("/api/zones/Z-42/why")).json()
        return "inspection_overdue" in {cause["rule"] for cause in why["causes"]}

    risk = Risk()
    running = asyncio.create_task(risk.run())
    try:
        await asyncio.wait_for(risk.started.wait(), 60)
        assert await late()
        done = await crew.people["employee"].post(f"/api/inspections/tasks/{task['id']}/submit", json=_work(plan))
        assert done.status_code == 200, done.text
        async with asyncio.timeout(60):
            while await late():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.req("M4.2")
async def test_an_inspection_is_confirmed_by_the_inspectors_authenticator(
    crew: Crew, client: httpx.AsyncClient
) -> None:
    plan = await _plan(crew, name="设备确认")
    task = await _first(crew, plan)
    employee, path = crew.people["employee"], f"/api/inspections/tasks/{task['id']}/submit"
    device = Authenticator((await employee.get("/api/signatures/devices")).json()["origin"], "localhost")
    begun = (await employee.post("/api/signatures/devices/options", json={"password": PASSWORD})).json()
    body = {"challenge_id": begun["challenge_id"], "credential": device.create(begun["options"]), "name": "终端"}
    assert (await employee.post("/api/signatures/devices", json=body)).status_code == 201
    work = _work(plan, confirmation={"strokes": STROKES})
    many = await employee.post(
        "/api/inspections/sync",
        json={
            "work": [{k: v for k, v in {**work, "task_id": task["id"]}.items() if k != "confirmation"}],
            "confirmation": {"strokes": STROKES},
        },
    )
    assert many.json()["errors"][0]["code"] == "password_missing", "one confirmation for many takes the password"
    asked = await employee.post(path, json=work)
    assert asked.status_code == 428 and (await employee.get(path.removesuffix("/submit"))).json()["records"] == []
    given = asked.json()["params"]
    credential = device.get(given["options"])
    work["confirmation"]["assertion"] = {"challenge_id": given["challenge_id"], "credential": credential}
    other = {**work, "results": [{**work["results"][0], "result": 1, "note": "渗漏"}, work["results"][1]]}
    assert (await employee.post(path, json=other)).json()["code"] == "device_refused", "other results than confirmed"
    done = (await employee.post(path, json=work)).json()
    assert done["status"] == "done", done
    assert (await client.get(f"/api/verify/{done['signature_id']}")).json()["valid"]


@pytest.mark.req("M4.5")
async def test_a_stop_suspends_and_history_says_why(crew: Crew) -> None:
    plan = await _plan(crew, name="停产测试", rule=HOURLY)
    manager, now = crew.people["manager"], clock.now()
    await _dispatch(crew)
    ahead = [t for t in await _tasks(crew, plan, status="waiting") if datetime.fromisoformat(t["starts_at"]) > now]
    assert len(ahead) >= 3
    stop = await manager.post("/api/inspections/stops", json={
        "kind": "stop", "scope": "zone", "scope_key": "Z-11", "reason": "装置停工检修", "starts_at": now.isoformat(),
    })  # fmt: skip
    assert stop.status_code == 201, stop.text
    assert {t["id"] for t in await _tasks(crew, plan, status="suspended")} >= {t["id"] for t in ahead}
    later = await _plan(crew, name="停产期间新计划", rule=HOURLY)
    other = await _plan(crew, name="其他区域", rule=HOURLY, zone_codes=["Z-12"])
    await _dispatch(crew)
    assert [t for t in await _tasks(crew, later) if datetime.fromisoformat(t["starts_at"]) > now] == []
    assert len(await _tasks(crew, other)) >= 4
    with clock.travel(by=timedelta(days=2)):
        assert await dispatch.watch() >= 0
    history = (await manager.get(f"/api/inspections/plans/{later['id']}/history")).json()
    reasons = {
        (h["status"], h["stop_kind"], h["stop_reason"]) for h in history if datetime.fromisoformat(h["starts_at"]) > now
    }
    assert reasons == {("skipped", "stop", "装置停工检修")}
    assert "overdue" not in {h["status"] for h in history if datetime.fromisoformat(h["starts_at"]) > now}
    # Resumed: tasks come again.
    body = {"at": (now + timedelta(hours=1)).isoformat()}
    done = await manager.post(f"/api/inspections/stops/{stop.json()['id']}/resume", params={"version": 1}, json=body)
    assert done.status_code == 200, done.text
    again = await _plan(crew, name="复产后", rule=HOURLY)
    await _dispatch(crew)
    assert [t for t in await _tasks(crew, again) if datetime.fromisoformat(t["starts_at"]) > now + timedelta(hours=1)]


@pytest.mark.req("M4.2")
async def test_offline_work_comes_in_once_and_conflicts_are_shown(crew: Crew) -> None:
    plan = await _plan(crew, name="离线", owner_id=None, post="employee")
    task = await _first(crew, plan)
    mine, theirs = _work(plan), _work(plan)
    for work in (mine, theirs):
        del work["confirmation"]
        work["task_id"] = task["id"]
    lost = {**mine, "client_id": str(uuid4()), "task_id": str(uuid4())}
    employee = crew.people["employee"]

    async def sync(*work: Json) -> list[str]:
        answer = await employee.post("/api/inspections/sync", json={"work": list(work), "confirmation": confirmation()})
        assert answer.status_code == 200, answer.text
        return [row["outcome"] for row in answer.json()]

    first = await asyncio.gather(sync(mine), sync(mine))  # the answer got lost, it is sent again meanwhile
    assert sorted(x for row in first for x in row) == ["accepted", "duplicate"]
    assert await sync(mine, theirs, lost) == ["duplicate", "conflict", "refused"]
    detail = (await employee.get(f"/api/inspections/tasks/{task['id']}")).json()
    assert len(detail["records"]) == 2


@pytest.mark.req("M4.2")
@pytest.mark.req("M4.3")
async def test_a_found_hazard_enters_the_loop_with_its_photo(crew: Crew, site: Enterprise) -> None:
    plan = await _plan(crew, name="查出隐患", kind=3, department="储运部")
    task = await _first(crew, plan)
    employee = crew.people["employee"]
    photo = await live_photo(employee, "inspection", task["number"], 4242)
    work = _work(plan)
    work["results"][0] |= {"result": 1, "note": "底部法兰渗漏", "photos": [photo]}
    done = await employee.post(f"/api/inspections/tasks/{task['id']}/submit", json=work)
    assert done.status_code == 200, done.text
    await outbox.sequence()
    (subscriber,) = SUBSCRIBERS
    while await deliver.deliver(subscriber):
        pass
    (found,) = (await employee.get("/api/hazards", params={"q": "底部法兰渗漏"})).json()["items"]
    assert (found["source"], found["origin"], found["reporter_name"], found["zone_code"]) == (
        3,
        "inspection",
        "employee",
        "Z-11",
    )
    detail = (await employee.get(f"/api/hazards/{found['id']}")).json()
    assert detail["photos"] == [photo] and len(detail["photo_files"]) == 1


async def test_tasks_are_handed_over(crew: Crew) -> None:
    plan = await _plan(crew, name="转交")
    task = await _first(crew, plan)
    path = f"/api/inspections/tasks/{task['id']}/hand_over"
    to = {"account_id": str(crew.ids["leader"])}
    assert (await crew.people["leader"].post(path, json=to)).status_code == 403  # not theirs to give
    given = (await crew.people["employee"].post(path, json=to)).json()
    assert given["assignee_name"] == "leader"
    assert (await crew.people["employee"].post(f"{path[:-9]}submit", json=_work(plan))).json()["code"] == "not_allowed"


@pytest.mark.req("M4.2")
async def test_checklists_come_from_libraries_and_rates_are_counted(crew: Crew) -> None:
    manager = crew.people["manager"]
    assert {"chemical_plant", "pharmaceutical", "storage", "filling_station"} <= set(
        (await manager.get("/api/inspections/libraries")).json()
    )
    plan = await _plan(crew, name="加油站")
    filled = await manager.post(f"/api/inspections/plans/{plan['id']}/fill", json={"library": "filling_station"})
    assert len(filled.json()["items"]) == 12
    now = clock.now()
    span = {"since": (now - timedelta(days=9)).isoformat(), "until": (now + timedelta(days=9)).isoformat()}
    rates = (await manager.get("/api/inspections/statistics", params=span)).json()
    assert rates["done"] >= 1 and rates["suspended"] >= 3 and 0 < rates["rate"] <= 1 and "Z-11" in rates["by_zone"]
    days = [{"day": "2026-10-01", "kind": "holiday"}, {"day": "2026-10-10", "kind": "workday"}]
    assert (await manager.put("/api/inspections/calendar", json=days)).status_code == 204
    assert (await manager.get("/api/inspections/calendar")).json() == days
    wrong = await manager.post(
        "/api/inspections/plans",
        json={**{k: plan[k] for k in ("code", "name", "starts_on")}, "rule": {"unit": "shift"}},
    )
    assert {e["code"] for e in wrong.json()["errors"]} == {"inspection_who", "inspection_rule"}
    named = (await manager.get("/api/inspections/people")).json()
    assert {"id": str(crew.ids["employee"]), "name": "employee", "roles": ["employee"]} in named
    assert (await crew.people["employee"].get("/api/inspections/people")).status_code == 403
    assert (await crew.people["employee"].post("/api/inspections/dispatch")).status_code == 403
