"""A flood of alarms into a running plant: ``python -m tests.bench.alarm_flood NUMBER SECONDS``, database from the environment.

The alarms are raised as the engine does it, a run of them in one transaction, on the plant's own measuring points.
"""

from __future__ import annotations

import asyncio
import os
import sys

from sqlalchemy import text

from realtime.alarms.raising import AlarmFact, raise_alarms
from twin import clock
from twin.db import uow
from twin.spatial.repository import enterprise_id

#: Transactions a second.
RUNS = 10


async def _points() -> list[AlarmFact]:
    """One alarm for every measuring point of the demo, to be copied."""
    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        found = await unit.session.execute(
            text("SELECT id, name, tag, zone_code FROM device WHERE tag IS NOT NULL ORDER BY tag")
        )
        return [
            AlarmFact(
                key=str(row.id), source="point", type="h", grade=1 + n % 4, at=clock.now(), value=12.5, limit=10.0, stage=1,
                title={"name": row.name, "tag": row.tag, "unit": "%LEL", "value": 12.5, "limit": 10.0},
                subject_layer="device", subject_id=row.id, subject_name=row.name, zone_code=row.zone_code,
            )
            for n, row in enumerate(found)
        ]  # fmt: skip


async def flood(number: int, seconds: float) -> None:
    """Raise ``number`` alarms, spread evenly over ``seconds``."""
    points = await _points()
    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        enterprise = await enterprise_id(unit.session, "demo")
    assert enterprise is not None
    runs = max(1, round(seconds * RUNS))
    began = clock.monotonic()
    for n in range(runs):
        facts = []
        for k in range(number * n // runs, number * (n + 1) // runs):
            like = points[k % len(points)]
            # one point may have several: each stands for a condition of its own
            facts.append(AlarmFact(**{**vars(like), "key": f"flood:{os.getpid()}:{k}", "at": clock.now()}))
        async with uow.unit_of_work(enterprise, origin="flood") as unit:
            await raise_alarms(unit, facts)
        await asyncio.sleep(max(0.0, began + (n + 1) / RUNS - clock.monotonic()))
    await uow.dispose()


if __name__ == "__main__":
    asyncio.run(flood(int(sys.argv[1]), float(sys.argv[2])))
