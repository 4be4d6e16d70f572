"""The demo site with its buildings, and the people of the hazard tests."""

from __future__ import annotations

import pytest_asyncio
from gis_assets.sites.demo.accounts import views
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise
from tests.hazards.conftest import crew
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site

__all__ = ["crew", "site"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(database: Settings, enterprise: Enterprise) -> Enterprise:
    """The enterprise with its zones and buildings."""
    data = features()
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, {key: data[key] for key in ("site", "zone", "building")}, views())
    return enterprise
