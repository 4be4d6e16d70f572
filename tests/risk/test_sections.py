"""What modules add to the answer about a zone (clause M8.4), over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from gis_assets.sites.demo.build import features

from realtime.alarms.raising import AlarmFact, clear_alarm, raise_alarm
from tests.conftest import Enterprise, SignIn
from tests.hazards.conftest import crew, site
from tests.hazards.support import Crew, accept
from twin import clock
from twin.db.uow import unit_of_work
from twin.spatial.site import load_site

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


@pytest.mark.req("M8.4")
async def test_a_zone_shows_what_stands_there_and_the_ways_out(site: Enterprise, sign_in: SignIn) -> None:
    data = features()
    async with unit_of_work(site.id) as uow:
        await load_site(uow, {key: data[key] for key in ("site", "camera", "device", "gate", "assembly_point")}, [])
    http = await sign_in("manager")
    parents = {f["properties"]["parent_code"] for f in data["zone"]}
    has = [{f["properties"]["zone_code"] for f in data[layer]} - parents for layer in ("camera", "device")]
    code = min(has[0] & has[1])
    sections = (await _zone(http, code))["sections"]
    cameras = sections["cameras"]["items"]
    standing = {f["code"] for f in data["camera"] if f["properties"]["zone_code"] == code}
    assert {row["code"] for row in cameras if row["inside"]} == standing
    assert [row["distance_m"] for row in cameras if not row["inside"]] == sorted(
        row["distance_m"] for row in cameras if not row["inside"]
    )
    points = sections["points"]
    assert points["total"] == sum(f["properties"]["zone_code"] == code for f in data["device"])
    # Nothing was measured: no value is made up, and each says so.
    assert {(row["value"], row["state"]) for row in points["items"]} == {(None, "bad")}
    ways = sections["exits"]["items"]
    for layer in ("gate", "assembly_point"):
        far = [row["distance_m"] for row in ways if row["layer"] == layer]
        assert len(far) == min(3, len(data[layer])) and far == sorted(far) and far[0] > 0
    english = await http.get(f"/api/zones/{code}", headers={"Accept-Language": "en"})
    names = {f["properties"]["name_en"] for f in data["camera"]}
    assert {row["name"] for row in english.json()["sections"]["cameras"]["items"]} <= names
