"""Jobs of the people module."""

from __future__ import annotations

import procrastinate
import structlog

from domain.people import terminals
from twin.db.enterprises import all_enterprises
from twin.db.uow import unit_of_work

log = structlog.get_logger("domain.people")

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="*/10 * * * *")
@BLUEPRINT.task(name="flag_terminals", queueing_lock="people.flag_terminals")
async def flag_terminals(timestamp: int) -> None:
    """Tell of terminals with a low battery, an expiring certificate, or the wrong protection for where they are."""
    for enterprise in await all_enterprises():
        async with unit_of_work(enterprise, origin="job:flag_terminals") as uow:
            await terminals.tell(uow)
