"""The ledger of terminals (S1): what flags a badge, an anchor, a handheld; told once."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from domain.people import terminals
from tests.conftest import Enterprise, SignIn
from tests.people.support import badge, give, person, place
from twin import clock
from twin.db.uow import unit_of_work


async def flags(http: httpx.AsyncClient, code: str) -> list[str]:
    page = (await http.get("/api/people/terminals", params={"q": code})).json()
    (row,) = [row for row in page["items"] if row["code"] == code]
    return sorted(row["flags"])


@pytest.mark.req("S1")
async def test_low_battery_expiry_and_what_is_unfit_for_an_ex_area_are_flagged(
    manager: httpx.AsyncClient, site: Enterprise
) -> None:
    today = clock.now().date()
    await badge(manager, "TB-OK", battery=90, nfc="04A1")
    await badge(manager, "TB-LOW", battery=12)
    await badge(manager, "TB-SOON", ex_expiry=str(today + timedelta(days=10)))
    await badge(manager, "TB-OLD", ex_expiry=str(today - timedelta(days=2)))
    await badge(manager, "TB-COLD", temp_limit_c=60)
    await badge(manager, "TB-PLAIN", ex_mark="", ex_certificate="", ex_expiry=None)
    assert await flags(manager, "TB-OK") == [] and await flags(manager, "TB-LOW") == ["low_battery"]
    assert await flags(manager, "TB-SOON") == ["expiring"] and await flags(manager, "TB-OLD") == ["expired"]
    assert await flags(manager, "TB-COLD") == [] == await flags(manager, "TB-PLAIN"), (
        "outside Ex areas they may be used"
    )

    for code in ("TB-COLD", "TB-PLAIN", "TB-OLD", "TB-OK"):
        made = await person(manager, f"H-{code}")
        await give(manager, made["id"], code)
        await place(site.id, made["id"], "Z-211")
    assert await flags(manager, "TB-COLD") == ["unsuitable"] == await flags(manager, "TB-PLAIN")
    assert await flags(manager, "TB-OLD") == ["expired", "unsuitable"] and await flags(manager, "TB-OK") == []
    page = (await manager.get("/api/people/terminals", params={"flag": "unsuitable"})).json()
    assert [row["code"] for row in page["items"]] == ["TB-COLD", "TB-OLD", "TB-PLAIN"]
    assert page["items"][0]["holder"] == "张H-TB-COLD" and page["items"][0]["zone"] == "Z-211"
    assert page["counts"]["low_battery"] == 1 and page["counts"]["unsuitable"] == 3

    beacon = {"kind": "anchor", "battery_on": str(today - timedelta(days=5 * 366)), "battery_years": 5}
    answer = await manager.put("/api/people/terminals/AN-001", json=beacon)
    assert answer.status_code == 200, answer.text
    assert "battery_due" in answer.json()["flags"], "a beacon's battery lasts 5 years"
    answer = await manager.put("/api/people/terminals/AN-001", json={"kind": "badge"})
    assert answer.status_code == 409


@pytest.mark.req("S1")
async def test_those_who_keep_the_ledger_are_told_once(
    manager: httpx.AsyncClient, site: Enterprise, sign_in: SignIn
) -> None:
    await badge(manager, "TN-1", battery=5)

    async def told(http: httpx.AsyncClient) -> list[str]:
        items = (await http.get("/api/inbox", params={"limit": 200})).json()["items"]
        return [row["title"] for row in items if row["params"].get("code") == "TN-1"]

    for _ in range(3):
        async with unit_of_work(site.id) as uow:
            assert await terminals.tell(uow) >= 1
    assert await told(manager) == ["终端电量低：TN-1"]
    assert await told(await sign_in("system_admin")) == ["终端电量低：TN-1"]
    assert await told(await sign_in("employee")) == []


@pytest.mark.req("S1")
async def test_flags_come_to_the_alarm_desk_once_and_return_when_put_right(
    manager: httpx.AsyncClient, site: Enterprise
) -> None:
    today = clock.now().date()
    await badge(manager, "TA-LOW", battery=7)
    await badge(manager, "TA-OLD", ex_expiry=str(today - timedelta(days=3)))
    await badge(manager, "TA-PLAIN", ex_mark="", ex_certificate="", ex_expiry=None)
    await badge(manager, "TA-SOON", ex_expiry=str(today + timedelta(days=5)))
    holder = await person(manager, "TA-PLAIN")
    await give(manager, holder["id"], "TA-PLAIN")
    await place(site.id, holder["id"], "Z-211")

    async def desk() -> dict[str, list[tuple[str, bool]]]:
        for _ in range(2):
            async with unit_of_work(site.id) as uow:
                await terminals.tell(uow)
        out: dict[str, list[tuple[str, bool]]] = {}
        for row in (await manager.get("/api/alarms", params={"limit": 200})).json()["items"]:
            if row["subject_layer"] == "terminal" and row["subject_name"].startswith("TA-"):
                out.setdefault(row["subject_name"], []).append((row["type"], row["active"]))
        return out

    assert await desk() == {
        "TA-LOW": [("low_battery", True)],
        "TA-OLD": [("terminal_expired", True)],
        "TA-PLAIN": [("terminal_unsuitable", True)],
    }
    await badge(manager, "TA-OLD", ex_expiry=str(today + timedelta(days=400)))
    assert (await desk())["TA-OLD"] == [("terminal_expired", False)]


async def test_a_badge_of_the_ledger_is_known_to_positioning_and_one_out_of_use_is_not_issued(
    manager: httpx.AsyncClient,
) -> None:
    await badge(manager, "TU-1", active=False)
    made = await person(manager, "TU")
    assert (await give(manager, made["id"], "TU-1")).json()["code"] == "badge_not_found"
    await badge(manager, "TU-1")
    assert (await give(manager, made["id"], "TU-1")).status_code == 200
