"""Notifications: inbox rows, live events, read and unread."""

from __future__ import annotations

from uuid import UUID, uuid4

from tests.conftest import Enterprise, SignIn
from twin.auth.accounts import create_account
from twin.db import outbox
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.notify.service import notify, notify_role

_FACTS = {"subscriber": "s", "topic": "t", "seq": 7, "error": "e"}


async def test_inbox_and_push(sign_in: SignIn, enterprise: Enterprise) -> None:
    http = await sign_in("leader")
    me = UUID((await http.get("/api/auth/me")).json()["id"])
    start = await outbox.position()
    async with unit_of_work(enterprise.id) as uow:
        ids = await notify_role(uow, "leader", "event_parked", _FACTS, level="warning", link="/console/")
        ids += await notify(uow, [me], "event_parked", {**_FACTS, "seq": 8})
    page = (await http.get("/api/inbox", headers={"Accept-Language": "en"})).json()
    assert [item["id"] for item in page["items"][:2]] == [str(i) for i in reversed(ids)]
    assert page["unread"] == 2
    assert page["items"][1]["title"] == "An event could not be handled" and "event 7" in page["items"][1]["text"]
    await outbox.sequence()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        events = await outbox.read(uow.session, start, ["inbox"])
    assert {e.payload["account_id"] for e in events} == {str(me)}
    assert events[0].payload["item"]["title"] == "有事件处理失败"

    first = (await http.get("/api/inbox", params={"limit": 1})).json()
    second = (await http.get("/api/inbox", params={"limit": 1, "before": first["next"]})).json()
    assert second["items"][0]["id"] == str(ids[0])
    marked = (await http.post("/api/inbox/mark", json={"ids": [str(ids[0])]})).json()
    assert marked == {"changed": 1, "unread": 1}
    assert [i["id"] for i in (await http.get("/api/inbox", params={"unread": True})).json()["items"]] == [str(ids[1])]
    assert (await http.post("/api/inbox/mark", json={"ids": [str(ids[0])], "read": False})).json()["unread"] == 2
    assert (await http.post("/api/inbox/mark", json={})).json() == {"changed": 2, "unread": 0}


async def test_nobody_reads_or_marks_somebody_elses(sign_in: SignIn, enterprise: Enterprise) -> None:
    async with unit_of_work(enterprise.id) as uow:
        name = f"u{uuid4().hex[:8]}"
        account = await create_account(uow, username=name, name=name, password=enterprise.password, roles=["employee"])
        (note,) = await notify(uow, [account], "event_parked", _FACTS)
    other = await sign_in("manager")
    assert str(note) not in [i["id"] for i in (await other.get("/api/inbox")).json()["items"]]
    answer = await other.post("/api/inbox/mark", json={"ids": [str(note)]})
    assert (answer.status_code, answer.json()["code"]) == (404, "notification_not_found")


async def test_a_repeat_with_the_same_key_is_one_notification(enterprise: Enterprise, sign_in: SignIn) -> None:
    me = UUID((await (await sign_in("visitor")).get("/api/auth/me")).json()["id"])
    async with unit_of_work(enterprise.id) as uow:
        assert len(await notify(uow, [me, me], "event_parked", _FACTS, dedupe="k")) == 1
        assert await notify(uow, [me], "event_parked", _FACTS, dedupe="k") == []
        assert await notify(uow, [uuid4()], "event_parked", _FACTS) == []
