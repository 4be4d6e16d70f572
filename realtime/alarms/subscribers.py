"""A shelved alarm that the clock lets through again is shown on the screens."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from realtime.alarms import repository
from realtime.alarms.raising import KINDS, view
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork


class _Told:
    """Steps that the clock took (they have no person) become events of topic ``alarm``."""

    name = "alarms.deadlines"
    topics: Sequence[str] = ("workflow.alarm",)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Pass on."""
        if event.payload.get("by") is None and event.kind == "unshelve":
            row = await repository.one(uow.session, UUID(event.key))
            if row is not None:
                await repository.emit(uow.session, uow.enterprise_id, KINDS[event.kind], [view(row)], event.at)


SUBSCRIBERS = (_Told(),)
