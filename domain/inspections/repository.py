"""Queries of inspections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.inspections.models import (
    InspectionDay,
    InspectionItem,
    InspectionPlan,
    InspectionRecord,
    InspectionSkip,
    InspectionStop,
    InspectionTask,
)
from twin.auth.models import Account

R = TypeVar("R", InspectionPlan, InspectionItem, InspectionStop)
_TASK = "SELECT t.*, p.name AS plan_name FROM inspection_task t JOIN inspection_plan p ON p.id = t.plan_id"


async def plans(session: AsyncSession, *, active: bool = False) -> list[InspectionPlan]:
    """Plans by id."""
    query = select(InspectionPlan).where(~InspectionPlan.deleted).order_by(InspectionPlan.id)
    query = query.execution_options(populate_existing=True)
    if active:
        query = query.where(InspectionPlan.active)
    return list(await session.scalars(query))


async def items(session: AsyncSession, plan_id: UUID) -> list[InspectionItem]:
    """The checklist in its order."""
    found = await session.scalars(
        select(InspectionItem)
        .where(InspectionItem.plan_id == plan_id, ~InspectionItem.deleted)
        .order_by(InspectionItem.position, InspectionItem.id)
    )
    return list(found)


async def measures(session: AsyncSession, ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """Measures of the risk register with what to check."""
    found = await session.execute(
        text(
            "SELECT id, coalesce(nullif(check_content, ''), description) FROM risk_measure"
            " WHERE id = ANY(:ids) AND NOT deleted ORDER BY id"
        ),
        {"ids": list(ids)},
    )
    return [(row[0], row[1]) for row in found]


async def account_name(session: AsyncSession, account_id: UUID) -> str | None:
    """Name of an active account."""
    found = await session.get(Account, account_id)
    return found.name if found is not None and found.active else None


async def people(session: AsyncSession) -> list[tuple[UUID, str, list[str]]]:
    """Active accounts with their roles, by name."""
    found = await session.execute(
        text(
            "SELECT a.id, a.name, coalesce(array_agg(r.role ORDER BY r.role) FILTER (WHERE r.role IS NOT NULL), '{}')"
            " FROM account a LEFT JOIN account_role r ON r.account_id = a.id WHERE a.active"
            " GROUP BY a.id, a.name ORDER BY a.name, a.id"
        )
    )
    return [(row[0], row[1], list(row[2])) for row in found]


async def stops(session: AsyncSession, since: datetime | None = None) -> list[InspectionStop]:
    """Stops that reach beyond ``since``, oldest first."""
    query = select(InspectionStop).where(~InspectionStop.deleted).order_by(InspectionStop.starts_at)
    if since is not None:
        query = query.where(InspectionStop.ends_at.is_(None) | (InspectionStop.ends_at > since))
    return list(await session.scalars(query))


async def unit_zones(session: AsyncSession, code: str) -> tuple[UUID, list[str]] | None:
    """Id and zones of a risk unit."""
    found = await session.execute(
        text("SELECT id, zone_codes FROM risk_unit WHERE code = :c AND NOT deleted"), {"c": code}
    )
    row = found.first()
    return (row[0], list(row[1])) if row is not None else None


async def days(session: AsyncSession) -> list[InspectionDay]:
    """The calendar."""
    return list(await session.scalars(select(InspectionDay).order_by(InspectionDay.day)))


async def set_days(session: AsyncSession, enterprise_id: UUID, rows: Sequence[tuple[date, str]]) -> None:
    """Replace the calendar's days."""
    await session.execute(delete(InspectionDay))
    if rows:
        await session.execute(
            insert(InspectionDay), [{"enterprise_id": enterprise_id, "day": d, "kind": k} for d, k in rows]
        )


_TASK_COLUMNS = {
    "id": "uuid", "enterprise_id": "uuid", "plan_id": "uuid", "status": "text", "version": "integer",
    "starts_at": "timestamptz", "due_at": "timestamptz", "assignee_id": "uuid", "assignee_name": "text", "post": "text",
    "late": "boolean", "updated_at": "timestamptz", "done_at": "timestamptz", "done_by": "uuid", "done_name": "text",
}  # fmt: skip


async def add_tasks(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Insert tasks in one statement (a night has 20,000); those that are there already stay as they are."""
    if not rows:
        return
    names = ", ".join(_TASK_COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TASK_COLUMNS.items())
    await session.execute(
        text(
            f"INSERT INTO inspection_task ({names}, checkins) SELECT q.*, CAST('[]' AS jsonb)"
            f" FROM unnest({arrays}) AS q ({names}) ON CONFLICT DO NOTHING"
        ),
        {name: [row.get(name) for row in rows] for name in _TASK_COLUMNS},
    )


async def add_skips(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Note what was not dispatched, and why."""
    if rows:
        await session.execute(upsert(InspectionSkip).on_conflict_do_nothing(), rows)


async def tasks(
    session: AsyncSession,
    *,
    plan_id: UUID | None = None,
    status: str = "",
    assignee: UUID | None = None,
    posts: Sequence[str] = (),
    before: UUID | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Tasks, newest first; ``assignee`` with ``posts``: what this person is to do."""
    parts, values = ["true"], dict[str, Any]()
    if plan_id is not None:
        parts.append("t.plan_id = :plan")
        values["plan"] = plan_id
    if status:
        parts.append("t.status = :status")
        values["status"] = status
    if assignee is not None:
        parts.append("(t.assignee_id = :who OR (t.assignee_id IS NULL AND t.post = ANY(:posts)))")
        values |= {"who": assignee, "posts": list(posts)}
    if before is not None:
        parts.append("t.id < :before")
        values["before"] = before
    found = await session.execute(
        text(f"{_TASK} WHERE {' AND '.join(parts)} ORDER BY t.id DESC LIMIT :limit"), {**values, "limit": limit}
    )
    return [dict(row) for row in found.mappings()]


async def task(session: AsyncSession, task_id: UUID, *, hold: bool = False) -> dict[str, Any] | None:
    """A task with its plan's name; ``hold`` keeps others from stepping on."""
    await session.flush()
    found = await session.execute(
        text(f"{_TASK} WHERE t.id = :id" + (" FOR UPDATE OF t" if hold else "")), {"id": task_id}
    )
    row = found.mappings().first()
    return dict(row) if row is not None else None


async def task_of_client(session: AsyncSession, client_id: UUID) -> UUID | None:
    """The task that a piece of work was taken for."""
    found = await session.execute(select(InspectionTask.id).where(InspectionTask.client_id == client_id))
    return found.scalar()


async def finish(session: AsyncSession, task_id: UUID, checkins: list[Any], signature_id: UUID | None) -> None:
    """Keep check-ins and signature of a done task."""
    await session.execute(
        update(InspectionTask).where(InspectionTask.id == task_id).values(checkins=checkins, signature_id=signature_id)
    )


async def records(session: AsyncSession, task_id: UUID) -> list[dict[str, Any]]:
    """Results of a task in the checklist's order."""
    found = await session.execute(
        text(
            "SELECT r.*, i.content FROM inspection_record r JOIN inspection_item i ON i.id = r.item_id"
            " WHERE r.task_id = :t ORDER BY i.position, r.id"
        ),
        {"t": task_id},
    )
    return [dict(row) for row in found.mappings()]


async def add_records(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Keep results."""
    await session.execute(insert(InspectionRecord), rows)


async def late(session: AsyncSession, now: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Waiting tasks past their end: enterprise and id, oldest first."""
    found = await session.execute(
        text(
            "SELECT enterprise_id, id FROM inspection_task WHERE status = 'waiting' AND due_at <= :now"
            " ORDER BY due_at LIMIT :limit"
        ),
        {"now": now, "limit": limit},
    )
    return [(row[0], row[1]) for row in found]


async def soon(session: AsyncSession, now: datetime) -> list[dict[str, Any]]:
    """Waiting tasks inside their plan's reminder time."""
    found = await session.execute(
        text(
            "SELECT t.enterprise_id, t.id, t.assignee_id, t.post, t.due_at, p.name AS plan_name FROM inspection_task t"
            " JOIN inspection_plan p ON p.id = t.plan_id WHERE t.status = 'waiting' AND t.due_at > :now"
            " AND t.due_at <= :now + make_interval(mins => p.remind_minutes) ORDER BY t.due_at LIMIT 5000"
        ),
        {"now": now},
    )
    return [dict(row) for row in found.mappings()]


async def covered(session: AsyncSession, start: datetime, end: datetime | None, plan_ids: Sequence[UUID]) -> list[UUID]:
    """Open tasks of plans that start inside a stop."""
    found = await session.execute(
        text(
            "SELECT id FROM inspection_task WHERE plan_id = ANY(:plans) AND status IN ('waiting', 'overdue')"
            " AND starts_at >= :start AND (CAST(:end AS timestamptz) IS NULL OR starts_at < :end)"
        ),
        {"plans": list(plan_ids), "start": start, "end": end},
    )
    return list(found.scalars())


async def history(session: AsyncSession, plan_id: UUID, before: datetime | None, limit: int) -> list[dict[str, Any]]:
    """Due times of a plan, newest first: tasks with their results, and what was left out with its reason."""
    found = await session.execute(
        text(
            "SELECT h.*, s.kind AS stop_kind, s.reason AS stop_reason FROM ("
            " SELECT t.starts_at, t.status, t.id AS task_id, t.done_at, t.done_name, t.late, t.stop_id,"
            "  (SELECT count(*) FROM inspection_record r WHERE r.task_id = t.id AND r.result = 0) AS normal,"
            "  (SELECT count(*) FROM inspection_record r WHERE r.task_id = t.id AND r.result = 1) AS hazards,"
            "  (SELECT count(*) FROM inspection_record r WHERE r.task_id = t.id AND r.result = 2) AS unchecked"
            " FROM inspection_task t WHERE t.plan_id = :p UNION ALL"
            " SELECT k.starts_at, 'skipped', NULL, NULL, NULL, false, k.stop_id, 0, 0, 0"
            " FROM inspection_skip k WHERE k.plan_id = :p) h LEFT JOIN inspection_stop s ON s.id = h.stop_id"
            " WHERE CAST(:before AS timestamptz) IS NULL OR h.starts_at < :before ORDER BY h.starts_at DESC LIMIT :limit"
        ),
        {"p": plan_id, "before": before, "limit": limit},
    )
    return [dict(row) for row in found.mappings()]


async def rates(session: AsyncSession, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Tasks of a span by plan and state."""
    found = await session.execute(
        text(
            "SELECT p.code, p.zone_codes, t.status, count(*) AS n, count(*) FILTER (WHERE t.late) AS late"
            " FROM inspection_task t JOIN inspection_plan p ON p.id = t.plan_id"
            " WHERE t.due_at >= :since AND t.due_at < :until GROUP BY p.id, t.status"
        ),
        {"since": since, "until": until},
    )
    return [dict(row) for row in found.mappings()]
