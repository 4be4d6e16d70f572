"""How long events at fences are kept: as long as the tracks they are shown with (issue 5: at least 30 days)."""

from __future__ import annotations

from datetime import timedelta

from realtime.fences import repository_facts as repository
from realtime.history.retention import Kept, RetentionClass, keep_days_of
from twin import clock
from twin.db.uow import UnitOfWork


async def _kept(uow: UnitOfWork) -> Kept:
    return Kept(*await repository.kept(uow.session))


FENCE_EVENTS = RetentionClass("fence_events", 30, lambda: 365, _kept)
CLASSES = (FENCE_EVENTS,)


async def prune(uow: UnitOfWork) -> int:
    """Delete events that are older than the enterprise keeps them; how many."""
    return await repository.prune(uow.session, clock.now() - timedelta(days=await keep_days_of(uow, FENCE_EVENTS)))
