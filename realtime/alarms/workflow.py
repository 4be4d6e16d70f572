"""The states of an alarm (ISA-18.2 / IEC 62682) as a table.

``normal`` of the standard is two states here: ``returned`` (the condition is gone, the handling result is still owed)
and ``closed`` (it has been written). ``handled``: the result is written, the condition still stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from twin.workflow.machine import Context, Machine, Row, Transition

ACKNOWLEDGE, HANDLE, SHELVE, WRITE = "alarm:acknowledge", "alarm:handle", "alarm:shelve", "alarm:write"
#: Nobody shelves for longer than this.
SHELVE_LIMIT = timedelta(hours=24)
#: Statuses in which an alarm is held back: it is neither shown as new nor pushed.
HELD = ("shelved", "suppressed", "out_of_service")


def _who(context: Context) -> str:
    return str(context.data.get("name") or "")


def _written(row: Row, context: Context) -> str | None:
    for name in ("cause", "action", "person"):
        if not str(context.data.get(name) or "").strip():
            return f"needs_{name}"
    return None


def _reason(row: Row, context: Context) -> str | None:
    return None if str(context.data.get("reason") or "").strip() else "needs_reason"


def _within(row: Row, context: Context) -> str | None:
    until = context.data.get("until")
    return None if until is not None and context.now < until <= context.now + SHELVE_LIMIT else "shelve_limit"


def _acknowledged(row: Row, context: Context) -> Mapping[str, Any]:
    return {"acknowledged_at": context.now, "acknowledged_by": _who(context)}


def _handled(row: Row, context: Context) -> Mapping[str, Any]:
    seen = {} if row["acknowledged_at"] is not None else _acknowledged(row, context)
    given = {name: str(context.data[name]).strip() for name in ("cause", "action", "person")}
    return {**seen, **given, "handled_at": context.now, "handled_by": _who(context)}


def _held(row: Row, context: Context) -> Mapping[str, Any]:
    return {"hold_reason": context.data["reason"], "hold_until": context.data.get("until"), "hold_by": _who(context)}


def _freed(row: Row, context: Context) -> Mapping[str, Any]:
    return {"hold_reason": "", "hold_until": None, "hold_by": ""}


def _over(row: Row, context: Context) -> str | None:
    """The clock may only end a shelving whose time is up (an earlier deadline may still be under way)."""
    until = row["hold_until"]
    return "shelved_longer" if context.actor is None and until is not None and until > context.now else None


def _hold(event: str, source: str, target: str, scope: str) -> Transition:
    guards = (_reason, _within) if event == "shelve" else (_reason,)
    return Transition(event, source, target, scope, guards=guards, effects=(_held,), system=True)


_OPEN = ("unacknowledged", "acknowledged")
ALARM = Machine(
    "alarm",
    "unacknowledged",
    (
        Transition("acknowledge", "unacknowledged", "acknowledged", ACKNOWLEDGE, effects=(_acknowledged,)),
        Transition("acknowledge", "returned_unacknowledged", "returned", ACKNOWLEDGE, effects=(_acknowledged,)),
        # The condition is gone. Written in bulk by realtime/alarms/repository.py, from this table.
        Transition("return", "unacknowledged", "returned_unacknowledged", people=False, system=True),
        Transition("return", "acknowledged", "returned", people=False, system=True),
        Transition("return", "handled", "closed", people=False, system=True),
        *(Transition("return", held, "returned", people=False, system=True) for held in HELD),
        Transition("handle", "unacknowledged", "handled", HANDLE, guards=(_written,), effects=(_handled,)),
        Transition("handle", "acknowledged", "handled", HANDLE, guards=(_written,), effects=(_handled,)),
        Transition("handle", "returned_unacknowledged", "closed", HANDLE, guards=(_written,), effects=(_handled,)),
        Transition("handle", "returned", "closed", HANDLE, guards=(_written,), effects=(_handled,)),
        *(_hold("shelve", source, "shelved", SHELVE) for source in _OPEN),
        *(_hold("suppress", source, "suppressed", WRITE) for source in _OPEN),
        *(_hold("take_out", source, "out_of_service", WRITE) for source in _OPEN),
        Transition("unshelve", "shelved", "unacknowledged", SHELVE, guards=(_over,), effects=(_freed,), system=True),
        Transition("unsuppress", "suppressed", "unacknowledged", WRITE, effects=(_freed,), system=True),
        Transition("put_back", "out_of_service", "unacknowledged", WRITE, effects=(_freed,), system=True),
    ),
)  # fmt: skip
MACHINES = (ALARM,)
