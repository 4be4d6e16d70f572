"""Jobs of the exchange."""

from __future__ import annotations

import procrastinate
import structlog

from domain.exchange import repository, service
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

BLUEPRINT = procrastinate.Blueprint()
log = structlog.get_logger("exchange")


@BLUEPRINT.periodic(cron="17 * * * *")
@BLUEPRINT.task(name="send", queueing_lock="exchange.send")
async def send_all(timestamp: int) -> None:
    """Send to every active target what is new."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = [(t.enterprise_id, t.id) for t in await repository.targets(uow.session) if t.active]
    for enterprise_id, target_id in found:
        try:
            await service.send(enterprise_id, target_id)
        except Exception:
            log.exception("exchange failed", target=str(target_id))
