"""The desk as it stood at a past instant, told by the times that every alarm keeps of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.alarms import repository_past as repository
from domain.alarms.retention import ALARMS
from realtime.alarms.workflow import HELD
from realtime.history.retention import keep_days_of
from twin.db.uow import UnitOfWork
from twin.past import check_past

_UNSEEN = {"acknowledged_at": None, "acknowledged_by": ""}
_UNHANDLED = {"handled_at": None, "handled_by": "", "cause": "", "action": "", "person": ""}
_UNHELD = {"hold_reason": "", "hold_until": None, "hold_by": ""}


async def open_at(uow: UnitOfWork, at: datetime, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many alarms were open at an instant, and the newest of them as they were then.

    Raises:
        PastInstantInvalid: in the future, or older than alarms are kept.
    """
    check_past(at, await keep_days_of(uow, ALARMS))
    total, rows = await repository.open_at(uow.session, at, limit)
    return total, [as_of(row, at) for row in rows]


def as_of(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    """An open alarm as it was at an instant; what came after is taken away.

    A hold that has ended leaves no time behind: only one that still stands, or stood when the condition went, is told.
    """

    def by_then(name: str) -> bool:
        return row[name] is not None and row[name] <= at

    seen, handled, returned = by_then("acknowledged_at"), by_then("handled_at"), by_then("returned_at")
    # The step that held it back was its last one, or the last before its condition went.
    held = row["status"] in HELD and row["updated_at"] <= at
    made = dict(row)
    made |= {} if seen else _UNSEEN
    made |= {} if handled else _UNHANDLED
    made |= {} if held else _UNHELD
    made |= {} if returned else {"returned_at": None}
    times = [made[name] for name in ("raised_at", "acknowledged_at", "handled_at", "returned_at") if made[name]]
    made["updated_at"] = row["updated_at"] if held else max(times)
    made["active"] = not returned
    if held:
        made["status"] = row["status"]
    elif returned:
        was_held = row["status"] == "returned" and row["acknowledged_at"] is None
        made["status"] = "returned" if seen or was_held else "returned_unacknowledged"
    else:
        made["status"] = "handled" if handled else "acknowledged" if seen else "unacknowledged"
    return made
