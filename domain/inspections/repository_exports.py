"""Inspections for the exchange: lines that check a measure are its tasks, their results its records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.exports import BEHIND, Mark, behind

_TASKS = """
SELECT i.id, greatest(i.updated_at, p.updated_at) AS changed, (i.deleted OR p.deleted) AS deleted,
       i.created_at AS "createDate", i.created_by AS "createBy", i.updated_at AS "updateDate", i.updated_by AS "updateBy",
       i.risk_measure_id AS "riskMeasureId", i.content AS "troubleshootContent", p.rule, p.starts_on,
       p.work_day AS "workDayType", p.work_type AS "workType", p.task_num AS "taskNum"
FROM inspection_item i JOIN inspection_plan p ON p.id = i.plan_id WHERE i.risk_measure_id IS NOT NULL
"""
# Work that was done offline comes in late: its task says when it came.
_RECORDS = """
SELECT r.id, t.updated_at AS changed, false AS deleted, r.at AS "createDate", r.by_name AS "createBy", r.at AS "updateDate",
       r.by_name AS "updateBy", r.item_id AS "checkTaskId", r.at AS "checkTime", r.result AS "checkStatus",
       '' AS mobiles, 0 AS "isDefend"
FROM inspection_record r JOIN inspection_item i ON i.id = r.item_id JOIN inspection_task t ON t.id = r.task_id
WHERE i.risk_measure_id IS NOT NULL
"""
_STOPS = """
SELECT s.id, s.updated_at AS changed, s.deleted, s.created_at AS "createDate", s.created_by AS "createBy",
       s.updated_at AS "updateDate", s.updated_by AS "updateBy", o.hazard_code AS "hazardCode",
       u.id AS "riskUnitId", s.starts_at AS "stopStartTime", s.ends_at AS "stopEndTime", s.reason AS "stopReason"
FROM inspection_stop s JOIN risk_unit u ON u.id = s.risk_unit_id JOIN risk_object o ON o.id = u.object_id
"""


async def _run(session: AsyncSession, query: str, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    found = await session.execute(text(f"SELECT q.* FROM ({query}) q {BEHIND}"), behind(mark, limit))
    return [dict(row) for row in found.mappings()]


async def tasks(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``checkTask``: the period in the form's units."""
    made = []
    for row in await _run(session, _TASKS, mark, limit):
        rule, first = row.pop("rule"), row.pop("starts_on")
        count, unit = _cycle(rule)
        start = datetime.combine(first, datetime.min.time()) + _clock(rule.get("at") or "08:00")
        hours = rule.get("hours") or (0, 24)
        row |= {
            "checkCycle": count,
            "checkCycleUnit": unit,
            "taskStartTime": start,
            "workStartTime": f"{hours[0]:02d}:00" if unit == "小时" else None,
            "workEndTime": f"{hours[1]:02d}:00" if unit == "小时" else None,
        }
        made.append(row)
    return made


def _clock(text_: str) -> timedelta:
    hour, _, minute = text_.partition(":")
    return timedelta(hours=int(hour), minutes=int(minute or 0))


def _cycle(rule: dict[str, Any]) -> tuple[int, str]:
    every = int(rule.get("every") or 1)
    if rule["unit"] == "shift":
        return max(1, 24 // max(1, len(rule.get("shifts") or [1]))), "小时"
    return {"hour": (every, "小时"), "day": (every, "天"), "week": (every * 7, "天"), "month": (every, "月")}.get(
        rule["unit"], (1, "年")
    )


async def records(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``checkRecord``."""
    return await _run(session, _RECORDS, mark, limit)


async def stops(session: AsyncSession, mark: Mark | None, limit: int) -> list[dict[str, Any]]:
    """``stopRecord``: stops of risk units."""
    return await _run(session, _STOPS, mark, limit)
