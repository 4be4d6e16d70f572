"""SQL of alarms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.alarms.workflow import ALARM
from twin.db.base import Outbox
from twin.db.models import Audit

#: Columns of a new alarm and their types.
_NEW = {
    "id": "uuid", "enterprise_id": "uuid", "key": "text", "source": "text", "type": "text", "grade": "smallint",
    "stage": "smallint", "status": "text", "at": "timestamptz", "raised_at": "timestamptz", "params": "jsonb",
    "value": "float8", "limit_value": "float8", "subject_layer": "text", "subject_id": "uuid", "subject_name": "text",
    "zone_code": "text", "lon": "float8", "lat": "float8", "h": "float8", "floor_code": "text", "persons": "uuid[]",
    "updated_at": "timestamptz",
}  # fmt: skip
_RETURNS = " ".join(
    f"WHEN '{step.source}' THEN '{step.target}'" for step in ALARM.transitions if step.event == "return"
)


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add alarms whose key has no active one; the new rows."""
    names = ", ".join(_NEW)
    record = ", ".join(f"{name} {kind}" for name, kind in _NEW.items())
    found = await session.execute(
        text(
            f"INSERT INTO alarm ({names}) SELECT {names} FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r ({record})"
            " ON CONFLICT (enterprise_id, key) WHERE active DO NOTHING RETURNING *"
        ),
        {"rows": json.dumps(list(rows), default=_plain)},
    )
    return [dict(row) for row in found.mappings()]


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def active_ids(session: AsyncSession, keys: Sequence[str]) -> dict[str, UUID]:
    """The active alarm of each key that has one."""
    rows = await session.execute(
        text("SELECT key, id FROM alarm WHERE active AND key = ANY(CAST(:k AS text[]))"), {"k": list(keys)}
    )
    return {row.key: row.id for row in rows}


async def give_back(
    session: AsyncSession, ended: Sequence[tuple[str, datetime]], now: datetime
) -> list[tuple[dict[str, Any], str]]:
    """The conditions of these keys are gone: the machine's step ``return`` on all their alarms at once; the rows as
    they are now, each with the status that it had."""
    found = await session.execute(
        text(
            "WITH was AS (SELECT a.id, a.status, u.at AS ended FROM alarm a JOIN unnest(CAST(:k AS text[]),"
            " CAST(:t AS timestamptz[])) AS u (key, at) ON u.key = a.key WHERE a.active FOR UPDATE OF a)"
            f" UPDATE alarm SET status = CASE alarm.status {_RETURNS} ELSE alarm.status END, active = false,"
            " returned_at = greatest(was.ended, alarm.at), version = version + 1, updated_at = :now"
            " FROM was WHERE alarm.id = was.id RETURNING alarm.*, was.status AS was_status"
        ),
        {"k": [key for key, _ in ended], "t": [at for _, at in ended], "now": now},
    )
    rows = [dict(row) for row in found.mappings()]
    return [(row, row.pop("was_status")) for row in rows]


async def escalate(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> list[dict[str, Any]]:
    """These alarms are brought back to the screens; the rows as they are now."""
    found = await session.execute(
        text(
            "UPDATE alarm SET escalated_at = :now, version = version + 1, updated_at = :now"
            " WHERE id = ANY(CAST(:ids AS uuid[])) RETURNING *"
        ),
        {"ids": list(ids), "now": now},
    )
    return [dict(row) for row in found.mappings()]


async def emit(
    session: AsyncSession, enterprise_id: UUID, kind: str, payloads: Sequence[dict[str, Any]], at: datetime
) -> None:
    """Many events of topic ``alarm`` at once."""
    rows = [
        {"enterprise_id": enterprise_id, "topic": "alarm", "kind": kind, "key": p["id"], "payload": p, "at": at}
        for p in payloads
    ]
    if rows:
        await session.execute(insert(Outbox), rows)
        await session.execute(text("SELECT pg_notify('twin_outbox', '')"))


async def audit(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Many audit rows at once."""
    if rows:
        await session.execute(insert(Audit), list(rows))


async def one(session: AsyncSession, alarm_id: UUID) -> dict[str, Any] | None:
    """An alarm."""
    found = await session.execute(text("SELECT * FROM alarm WHERE id = :id"), {"id": alarm_id})
    row = found.mappings().first()
    return None if row is None else dict(row)


async def page(session: AsyncSession, given: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Alarms, newest first. ``given``: statuses, active, handled, grades, types, zones, subject, q, start, end,
    before; None where nothing is asked."""
    asked = {
        "statuses": "status = ANY(CAST(:statuses AS text[]))",
        "active": "active = :active",
        "handled": "(handled_at IS NOT NULL) = :handled",
        "grades": "grade = ANY(CAST(:grades AS int[]))",
        "types": "type = ANY(CAST(:types AS text[]))",
        "zones": "zone_code = ANY(CAST(:zones AS text[]))",
        "subject": "subject_id = :subject",
        "q": "(strpos(lower(subject_name), lower(:q)) > 0 OR strpos(lower(key), lower(:q)) > 0)",
        "start": "at >= :start",
        "end": "at < :end",
        "before": "id < :before",
    }
    # The partial index of the open ones serves only a query that says the same.
    where = [clause for name, clause in asked.items() if given.get(name) is not None]
    if given.get("statuses") is not None and "closed" not in given["statuses"]:
        where.append("status <> 'closed'")
    found = await session.execute(
        text(f"SELECT * FROM alarm WHERE {' AND '.join(where) or 'true'} ORDER BY id DESC LIMIT :limit"),
        {name: given[name] for name in asked if given.get(name) is not None} | {"limit": limit},
    )
    return [dict(row) for row in found.mappings()]


async def opened(session: AsyncSession, limit: int) -> list[dict[str, Any]]:
    """The newest alarms that are not closed."""
    found = await session.execute(
        text("SELECT * FROM alarm WHERE status <> 'closed' ORDER BY id DESC LIMIT :limit"), {"limit": limit}
    )
    return [dict(row) for row in found.mappings()]


async def counts(session: AsyncSession) -> list[tuple[str, int, int]]:
    """Status, grade and number of the alarms that are not closed."""
    found = await session.execute(
        text("SELECT status, grade, count(*) FROM alarm WHERE status <> 'closed' GROUP BY status, grade")
    )
    return [(row[0], row[1], row[2]) for row in found]


async def holds(session: AsyncSession, keys: Sequence[str], now: datetime) -> dict[str, dict[str, Any]]:
    """What holds the alarms of these keys back now."""
    found = await session.execute(
        text(
            "SELECT key, event, reason, until, held_by FROM alarm_hold WHERE key = ANY(CAST(:k AS text[]))"
            " AND (until IS NULL OR until > :now)"
        ),
        {"k": list(keys), "now": now},
    )
    return {row["key"]: dict(row) for row in found.mappings()}


async def put_hold(session: AsyncSession, enterprise_id: UUID, row: dict[str, Any]) -> None:
    """Hold back the alarms of a key."""
    await session.execute(
        text(
            "INSERT INTO alarm_hold (enterprise_id, key, event, reason, until, held_by, at)"
            " VALUES (:e, :key, :event, :reason, :until, :by, :at) ON CONFLICT (enterprise_id, key) DO UPDATE SET"
            " event = excluded.event, reason = excluded.reason, until = excluded.until, held_by = excluded.held_by,"
            " at = excluded.at"
        ),
        {"e": enterprise_id, **row},
    )


async def drop_hold(session: AsyncSession, key: str) -> None:
    """Let the alarms of a key through again."""
    await session.execute(text("DELETE FROM alarm_hold WHERE key = :k"), {"k": key})


async def put_deadline(session: AsyncSession, enterprise_id: UUID, alarm_id: UUID, event: str, due: datetime) -> None:
    """Let the product take a step at a time of the row's own."""
    await session.execute(
        text(
            "INSERT INTO workflow_deadline (enterprise_id, machine, row_id, event, due_at)"
            " VALUES (:e, 'alarm', :r, :v, :due) ON CONFLICT (machine, row_id, event) DO UPDATE SET due_at = :due"
        ),
        {"e": enterprise_id, "r": alarm_id, "v": event, "due": due},
    )
