"""Queries of dispatch: a night has 20,000 plans, so only what a period needs is read, and all tasks are made at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class DuePlan:
    """An active plan that is not dispatched far enough yet."""

    id: UUID
    rule: dict[str, Any]
    work_day: int
    starts_on: date
    ends_on: date | None
    dispatched_to: datetime | None
    zone_codes: Sequence[str]


async def due_plans(session: AsyncSession, until: datetime) -> list[DuePlan]:
    """Active plans that are dispatched to before ``until``, by id; nobody else dispatches them before this transaction ends."""
    found = await session.execute(
        text(
            "SELECT id, rule, work_day, starts_on, ends_on, dispatched_to, zone_codes FROM inspection_plan"
            " WHERE active AND NOT deleted AND (dispatched_to IS NULL OR dispatched_to < :until) ORDER BY id"
            " FOR NO KEY UPDATE"
        ),
        {"until": until},
    )
    return [DuePlan(*row) for row in found]


async def make_tasks(
    session: AsyncSession, dues: Sequence[tuple[UUID, UUID, datetime, datetime]], status: str, now: datetime
) -> dict[UUID | None, int]:
    """Make tasks of (id, plan, start, end) for the plans' people or posts; those that are there already stay as they are.

    Returns:
        How many were made, by the account that they are for (None: for a post).
    """
    if not dues:
        return {}
    rows = [{"id": str(i), "p": str(p), "s": s.isoformat(), "d": d.isoformat()} for i, p, s, d in dues]
    found = await session.execute(
        text(
            "WITH made AS (INSERT INTO inspection_task (id, enterprise_id, plan_id, status, version, starts_at, due_at,"
            " assignee_id, assignee_name, post, late, updated_at, checkins)"
            " SELECT r.id, p.enterprise_id, p.id, :status, 1, r.s, r.d, p.owner_id, coalesce(a.name, ''), p.post, false,"
            " :now, '[]' FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, p uuid, s timestamptz, d timestamptz)"
            " JOIN inspection_plan p ON p.id = r.p LEFT JOIN account a ON a.id = p.owner_id"
            " ON CONFLICT DO NOTHING RETURNING assignee_id)"
            " SELECT assignee_id, count(*) FROM made GROUP BY assignee_id"
        ),
        {"rows": json.dumps(rows), "status": status, "now": now},
    )
    return {row[0]: row[1] for row in found}


async def set_dispatched(session: AsyncSession, plan_ids: Sequence[UUID], until: datetime) -> None:
    """Remember how far plans are dispatched. No new version: nobody's edit is disturbed."""
    await session.execute(
        text(
            "UPDATE inspection_plan SET dispatched_to = :until"
            " WHERE id IN (SELECT CAST(jsonb_array_elements_text(CAST(:ids AS jsonb)) AS uuid))"
        ),
        {"until": until, "ids": json.dumps([str(i) for i in plan_ids])},
    )
