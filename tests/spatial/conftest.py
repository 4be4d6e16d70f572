"""The demo site in a fresh database, and its manager."""

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
async def site(database: Settings, enterprise: Enterprise) -> dict[str, int]:
    """Counts of the first load."""
    async with unit_of_work(enterprise.id) as uow:
        return await load_site(uow, features(), views())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(site: dict[str, int], sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """A client signed in as a manager, who may edit, import and export."""
    yield await sign_in("manager")
