"""A site with a few measuring points in a fresh database, and a writer into it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest_asyncio
from gis_assets.sites.demo.build import features
from sqlalchemy import text

from realtime.history import repository
from realtime.history.config import HistorySettings
from realtime.history.writer import Writer
from tests.conftest import Enterprise
from twin.db.uow import unit_of_work
from twin.settings import Settings
from twin.spatial.site import load_site


@dataclass(frozen=True)
class Points:
    """Devices of the demo enterprise and their tag numbers, in the same order."""

    devices: tuple[UUID, ...]
    tags: tuple[int, ...]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def points(database: Settings, enterprise: Enterprise) -> Points:
    """Twelve devices with tags."""
    data = features()
    some = {"site": data["site"], "zone": data["zone"], "device": data["device"][:12]}
    async with unit_of_work(enterprise.id) as uow:
        await load_site(uow, some, [])
        rows = await uow.session.execute(text("SELECT id FROM device ORDER BY code"))
        devices = tuple(row.id for row in rows)
        tags = await repository.ensure_tags(uow.session, enterprise.id, devices)
    return Points(devices, tuple(tags[d] for d in devices))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def writer(database: Settings) -> AsyncIterator[Writer]:
    """A writer that keeps 30 days."""
    made = Writer(database, "test", HistorySettings(keep_days=30, ahead_days=3, _env_file=None))
    yield made
    await made.close()
