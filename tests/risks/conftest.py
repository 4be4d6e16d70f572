"""The demo site in a fresh database, and who works with its register."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> Enterprise:
    """The enterprise with its zones."""
    data = features()
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, {"site": data["site"], "zone": data["zone"]}, views())
    return enterprise


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(site: Enterprise, sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """May write the register."""
    yield await sign_in("manager")
