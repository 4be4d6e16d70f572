"""Escalation by rule from outside: inboxes and a real HTTP gateway get what is due, once, and nothing after the return."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from domain.alarms import escalation
from domain.alarms.set_clock import SetClock
from realtime.alarms.raising import clear_alarms, raise_alarms
from tests.alarms.test_desk import RESULT, down, fact, up
from tests.conftest import Enterprise, SignIn
from twin import clock
from twin.db.uow import unit_of_work


@asynccontextmanager
async def gateway(answers: list[int]) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A message gateway that answers with these status codes, then 200."""
    got: list[dict[str, Any]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(next(line for line in head.splitlines() if line.startswith("content-length")).split(":")[1])
        got.append(json.loads(await reader.readexactly(length)))
        code = answers.pop(0) if answers else 200
        writer.write(f"HTTP/1.1 {code} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms", got


async def told(http: httpx.AsyncClient) -> list[str]:
    return [
        item["title"] for item in (await http.get("/api/inbox")).json()["items"] if item["kind"].startswith("alarm")
    ]


@pytest.mark.req("M9.1", "M9.2", "M9.4")
async def test_rules_push_what_is_due_once_and_nothing_after_return(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk, leader, employee = await sign_in("manager"), await sign_in("leader"), await sign_in("employee")
    assert all(rule["default"] for rule in (await desk.get("/api/alarms/rules")).json())
    async with gateway([500]) as (url, got), httpx.AsyncClient() as out:
        base = {"condition": "unacknowledged", "max_grade": 2}
        mine = {**base, "name": "班长", "after_s": 60, "channel": "handheld", "roles": ["leader"]}
        assert (await desk.post("/api/alarms/rules", json=mine)).status_code == 201
        sms = {**base, "name": "短信", "after_s": 120, "channel": "sms"}
        assert (await desk.post("/api/alarms/rules", json=sms)).status_code == 422, "to whom?"
        made = (await desk.post("/api/alarms/rules", json={**sms, "url": url})).json()
        assert made["version"] == 1 and not made["default"]
        seen, quiet, gone = [await up(enterprise, f"point:e{n}:hh") for n in range(3)]
        await desk.post(f"/api/alarms/{quiet}/acknowledge")
        await down(enterprise, "point:e2:hh")
        assert await escalation.pass_once() == 0
        with clock.travel(by=timedelta(seconds=61)):
            assert (await escalation.pass_once(), await escalation.pass_once()) == (1, 0)
        assert len(await told(leader)) == 1 and not await told(employee)
        with clock.travel(by=timedelta(seconds=121)):
            assert await escalation.pass_once() == 1
            assert await escalation.send_due(out) == 0 and len(got) == 1, "the gateway fails"
        with clock.travel(by=timedelta(seconds=130)):
            assert await escalation.send_due(out) == 1 and await escalation.send_due(out) == 0
        assert got[-1]["alarm"]["id"] == str(seen) and got[-1]["count"] == 1
        steps = (await desk.get(f"/api/alarms/{seen}/escalations")).json()
        assert [step["rule_name"] for step in steps] == ["班长", "短信"]
        async with unit_of_work(enterprise.id) as uow:
            events = text("SELECT key, payload FROM outbox WHERE topic = 'alarm' AND kind = 'escalated' ORDER BY id")
            said = (await uow.session.execute(events)).all()
        assert [(key, payload["id"]) for key, payload in said] == [(str(seen), str(seen))] * 2, "once for each rule"
        assert (await desk.get(f"/api/alarms/{gone}/escalations")).json() == []
        assert (await desk.delete(f"/api/alarms/rules/{made['id']}")).status_code == 204
    assert (await desk.post(f"/api/alarms/{seen}/handle", json=RESULT)).json()["status"] == "handled"


@pytest.mark.req("M9.4")
@pytest.mark.parametrize("minutes", [10, -10])
async def test_a_wall_clock_that_is_set_escalates_nothing_early_and_nothing_late(
    enterprise: Enterprise, sign_in: SignIn, minutes: int
) -> None:
    desk = await sign_in("manager")
    rule = {"name": "钟", "condition": "unacknowledged", "max_grade": 4, "after_s": 60, "types": ["rate"]}
    made = await desk.post("/api/alarms/rules", json={**rule, "channel": "handheld", "roles": ["leader"]})
    assert made.status_code == 201, made.text

    async def escalated(alarm: UUID) -> bool:
        steps = (await desk.get(f"/api/alarms/{alarm}/escalations")).json()
        return any(step["rule_name"] == "钟" for step in steps)

    watch = SetClock()
    await watch.look()
    before = await up(enterprise, f"point:before{minutes}:rate", type="rate")
    with clock.travel(by=timedelta(minutes=minutes)):
        await watch.look()
        after = await up(enterprise, f"point:after{minutes}:rate", type="rate")
        await escalation.pass_once()
        assert not await escalated(before) and not await escalated(after)
        with clock.travel(by=timedelta(seconds=61)):
            await escalation.pass_once()
            assert await escalated(before) and await escalated(after)
    for name in ("before", "after"):
        await down(enterprise, f"point:{name}{minutes}:rate")
    assert (await desk.delete(f"/api/alarms/rules/{made.json()['id']}")).status_code == 204


@pytest.mark.req("M9.4")
async def test_while_the_product_is_down_no_alarm_ripens(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("manager")
    rule = {"name": "停", "condition": "unacknowledged", "max_grade": 4, "after_s": 60, "types": ["switch"]}
    made = await desk.post("/api/alarms/rules", json={**rule, "channel": "handheld", "roles": ["leader"]})
    assert made.status_code == 201, made.text
    await SetClock().look()
    alarm = await up(enterprise, "point:down:switch", type="switch")

    async def escalated() -> bool:
        return bool((await desk.get(f"/api/alarms/{alarm}/escalations")).json())

    for minutes in (18, 40):  # two outages, 22 minutes between their ends and no look at the clock between
        with clock.travel(by=timedelta(minutes=minutes)):
            await SetClock().look()  # the process starts
            await escalation.pass_once()
            assert not await escalated(), "nobody could have taken it"
    with clock.travel(by=timedelta(minutes=40, seconds=61)):
        await escalation.pass_once()
        assert await escalated()
    await down(enterprise, "point:down:switch")
    assert (await desk.delete(f"/api/alarms/rules/{made.json()['id']}")).status_code == 204


@pytest.mark.req("M9.1")
async def test_an_alarm_that_nobody_takes_comes_back_to_the_screens(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("manager")
    rule = {"name": "大屏", "condition": "unacknowledged", "after_s": 60, "types": ["switch"], "channel": "screen"}
    made = await desk.post("/api/alarms/rules", json=rule)
    assert made.status_code == 201, made.text
    taken, left = [await up(enterprise, f"point:screen{n}:switch", type="switch") for n in range(2)]
    await desk.post(f"/api/alarms/{taken}/acknowledge")
    with clock.travel(by=timedelta(seconds=61)):
        await escalation.pass_once()
        assert (await desk.get(f"/api/alarms/{taken}")).json()["escalated_at"] is None
        assert (await desk.get(f"/api/alarms/{left}")).json()["escalated_at"] is not None
    async with unit_of_work(enterprise.id) as uow:
        said = text("SELECT payload FROM outbox WHERE topic = 'alarm' AND kind = 'escalated' AND key = :id")
        payloads = (await uow.session.execute(said, {"id": str(left)})).scalars().all()  # other rules may say so, too
    assert any(payload["escalated_at"] for payload in payloads), "what screens are told of it"
    for n in range(2):
        await down(enterprise, f"point:screen{n}:switch")
    assert (await desk.delete(f"/api/alarms/rules/{made.json()['id']}")).status_code == 204


@pytest.mark.req("M9.4")
async def test_a_flood_of_5000_is_one_notice_and_the_desk_stays_usable(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk, leader = await sign_in("manager"), await sign_in("leader")
    before = len(await told(leader))
    keys = [f"point:f{n}:hh" for n in range(5000)]
    async with unit_of_work(enterprise.id) as uow:
        assert len(await raise_alarms(uow, [fact(key) for key in keys])) == 5000
    with clock.travel(by=timedelta(seconds=61)):
        assert await escalation.pass_once() == 5000
    assert len(await told(leader)) == before + 1
    assert (await desk.get("/api/alarms/counts")).json()["by_grade"]["1"] >= 5000
    assert len((await desk.get("/api/alarms", params={"state": "active", "limit": 100})).json()["items"]) == 100
    async with unit_of_work(enterprise.id) as uow:
        assert len(await clear_alarms(uow, [(key, clock.now()) for key in keys])) == 5000
