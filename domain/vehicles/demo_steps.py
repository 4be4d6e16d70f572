"""Setting up the demo: 25 vehicles with their units (after the people, whose step brings the ledger of terminals)."""

from __future__ import annotations

import asyncio

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings

# Heavy imports stand inside: this module is read at every start.

ENTERPRISE = "demo"


async def _load() -> None:
    from domain.vehicles import demo
    from twin.db import uow
    from twin.errors import NotFound
    from twin.spatial.repository import enterprise_id

    try:
        async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
            enterprise = await enterprise_id(unit.session, ENTERPRISE)
        if enterprise is None:
            raise NotFound(kind="enterprise", code=ENTERPRISE)
        async with uow.unit_of_work(enterprise, origin="demo") as unit:
            await demo.load(unit)
    finally:
        await uow.dispose()


def _run(_: Settings, report: Report) -> None:
    report(0.1, "")
    asyncio.run(_load())


STEPS = (
    DemoStep("vehicles", 3, lambda settings: probe.count(settings, "vehicle", "waybill", ["YD2026000008"]) > 0, _run),
)
