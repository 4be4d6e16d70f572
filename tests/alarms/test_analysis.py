"""Statistics and analysis over HTTP, on alarms whose pattern is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from realtime.alarms.raising import clear_alarms, raise_alarms
from tests.alarms.test_desk import RESULT, fact
from tests.conftest import Enterprise, SignIn
from twin import clock
from twin.db.uow import unit_of_work
from twin.ids import uuid7


async def again(enterprise: Enterprise, key: str, at: datetime, seconds: float = 30, **more: object) -> None:
    """An activation that lasted ``seconds``."""
    async with unit_of_work(enterprise.id) as uow:
        await raise_alarms(uow, [fact(key, at=at, **more)])
        await clear_alarms(uow, [(key, at + timedelta(seconds=seconds))])


@pytest.mark.req("M9.6", "M9.7")
async def test_known_patterns_are_found_and_traced(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("manager")
    now = clock.now().replace(microsecond=0)
    pump, level = uuid7(), uuid7()
    for n in range(8):  # a pump that fails, and 20 s later a level that runs low
        at = now - timedelta(days=2, minutes=40 * n)
        await again(enterprise, "point:pump:switch", at, type="switch", grade=2, subject_id=pump, subject_name="泵 P-1")
        await again(
            enterprise, "point:level:l", at + timedelta(seconds=20), type="l", grade=2, subject_id=level,
            subject_name="液位 LT-1", zone_code="Z1",
        )  # fmt: skip
    for n in range(12):  # chatters: every 10 s, 3 s long
        await again(
            enterprise,
            "point:c:h",
            now - timedelta(hours=5, minutes=5) + timedelta(seconds=10 * n),
            3,
            type="h",
            subject_name="压力",
        )
    async with unit_of_work(enterprise.id) as uow:
        ids = await raise_alarms(uow, [fact("point:s:hh", at=now - timedelta(hours=30), subject_name="温度")])
    first = (await desk.get("/api/alarms", params={"type": "l", "limit": 1})).json()["items"][0]["id"]
    await desk.post(f"/api/alarms/{first}/handle", json=RESULT)

    told: dict[str, Any] = (await desk.get("/api/alarms/statistics")).json()
    assert (told["total"], told["handled"], told["unhandled"]) == (29, 1, 28)
    assert told["levels"] == {"hh": 1, "h": 12, "l": 8, "ll": 0, "switch": 8}
    assert {"key": "Z1", "n": 8} in told["zones"]
    assert len(told["daily"]) == 31 and sum(day["n"] for day in told["daily"]) == 29
    assert {row["name"]: row["n"] for row in told["top"]}["泵 P-1"] == 8
    assert next(t for t in told["times"] if t["grade"] == 2)["handled"] == 1

    found: dict[str, Any] = (await desk.get("/api/alarms/analysis")).json()
    assert [(row["key"], row["ids"]) for row in found["standing"]] == [("point:s:hh", [str(ids["point:s:hh"])])]
    assert found["standing"][0]["seconds"] == pytest.approx(30 * 3600, abs=60)
    assert [(row["key"], row["n"]) for row in found["chattering"]] == [("point:c:h", 12)]
    assert len(found["chattering"][0]["ids"]) == 12
    assert [row["key"] for row in found["fleeting"]] == ["point:c:h"]
    assert [(row["key"], row["n"]) for row in found["repeating"]] == [("point:c:h", 12)]
    pair = next(p for p in found["pairs"] if p["first"] == "point:pump:switch")
    assert (pair["second"], pair["n"], pair["share"], pair["lag"]) == ("point:level:l", 8, 1.0, 20.0) and pair[
        "lift"
    ] > 50
    assert not [p for p in found["pairs"] if p["first"] == "point:level:l"]
    assert [(c["key"], c["follows"]) for c in found["causes"]] == [("point:pump:switch", ["point:level:l"])]
    assert found["rates"]["verdict"] == "acceptable" and found["rates"]["floods"][0]["n"] >= 11
    kinds = {s["kind"] for s in found["suggestions"]}
    assert kinds == {"standing", "chattering", "fleeting", "repeating", "cause", "flood"}
    assert all(s["ids"] for s in found["suggestions"] if s["kind"] != "flood")
    cause = next(s for s in found["suggestions"] if s["kind"] == "cause")
    assert "泵 P-1" in cause["text"]
    real = {item["id"] for item in (await desk.get("/api/alarms", params={"limit": 500})).json()["items"]}
    assert {i for s in found["suggestions"] for i in s["ids"]} <= real


async def test_a_span_that_is_none_is_refused(enterprise: Enterprise, sign_in: SignIn) -> None:
    desk = await sign_in("control")
    wrong = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    assert (await desk.get("/api/alarms/statistics", params=wrong)).status_code == 422


@pytest.mark.req("S3.1")
async def test_alarms_are_kept_for_a_year_and_that_is_shown(enterprise: Enterprise, sign_in: SignIn) -> None:
    from domain.alarms import retention

    desk = await sign_in("manager")
    now = clock.now()
    keys = {"point:year:h": 364, "point:ages:h": 3000}
    for key, days in keys.items():
        await again(enterprise, key, now - timedelta(days=days), type="h")
    found = (await desk.get("/api/alarms", params={"q": "point:"})).json()["items"]
    ids = [item["id"] for item in found if item["key"] in keys]
    with clock.travel(now - timedelta(days=2990)):
        async with unit_of_work(enterprise.id) as uow:
            from realtime.alarms.raising import step

            class _Anybody:
                account_id, roles, scopes = uuid7(), ("manager",), frozenset({"alarm:handle"})

            for alarm in ids:
                await step(uow, UUID(alarm), "handle", _Anybody(), dict(RESULT))
    async with unit_of_work(enterprise.id) as uow:
        assert await retention.prune(uow) == 1
    left = {i["key"] for i in (await desk.get("/api/alarms", params={"q": "point:", "limit": 500})).json()["items"]}
    assert "point:year:h" in left and "point:ages:h" not in left
    report = (await desk.get("/api/history/retention")).json()
    alarms = next(row for row in report["classes"] if row["key"] == "alarms")
    assert alarms["minimum_days"] == 365 and alarms["keep_days"] >= 365 and alarms["oldest"]
