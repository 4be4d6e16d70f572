"""Rows of inspections behind indicators, as they stood at an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.indicator import IndicatorRow, Reading

_BASIS = "SELECT count(*) FROM inspection_task WHERE starts_at <= :at"
_DUE = (
    "FROM inspection_task t JOIN inspection_plan p ON p.id = t.plan_id"
    " WHERE t.due_at > :since AND t.due_at <= :at AND t.status <> 'suspended'"
)


async def overdue(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Tasks whose time ended in the window and that were not done at the instant, once each."""
    rows = await session.execute(
        text(
            f"SELECT t.id, t.due_at, p.code, p.name, p.zone_codes {_DUE} AND (t.done_at IS NULL OR t.done_at > :at)"
            " ORDER BY t.due_at, t.id"
        ),
        {"at": at, "since": since},
    )
    found = [
        IndicatorRow(f"{r.code} {r.name}", "inspection_task", str(r.id), 1.0, zones=tuple(r.zone_codes)) for r in rows
    ]
    return Reading(found, await _basis(session, at))


async def completion(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Plans with the share of their tasks due in the window that were done in time, weighted by those tasks."""
    rows = await session.execute(
        text(
            "SELECT p.id, p.code, p.name, p.zone_codes, count(*) AS due,"
            f" count(*) FILTER (WHERE t.done_at <= t.due_at) AS done {_DUE}"
            " GROUP BY p.id, p.code, p.name, p.zone_codes ORDER BY p.code"
        ),
        {"at": at, "since": since},
    )
    found = [
        IndicatorRow(
            f"{r.code} {r.name}", "inspection_plan", str(r.id), r.done / r.due, float(r.due), tuple(r.zone_codes)
        )
        for r in rows
    ]
    return Reading(found, await _basis(session, at))


async def _basis(session: AsyncSession, at: datetime) -> int:
    return int((await session.execute(text(_BASIS), {"at": at})).scalar_one())
