"""The risk map over HTTP: alarms lift zones, each change says why at any time, rules and decisions are signed, zones answer whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
import segno

from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm
from realtime.risk.server import Risk
from tests.conftest import Enterprise, SignIn
from tests.risk.support import load, running_risk, zone_shows
from tests.risks.support import event, make_unit, post
from twin import clock
from twin.auth.service import create_account
from twin.db.deliver import deliver
from twin.db.uow import unit_of_work

STROKES = [[[0.1, 0.5], [0.4, 0.2], [0.6, 0.8], [0.9, 0.4]]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def risk(enterprise: Enterprise) -> AsyncIterator[Risk]:
    """The process's loop beside the API."""
    await load(enterprise)
    async with running_risk() as process:
        yield process


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(risk: Risk, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in("manager")


def confirmation(enterprise: Enterprise) -> dict[str, Any]:
    return {"password": enterprise.password, "strokes": STROKES}


async def alarm(
    enterprise: Enterprise, key: str, zone: str, grade: int, kind: str = "hh", name: str = "TI-101"
) -> None:
    fact = AlarmFact(
        key, "point", kind, grade, clock.now(), {"name": name, "value": 9, "limit": 8, "unit": "℃"},
        subject_name=name, zone_code=zone,
    )  # fmt: skip
    async with unit_of_work(enterprise.id) as uow:
        await raise_alarm(uow, fact)


async def settings(http: httpx.AsyncClient, enterprise: Enterprise, key: str, **body: Any) -> httpx.Response:
    rule = next(r for r in (await http.get("/api/risk/rules")).json() if r["key"] == key)
    changed = {name: rule[name] for name in ("title_zh", "title_en", "icon", "enabled", "version")}
    changed |= {"body": {**rule["body"], **body}, "confirmation": confirmation(enterprise)}
    return await http.put(f"/api/risk/rules/{key}", json=changed)


@pytest.mark.req("M8.3", "M8.5")
async def test_an_alarm_lifts_its_zone_and_people_are_told_by_control_level(
    risk: Risk, manager: httpx.AsyncClient, enterprise: Enterprise, sign_in: SignIn
) -> None:
    from domain.risk.subscribers import SUBSCRIBERS

    # the zone's own person and the one who answers for the whole plant sign in too
    people = (await manager.get("/api/zones/Z-43")).json()["responsible"]
    async with unit_of_work(enterprise.id) as uow:
        for username, person in (("own43", people[0]), ("top43", people[-1])):
            await create_account(
                uow, username=username, name=person["name"], password=enterprise.password, roles=["employee"]
            )
    assert (await settings(manager, enterprise, "alarm_interlock", hold_s=0, release_s=0)).status_code == 200
    before = (await manager.get("/api/zones/Z-43")).json()["state"]["level"]
    await alarm(enterprise, "point:1:hh", "Z-43", 1)
    shown = await zone_shows(manager, "Z-43", 1)
    cause = shown["state"]["causes"][0]
    assert cause["rule"] == "alarm_interlock" and cause["title"] == "联锁级报警未消除"
    assert cause["facts"][0]["attributes"]["subject"] == "TI-101"
    while await deliver(SUBSCRIBERS[0]):
        pass
    for role in ("leader", "manager", "control"):
        inbox = (await (await sign_in(role)).get("/api/inbox")).json()["items"]
        assert any(n["kind"] == "risk_raised" and "联锁级报警未消除" in n["text"] for n in inbox), role
    for person in ("own43", "top43"):
        answer = await (await sign_in(person)).get("/api/inbox", headers={"Accept-Language": "en"})
        told = [n for n in answer.json()["items"] if n["kind"] == "risk_raised"]
        assert len(told) == 1 and "raised to major risk (red)" in told[0]["title"], person
        assert not re.search(r"[\u4e00-\u9fff{]", told[0]["title"] + told[0]["text"]), told
    told = (await (await sign_in("employee")).get("/api/inbox")).json()["items"]
    assert not any(n["kind"] == "risk_raised" for n in told)
    async with unit_of_work(enterprise.id) as uow:
        await clear_alarm(uow, "point:1:hh", clock.now())
    await zone_shows(manager, "Z-43", before)
    changes = (await manager.get("/api/risk/changes", params={"zone": "Z-43"})).json()
    assert [(c["before"], c["after"]) for c in changes[:2]] == [(1, before), (before, 1)]
    lifted = clock.now() if not changes else changes[1]["at"]
    why = (await manager.get("/api/zones/Z-43/why", params={"at": lifted})).json()
    assert why["level"] == 1 and why["causes"][0]["facts"][0]["until"] is None
    past = (await manager.get("/api/risk/at", params={"at": lifted})).json()
    assert past["levels"]["Z-43"] == 1
    assert (await manager.get("/api/risk/at")).json()["levels"]["Z-43"] == before
    await check_timeline(manager, changes)


async def check_timeline(manager: httpx.AsyncClient, changes: list[dict[str, Any]]) -> None:
    """The line of the time machine counts what the lists name; steps from change to change find the nearest."""
    fell, rose = (datetime.fromisoformat(change["at"]) for change in changes[:2])
    end = clock.now() + timedelta(seconds=1)
    span = {"from": (end - timedelta(hours=1)).isoformat(), "to": end.isoformat()}
    every = (await manager.get("/api/risk/changes", params={**span, "recoloured": True, "limit": 5000})).json()
    assert all(c["before"] != c["after"] for c in every)
    line = (await manager.get("/api/risk/timeline", params={**span, "parts": 60})).json()
    assert line["step"] == 60 and sum(part["changes"] for part in line["parts"]) == len(every)
    alarms = (await manager.get("/api/alarms", params={**span, "limit": 500})).json()["items"]
    assert sum(part["alarms"] for part in line["parts"]) == len(alarms) >= 1
    for part in line["parts"]:
        begin = datetime.fromisoformat(part["at"])
        told = [c["after"] for c in every if begin <= datetime.fromisoformat(c["at"]) < begin + timedelta(seconds=60)]
        came = [a["grade"] for a in alarms if begin <= datetime.fromisoformat(a["at"]) < begin + timedelta(seconds=60)]
        assert (part["changes"], part["level"]) == (len(told), min(told, default=None))
        assert (part["alarms"], part["grade"]) == (len(came), min(came, default=None))
    near = {"zone": "Z-43", "recoloured": True, "limit": 1}
    later = {**near, "from": (rose + timedelta(microseconds=1)).isoformat(), "oldest": True}
    assert [c["at"] for c in (await manager.get("/api/risk/changes", params=later)).json()] == [changes[0]["at"]]
    earlier = {**near, "to": (fell - timedelta(microseconds=1)).isoformat()}
    assert [c["at"] for c in (await manager.get("/api/risk/changes", params=earlier)).json()] == [changes[1]["at"]]
    for wrong in ({**span, "to": span["from"]}, {**span, "from": (end - timedelta(days=40)).isoformat()}):
        assert (await manager.get("/api/risk/timeline", params=wrong)).status_code == 422


@pytest.mark.req("M8.3")
async def test_nothing_is_pushed_again_for_the_same_cause(
    risk: Risk, manager: httpx.AsyncClient, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """A point whose alarm comes, goes and comes again tells once; another point in the same zone is news."""
    from domain.risk.subscribers import SUBSCRIBERS

    assert (await settings(manager, enterprise, "alarm_interlock", hold_s=0, release_s=0)).status_code == 200
    before = (await manager.get("/api/zones/Z-41")).json()["state"]["level"]

    async def told() -> int:
        while await deliver(SUBSCRIBERS[0]):
            pass
        inbox = (await (await sign_in("leader")).get("/api/inbox", params={"limit": 200})).json()["items"]
        return sum(n["kind"] == "risk_raised" and n["link"].endswith("Z-41") for n in inbox)

    said = []
    for key, name in (("7", "PI-107"), ("7", "PI-107"), ("8", "PI-108")):
        await alarm(enterprise, f"point:{key}:hh", "Z-41", 1, name=name)
        await zone_shows(manager, "Z-41", 1)
        said.append(await told())
        async with unit_of_work(enterprise.id) as uow:
            await clear_alarm(uow, f"point:{key}:hh", clock.now())
        if len(said) < 3:  # three alarms are frequent alarms: those stay for ten minutes
            await zone_shows(manager, "Z-41", before)
    assert said == [1, 1, 2]


async def test_a_rule_is_changed_with_a_signature_and_only_once(
    manager: httpx.AsyncClient, enterprise: Enterprise, sign_in: SignIn
) -> None:
    answer = await settings(manager, enterprise, "alarm_frequent", count=5)
    assert answer.json()["body"]["count"] == 5 and answer.json()["version"] == 2
    stale = {**answer.json(), "version": 1, "confirmation": confirmation(enterprise)}
    stale = {k: stale[k] for k in ("title_zh", "title_en", "icon", "body", "enabled", "version", "confirmation")}
    assert (await manager.put("/api/risk/rules/alarm_frequent", json=stale)).status_code == 409
    wrong = {**stale, "version": 2, "confirmation": {"password": "wrong", "strokes": STROKES}}
    assert (await manager.put("/api/risk/rules/alarm_frequent", json=wrong)).status_code == 401
    unknown = {**stale, "version": 0, "body": {"kind": "tides"}}
    made = await manager.put("/api/risk/rules/tides", json=unknown)
    assert (made.status_code, made.json()["code"]) == (422, "risk_rule_unknown_kind")
    employee = await sign_in("employee")
    assert (await employee.put("/api/risk/rules/alarm_frequent", json={**stale, "version": 2})).status_code == 403


async def test_a_trial_says_what_would_have_been_and_changes_nothing(
    risk: Risk, manager: httpx.AsyncClient, enterprise: Enterprise
) -> None:
    await alarm(enterprise, "point:2:h", "Z-44", 2, "h")
    async with asyncio.timeout(30):
        while True:
            body = {"key": "alarm_high", "body": {"kind": "alarm", "level": 1}, "days": 1}
            made = (await manager.post("/api/risk/trial", json=body)).json()
            if any(z["zone"] == "Z-44" for z in made["zones"]):
                break
            await asyncio.sleep(0.2)
    zone = next(z for z in made["zones"] if z["zone"] == "Z-44")
    assert zone["would"]["1"] > 0 and "1" not in zone["was"]
    assert made["lifts_would"] > made["lifts_were"]
    rules = (await manager.get("/api/risk/rules")).json()
    assert next(r for r in rules if r["key"] == "alarm_high")["version"] == 1
    # the same for named zones: elsewhere nothing would differ, in the area above with all below it would
    for named, differs in (("Z-A1", False), ("Z-A4", True)):
        here = {**body, "key": "own_here", "body": {"kind": "alarm", "level": 1, "zones": [named]}}
        made = (await manager.post("/api/risk/trial", json=here)).json()
        assert any(z["zone"] == "Z-44" for z in made["zones"]) is differs
    nowhere = {**body, "body": {"kind": "alarm", "zones": ["Z-44", "Z-99"]}}
    refused = await manager.post("/api/risk/trial", json=nowhere)
    assert (refused.status_code, refused.json()["code"]) == (422, "risk_rule_zone_unknown")
    assert "Z-99" in refused.json()["message"] and "Z-44" not in refused.json()["message"]


@pytest.mark.req("M8.3")
async def test_a_rule_for_named_zones_is_signed_with_them(manager: httpx.AsyncClient, enterprise: Enterprise) -> None:
    body = {"kind": "interlock", "level": 3, "zones": ["Z-A1"]}
    rule = {"title_zh": "罐区联锁", "title_en": "Tank farm interlock", "body": body, "enabled": False, "version": 0}
    path = "/api/risk/rules/own_farm"
    made = await manager.put(path, json={**rule, "confirmation": confirmation(enterprise)})
    assert made.status_code == 200 and made.json()["body"]["zones"] == ["Z-A1"]
    (signed,) = (await manager.get("/api/signatures", params={"kind": "risk_rule", "key": "own_farm"})).json()
    assert (await manager.get(f"/api/verify/{signed['id']}")).json()["valid"]
    unknown = {**rule, "version": 1, "body": {**body, "zones": ["Z-99"]}, "confirmation": confirmation(enterprise)}
    assert (await manager.put(path, json=unknown)).json()["code"] == "risk_rule_zone_unknown"


@pytest.mark.req("M8.5")
async def test_a_person_sets_a_level_with_a_reason_and_takes_it_back(
    risk: Risk, manager: httpx.AsyncClient, enterprise: Enterprise, sign_in: SignIn
) -> None:
    before = (await manager.get("/api/zones/Z-42")).json()["state"]["level"]
    until = (clock.now() + timedelta(hours=2)).isoformat()
    body = {"level": 1, "reason": "装置开车", "until": until, "confirmation": confirmation(enterprise)}
    past = {**body, "until": (clock.now() - timedelta(hours=2)).isoformat()}
    assert (await manager.put("/api/zones/Z-42/override", json=past)).json()["code"] == "override_time"
    assert (await manager.put("/api/zones/Z-42/override", json=body)).status_code == 200
    shown = await zone_shows(manager, "Z-42", 1)
    assert shown["state"]["override"] is True
    assert (await manager.get("/api/risk/overrides")).json()[0]["reason"] == "装置开车"
    assert (await manager.delete("/api/zones/Z-42/override")).status_code == 204
    await zone_shows(manager, "Z-42", before)
    assert (await manager.delete("/api/zones/Z-42/override")).status_code == 404


@pytest.mark.req("M8.4")
async def test_a_zone_answers_whole_with_its_cards(risk: Risk, manager: httpx.AsyncClient, sign_in: SignIn) -> None:
    card = {
        "title": "石脑油加氢重整装置应急卡",
        "sections": [
            {"heading": "危险", "lines": ["氢气泄漏", "高温高压"]},
            {"heading": "处置", "lines": ["撤离上风向"]},
        ],
        "phones": [{"name": "值班室", "phone": "0317-5550100"}],
        "version": 0,
    }
    made = await manager.put("/api/zones/Z-21/cards/emergency", json=card)
    assert made.status_code == 200, made.text
    assert (await manager.put("/api/zones/Z-21/cards/emergency", json=card)).status_code == 409
    assert (await manager.get("/api/zones/Z-21/cards/knowledge")).json()["code"] == "card_not_found"
    zone = (await (await sign_in("employee")).get("/api/zones/Z-21")).json()
    assert zone["cards"][0]["sections"][0]["lines"] == ["氢气泄漏", "高温高压"]
    assert zone["responsible"][0]["phone"] and zone["state"]["level"] == 1
    assert (await manager.get("/api/zones/Z-999")).json()["code"] == "zone_not_found"
    drawn = await manager.get("/api/zones/Z-21/qr.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    meant = segno.make_qr(str(manager.base_url.join("/m/zone/Z-21")), error="m")
    body = meant.svg_inline(border=4, light="#fff", omitsize=True).partition('class="segno">')[2]
    assert body and body in drawn.text
    assert (await manager.get("/api/zones/Z-999/qr.svg")).json()["code"] == "zone_not_found"
    english = (await manager.get("/api/zones/Z-21", headers={"Accept-Language": "en"})).json()
    assert not any("\u4e00" <= c <= "\u9fff" for c in english["name"])


@pytest.mark.req("M8.4")
async def test_a_posts_card_begins_with_what_the_registers_say_and_is_found(
    risk: Risk, manager: httpx.AsyncClient, sign_in: SignIn
) -> None:
    unit = await make_unit(manager, "CARD", ["Z-52"])
    everybody = await post(manager, "/api/risks/events", event(unit, 5, 5, name="液氨泄漏", content="阀门失效"))
    named = await post(manager, "/api/risks/events", event(unit, 2, 2, name="叉车撞击", owner="装卸工"))
    for made, measure in ((everybody, "每班测漏"), (named, "限速 5 km/h")):
        body = {"event_id": made["id"], "data_src": 2, "classify1": 1, "classify2": "1-1", "description": measure}
        await post(manager, "/api/risks/measures", body)
    ammonia = {
        "name": "液氨", "entry": "nh3", "category": "J3", "roles": ["raw"], "lel": 15, "uel": 28, "hazards": "有毒",
        "first_aid": "移至空气新鲜处",
    }  # fmt: skip
    made = await post(manager, "/api/chemicals", ammonia)
    stored = [{"chemical_id": made["id"], "place": "东格", "design_t": 12, "current_t": 3}]
    await post(
        manager,
        "/api/major-hazards",
        {"name": "库", "kind": "warehouse", "zone_code": "Z-52", "residents": 0, "lines": stored},
    )

    async def draft(kind: str, **params: str) -> dict[str, Any]:
        answer = await manager.get(f"/api/zones/Z-52/cards/{kind}/draft", params=params)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    # The register names nothing for a crane driver: everything in the zone holds for him, the worst first.
    crane = await draft("post", post="起重工")
    lines = {part["heading"]: part["lines"] for part in crane["sections"]}
    assert list(lines) == ["主要危险", "限值", "控制措施", "应急处置与急救"]
    assert [line.split("：")[0] for line in lines["主要危险"]] == ["液氨泄漏", "叉车撞击", "液氨"]
    assert "火灾" in lines["主要危险"][0] and lines["控制措施"] == ["每班测漏", "限速 5 km/h"]
    assert "液氨：爆炸极限 15%～28%" in lines["限值"] and lines["应急处置与急救"] == ["液氨急救：移至空气新鲜处"]
    assert [p["phone"] for p in crane["phones"][-2:]] == ["119", "120"] and len(crane["phones"]) > 2
    # It names the loader, who reads what is his.
    loader = await draft("post", post="装卸工")
    assert loader["title"].endswith(" 装卸工岗位风险卡")
    assert [line.split("：")[0] for line in loader["sections"][0]["lines"]] == ["叉车撞击", "液氨"]
    assert [part["heading"] for part in (await draft("emergency"))["sections"]] == [
        "主要危险",
        "应急处置与急救",
        "控制措施",
    ]

    points = (await manager.get("/api/zones/Z-21/cards/knowledge/draft")).json()["sections"][1]["lines"]
    assert any(re.fullmatch(r"可燃气体（\d+ 个测点）：高限 \S+ %LEL，高高限 \S+ %LEL", line) for line in points), points

    path = "/api/zones/Z-52/cards/post"
    for answer in (await manager.get(f"{path}/draft"), await manager.put(path, json={**loader, "version": 0})):
        assert (answer.status_code, answer.json()["code"]) == (422, "card_needs_post")
    loader["sections"] = [part for part in loader["sections"] if part["lines"]]
    kept = await manager.put(path, params={"post": "装卸工"}, json={**loader, "version": 0})
    assert kept.status_code == 200, kept.text
    employee = await sign_in("employee")
    assert (await employee.get(f"{path}/draft", params={"post": "装卸工"})).status_code == 403
    assert (await employee.get(path, params={"post": "装卸工"})).json()["sections"] == loader["sections"]
    shown = (await employee.get("/api/zones/Z-52")).json()["cards"]
    assert [(c["kind"], c["post"]) for c in shown] == [("post", "装卸工")]
    listed = (await employee.get("/api/risk/cards", params={"kind": "post", "limit": 1})).json()
    assert [(c["zone"], c["post"]) for c in listed["items"]] == [("Z-52", "装卸工")] and listed["next"] is None
    drawn = await employee.get("/api/zones/Z-52/qr.svg", params={"post": "装卸工"})
    meant = segno.make_qr(str(manager.base_url.join("/m/cards/Z-52/%E8%A3%85%E5%8D%B8%E5%B7%A5")), error="m")
    assert meant.svg_inline(border=4, light="#fff", omitsize=True).partition('class="segno">')[2] in drawn.text
