"""Jobs of told facts."""

from __future__ import annotations

import procrastinate

from domain.factors import service

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="* * * * *")
@BLUEPRINT.task(name="expiry", queueing_lock="factors.expiry")
async def run_expiry(timestamp: int) -> None:
    """End the facts whose time has come."""
    await service.end_expired()
