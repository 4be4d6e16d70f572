"""The loop of a hazard: reported -> evaluated -> rectified -> accepted by everybody named -> closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from twin.workflow.machine import Actor, Context, Guard, Machine, Row, Transition

#: The five elements that a major hazard's plan settles (五落实).
PLAN = ("measures", "funds", "deadline", "responsible", "emergency")
EVALUATE, ASSIGN = "hazard:evaluate", "hazard:assign"


def _is_owner(row: Row, actor: Actor) -> bool:
    return bool(row["owner_id"] == actor.account_id)


def _is_acceptor(row: Row, actor: Actor) -> bool:
    return actor.account_id in (row["acceptor_ids"] or ())


def _given(*names: str) -> Guard:
    """Refuses a step whose data lacks one of these."""

    def guard(row: Row, context: Context) -> str | None:
        return next((f"needs_{name}" for name in names if context.data.get(name) in (None, "", [], ())), None)

    return guard


def _not_own_judge(row: Row, context: Context) -> str | None:
    owner = context.data.get("owner_id") or row["owner_id"]
    acceptors: tuple[UUID, ...] = tuple(context.data.get("acceptor_ids") or row["acceptor_ids"] or ())
    return "own_judge" if owner in acceptors else None


def _in_future(row: Row, context: Context) -> str | None:
    return None if context.data["deadline"] > context.now else "deadline_past"


def _major_has_plan(row: Row, context: Context) -> str | None:
    if row["level"] != 1:
        return None
    plan: Mapping[str, Any] = context.data.get("plan") or {}
    return None if all(str(plan.get(part) or "").strip() for part in PLAN) else "major_needs_plan"


def _later(row: Row, context: Context) -> str | None:
    until = context.data["until"]
    return None if until > context.now and until > row["deadline"] else "extension_not_later"


def _major_is_not_fixed_at_once(row: Row, context: Context) -> str | None:
    return "major_needs_plan" if context.data.get("level") == 1 else None


def _fixed(row: Row, context: Context) -> str | None:
    return None if row["round"] > 0 else "not_fixed"


def _all_signed(row: Row, context: Context) -> str | None:
    return None if context.data.get("missing") == 0 else "signatures_missing"


def _some_missing(row: Row, context: Context) -> str | None:
    return None if context.data.get("missing", 0) > 0 else "signatures_complete"


def _evaluated(row: Row, context: Context) -> Mapping[str, Any]:
    assert context.actor is not None
    names = ("level", "hazard_type", "criteria", "criteria_version", "manage_type")
    return {**{n: context.data[n] for n in names if n in context.data}, "evaluator_id": context.actor.account_id}


def _dismissed(row: Row, context: Context) -> Mapping[str, Any]:
    assert context.actor is not None
    return {
        "dismiss_reason": context.data["reason"],
        "evaluator_id": context.actor.account_id,
        "closed_at": context.now,
    }


def _assigned(row: Row, context: Context) -> Mapping[str, Any]:
    names = ("owner_id", "owner_name", "acceptor_ids", "deadline", "plan")
    return {
        **{n: context.data[n] for n in names if n in context.data},
        "days_left": (context.data["deadline"] - context.now).days,
        "overdue": False,
        "escalated": 0,
    }


def _confirmed(row: Row, context: Context) -> Mapping[str, Any]:
    return {
        **_evaluated(row, context),
        "manage_type": 0,
        "owner_id": row["reporter_id"],
        "owner_name": row["reporter_name"],
        "acceptor_ids": context.data["acceptor_ids"],
        # Only if it is sent back; what was fixed on the spot is in time.
        "deadline": context.now + timedelta(days=7),
        "days_left": 7,
    }


def _rectified(row: Row, context: Context) -> Mapping[str, Any]:
    return {"round": row["round"] + 1, "rectified_at": context.now, "extension_until": None, "extension_reason": ""}


def _asked(row: Row, context: Context) -> Mapping[str, Any]:
    return {"extension_until": context.data["until"], "extension_reason": context.data["reason"]}


def _extended(row: Row, context: Context) -> Mapping[str, Any]:
    until = row["extension_until"]
    return {
        "deadline": until, "days_left": (until - context.now).days, "extension_until": None, "extension_reason": "",
        "overdue": False, "escalated": 0,
    }  # fmt: skip


def _not_extended(row: Row, context: Context) -> Mapping[str, Any]:
    return {"extension_until": None, "extension_reason": ""}


def _late(row: Row, context: Context) -> str | None:
    return None if row["deadline"] is not None and row["deadline"] <= context.now else "not_late"


def _escalated(row: Row, context: Context) -> Mapping[str, Any]:
    return {"overdue": True, "escalated": row["escalated"] + 1}


def _closed(row: Row, context: Context) -> Mapping[str, Any]:
    return {"closed_at": context.now, "overdue": False, "days_left": None}


def _back(row: Row, context: Context) -> Mapping[str, Any]:
    return {"rectified_at": None, "send_back_reason": context.data["reason"]}


_SETTLED = (_given("owner_id", "acceptor_ids", "deadline"), _not_own_judge, _in_future)

HAZARD = Machine(
    "hazard",
    "reported",
    (
        Transition("evaluate", "reported", "to_assign", EVALUATE, effects=(_evaluated,)),
        Transition("dismiss", "reported", "dismissed", EVALUATE, guards=(_given("reason"),), effects=(_dismissed,)),
        Transition(
            "confirm_fixed", "reported", "to_accept", EVALUATE,
            guards=(_fixed, _given("acceptor_ids"), _major_is_not_fixed_at_once), effects=(_confirmed,),
        ),
        Transition("assign", "to_assign", "rectifying", ASSIGN, guards=(*_SETTLED, _major_has_plan), effects=(_assigned,)),
        Transition("reassign", "rectifying", "rectifying", ASSIGN, guards=(*_SETTLED, _major_has_plan), effects=(_assigned,)),
        Transition("rectify", "rectifying", "to_accept", who=_is_owner, guards=(_given("cause", "measures", "photos"),),
                   effects=(_rectified,)),
        Transition("rectify", "extension_asked", "to_accept", who=_is_owner,
                   guards=(_given("cause", "measures", "photos"),), effects=(_rectified,)),
        Transition("ask_extension", "rectifying", "extension_asked", who=_is_owner,
                   guards=(_given("until", "reason"), _later), effects=(_asked,)),
        Transition("approve_extension", "extension_asked", "rectifying", ASSIGN, effects=(_extended,)),
        Transition("refuse_extension", "extension_asked", "rectifying", ASSIGN, effects=(_not_extended,)),
        Transition("escalate", "rectifying", "rectifying", people=False, system=True, guards=(_late,), effects=(_escalated,)),
        Transition("escalate", "extension_asked", "extension_asked", people=False, system=True, guards=(_late,),
                   effects=(_escalated,)),
        Transition("sign_acceptance", "to_accept", "to_accept", who=_is_acceptor, guards=(_some_missing,)),
        Transition("accept", "to_accept", "closed", who=_is_acceptor, guards=(_all_signed,), effects=(_closed,)),
        Transition("send_back", "to_accept", "rectifying", who=_is_acceptor, guards=(_given("reason"),), effects=(_back,)),
    ),
)  # fmt: skip
MACHINES = (HAZARD,)
