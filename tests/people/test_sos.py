"""One key for help (M10.6): alarm, position and its age, those in charge told, taken by a named person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from domain.people.subscribers import SosAnswered
from realtime.fences.sos import InNeed, LastFix, raise_sos
from tests.conftest import Enterprise, SignIn
from tests.people.support import badge, give, person, place
from twin import clock
from twin.db import outbox
from twin.db.uow import ALL_ENTERPRISES, unit_of_work


async def inbox(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    return [row for row in (await http.get("/api/inbox")).json()["items"] if row["kind"].startswith("sos")]


async def deliver(site: Enterprise, done: set[int]) -> None:
    """Give the facts that were committed to the subscriber, as the worker does."""
    await outbox.sequence()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        events = await outbox.read(uow.session, 0, SosAnswered.topics)
    for event in events:
        if event.seq not in done:
            done.add(event.seq)
            async with unit_of_work(event.enterprise_id) as uow:
                await SosAnswered().handle(event, uow)


@pytest.mark.req("M10.6")
async def test_a_call_for_help_from_the_handheld(manager: httpx.AsyncClient, site: Enterprise, sign_in: SignIn) -> None:
    employee, control, contractor = await sign_in("employee"), await sign_in("control"), await sign_in("contractor")
    nobody = await employee.post("/api/people/sos", json={})
    assert nobody.status_code == 409 and nobody.json()["code"] == "not_a_person"
    account = (await employee.get("/api/auth/me")).json()["id"]
    one = await person(manager, "SOS1", name="求救人", account_id=account, phone="13811112222")
    await badge(manager, "B-SOS")
    await give(manager, one["id"], "B-SOS")
    await place(site.id, one["id"], "Z-211", age=7, floor="BD-04-F2")

    answer = await employee.post("/api/people/sos", json={"note": "腿伤"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["told"] >= 3 and made["position"]["floor"] == "BD-04-F2"
    # What was answered is committed: every screen that asks now sees it.
    (alarm,) = (await control.get("/api/alarms", params={"type": "sos"})).json()["items"]
    assert (alarm["id"], alarm["grade"], alarm["zone_code"]) == (made["alarm"], 1, "Z-211")
    assert alarm["subject_id"] == one["id"] and alarm["lon"] == pytest.approx(117.78)
    assert 6 <= alarm["value"] <= 60, "the age of the last good fix in s"
    assert "求救人" in alarm["title"]
    for http in (control, manager, await sign_in("leader")):
        (told,) = await inbox(http)
        assert told["level"] == "alarm" and "13811112222" in told["text"] and "腿伤" in told["text"]
        assert one["id"] in told["link"]
    assert await inbox(contractor) == []

    again = (await employee.post("/api/people/sos", json={})).json()
    assert again["alarm"] == made["alarm"] and again["told"] == 0, "a second press is the same call"
    taken = await manager.post(f"/api/alarms/{made['alarm']}/acknowledge")
    assert taken.status_code == 200, taken.text
    name = (await manager.get("/api/auth/me")).json()["name"]
    (alarm,) = (await control.get("/api/alarms", params={"type": "sos"})).json()["items"]
    assert alarm["acknowledged_by"] == name, "taken by a named person"
    done: set[int] = set()
    await deliver(site, done)
    (heard,) = await inbox(employee)
    assert heard["kind"] == "sos_answered" and name in heard["text"]
    result = {"cause": "摔倒", "action": "送医", "person": "李医生"}
    handled = await manager.post(f"/api/alarms/{made['alarm']}/handle", json=result)
    assert handled.status_code == 200, handled.text
    await deliver(site, done)
    assert (await control.get("/api/alarms", params={"type": "sos", "state": "active"})).json()["items"] == []
    fresh = (await employee.post("/api/people/sos", json={})).json()
    assert fresh["alarm"] != made["alarm"], "a new call is a new alarm"


@pytest.mark.req("M10.6")
async def test_a_handhelds_own_fix_is_used_when_the_badge_is_silent(
    manager: httpx.AsyncClient, site: Enterprise, sign_in: SignIn
) -> None:
    contractor = await sign_in("contractor")
    account = (await contractor.get("/api/auth/me")).json()["id"]
    one = await person(manager, "SOS2", account_id=account, **{"class": "contractor"})
    body = {"lon": 117.7801, "lat": 38.3601, "accuracy": 8.0, "age": 3.0}
    made = (await contractor.post("/api/people/sos", json=body)).json()
    assert made["position"]["source"] == "handheld" and made["position"]["lon"] == 117.7801
    await place(site.id, one["id"], "Z-211", age=2)
    assert (await contractor.post("/api/people/sos", json=body)).json()["position"]["source"] == "badge"
    await place(site.id, one["id"], "Z-211", age=600)
    assert (await contractor.post("/api/people/sos", json=body)).json()["position"]["source"] == "handheld"


async def test_zone_owners_are_told_by_the_button_of_a_badge_too(manager: httpx.AsyncClient, site: Enterprise) -> None:
    """What the tracking process calls when a button is pressed."""
    one = await person(manager, "SOS3")
    async with unit_of_work(site.id) as uow:
        await uow.session.execute(
            text("UPDATE account SET name = (SELECT owner FROM zone WHERE code = 'Z-211') WHERE username = 'regulator'")
        )
    async with unit_of_work(site.id) as uow:
        fix = LastFix(117.78, 38.36, 9.0, clock.now(), 0.7, None, "Z-211")
        alarm, told = await raise_sos(uow, InNeed(UUID(one["id"]), one["name"], badge="B-9"), fix)
    async with unit_of_work(site.id) as uow:
        rows = await uow.session.execute(
            text("SELECT a.username FROM inbox i JOIN account a ON a.id = i.account_id WHERE i.dedupe = :d"),
            {"d": f"sos:{alarm}"},
        )
        names = {row[0] for row in rows}
    assert "regulator" in names and {"control", "manager", "leader"} <= names and told == len(names)
