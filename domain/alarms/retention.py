"""How long alarms are kept (clause S3.1: at least a year), and the proof of it."""

from __future__ import annotations

from datetime import timedelta

from domain.alarms import repository_analysis as sql
from realtime.history.retention import Kept, RetentionClass, keep_days_of
from twin import clock
from twin.db.uow import UnitOfWork


async def _kept(uow: UnitOfWork) -> Kept:
    row = await sql.oldest(uow.session)
    return Kept(row["oldest"], int(row["days"]), int(row["bytes"]))


ALARMS = RetentionClass("alarms", 365, lambda: 730, _kept)
CLASSES = (ALARMS,)


async def prune(uow: UnitOfWork) -> int:
    """Delete closed alarms that are older than the enterprise keeps them; how many."""
    return await sql.prune(uow.session, clock.now() - timedelta(days=await keep_days_of(uow, ALARMS)))
