"""Deadlines: what the product does by itself when a row has stayed in a status for too long. The worker calls
:func:`fire_due`.

They are kept in a table and compared with ``twin.clock``, so they survive a restart and tests can move time.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from uuid import UUID

import structlog

from twin import clock
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.errors import Conflict, NotFound
from twin.registry import discover
from twin.workflow import repository
from twin.workflow.machine import Machine, fire

#: A deadline whose step failed is tried again after this.
_AGAIN = timedelta(minutes=1)

log = structlog.get_logger("twin.deadline")


@cache
def machines() -> dict[str, Machine]:
    """Every machine by name (submodule ``workflow``, attribute ``MACHINES``), with the models imported."""
    discover.submodules("models")
    return {m.name: m for module in discover.submodules("workflow") for m in module.MACHINES}


async def fire_due(known: dict[str, Machine] | None = None, limit: int = 200) -> int:
    """Fire the deadlines that have come; how many steps were taken.

    One that fails is logged and never holds up the others.
    """
    known = machines() if known is None else known
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        waiting = await repository.due(uow.session, clock.now(), limit)
    taken = 0
    for enterprise_id, name, row_id, event in waiting:
        if name not in known:
            log.error("deadline of an unknown workflow", machine=name, row=str(row_id))
            continue
        try:
            taken += await _fire_one(enterprise_id, known[name], row_id, event)
        except Exception:
            log.exception("deadline failed", machine=name, row=str(row_id), event_name=event)
            async with unit_of_work(enterprise_id) as uow:
                await repository.postpone(uow.session, name, row_id, event, clock.now() + _AGAIN)
    return taken


async def _fire_one(enterprise_id: UUID, machine: Machine, row_id: UUID, event: str) -> int:
    async with unit_of_work(enterprise_id, origin="deadline") as uow:
        if not await repository.claim(uow.session, machine.name, row_id, event, clock.now()):
            return 0
        try:
            await fire(uow, machine, row_id, event, None)
        except (Conflict, NotFound) as error:
            # A guard refuses, or the row is gone: the deadline has had its say.
            log.info("deadline not applied", machine=machine.name, row=str(row_id), event_name=event, error=str(error))
            return 0
    return 1
