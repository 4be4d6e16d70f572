"""Rows of hazards behind indicators, as they stood at an instant."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.indicator import IndicatorRow, Reading

_OPEN = "created_at <= :at AND (closed_at IS NULL OR closed_at > :at)"
_BASIS = "SELECT count(*) FROM hazard WHERE created_at <= :at"


async def _reading(session: AsyncSession, where: str, value: str, at: datetime, since: datetime) -> Reading:
    params = {"at": at, "since": since}
    basis = (await session.execute(text(_BASIS), {"at": at})).scalar_one()
    rows = await session.execute(
        text(f"SELECT id, code, name, zone_code, {value} AS value FROM hazard WHERE {where} ORDER BY id"), params
    )
    return Reading(
        [
            IndicatorRow(
                f"{r['code']} {r['name']}", "hazard", str(r["id"]), float(r["value"]),
                zones=(r["zone_code"],) if r["zone_code"] else (),
            )
            for r in rows.mappings()
        ],
        int(basis),
    )  # fmt: skip


async def overdue(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Open hazards past their deadline that were not put right in time, once each."""
    where = f"{_OPEN} AND deadline <= :at AND (rectified_at IS NULL OR rectified_at > deadline)"
    return await _reading(session, where, "1", at, since)


async def major(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Open major hazards; what somebody reports is major only once it has been evaluated."""
    return await _reading(session, f"{_OPEN} AND level = 1 AND evaluator_id IS NOT NULL", "1", at, since)


async def on_time(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Hazards whose deadline lies in the window: 1 if put right by then, else 0."""
    value = "CASE WHEN rectified_at <= deadline THEN 1 ELSE 0 END"
    where = "created_at <= :at AND deadline > :since AND deadline <= :at AND status <> 'dismissed'"
    return await _reading(session, where, value, at, since)
