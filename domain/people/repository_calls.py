"""Queries of calls, their receipts, and who is to be called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.people.models import Call, CallReceipt
from twin.notify.models import Inbox

_PEOPLE = """SELECT p.id, p.name, p.account_id, COALESCE(g.code, '') AS badge, l.zone
FROM person p
LEFT JOIN badge_binding b ON b.subject_kind = 'person' AND b.subject_id = p.id AND b.until IS NULL
LEFT JOIN badge g ON g.id = b.badge_id
LEFT JOIN place_latest l ON l.subject_id = p.id
WHERE p.active"""
_ZONE = """WITH RECURSIVE wanted(code) AS (
    SELECT code FROM zone WHERE code = :zone
    UNION SELECT z.code FROM zone z JOIN wanted w ON z.parent_code = w.code)"""
_CALL = """SELECT c.id, c.kind, c.scope, c.target, c.message, c.by_name, c.at,
    COALESCE(CASE c.scope WHEN 'person' THEN (SELECT name FROM person WHERE id::text = c.target)
        WHEN 'zone' THEN (SELECT name FROM zone WHERE code = c.target LIMIT 1) END, '') AS target_name,
    count(r.id) AS people, count(r.inbox_id) AS told, count(i.read_at) AS read,
    count(*) FILTER (WHERE r.command <> 'none') AS vibrated, count(*) FILTER (WHERE r.command = 'delivered') AS delivered,
    count(*) FILTER (WHERE r.inbox_id IS NULL AND r.command = 'none') AS unreached
FROM person_call c LEFT JOIN person_call_receipt r ON r.call_id = c.id LEFT JOIN inbox i ON i.id = r.inbox_id"""


async def one_person(session: AsyncSession, person_id: UUID) -> list[Any]:
    """The person, as :func:`on_site`."""
    return list(await session.execute(text(f"{_PEOPLE} AND p.id = :id"), {"id": person_id}))


async def on_site(session: AsyncSession, zone: str | None) -> list[Any]:
    """Everybody who carries a badge, or of them those last located in a zone (or one inside it)."""
    if zone is None:
        return list(await session.execute(text(f"{_PEOPLE} AND b.id IS NOT NULL ORDER BY p.id")))
    query = f"{_ZONE} {_PEOPLE} AND b.id IS NOT NULL AND l.zone IN (SELECT code FROM wanted) ORDER BY p.id"
    return list(await session.execute(text(query), {"zone": zone}))


async def notifications(session: AsyncSession, dedupe: str) -> dict[UUID, UUID]:
    """The notification of each account that carries a call."""
    rows = await session.execute(select(Inbox.account_id, Inbox.id).where(Inbox.dedupe == dedupe))
    return {row[0]: row[1] for row in rows}


async def add(session: AsyncSession, call: Call, receipts: Sequence[CallReceipt]) -> None:
    """Keep a call with its receipts."""
    session.add(call)
    await session.flush()
    session.add_all(receipts)
    await session.flush()


async def calls(session: AsyncSession, before: UUID | None, limit: int) -> list[Any]:
    """Calls, newest first."""
    where = "WHERE c.id < :before" if before else ""
    params = {"limit": limit} | ({"before": before} if before else {})
    return list(await session.execute(text(f"{_CALL} {where} GROUP BY c.id ORDER BY c.id DESC LIMIT :limit"), params))


async def call(session: AsyncSession, call_id: UUID) -> Any | None:
    """One call as in :func:`calls`."""
    return (await session.execute(text(f"{_CALL} WHERE c.id = :id GROUP BY c.id"), {"id": call_id})).one_or_none()


async def receipts(session: AsyncSession, call_id: UUID) -> list[Any]:
    """What became of a call for each person: those who have not read it first."""
    rows = await session.execute(
        text(
            "SELECT r.person_id, p.name, p.class AS klass, d.name AS department, r.badge,"
            " r.inbox_id IS NOT NULL AS told, i.read_at, r.command"
            " FROM person_call_receipt r JOIN person p ON p.id = r.person_id"
            " LEFT JOIN department d ON d.code = p.department LEFT JOIN inbox i ON i.id = r.inbox_id"
            " WHERE r.call_id = :id ORDER BY i.read_at IS NOT NULL, p.name, p.id"
        ),
        {"id": call_id},
    )
    return list(rows)


async def delivered(session: AsyncSession, call_id: UUID, badge: str) -> None:
    """A badge has carried out the command of a call."""
    await session.execute(
        update(CallReceipt)
        .where(CallReceipt.call_id == call_id, CallReceipt.badge == badge, CallReceipt.command == "queued")
        .values(command="delivered")
    )


async def last_fix(session: AsyncSession, person_id: UUID) -> Any | None:
    """The newest position of a person: lon, lat, h, floor, zone, r95, at."""
    rows = await session.execute(
        text("SELECT lon, lat, h, floor, zone, r95, t AS at FROM place_latest WHERE subject_id = :p"), {"p": person_id}
    )
    return rows.one_or_none()
