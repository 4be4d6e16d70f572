"""The hourly job of the early-warning index."""

from __future__ import annotations

import procrastinate
import structlog

from domain.early_warning import repository, service
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

BLUEPRINT = procrastinate.Blueprint()
log = structlog.get_logger("early_warning")


@BLUEPRINT.periodic(cron="2 * * * *")
@BLUEPRINT.task(name="record", queueing_lock="early_warning.record")
async def record_all(timestamp: int) -> None:
    """Write the hour down for every enterprise."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await repository.enterprises(uow.session)
    for enterprise_id in found:
        try:
            async with unit_of_work(enterprise_id, origin="job:early_warning") as uow:
                await service.record(uow)
        except Exception:
            log.exception("the index of this hour failed", enterprise=str(enterprise_id))
