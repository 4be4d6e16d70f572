"""The desk from outside: alarms are raised once, acknowledged, handled in writing, shelved with a limit, and closed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.alarms import past
from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm, raise_alarms
from realtime.hub.core import Hub
from realtime.hub.sources import KeptSource, _take, kept_streams, specs
from realtime.hub.topic import TopicKey
from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin import clock
from twin.db import deliver, outbox
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.registry import discover
from twin.workflow.deadline import fire_due

RESULT = {"cause": "进料阀卡涩", "action": "手动关阀，检修", "person": "张三"}


def fact(key: str, **more: object) -> AlarmFact:
    base = {"key": key, "source": "point", "type": "hh", "grade": 1, "at": clock.now(), "value": 9.5, "limit": 9.0}
    title = {"name": "液位", "tag": "LT-1", "value": 9.5, "unit": "m", "limit": 9}
    return AlarmFact(**{**base, "title": title, **more})  # type: ignore[arg-type]


async def up(enterprise: Enterprise, key: str, **more: object) -> UUID:
    async with unit_of_work(enterprise.id) as uow:
        return await raise_alarm(uow, fact(key, **more))


async def down(enterprise: Enterprise, key: str) -> UUID | None:
    async with unit_of_work(enterprise.id) as uow:
        return await clear_alarm(uow, key, clock.now())


@pytest.mark.req("M9.4")
async def test_an_alarm_closes_only_with_a_written_result(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk, reader = await sign_in("control"), await sign_in("regulator")
    alarm = await up(enterprise, "point:a:hh")
    assert await up(enterprise, "point:a:hh") == alarm, "one active alarm per condition"
    shown = (await desk.get(f"/api/alarms/{alarm}")).json()
    assert (shown["status"], shown["title"]) == ("unacknowledged", "液位（LT-1）高高报：9.5m，限值 9m")
    assert {"acknowledge", "handle", "shelve"} <= set(shown["steps"]) and "suppress" not in shown["steps"]
    assert (await reader.post(f"/api/alarms/{alarm}/acknowledge")).status_code == 403
    assert (await desk.post(f"/api/alarms/{alarm}/acknowledge")).json()["acknowledged_by"] == "control"
    assert (await desk.post(f"/api/alarms/{alarm}/acknowledge")).status_code == 409
    assert await down(enterprise, "point:a:hh") == alarm and await down(enterprise, "point:a:hh") is None
    assert (await desk.get(f"/api/alarms/{alarm}")).json()["status"] == "returned", "gone, but the result is owed"
    blank = await desk.post(f"/api/alarms/{alarm}/handle", json={**RESULT, "cause": "  "})
    assert blank.status_code == 422
    closed = (await desk.post(f"/api/alarms/{alarm}/handle", json=RESULT)).json()
    assert (closed["status"], closed["cause"], closed["person"], closed["steps"]) == (
        "closed",
        "进料阀卡涩",
        "张三",
        [],
    )
    # A result that is written while the condition stands closes the alarm when it is gone.
    later = await up(enterprise, "point:a:hh")
    assert later != alarm
    assert (await desk.post(f"/api/alarms/{later}/handle", json=RESULT)).json()["status"] == "handled"
    await down(enterprise, "point:a:hh")
    assert (await desk.get(f"/api/alarms/{later}")).json()["status"] == "closed"


async def test_pages_filters_and_counts(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("control")
    async with unit_of_work(enterprise.id) as uow:
        ids = await raise_alarms(
            uow, [fact(f"point:p{n}:h", type="h", grade=2, zone_code=f"Z{n % 2}") for n in range(7)]
        )
    first = (await desk.get("/api/alarms", params={"type": "h", "zone": "Z0", "limit": 3})).json()
    rest = (await desk.get("/api/alarms", params={"type": "h", "zone": "Z0", "before": first["next"]})).json()
    got = [item["id"] for item in first["items"] + rest["items"]]
    assert got == sorted((str(ids[f"point:p{n}:h"]) for n in (0, 2, 4, 6)), reverse=True) and rest["next"] is None
    assert (await desk.get("/api/alarms/counts")).json()["by_grade"]["2"] == 7
    done = (await desk.post("/api/alarms/acknowledge", json={"ids": [got[0], got[0], str(UUID(int=1))]})).json()
    assert done == {"done": [got[0]], "refused": {str(UUID(int=1)): "alarm_not_found"}}
    found = (await desk.get("/api/alarms", params={"state": "acknowledged", "grade": 2})).json()["items"]
    assert [item["id"] for item in found] == [got[0]]
    async with unit_of_work(enterprise.id) as uow:
        from realtime.alarms.raising import clear_alarms

        assert len(await clear_alarms(uow, [(key, clock.now()) for key in ids])) == 7


async def test_shelving_has_a_reason_and_an_end_and_holds_the_next_activation_back(
    enterprise: Enterprise, sign_in: SignIn
) -> None:
    desk = await sign_in("manager")
    alarm = await up(enterprise, "point:s:h", type="h")
    far = {"until": (clock.now() + timedelta(days=2)).isoformat(), "reason": "检修"}
    refused = await desk.post(f"/api/alarms/{alarm}/shelve", json=far)
    assert (refused.status_code, refused.json()["params"]["reason"]) == (409, "shelve_limit")
    until = clock.now() + timedelta(hours=2)
    shelved = await desk.post(f"/api/alarms/{alarm}/shelve", json={"until": until.isoformat(), "reason": "检修"})
    assert shelved.json()["status"] == "shelved"
    await down(enterprise, "point:s:h")
    again = await up(enterprise, "point:s:h", type="h")
    assert (await desk.get(f"/api/alarms/{again}")).json()["status"] == "shelved"
    with clock.travel(until + timedelta(seconds=1)):
        assert await fire_due() >= 1
    assert (await desk.get(f"/api/alarms/{again}")).json()["status"] == "unacknowledged"


async def test_the_desk_of_a_past_second(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("control")
    start = clock.now()

    async def then(minutes: float) -> dict[str, tuple[str, bool]]:
        answer = await desk.get("/api/alarms/at", params={"at": (start + timedelta(minutes=minutes)).isoformat()})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["total"] == len(told["items"])
        return {i["key"]: (i["status"], i["active"]) for i in told["items"] if i["key"].startswith("point:then")}

    with clock.travel(start + timedelta(minutes=1)):
        first = await up(enterprise, "point:then:1")
        await up(enterprise, "point:then:2")
    with clock.travel(start + timedelta(minutes=2)):
        await desk.post(f"/api/alarms/{first}/acknowledge")
        await down(enterprise, "point:then:2")
    with clock.travel(start + timedelta(minutes=3)):
        assert (await desk.post(f"/api/alarms/{first}/handle", json=RESULT)).json()["status"] == "handled"
    with clock.travel(start + timedelta(minutes=4)):
        await down(enterprise, "point:then:1")
        assert (await desk.get(f"/api/alarms/{first}")).json()["status"] == "closed"
    with clock.travel(start + timedelta(minutes=5)):
        assert await then(0.5) == {}
        new = ("unacknowledged", True)
        assert await then(1.5) == {"point:then:1": new, "point:then:2": new}
        gone = ("returned_unacknowledged", False)
        assert await then(2.5) == {"point:then:1": ("acknowledged", True), "point:then:2": gone}
        assert await then(3.5) == {"point:then:1": ("handled", True), "point:then:2": gone}
        assert await then(4.5) == {"point:then:2": gone}, "closed by then"
        at = {"at": (start + timedelta(minutes=1.5)).isoformat()}
        shown = {i["key"]: i for i in (await desk.get("/api/alarms/at", params=at)).json()["items"]}["point:then:1"]
        assert (shown["cause"], shown["handled_at"], shown["acknowledged_by"]) == ("", None, ""), "not known yet then"
        for days in (1, -99_999 / 24):
            wrong = {"at": (clock.now() + timedelta(days=days)).isoformat()}
            refused = await desk.get("/api/alarms/at", params=wrong)
            assert (refused.status_code, refused.json()["code"]) == (422, "past_instant_invalid")
        assert (await (await sign_in("security_admin")).get("/api/alarms/at", params=at)).status_code == 403
        async with unit_of_work((await make_enterprise("elsewhere")).id) as uow:
            assert await past.open_at(uow, start + timedelta(minutes=1.5), 10) == (0, [])


async def test_screens_follow_the_open_alarms(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("control")
    alarm = await up(enterprise, "point:hub:hh")
    position = await outbox.position()
    hub = Hub(specs(), position=position)
    key = TopicKey(enterprise.id, "alarms")
    source = KeptSource(kept_streams()["alarm"])
    items, seq = await source.snapshot(key)
    assert str(alarm) in {item.key for item in items} and 0 < seq <= position
    await desk.post(f"/api/alarms/{alarm}/handle", json=RESULT)
    await down(enterprise, "point:hub:hh")
    await outbox.position()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        events = [e for e in await outbox.read(uow.session, position, ["alarm"]) if e.key == str(alarm)]
    assert [e.kind for e in events] == ["handled", "returned"]
    topic = hub._topic(key, hub.specs["alarms"])
    for event in events:
        _take(hub, "alarm", enterprise.id, [event], lambda _: None)
    deltas = [item for delta in topic.after(position) for item in delta.items]
    assert [item.value and item.value["status"] for item in deltas] == ["handled", None]
    assert str(alarm) not in {item.key for item in (await source.snapshot(key))[0]}
    assert any(s.name == "alarms.deadlines" for m in discover.submodules("subscribers") for s in m.SUBSCRIBERS)
    assert deliver
