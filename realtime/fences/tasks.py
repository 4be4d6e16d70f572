"""Jobs of the fences."""

from __future__ import annotations

import procrastinate
import structlog

from realtime.fences import retention
from twin.db.enterprises import all_enterprises
from twin.db.uow import unit_of_work

log = structlog.get_logger("realtime.fences")

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="27 3 * * *")
@BLUEPRINT.task(name="prune_fence_events", queueing_lock="fences.prune")
async def prune_fence_events(timestamp: int) -> None:
    """Delete events at fences that are older than their enterprise keeps them."""
    for enterprise in await all_enterprises():
        async with unit_of_work(enterprise, origin="job:prune_fence_events") as uow:
            if gone := await retention.prune(uow):
                log.info("old fence events deleted", enterprise=str(enterprise), events=gone)
