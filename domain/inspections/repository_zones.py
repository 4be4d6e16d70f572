"""Inspections due as zones and the risk engine see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_FACT = (
    "SELECT t.id, t.status, t.due_at, p.code, p.name, p.zone_codes"
    " FROM inspection_task t JOIN inspection_plan p ON p.id = t.plan_id"
)


async def due_in(
    session: AsyncSession, zones: Sequence[str], now: datetime, limit: int
) -> tuple[int, int, list[dict[str, Any]]]:
    """How many tasks have begun and are not done, how many of them are overdue, and those that are due first."""
    where = (
        "FROM inspection_task t JOIN inspection_plan p ON p.id = t.plan_id"
        " WHERE t.status IN ('waiting', 'overdue') AND t.starts_at <= :now AND p.zone_codes && CAST(:zones AS text[])"
    )
    values = {"zones": list(zones), "now": now}
    counted = await session.execute(
        text(f"SELECT count(*), count(*) FILTER (WHERE t.status = 'overdue') {where}"), values
    )
    total, overdue = counted.one()
    rows = await session.execute(
        text(
            "SELECT t.id, p.code, p.name, t.status, t.due_at, t.assignee_name, t.post"
            f" {where} ORDER BY t.due_at, t.id LIMIT :limit"
        ),
        {**values, "limit": limit},
    )
    return int(total), int(overdue), [dict(row) for row in rows.mappings()]


async def overdue(session: AsyncSession) -> list[dict[str, Any]]:
    """Every task that is overdue."""
    rows = await session.execute(text(f"{_FACT} WHERE t.status = 'overdue' ORDER BY t.id"))
    return [dict(row) for row in rows.mappings()]


async def task(session: AsyncSession, task_id: UUID) -> dict[str, Any] | None:
    """One task with its plan; None: there is none."""
    row = (await session.execute(text(f"{_FACT} WHERE t.id = :id"), {"id": task_id})).mappings().first()
    return dict(row) if row is not None else None
