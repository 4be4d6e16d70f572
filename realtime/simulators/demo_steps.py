"""Setting up the demo: the simulators as field sources, each measuring point at its address."""

from __future__ import annotations

import asyncio

from realtime.simulators.names import DCS, GDS, WAREHOUSE
from twin.db import probe
from twin.ops.demo import DemoStep, Report
from twin.settings import Settings

# Heavy imports stand inside: this module is read at every start.


async def _register() -> None:
    from realtime.simulators.register import register
    from twin.db import uow

    try:
        await register()
    finally:
        await uow.dispose()


def _run(_: Settings, report: Report) -> None:
    report(0.1, "")
    asyncio.run(_register())


def _done(settings: Settings) -> bool:
    return probe.count(settings, "field_source", "name", [DCS, GDS, WAREHOUSE]) == 3


STEPS = (DemoStep("sources", 3, _done, _run),)
