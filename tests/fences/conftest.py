"""The demo's site with its zones and roads, without its fences: each test draws its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest_asyncio
from gis_assets.sites.demo.build import features
from gis_assets.sites.demo.frame import ring

from tests.conftest import Enterprise, SignIn
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site

Draw = Callable[..., Awaitable[dict[str, Any]]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(database: Settings, enterprise: Enterprise, sign_in: SignIn) -> httpx.AsyncClient:
    """Signed in as a manager of a plant with zones, roads and floors."""
    data = features()
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, {key: data[key] for key in ("site", "zone", "building", "floor", "road")}, [])
    return await sign_in("manager")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def draw(manager: httpx.AsyncClient) -> Draw:
    """Draws a square fence around a point of the plant (local metres) over the product's own API."""

    async def run(code: str, kind: str, x: float, y: float, half: float = 10.0, **properties: Any) -> dict[str, Any]:
        corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
        body = {
            "geometry": {"type": "Polygon", "coordinates": [ring(corners, 0.0)]},
            "properties": {"code": code, "name": f"围栏{code}", "kind": kind, "enabled": True, **properties},
        }
        answer = await manager.post("/api/spatial/geofence", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return run
