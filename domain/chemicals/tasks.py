"""Jobs of chemicals."""

from __future__ import annotations

import procrastinate

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="*/5 * * * *")
@BLUEPRINT.task(name="watch", queueing_lock="chemicals.watch")
async def run_watch(timestamp: int) -> None:
    """Keep what units hold when its level changed."""
    from domain.chemicals.watch import watch

    await watch()
