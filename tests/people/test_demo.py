"""The demo's people and vehicles: in place once, each with a badge, accounts linked, a few terminals flagged."""

from __future__ import annotations

from collections import Counter

import httpx

from domain.people import demo, repository
from domain.vehicles import demo as vehicles
from tests.conftest import Enterprise, SignIn
from twin.db.uow import unit_of_work


async def test_the_demo_is_put_in_place_once(manager: httpx.AsyncClient, site: Enterprise, sign_in: SignIn) -> None:
    for expected in ((300, 25), (0, 0)):
        async with unit_of_work(site.id, origin="demo") as uow:
            came = await demo.load(uow, await repository.account_ids(uow.session))
        async with unit_of_work(site.id, origin="demo") as uow:
            assert (came, await vehicles.load(uow)) == expected
    rows = (await manager.get("/api/people", params={"limit": "500"})).json()["items"]
    assert Counter(r["class"] for r in rows) == {"employee": 210, "contractor": 75, "visitor": 15}
    assert sorted(r["badge"] for r in rows) == [f"P-{n + 1:04d}" for n in range(300)]
    fleet = (await manager.get("/api/vehicles", params={"limit": "500"})).json()["items"]
    assert sorted(v["unit"] for v in fleet) == [f"V-{n + 1:04d}" for n in range(25)]
    me = (await (await sign_in("employee")).get("/api/people/me")).json()
    assert (me["name"], me["badge"], me["department_name"]) == ("刘洋", "P-0003", "一联合装置")
    counts = (await manager.get("/api/people/terminals")).json()["counts"]
    assert counts["expired"] == 2 and counts["expiring"] == 3 and counts["battery_due"] == 2
    assert counts["low_battery"] == 1
