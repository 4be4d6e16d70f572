"""What people do on facts: a badge that has vibrated is a receipt; a call for help that is taken is told to who called."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.people import calls, repository
from domain.people import repository_calls as receipts
from realtime.alarms.raising import clear_alarm
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.notify.service import notify


class BadgeReplies:
    """A transport says that a badge has carried out a command."""

    name = "people.badge_replies"
    topics: Sequence[str] = (calls.COMMANDS,)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Note the receipt."""
        if event.kind == "delivered" and event.payload.get("call"):
            await receipts.delivered(uow.session, UUID(str(event.payload["call"])), event.key)


class SosAnswered:
    """Somebody has taken a call for help: the person who called hears who it is. It ends when it has been handled."""

    name = "people.sos_answered"
    topics: Sequence[str] = ("alarm",)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Tell them once; end the call."""
        alarm = event.payload
        if alarm.get("type") != "sos" or alarm.get("subject_layer") != "person":
            return
        if event.kind == "handled":
            await clear_alarm(uow, str(alarm["key"]), event.at)
        if event.kind in ("acknowledged", "handled"):
            person = await repository.person(uow.session, UUID(str(alarm["subject_id"])))
            if person is not None and person.account_id is not None:
                by, dedupe = str(alarm.get("acknowledged_by") or ""), f"sos_answered:{event.key}"
                await notify(uow, [person.account_id], "sos_answered", {"by": by}, level="warning", dedupe=dedupe)


SUBSCRIBERS = (BadgeReplies(), SosAnswered())
