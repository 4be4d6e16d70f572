"""Open hazards as facts: a zone with a major or a late hazard is riskier (clause M8.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.hazards import repository_zones as repository
from domain.hazards.repository import OPEN
from domain.hazards.workflow import HAZARD
from realtime.risk.types import Fact
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork


class HazardInput:
    """Hazards from the report until they are closed or dismissed."""

    kind, title_zh, title_en = "hazard", "隐患", "Hazard"
    attributes: dict[str, tuple[str, str]] = {
        "grade": ("级别（major 重大，general 一般）", "Grade (major, general)"),
        "overdue": ("已逾期", "Past its deadline"),
        "status": ("状态", "State"),
        "subject": ("编号和名称", "Number and name"),
    }
    topics: Sequence[str] = (HAZARD.topic,)

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        """Every open hazard that lies in a zone."""
        return [_fact(row, None) for row in await repository.facts(uow.session)]

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        """A hazard was reported or took a step."""
        row = await repository.fact(uow.session, UUID(event.key))
        if row is None or not row["zone_code"]:
            return []
        return [_fact(row, None if row["status"] in OPEN else event.at.timestamp())]


def _fact(row: dict[str, Any], over: float | None) -> Fact:
    # what somebody reports is major only once it has been evaluated
    major = row["level"] == 1 and row["status"] != HAZARD.initial
    attributes = {
        "grade": "major" if major else "general",
        "overdue": row["overdue"],
        "status": row["status"],
        "subject": f"{row['code']} {row['name']}",
    }
    return Fact("hazard", str(row["id"]), row["zone_code"], row["created_at"].timestamp(), over, attributes)


INPUTS = (HazardInput(),)
