"""Steps that people take at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.alarms.errors import AlarmNotFound
from realtime.alarms import repository as alarms
from realtime.alarms.raising import step
from realtime.alarms.workflow import ALARM
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.errors import TwinError
from twin.workflow.machine import Context

#: Steps that hold back every later activation of the same condition, and those that end it.
_HOLDS = ("shelve", "suppress", "take_out")
_FREES = ("unshelve", "unsuppress", "put_back")


async def require(uow: UnitOfWork, alarm_id: UUID) -> dict[str, Any]:
    """The alarm.

    Raises:
        AlarmNotFound: there is none, or it is another enterprise's.
    """
    row = await alarms.one(uow.session, alarm_id)
    if row is None:
        raise AlarmNotFound(id=str(alarm_id))
    return row


def possible(row: dict[str, Any], principal: Principal) -> list[str]:
    """The steps that this person may take; what a step still needs (a reason, a result) is asked for then."""
    now = clock.now()
    data = {"reason": "-", "cause": "-", "action": "-", "person": "-", "until": now + timedelta(minutes=1)}
    return ALARM.possible(row, Context(now, principal, data))


async def take(
    uow: UnitOfWork, principal: Principal, alarm_id: UUID, event: str, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Take a step; the alarm after it.

    Raises:
        AlarmNotFound, NotAllowed, NotPossibleNow: as their names say. Forbidden: another zone's.
    """
    row = await require(uow, alarm_id)
    principal.require_zone(row["zone_code"])
    after = await step(uow, alarm_id, event, principal, {**(data or {}), "name": principal.name})
    if event in _HOLDS:
        given = data or {}
        hold = {"key": row["key"], "event": event, "reason": given["reason"], "until": given.get("until"),
                "by": principal.name, "at": clock.now()}  # fmt: skip
        await alarms.put_hold(uow.session, uow.enterprise_id, hold)
    elif event in _FREES:
        await alarms.drop_hold(uow.session, row["key"])
    return after


async def take_each(
    uow: UnitOfWork, principal: Principal, ids: Sequence[UUID], event: str, data: dict[str, Any] | None = None
) -> tuple[list[UUID], dict[UUID, str]]:
    """Take a step on several alarms; those done, and the error code of each other one."""
    done, refused = [], {}
    for alarm_id in dict.fromkeys(ids):
        try:
            await take(uow, principal, alarm_id, event, data)
            done.append(alarm_id)
        except TwinError as error:  # a refusal comes before anything was written
            refused[alarm_id] = error.code
    return done, refused
