"""Forgetting old keys."""

from __future__ import annotations

from datetime import timedelta

import procrastinate

from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.idempotency import repository

BLUEPRINT = procrastinate.Blueprint()

#: Longer than a handheld may lie in a drawer with work in its queue.
KEPT = timedelta(days=60)


@BLUEPRINT.periodic(cron="37 3 * * *")
@BLUEPRINT.task(name="prune_idempotency", queueing_lock="twin.prune_idempotency")
async def prune_idempotency(timestamp: int) -> None:
    """Delete old keys."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        await repository.prune(uow.session, clock.now() - KEPT)
