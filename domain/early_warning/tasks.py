"""The hourly job of the early-warning index."""

from __future__ import annotations

import procrastinate
import structlog

from domain.early_warning import service
from twin.db.enterprises import all_enterprises
from twin.db.uow import unit_of_work

BLUEPRINT = procrastinate.Blueprint()
log = structlog.get_logger("early_warning")


@BLUEPRINT.periodic(cron="2 * * * *")
@BLUEPRINT.task(name="record", queueing_lock="early_warning.record")
async def record_all(timestamp: int) -> None:
    """Write the hour down for every enterprise."""
    for enterprise_id in await all_enterprises():
        try:
            async with unit_of_work(enterprise_id, origin="job:early_warning") as uow:
                await service.record(uow)
        except Exception:
            log.exception("the index of this hour failed", enterprise=str(enterprise_id))
