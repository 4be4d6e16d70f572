"""Calls and recalls: to one person, a zone, everyone; receipts by the inbox and by badges that vibrate."""

from __future__ import annotations

from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from domain.people.subscribers import BadgeReplies
from tests.conftest import Enterprise, SignIn
from tests.people.support import badge, give, person, place
from twin import clock
from twin.db.outbox import Event
from twin.db.uow import unit_of_work


async def account_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/auth/me")).json()["id"])


async def commands(enterprise: UUID) -> list[tuple[str, str]]:
    async with unit_of_work(enterprise) as uow:
        rows = await uow.session.execute(
            text("SELECT key, payload->>'pattern' FROM outbox WHERE topic = 'badge.command' ORDER BY id")
        )
        return [(row[0], row[1]) for row in rows]


async def test_a_zone_is_recalled_and_receipts_are_shown(
    manager: httpx.AsyncClient, site: Enterprise, sign_in: SignIn
) -> None:
    employee = await sign_in("employee")
    one = await person(manager, "K1", account_id=await account_of(employee))
    two, three = await person(manager, "K2"), await person(manager, "K3")
    for who, code, able in ((one, "K-1", False), (two, "K-2", True), (three, "K-3", True)):
        await badge(manager, code, vibrates=able)
        await give(manager, who["id"], code)
    for who, zone in ((one, "Z-211"), (two, "Z-212"), (three, "Z-62")):
        await place(site.id, who["id"], zone)

    body = {"kind": "recall", "scope": "zone", "target": "Z-21", "message": "立即撤离装置区"}
    answer = await manager.post("/api/people/calls", json=body)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert [made[k] for k in ("people", "told", "read", "vibrated", "delivered", "unreached")] == [2, 1, 0, 1, 0, 0]
    assert sorted(r["name"] for r in made["receipts"]) == ["张K1", "张K2"] and made["target_name"]
    assert await commands(site.id) == [("K-2", "recall")]

    inbox = (await employee.get("/api/inbox")).json()["items"]
    assert inbox[0]["level"] == "alarm" and "立即撤离装置区" in inbox[0]["text"]
    await employee.post("/api/inbox/mark", json={"ids": [inbox[0]["id"]]})
    event = Event(1, site.id, "badge.command", "delivered", "K-2", {"call": made["id"], "badge": "K-2"}, clock.now())
    async with unit_of_work(site.id) as uow:
        await BadgeReplies().handle(event, uow)
    seen = (await manager.get(f"/api/people/calls/{made['id']}")).json()
    assert (seen["read"], seen["delivered"]) == (1, 1)
    by_name = {r["name"]: r for r in seen["receipts"]}
    assert by_name["张K1"]["read_at"] and by_name["张K2"]["command"] == "delivered"
    listed = (await manager.get("/api/people/calls")).json()["items"]
    assert listed[0]["id"] == made["id"] and listed[0]["by_name"]


async def test_one_person_and_everyone(manager: httpx.AsyncClient, site: Enterprise) -> None:
    lone = await person(manager, "K9")
    one = {"scope": "person", "target": lone["id"], "message": "请回电"}
    made = (await manager.post("/api/people/calls", json=one)).json()
    assert (made["people"], made["unreached"], made["target_name"]) == (1, 1, "张K9"), "who is not reached is shown"
    everyone = (await manager.post("/api/people/calls", json={"scope": "everyone", "message": "演练"})).json()
    assert everyone["people"] == 3, "everybody who carries a badge"
    for bad, code in (
        ({"scope": "zone", "target": "Z-63", "message": "x"}, "nobody_there"),
        ({"scope": "person", "target": "nobody", "message": "x"}, "person_not_found"),
    ):
        answer = await manager.post("/api/people/calls", json=bad)
        assert answer.status_code in (404, 409) and answer.json()["code"] == code


@pytest.mark.parametrize("role", ["employee", "visitor"])
async def test_not_everybody_may_call(role: str, sign_in: SignIn) -> None:
    answer = await (await sign_in(role)).post("/api/people/calls", json={"scope": "everyone", "message": "x"})
    assert answer.status_code == 403
