"""A late hazard lifts its zone on the map, and its acceptance gives the colour back (clause M8.3)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.hazards import deadlines
from realtime.risk.server import Risk
from tests.conftest import Enterprise
from tests.hazards.support import Crew, accept
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
