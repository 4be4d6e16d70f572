"""Database side of workflow machines: one conditional update per step, and the deadlines that are running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Table, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from twin.db.base import Base
from twin.workflow.machine import Machine, Transition, due_times
from twin.workflow.models import WorkflowDeadline


def table(machine: Machine) -> Table:
    """The machine's table. Its model has to be imported.

    Raises:
        LookupError: no model with that table.
    """
    found = Base.metadata.tables.get(machine.table)
    if found is None:
        raise LookupError(f"workflow {machine.name}: no model for the table {machine.table}")
    return found


async def load(session: AsyncSession, machine: Machine, row_id: UUID) -> dict[str, Any] | None:
    """The row as column name -> value."""
    await session.flush()
    t = table(machine)
    row = (await session.execute(select(t).where(t.c.id == row_id))).mappings().first()
    return dict(row) if row is not None else None


async def take_step(
    session: AsyncSession,
    machine: Machine,
    row_id: UUID,
    transition: Transition,
    values: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any] | None:
    """Move the row from the transition's source; None when it is no longer there."""
    t = table(machine)
    values = dict(values)
    if "version" in t.c:
        values["version"] = t.c.version + 1
    if "updated_at" in t.c:
        values.setdefault("updated_at", now)
    moved = await session.execute(
        update(t).where(t.c.id == row_id, t.c.status == transition.source).values(values).returning(*t.c)
    )
    row = moved.mappings().first()
    # Objects of the session must not keep the old status.
    session.expire_all()
    return dict(row) if row is not None else None


async def set_deadlines(session: AsyncSession, machine: Machine, row: Mapping[str, Any], now: datetime) -> None:
    """Replace the row's running deadlines by those of its present status."""
    if not machine.deadlines:
        return
    await session.execute(
        delete(WorkflowDeadline).where(WorkflowDeadline.machine == machine.name, WorkflowDeadline.row_id == row["id"])
    )
    rows = [
        {
            "machine": machine.name,
            "row_id": row["id"],
            "event": event,
            "enterprise_id": row["enterprise_id"],
            "due_at": due,
        }
        for event, due in due_times(machine, str(row["status"]), now)
    ]
    if rows:
        await session.execute(insert(WorkflowDeadline), rows)


async def due(session: AsyncSession, now: datetime, limit: int) -> list[tuple[UUID, str, UUID, str]]:
    """Enterprise, machine, row and event of deadlines that have come, oldest first."""
    rows = await session.execute(
        select(
            WorkflowDeadline.enterprise_id, WorkflowDeadline.machine, WorkflowDeadline.row_id, WorkflowDeadline.event
        )
        .where(WorkflowDeadline.due_at <= now)
        .order_by(WorkflowDeadline.due_at)
        .limit(limit)
    )
    return [(enterprise_id, machine, row_id, event) for enterprise_id, machine, row_id, event in rows]


async def claim(session: AsyncSession, machine: str, row_id: UUID, event: str, now: datetime) -> bool:
    """Take a deadline off the list; False when another worker has it, or the row has moved on."""
    found = await session.execute(
        text(
            "DELETE FROM workflow_deadline WHERE (machine, row_id, event) IN ("
            "SELECT machine, row_id, event FROM workflow_deadline"
            " WHERE machine = :m AND row_id = :r AND event = :e AND due_at <= :now FOR UPDATE SKIP LOCKED) RETURNING 1"
        ),
        {"m": machine, "r": row_id, "e": event, "now": now},
    )
    return found.scalar() is not None


async def postpone(session: AsyncSession, machine: str, row_id: UUID, event: str, until: datetime) -> None:
    """Try a deadline again later."""
    d = WorkflowDeadline
    await session.execute(
        update(d).where(d.machine == machine, d.row_id == row_id, d.event == event).values(due_at=until)
    )


def plain(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Columns as JSON values, for the audit trail. Geometries are left out: they have their own history."""
    return {name: _json(row[name]) for name in sorted(names) if _json(row[name]) is not ...}


def _json(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, dict):
        return {str(k): _json(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(v) for v in value]
    return ...
