"""Facts about risk from outside, over HTTP: they colour their zones, and everything returns when they are over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from domain.factors import demo, service
from domain.risk import demo as cards_demo
from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm
from realtime.risk import repository as engine_rows
from realtime.risk.server import Risk
from tests.conftest import Enterprise, SignIn
from tests.risk.support import load, quick_rules, running_risk, zone_shows
from twin import clock
from twin.auth.demo import principal
from twin.db.uow import unit_of_work


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def risk(enterprise: Enterprise) -> AsyncIterator[Risk]:
    """The risk process's loop beside the API, its rules without holds and with short releases."""
    await load(enterprise)
    await quick_rules(enterprise, 0.2)
    async with running_risk() as process:
        yield process


async def shorten(enterprise: Enterprise, key: str, **times: float) -> None:
    """Give a rule other times, as the service does."""
    async with unit_of_work(enterprise.id) as uow:
        row = next(row for row in await engine_rows.rule_rows(uow.session) if row.key == key)
        changed = engine_rows.RuleRow(**{**row.__dict__, "body": {**row.body, **times}})
        await engine_rows.put_rule(uow.session, enterprise.id, enterprise.id, changed)
        await uow.emit("risk.rule", "put", key, {})


async def levels(http: httpx.AsyncClient) -> dict[str, int]:
    answer: dict[str, int] = (await http.get("/api/risk/at")).json()["levels"]
    return answer


@pytest.mark.req("M8.3")
@pytest.mark.parametrize(
    ("kind", "body", "rule", "level"),
    [
        ("interlock", {"subject": "LSHH-2101 联锁"}, "interlock_off", 2),
        ("work", {"subject": "DH-2026-118 特级动火", "type": "动火", "grade": 1}, "work_special", 1),
        ("equipment", {"subject": "消防泵 P-902"}, "equipment_off", 3),
        ("weather", {"subject": "大风橙色预警", "type": "大风", "grade": 2}, "weather", 3),
    ],
)
async def test_a_fact_from_outside_colours_its_zone_and_its_end_gives_it_back(
    risk: Risk, sign_in: SignIn, kind: str, body: dict[str, Any], rule: str, level: int
) -> None:
    control = await sign_in("control")
    code = next(c for c, n in (await levels(control)).items() if n == 4 and c.startswith("Z-4"))
    told = await control.put(f"/api/risk/facts/{kind}/x-1", json={"zones": [code], **body})
    assert told.status_code == 200, told.text
    zone = await zone_shows(control, code, level)
    assert [c["rule"] for c in zone["state"]["causes"]] == [rule]
    assert zone["state"]["causes"][0]["facts"][0]["attributes"]["subject"] == body["subject"]
    assert any(f["key"] == "x-1" and f["kind"] == kind for f in (await control.get("/api/risk/facts")).json())
    assert (await control.delete(f"/api/risk/facts/{kind}/x-1")).status_code == 204
    await zone_shows(control, code, 4)
    again = await control.delete(f"/api/risk/facts/{kind}/x-1")
    assert (again.status_code, again.json()["code"]) == (404, "told_fact_not_found")


@pytest.mark.req("M8.3")
async def test_violations_lift_a_zone_by_their_number_and_are_forgotten_after_the_rules_time(
    risk: Risk, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """One is none; two within the window lift; when the window is over the zone returns, whether or not anybody ends them."""
    await shorten(enterprise, "violation", window_s=8.0)
    control = await sign_in("control")
    code = next(c for c, n in (await levels(control)).items() if n == 4 and c.startswith("Z-4"))
    body = {"zones": [code], "subject": "CAM-12", "type": "未戴安全帽"}
    assert (await control.put("/api/risk/facts/violation/v-1", json=body)).status_code == 200
    assert (await control.get(f"/api/zones/{code}")).json()["state"]["level"] == 4
    assert (await control.put("/api/risk/facts/violation/v-2", json=body)).status_code == 200
    zone = await zone_shows(control, code, 3)
    assert [(c["rule"], c["total"]) for c in zone["state"]["causes"]] == [("violation", 2)]
    assert zone["state"]["causes"][0]["facts"][0]["attributes"] == {"subject": "CAM-12", "type": "未戴安全帽"}
    await zone_shows(control, code, 4)
    for key in ("v-1", "v-2"):
        assert (await control.delete(f"/api/risk/facts/violation/{key}")).status_code == 204


@pytest.mark.req("M8.3")
async def test_the_plants_own_wind_and_gas_detectors_are_factors_without_anybody_typing(
    risk: Risk, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """An alarm of a wind point is weather at the whole site; one of a gas detector makes its zone red, a fault of it does not."""
    control = await sign_in("control")
    points = (await control.get("/ogc/collections/device/items", params={"limit": 1000})).json()["features"]

    def of(kind: str) -> dict[str, Any]:
        return next(p for p in points if p["properties"]["kind"] == kind)

    async def alarm(point: dict[str, Any], type_: str, grade: int, stage: int) -> str:
        key, props = f"point:{point['id']}:{type_}", point["properties"]
        fact = AlarmFact(
            key, "point", type_, grade, clock.now(), {"name": props["name"], "tag": props["tag"]}, stage=stage,
            subject_layer="device", subject_id=UUID(point["id"]), subject_name=props["name"], zone_code=props["zone_code"],
        )  # fmt: skip
        async with unit_of_work(enterprise.id) as uow:
            await raise_alarm(uow, fact)
        return key

    async def over(key: str) -> None:
        async with unit_of_work(enterprise.id) as uow:
            await clear_alarm(uow, key, clock.now())

    wind, gas = of("wind"), of("gas_toxic")
    blue = [c for c, n in (await levels(control)).items() if n == 4 and c.startswith("Z-4")]  # far from where it stands
    assert blue
    raised = await alarm(wind, "h", 2, 1)
    for code in blue:
        zone = await zone_shows(control, code, 3)
        told = next(c for c in zone["state"]["causes"] if c["rule"] == "weather")["facts"][0]["attributes"]
        assert told == {"grade": 2, "type": "wind", "subject": wind["properties"]["name"]}
    await over(raised)
    for code in blue:
        await zone_shows(control, code, 4)
    at = gas["properties"]["zone_code"]
    before = (await levels(control))[at]
    broken = await alarm(gas, "bad", 4, 0)
    raised = await alarm(gas, "h", 2, 1)
    zone = await zone_shows(control, at, 1)
    cause = next(c for c in zone["state"]["causes"] if c["rule"] == "gas_leak")
    assert (cause["total"], cause["facts"][0]["attributes"]["type"]) == (1, "h"), "a detector's fault is no leak"
    await over(raised)
    await over(broken)
    await zone_shows(control, at, before)


@pytest.mark.req("M8.3")
async def test_weather_of_the_whole_plant_moves_and_ends_by_itself(
    risk: Risk, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """Told for the plant and all below it, then for one zone alone, then its time comes."""
    control = await sign_in("control")
    blue = [c for c, n in (await levels(control)).items() if n == 4]
    assert len(blue) > 3
    body = {"zones": ["Z-00"], "below": True, "subject": "雷暴红色预警", "grade": 1}
    assert (await control.put("/api/risk/facts/weather/storm-7", json=body)).status_code == 200
    for code in blue[:3]:
        await zone_shows(control, code, 3)
    until = (clock.now() + timedelta(hours=1)).isoformat()
    moved = await control.put(
        "/api/risk/facts/weather/storm-7", json={**body, "zones": [blue[0]], "below": False, "until": until}
    )
    assert moved.json()["zones"] == [blue[0]]
    await zone_shows(control, blue[1], 4)
    await zone_shows(control, blue[0], 3)
    longer = (clock.now() + timedelta(hours=3)).isoformat()
    same = await control.put(
        "/api/risk/facts/weather/storm-7", json={**body, "zones": [blue[0]], "below": False, "until": longer}
    )
    assert same.json()["since"] == moved.json()["since"]
    with clock.travel(by=timedelta(hours=2)):
        assert await service.end_expired() == 0, "it was prolonged"
    with clock.travel(by=timedelta(hours=4)):
        assert await service.end_expired() == 1
    await zone_shows(control, blue[0], 4)
    past = (await control.get("/api/risk/facts", params={"past": True, "kind": "weather"})).json()
    assert past[0]["key"] == "storm-7" and past[0]["ended_at"]


@pytest.mark.req("M1.5", "M8.3")
async def test_an_led_screen_shows_the_colour_and_why_in_lines_that_fit(risk: Risk, sign_in: SignIn) -> None:
    control = await sign_in("control")
    code = next(c for c, n in (await levels(control)).items() if n == 4 and c.startswith("Z-4"))
    calm = (await control.get(f"/api/zones/{code}/led", params={"width": 16, "lines": 6})).json()
    assert (calm["level"], calm["colour"]) == (4, "blue")
    body = {"zones": [code], "subject": "LSHH-2101 液位高高联锁检修摘除期间安排专人现场监护"}
    assert (await control.put("/api/risk/facts/interlock/led-1", json=body)).status_code == 200
    await zone_shows(control, code, 2)
    text = await control.get(f"/api/zones/{code}/led.txt", params={"width": 16, "lines": 6, "encoding": "gb18030"})
    assert text.headers["x-risk-level"] == "2" and text.headers["content-type"] == "text/plain; charset=gb18030"
    lines = text.content.decode("gb18030").split("\n")
    assert len(lines) == 6 and all(len(line.encode("gb18030")) <= 16 for line in lines)
    said = "".join(lines)
    assert "较大风险" in said and "联锁摘除" in said and lines[-2].endswith("…") and lines[-1][2] == ":"
    assert (await control.get("/api/zones/Z-999/led")).json()["code"] == "zone_not_found"
    assert (await control.delete("/api/risk/facts/interlock/led-1")).status_code == 204
    await zone_shows(control, code, 4)


async def test_what_makes_no_sense_is_refused_in_words(risk: Risk, sign_in: SignIn) -> None:
    control, employee = await sign_in("control"), await sign_in("employee")
    body = {"zones": ["Z-41"], "subject": "x"}
    for kind, more, code in (
        ("weather", {}, "told_fact_grade"),
        ("interlock", {"grade": 1}, "told_fact_grade"),
        ("interlock", {"zones": ["Z-41", "Z-999"]}, "told_fact_zone_unknown"),
        ("interlock", {"until": (clock.now() - timedelta(seconds=1)).isoformat()}, "told_fact_time"),
    ):
        answer = await control.put(f"/api/risk/facts/{kind}/y", json={**body, **more})
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert (await control.put("/api/risk/facts/tides/y", json=body)).status_code == 422
    assert (await employee.put("/api/risk/facts/interlock/y", json=body)).status_code == 403
    assert not any(f["key"] == "y" for f in (await employee.get("/api/risk/facts")).json())
    made = await control.post("/api/auth/tokens", json={"name": "气象", "scopes": ["risk:tell"], "days": 30})
    assert made.status_code == 201, made.text


@pytest.mark.req("M8.3", "M8.4")
async def test_the_demo_begins_with_factors_and_with_cards_from_its_registers(
    risk: Risk, enterprise: Enterprise, sign_in: SignIn
) -> None:
    """As ``twin up --demo`` does, through the services; both are quick, because every start waits for them."""
    control = await sign_in("control")
    async with unit_of_work(enterprise.id) as uow:
        await demo.tell(uow, await principal("control"))
        await cards_demo.write(uow, await principal("manager"))
        await cards_demo.write(uow, await principal("manager"))  # what is written already stays
    for _, key, zone, _ in demo.FACTS:
        state = (await zone_shows(control, zone, {"Z-53": 2, "Z-41": 2, "Z-32": 2, "Z-43": 3}[zone]))["state"]
        assert any(fact["key"] == f"{key}/{zone}" for cause in state["causes"] for fact in cause["facts"])
    card = (await control.get("/api/zones/Z-11/cards/knowledge")).json()
    assert card["title"] == "液化烃球罐区应知卡" and any(phone["phone"] == "119" for phone in card["phones"])
    post = await control.get("/api/zones/Z-11/cards/post", params={"post": "储运外操"})
    assert post.status_code == 200 and all(section["lines"] for section in post.json()["sections"])
    for kind, key, _, _ in demo.FACTS:
        assert (await control.delete(f"/api/risk/facts/{kind}/{key}")).status_code == 204
