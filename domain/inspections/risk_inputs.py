"""Overdue inspections as facts: a zone that nobody looked at in time is riskier (clause M8.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.inspections import repository_zones as repository
from domain.inspections.workflow import TASK
from realtime.risk.types import Fact
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork


class InspectionInput:
    """Tasks from the end of their time until they are done or suspended, in every zone of their plan."""

    kind, title_zh, title_en = "inspection", "排查任务", "Inspection"
    attributes: dict[str, tuple[str, str]] = {
        "state": ("状态（overdue 逾期）", "State (overdue)"),
        "subject": ("计划编号和名称", "Number and name of the plan"),
    }
    topics: Sequence[str] = (TASK.topic,)

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        """Every overdue task, once per zone."""
        return [fact for row in await repository.overdue(uow.session) for fact in _facts(row, None)]

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        """A task took a step; one that was never late says nothing."""
        step = event.payload
        if "overdue" not in (step.get("from"), step.get("to")):
            return []
        row = await repository.task(uow.session, UUID(event.key))
        if row is None:
            return []
        return _facts(row, None if row["status"] == "overdue" else event.at.timestamp())


def _facts(row: dict[str, Any], over: float | None) -> list[Fact]:
    attributes = {"state": "overdue", "subject": f"{row['code']} {row['name']}"}
    began = row["due_at"].timestamp()
    return [Fact("inspection", f"{row['id']}:{code}", code, began, over, attributes) for code in row["zone_codes"]]


INPUTS = (InspectionInput(),)
