"""Jobs of the history: roll-ups every five minutes, sealing every night (repeated by day: it takes what is left)."""

from __future__ import annotations

import procrastinate
import structlog

from realtime.history.seal import Sealer
from twin.settings import get_settings

log = structlog.get_logger("realtime.history")

BLUEPRINT = procrastinate.Blueprint()


@BLUEPRINT.periodic(cron="*/5 * * * *")
@BLUEPRINT.task(name="roll", queueing_lock="history.roll", lock="history")
async def roll(timestamp: int) -> None:
    """Roll up the hours that are over."""
    async with Sealer(get_settings()) as sealer:
        made = await sealer.roll()
    if made:
        log.info("hours were rolled up", roll_ups=made)


@BLUEPRINT.periodic(cron="37 1,4,13 * * *")
@BLUEPRINT.task(name="seal", queueing_lock="history.seal", lock="history")
async def seal(timestamp: int) -> None:
    """Seal the days that are old enough to files."""
    async with Sealer(get_settings()) as sealer:
        await sealer.seal()
