"""The demo site in a fresh database, and the people of a hazard's loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise, SignIn
from tests.hazards.support import Crew
from twin.auth.repository import account_by_name
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
async def crew(site: Enterprise, sign_in: SignIn) -> AsyncIterator[Crew]:
    """Everybody signed in, and their ids."""
    people: dict[str, httpx.AsyncClient] = {}
    ids: dict[str, UUID] = {}
    for role in ("manager", "leader", "employee", "contractor", "regulator", "system_admin"):
        people[role] = await sign_in(role)
        async with unit_of_work(site.id) as uow:
            account = await account_by_name(uow.session, role)
            assert account is not None
            ids[role] = account.id
    yield Crew(people, ids)
