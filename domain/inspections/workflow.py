"""The life of a task: waiting, done in time or late, or suspended because the plant stood still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.workflow.machine import Actor, Context, Machine, Row, Transition

PLAN = "inspection:plan"


def _is_mine(row: Row, actor: Actor) -> bool:
    if row["assignee_id"] is not None:
        return bool(row["assignee_id"] == actor.account_id)
    return row["post"] in actor.roles


def _may_hand_over(row: Row, actor: Actor) -> bool:
    return PLAN in actor.scopes or _is_mine(row, actor)


def _begun(row: Row, context: Context) -> str | None:
    return None if context.data.get("at", context.now) >= row["starts_at"] else "task_not_begun"


def _past(row: Row, context: Context) -> str | None:
    return None if row["due_at"] <= context.now else "not_late"


def _done(row: Row, context: Context) -> Mapping[str, Any]:
    assert context.actor is not None
    at = context.data["at"]
    return {
        "done_at": at, "done_by": context.actor.account_id, "done_name": context.data["name"], "late": at > row["due_at"],
        "client_id": context.data.get("client_id"),
    }  # fmt: skip


def _handed(row: Row, context: Context) -> Mapping[str, Any]:
    return {"assignee_id": context.data["assignee_id"], "assignee_name": context.data["assignee_name"]}


def _stopped(row: Row, context: Context) -> Mapping[str, Any]:
    return {"stop_id": context.data["stop_id"]}


TASK = Machine(
    "inspection_task",
    "waiting",
    (
        Transition("submit", "waiting", "done", who=_is_mine, guards=(_begun,), effects=(_done,)),
        Transition("submit", "overdue", "done", who=_is_mine, effects=(_done,)),
        Transition("expire", "waiting", "overdue", people=False, system=True, guards=(_past,)),
        Transition("hand_over", "waiting", "waiting", who=_may_hand_over, effects=(_handed,)),
        Transition("hand_over", "overdue", "overdue", who=_may_hand_over, effects=(_handed,)),
        Transition("suspend", "waiting", "suspended", people=False, system=True, effects=(_stopped,)),
        Transition("suspend", "overdue", "suspended", people=False, system=True, effects=(_stopped,)),
    ),
)
MACHINES = (TASK,)
