"""The demo's history of the index: computed from the rows that carry their times, as far as they reach back."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from domain.early_warning import service
from twin import clock
from twin.auth.demo import principal
from twin.db import uow as db
from twin.db.uow import unit_of_work

DAYS, STEP = 66, timedelta(hours=12)


async def load() -> None:
    """Two points a day as far back as there are rows, and this hour."""
    try:
        manager = await principal("manager")
        async with unit_of_work(manager.enterprise_id, origin="demo") as uow:
            await service.backfill(uow, clock.now() - timedelta(days=DAYS), STEP)
            await service.record(uow)
    finally:
        await db.dispose()


def main() -> None:
    """Run it outside of any event loop."""
    asyncio.run(load())
