"""Jobs of inspections."""

from __future__ import annotations

import procrastinate

from domain.inspections import dispatch

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="*/15 * * * *")
@BLUEPRINT.task(name="dispatch", queueing_lock="inspections.dispatch")
async def run_dispatch(timestamp: int) -> None:
    """Make the tasks of the coming day."""
    await dispatch.dispatch_all()


@BLUEPRINT.periodic(cron="* * * * *")
@BLUEPRINT.task(name="watch", queueing_lock="inspections.watch")
async def run_watch(timestamp: int) -> None:
    """Remind and expire."""
    await dispatch.watch()
