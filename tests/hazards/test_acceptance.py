"""What an acceptance needs and does: an authenticator's confirmation, and the colour of its zone given back (clause M8.3)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from domain.hazards import deadlines
from realtime.risk.server import Risk
from tests.conftest import Enterprise
from tests.hazards.support import Crew, accept
from tests.signature.authenticator import Authenticator
from tests.signature.support import STROKES
from tests.support import PASSWORD
from twin import clock


async def causes(crew: Crew, zone: str) -> set[str]:
    why = (await crew.people["manager"].get(f"/api/zones/{zone}/why")).json()
    return {cause["rule"] for cause in why["causes"]}


@pytest.mark.req("M8.3")
async def test_a_late_hazard_lifts_its_zone_until_it_is_accepted(crew: Crew, site: Enterprise) -> None:
    hazard = await crew.rectifying()
    zone = hazard["zone_code"]
    with clock.travel(by=timedelta(days=3, hours=1)):
        await deadlines.run()
    risk = Risk()
    task = asyncio.create_task(risk.run())
    try:
        await asyncio.wait_for(risk.started.wait(), 60)
        assert "hazard_overdue" in await causes(crew, zone)
        await crew.step("employee", hazard, "rectify", await crew.rectification(hazard))
        await crew.step("manager", hazard, "accept", accept())
        await crew.step("leader", hazard, "accept", accept())
        async with asyncio.timeout(60):
            while "hazard_overdue" in await causes(crew, zone):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _registered(http: httpx.AsyncClient) -> Authenticator:
    origin = (await http.get("/api/signatures/devices")).json()["origin"]
    made = Authenticator(origin, "localhost")
    begun = (await http.post("/api/signatures/devices/options", json={"password": PASSWORD})).json()
    body = {"challenge_id": begun["challenge_id"], "credential": made.create(begun["options"]), "name": "现场平板"}
    answer = await http.post("/api/signatures/devices", json=body)
    assert answer.status_code == 201, answer.text
    again = await http.post("/api/signatures/devices", json=body)
    assert (again.status_code, again.json()["code"]) == (403, "device_refused"), "a challenge is good once"
    return made


async def _asked(crew: Crew, hazard: dict[str, Any]) -> dict[str, Any]:
    """The challenge for an acceptance; nothing is signed yet."""
    answer = await crew.step("leader", hazard, "accept", {"confirmation": {"strokes": STROKES}}, 428)
    assert answer["code"] == "device_needed"
    return dict(answer["params"])


def _answered(asked: dict[str, Any], credential: dict[str, Any]) -> dict[str, Any]:
    assertion = {"challenge_id": asked["challenge_id"], "credential": credential}
    return {"confirmation": {"strokes": STROKES, "assertion": assertion}}


@pytest.mark.req("M4.3")
async def test_an_authenticator_confirms_one_record_once(crew: Crew, client: httpx.AsyncClient) -> None:
    leader = crew.people["leader"]
    first, second = await crew.to_accept(), await crew.to_accept()
    bare = await crew.step("leader", first, "accept", {"confirmation": {"strokes": STROKES}}, 422)
    assert bare["errors"][0]["code"] == "password_missing", "who has no authenticator owes the password"
    wrong = await leader.post("/api/signatures/devices/options", json={"password": "wrong"})
    assert wrong.json()["code"] == "sign_in_failed"
    device = await _registered(leader)

    async def refused(hazard: dict[str, Any], asked: dict[str, Any], credential: dict[str, Any]) -> None:
        answer = await crew.step("leader", hazard, "accept", _answered(asked, credential), 403)
        assert answer["code"] == "device_refused"

    asked = await _asked(crew, first)
    await refused(second, asked, device.get(asked["options"]))  # another record
    await refused(first, asked, device.get({"challenge": (await _asked(crew, first))["options"]["challenge"]}))
    device.origin = "http://localhost.example"
    await refused(first, asked, device.get(asked["options"]))
    device.origin = (await leader.get("/api/signatures/devices")).json()["origin"]
    device.verified = False
    await refused(first, asked, device.get(asked["options"]))
    device.verified = True
    with clock.travel(by=timedelta(minutes=3)):
        await refused(first, asked, device.get(asked["options"]))
    stranger = Authenticator(device.origin, device.host)
    await refused(first, asked, stranger.get(asked["options"]))

    signed = await crew.step("leader", first, "accept", _answered(asked, answer := device.get(asked["options"])))
    (acceptance,) = signed["rectifications"][0]["acceptances"]
    assert (await client.get(f"/api/verify/{acceptance['signature_id']}")).json()["valid"]
    await refused(second, asked, answer)  # used up, and for another record
    asked = await _asked(crew, second)
    device.count = 0  # a copy made before the last use
    await refused(second, asked, device.get(asked["options"]))
    device.count = 9
    assert (await crew.people["manager"].get("/api/signatures/devices")).json()["items"] == []
    (held,) = (await leader.get("/api/signatures/devices")).json()["items"]
    assert held["name"] == "现场平板" and held["used_at"]
    others = await crew.people["manager"].delete(f"/api/signatures/devices/{held['id']}")
    assert others.json()["code"] == "device_not_found"
    assert (await leader.delete(f"/api/signatures/devices/{held['id']}")).status_code == 204
    await refused(second, asked, device.get(asked["options"]))
    await crew.step("leader", second, "accept", accept())  # the password goes on to hold
