"""Jobs of live photos."""

from __future__ import annotations

from datetime import timedelta

import procrastinate

from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.photos import repository

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="33 * * * *")
@BLUEPRINT.task(name="prune_challenges", queueing_lock="photos.prune_challenges")
async def prune_challenges(timestamp: int) -> None:
    """Forget challenges that nobody answered."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        await repository.prune(uow.session, clock.now() - timedelta(hours=1))
