"""Jobs of hazards."""

from __future__ import annotations

import procrastinate

from domain.hazards import deadlines

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="*/5 * * * *")
@BLUEPRINT.task(name="deadlines", queueing_lock="hazards.deadlines")
async def run_deadlines(timestamp: int) -> None:
    """Remind, escalate, count the days."""
    await deadlines.run()
