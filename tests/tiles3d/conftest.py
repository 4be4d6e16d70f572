"""The demo site in a fresh database and people of two enterprises."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from tests.support import make_enterprise
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> Enterprise:
    """The demo enterprise with its site loaded."""
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, features(), views())
    return enterprise


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def manager(site: Enterprise, sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """A manager of the demo enterprise."""
    yield await sign_in("manager")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stranger(site: Enterprise, sign_in: SignIn) -> AsyncIterator[httpx.AsyncClient]:
    """A manager of another enterprise, which has nothing yet."""
    await make_enterprise("other")
    yield await sign_in("other-manager")
