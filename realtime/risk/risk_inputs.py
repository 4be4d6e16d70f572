"""Alarms as facts: a zone with active alarms, frequent ones, or somebody who calls for help is riskier (clause M8.3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from realtime.risk import repository_alarms as repository
from realtime.risk.types import Fact
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork

#: An alarm in these states says nothing about the zone: its point is known to be out of use.
_SILENT = ("suppressed", "out_of_service")


class AlarmInput:
    """Active alarms of points, fences and people in zones."""

    kind, title_zh, title_en = "alarm", "报警", "Alarm"
    attributes: dict[str, tuple[str, str]] = {
        "grade": ("级别（1 红至 4 蓝）", "Grade (1 red to 4 blue)"),
        "type": ("类型（hh、h、over_count、sos 等）", "Type (hh, h, over_count, sos ...)"),
        "stage": ("1 报警值，2 联锁值", "1 alarm value, 2 interlock value"),
        "source": ("来源（point、fence、person 等）", "Source (point, fence, person ...)"),
        "device_kind": ("测点种类（gas_toxic 等）", "Kind of measuring point (gas_toxic ...)"),
        "subject": ("对象名称", "Name of the subject"),
    }
    topics: Sequence[str] = ("alarm",)

    def __init__(self) -> None:
        self._kinds: dict[str, str | None] = {}

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        """Every active alarm that has a zone."""
        self._kinds.clear()
        return [fact for row in await repository.active(uow.session) for fact in await self._fact(uow, row, None)]

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        """An alarm was raised, or is over."""
        over = None if event.payload.get("active") else event.at.timestamp()
        return await self._fact(uow, event.payload, over)

    async def _fact(self, uow: UnitOfWork, alarm: dict[str, Any], over: float | None) -> list[Fact]:
        zone = alarm.get("zone_code")
        if not zone:
            return []
        at = alarm["raised_at"]
        began = (datetime.fromisoformat(at) if isinstance(at, str) else at).timestamp()
        if alarm.get("status") in _SILENT and over is None:
            over = began
        attributes = {name: alarm[name] for name in ("grade", "type", "stage", "source")}
        attributes["subject"] = alarm["subject_name"]
        if alarm.get("subject_layer") == "device" and alarm.get("subject_id"):
            attributes["device_kind"] = await self._kind(uow, str(alarm["subject_id"]))
        return [Fact("alarm", str(alarm["id"]), zone, began, over, attributes)]

    async def _kind(self, uow: UnitOfWork, device: str) -> str | None:
        if device not in self._kinds:
            self._kinds[device] = await repository.device_kind(uow.session, device)
        return self._kinds[device]


INPUTS = (AlarmInput(),)
