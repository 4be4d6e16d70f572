"""Jobs of the alarm desk."""

from __future__ import annotations

import procrastinate
import structlog

from domain.alarms import retention
from twin.db.enterprises import all_enterprises
from twin.db.uow import unit_of_work

log = structlog.get_logger("domain.alarms")

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="17 3 * * *")
@BLUEPRINT.task(name="prune_alarms", queueing_lock="alarms.prune")
async def prune_alarms(timestamp: int) -> None:
    """Delete closed alarms that are older than their enterprise keeps them (never less than a year)."""
    for enterprise in await all_enterprises():
        async with unit_of_work(enterprise, origin="job:prune_alarms") as uow:
            if gone := await retention.prune(uow):
                log.info("old alarms deleted", enterprise=str(enterprise), alarms=gone)
