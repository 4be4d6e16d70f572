"""Calls for help, and calls to people: one person, a zone, or everyone, with receipts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.people import repository
from domain.people import repository_calls as calls
from domain.people import repository_terminals as terminals
from domain.people.errors import CallNotFound, NobodyThere, NotAPerson, PersonNotFound
from domain.people.models import Call, CallReceipt
from domain.people.schemas import CallIn, SosIn
from realtime.fences.sos import InNeed, LastFix, raise_sos
from realtime.tracking import repository_bindings as bindings
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.ids import uuid7
from twin.notify.service import notify

#: Topic of commands to badges; kind ``vibrate``, key the badge's code. The transports of realtime.tracking send them
#: on and answer with kind ``delivered``.
COMMANDS = "badge.command"


async def sos(uow: UnitOfWork, principal: Principal, given: SosIn) -> tuple[UUID, int, LastFix | None]:
    """Call for help for the person behind the account: with the handheld's fix or the badge's, whichever is newer.

    Raises:
        NotAPerson: the account is linked to nobody.
    """
    person = await repository.person_of_account(uow.session, principal.account_id)
    if person is None:
        raise NotAPerson(name=principal.name)
    row = await calls.last_fix(uow.session, person.id)
    fix = None if row is None else LastFix(row.lon, row.lat, row.h, row.at, row.r95, row.floor, row.zone)
    if given.lon is not None and given.lat is not None:
        at = clock.now() - timedelta(seconds=given.age)
        # A badge knows the floor, so its fix is kept unless the handheld's is clearly newer.
        if fix is None or at - fix.at > timedelta(seconds=10):
            fix = LastFix(given.lon, given.lat, None, at, given.accuracy, source="handheld")
    bound = await bindings.history(uow.session, "person", person.id)
    badge = bound[0].badge if bound and bound[0].until is None else ""
    bearer = await bindings.binding_of(uow.session, "person", person.id)
    who = InNeed(person.id, person.name, bearer.department if bearer else "", badge, person.phone, principal.account_id)
    alarm, told = await raise_sos(uow, who, fix, given.note)
    return alarm, told, fix


async def send(uow: UnitOfWork, principal: Principal, given: CallIn) -> UUID:
    """Call people: a notification to those with an account, a command to badges that vibrate, a receipt for each.

    Raises:
        NobodyThere: it would reach nobody.
        PersonNotFound: no such person.
    """
    people = await _wanted(uow, given)
    if not people:
        raise NobodyThere(target=given.target)
    call = Call(
        id=uuid7(), enterprise_id=uow.enterprise_id, kind=given.kind, scope=given.scope, target=given.target,
        message=given.message, by=principal.account_id, by_name=principal.name, at=clock.now(),
    )  # fmt: skip
    dedupe = f"call:{call.id}"
    accounts = [row.account_id for row in people if row.account_id is not None]
    await notify(
        uow, accounts, f"person_{given.kind}", {"by": principal.name, "message": given.message, "call": str(call.id)},
        level="alarm" if given.kind == "recall" else "warning", dedupe=dedupe,
    )  # fmt: skip
    told = await calls.notifications(uow.session, dedupe)
    able = await terminals.vibrating(uow.session, [row.badge for row in people if row.badge])
    receipts = [
        CallReceipt(
            id=uuid7(), enterprise_id=uow.enterprise_id, call_id=call.id, person_id=row.id, account_id=row.account_id,
            inbox_id=told.get(row.account_id), badge=row.badge, command="queued" if row.badge in able else "none",
        )
        for row in people
    ]  # fmt: skip
    await calls.add(uow.session, call, receipts)
    for badge in sorted(able):
        command = {"badge": badge, "command": "vibrate", "pattern": given.kind, "call": str(call.id)}
        await uow.emit(COMMANDS, "vibrate", badge, command | {"text": given.message})
    facts: dict[str, Any] = given.model_dump() | {"people": len(people), "told": len(told), "vibrated": len(able)}
    await uow.audit(f"people.{given.kind}", "person_call", str(call.id), after=facts)
    return call.id


async def require(uow: UnitOfWork, call_id: UUID) -> Any:
    """A call with its counts.

    Raises:
        CallNotFound: there is none.
    """
    found = await calls.call(uow.session, call_id)
    if found is None:
        raise CallNotFound(id=str(call_id))
    return found


async def _wanted(uow: UnitOfWork, given: CallIn) -> list[Any]:
    if given.scope != "person":
        return await calls.on_site(uow.session, given.target if given.scope == "zone" else None)
    try:
        person = UUID(given.target)
    except ValueError as error:
        raise PersonNotFound(id=given.target) from error
    found = await calls.one_person(uow.session, person)
    if not found:
        raise PersonNotFound(id=given.target)
    return found
