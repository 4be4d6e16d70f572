"""What time does to hazards: reminders before the deadline, escalation behind it, and the days left on the map."""

from __future__ import annotations

from datetime import timedelta

import structlog

from domain.hazards import repository, service
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.errors import Conflict, NotFound
from twin.notify.service import notify

REMIND_BEFORE = timedelta(days=1)
#: When a late hazard is raised: at the deadline, and again this much later (then to the leaders).
ESCALATE_AT = (timedelta(0), timedelta(days=3))

log = structlog.get_logger("hazards.deadlines")


async def run() -> int:
    """Do all that is due; how many hazards were escalated. Safe to run at any time and again."""
    now = clock.now()
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await repository.due(uow.session, now + REMIND_BEFORE)
    raised = 0
    for enterprise_id, hazard_id, times, deadline in found:
        try:
            async with unit_of_work(enterprise_id, origin="deadline") as uow:
                if deadline > now:
                    row = await service.get(uow, hazard_id)
                    await notify(
                        uow, [row["owner_id"]], "hazard_due", {"number": row["code"], "name": row["name"]},
                        level="warning", link=f"/console/hazards/{hazard_id}", dedupe=f"due-{hazard_id}-{int(deadline.timestamp())}",
                    )  # fmt: skip
                elif times < len(ESCALATE_AT) and now >= deadline + ESCALATE_AT[times]:
                    await service.step(uow, None, hazard_id, "escalate")
                    raised += 1
        except (Conflict, NotFound) as error:
            log.info("not escalated", hazard=str(hazard_id), error=str(error))
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        changed = await repository.count_days(uow.session, now)
    for enterprise_id, hazard_id in changed:
        async with unit_of_work(enterprise_id, origin="deadline") as uow:
            await service.publish(uow, hazard_id)
    return raised
