"""A plant with zones, and an account that keeps its people."""

from __future__ import annotations

import httpx
import pytest_asyncio
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> Enterprise:
    """The demo's site, zones and anchors."""
    data = features()
    async with unit_of_work(enterprise.id) as uow:
        await load_site(
            uow, {key: data[key] for key in ("site", "zone", "building", "floor", "anchor", "geofence")}, []
        )
    return enterprise


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(site: Enterprise, sign_in: SignIn) -> httpx.AsyncClient:
    """Signed in as a manager."""
    return await sign_in("manager")
