"""What modules add to the answer about a zone (clause M8.4), over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm
from tests.conftest import Enterprise
from tests.hazards.conftest import crew, site
from tests.hazards.support import Crew, accept
from twin import clock
from twin.db.uow import unit_of_work

__all__ = ["crew", "site"]
Json = dict[str, Any]


async def _zone(http: httpx.AsyncClient, code: str) -> Json:
    answer = await http.get(f"/api/zones/{code}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.req("M8.4")
async def test_a_zone_shows_what_modules_know(crew: Crew, site: Enterprise) -> None:
    manager = crew.people["manager"]
    hazard = await crew.rectifying()
    code = hazard["zone_code"]
    fact = AlarmFact(
        "point:s:hh", "point", "hh", 2, clock.now(), {"name": "PI-1", "value": 9, "limit": 8, "unit": "MPa"},
        subject_name="PI-1", zone_code=code,
    )  # fmt: skip
    async with unit_of_work(site.id) as uow:
        await raise_alarm(uow, fact)
    plan = {
        "code": "JH-S", "name": "罐区排查", "rule": {"unit": "day", "at": "00:00", "window_minutes": 4320},
        "starts_on": clock.now().date().isoformat(), "owner_id": str(crew.ids["employee"]), "zone_codes": [code],
    }  # fmt: skip
    assert (await manager.post("/api/inspections/plans", json=plan)).status_code == 201
    sections = (await _zone(manager, code))["sections"]
    assert (sections["alarms"]["total"], sections["alarms"]["items"][0]["name"]) == (1, "PI-1")
    (shown,) = sections["hazards"]["items"]
    assert sections["hazards"]["total"] == 1
    assert (shown["code"], shown["status"]) == (hazard["code"], "rectifying") and shown["days_left"] in (2, 3)
    assert sections["inspections"]["overdue"] == 0
    assert sections["risks"]["total"] == 0 and sections["checklist"]["items"] == []
    contractor = await crew.people["contractor"].get(f"/api/zones/{code}")
    assert contractor.status_code == 403 or "hazards" not in contractor.json()["sections"]
    await crew.step("employee", hazard, "rectify", await crew.rectification(hazard))
    for who in ("manager", "leader"):
        await crew.step(who, hazard, "accept", accept())
    assert (await _zone(manager, code))["sections"]["hazards"]["total"] == 0
    async with unit_of_work(site.id) as uow:
        await clear_alarm(uow, "point:s:hh", clock.now())
