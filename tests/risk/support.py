"""The risk process beside the API, and waiting for a zone's colour."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from realtime.risk import repository
from realtime.risk.server import Risk
from tests.conftest import Enterprise
from twin import clock
from twin.db.uow import unit_of_work
from twin.spatial.site import load_site


async def load(enterprise: Enterprise) -> None:
    """The demo's features for the enterprise."""
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, features(), views())


async def quick_rules(enterprise: Enterprise, release_s: float) -> None:
    """Rules that lift at once and give back a moment later, by the engine's own timer; written as the service does."""
    async with unit_of_work(enterprise.id) as uow:
        await repository.add_first_rules(uow.session, enterprise.id, clock.now())
        for row in await repository.rule_rows(uow.session):
            body = {**row.body, "hold_s": 0, "release_s": release_s}
            await repository.put_rule(
                uow.session, enterprise.id, enterprise.id, repository.RuleRow(**{**row.__dict__, "body": body})
            )
        await uow.emit("risk.rule", "put", "all", {})


@asynccontextmanager
async def running_risk() -> AsyncIterator[Risk]:
    """The process's loop."""
    process = Risk()
    task = asyncio.create_task(process.run())
    await asyncio.wait_for(process.started.wait(), 30)
    yield process
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def zone_shows(http: httpx.AsyncClient, code: str, level: int) -> dict[str, Any]:
    """What the API says of the zone once it has the level."""
    async with asyncio.timeout(30):
        while True:
            answer: dict[str, Any] = (await http.get(f"/api/zones/{code}")).json()
            if answer["state"]["level"] == level:
                return answer
            await asyncio.sleep(0.05)
