"""Setting up the demo: 300 people with their badges."""

from __future__ import annotations

import asyncio

from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings

# Heavy imports stand inside: this module is read at every start.

#: The first and the last of them.
_SOME = ("E0001", "F0015")
ENTERPRISE = "demo"


async def _load() -> None:
    from domain.people import demo, repository
    from twin.db import uow
    from twin.errors import NotFound
    from twin.spatial.repository import enterprise_id

    try:
        async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
            enterprise = await enterprise_id(unit.session, ENTERPRISE)
        if enterprise is None:
            raise NotFound(kind="enterprise", code=ENTERPRISE)
        async with uow.unit_of_work(enterprise, origin="demo") as unit:
            await demo.load(unit, await repository.account_ids(unit.session))
    finally:
        await uow.dispose()


def _run(_: Settings, report: Report) -> None:
    report(0.1, "")
    asyncio.run(_load())


STEPS = (DemoStep("people", 2, lambda settings: probe.count(settings, "person", "code", _SOME) >= len(_SOME), _run),)
