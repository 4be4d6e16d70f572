"""Queries of people and departments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.people.models import Department, Person

#: A zone with all that lie in it.
_ZONES = """WITH RECURSIVE wanted(code) AS (
    SELECT code FROM zone WHERE code = :zone
    UNION SELECT z.code FROM zone z JOIN wanted w ON z.parent_code = w.code)"""
_DEPARTMENTS = """WITH RECURSIVE below(code) AS (
    SELECT code FROM department WHERE code = :department
    UNION SELECT d.code FROM department d JOIN below b ON d.parent_code = b.code)"""
_SELECT = """SELECT p.id, p.code, p.name, p.sex, p.class AS klass, p.department, d.name AS department_name, p.employer,
    p.duty, p.trade, p.phone, p.account_id, p.active, p.version, g.code AS badge, b.since AS badge_since, g.battery,
    l.lon, l.lat, l.h, l.floor, l.zone, z.name AS zone_name, l.r95, l.state, l.t
FROM person p
LEFT JOIN department d ON d.code = p.department
LEFT JOIN badge_binding b ON b.subject_kind = 'person' AND b.subject_id = p.id AND b.until IS NULL
LEFT JOIN badge g ON g.id = b.badge_id
LEFT JOIN place_latest l ON l.subject_id = p.id
LEFT JOIN zone z ON z.code = l.zone"""


@dataclass(frozen=True)
class Wanted:
    """What is asked for; what is None is not asked. ``zone`` includes all zones in it, ``department`` those below."""

    text: str | None = None
    department: str | None = None
    zone: str | None = None
    klass: str | None = None
    badge: bool | None = None
    active: bool | None = True


async def page(session: AsyncSession, wanted: Wanted, after: tuple[str, str] | None, limit: int) -> list[Any]:
    """People by name and number from behind ``after``."""
    where, params = ["TRUE"], dict[str, Any](limit=limit)
    head = ""
    if wanted.text:
        where.append(
            "(p.name ILIKE :text OR p.code ILIKE :text OR g.code ILIKE :text OR p.employer ILIKE :text"
            " OR p.phone LIKE :text)"
        )
        params["text"] = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    if wanted.department:
        head, params["department"] = _DEPARTMENTS, wanted.department
        where.append("p.department IN (SELECT code FROM below)")
    if wanted.zone:
        zones = _ZONES if not head else "," + _ZONES.removeprefix("WITH RECURSIVE")
        head, params["zone"] = head + zones, wanted.zone
        where.append("l.zone IN (SELECT code FROM wanted)")
    if wanted.klass:
        where.append("p.class = :klass")
        params["klass"] = wanted.klass
    if wanted.badge is not None:
        where.append("b.id IS NOT NULL" if wanted.badge else "b.id IS NULL")
    if wanted.active is not None:
        where.append("p.active = :active")
        params["active"] = wanted.active
    if after is not None:
        where.append("(p.name, p.code) > (:name, :code)")
        params["name"], params["code"] = after
    rows = await session.execute(
        text(f"{head} {_SELECT} WHERE {' AND '.join(where)} ORDER BY p.name, p.code LIMIT :limit"), params
    )
    return list(rows)


async def card(session: AsyncSession, person_id: UUID) -> Any | None:
    """One person as in :func:`page`."""
    return (await session.execute(text(f"{_SELECT} WHERE p.id = :id"), {"id": person_id})).one_or_none()


async def person(session: AsyncSession, person_id: UUID) -> Person | None:
    """The row of a person."""
    return await session.get(Person, person_id)


async def person_of_account(session: AsyncSession, account_id: UUID) -> Person | None:
    """The person that an account is linked to."""
    return (await session.execute(select(Person).where(Person.account_id == account_id))).scalar_one_or_none()


async def people_by_code(session: AsyncSession, codes: Sequence[str]) -> dict[str, Person]:
    """People by their numbers."""
    found = await session.scalars(select(Person).where(Person.code.in_(codes)))
    return {row.code: row for row in found}


async def change(
    session: AsyncSession, person_id: UUID, version: int, values: dict[str, Any], at: datetime
) -> Person | None:
    """Change a person that still has ``version``; None when it has not."""
    found = await session.execute(
        update(Person)
        .where(Person.id == person_id, Person.version == version)
        .values(**values, version=Person.version + 1, updated_at=at)
        .returning(Person)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def departments(session: AsyncSession) -> list[tuple[Department, int]]:
    """Every department by code, with how many active people belong to it."""
    rows = await session.execute(select(Department).order_by(Department.code))
    counts = await session.execute(text("SELECT department, count(*) FROM person WHERE active GROUP BY department"))
    by_code = {code: int(n) for code, n in counts}
    return [(row, by_code.get(row.code, 0)) for row in rows.scalars()]


async def department(session: AsyncSession, code: str) -> Department | None:
    """The department of this code."""
    return (await session.execute(select(Department).where(Department.code == code))).scalar_one_or_none()


async def department_parents(session: AsyncSession) -> dict[str, str | None]:
    """Each department's parent."""
    rows = await session.execute(select(Department.code, Department.parent_code))
    return {row[0]: row[1] for row in rows}


async def headcount(session: AsyncSession, since: datetime) -> list[Any]:
    """Everybody who carries a badge and was ever located: zone, floor, class, state, and whether the fix is stale.

    ``since``: older fixes are stale whatever they were when they were written.
    """
    rows = await session.execute(
        text(
            "SELECT l.subject_id, l.zone, l.floor, p.class AS klass, p.department,"
            " (l.state IN ('stale', 'lost') OR l.t < :since) AS stale"
            " FROM badge_binding b JOIN person p ON p.id = b.subject_id AND p.active"
            " JOIN place_latest l ON l.subject_id = p.id WHERE b.subject_kind = 'person' AND b.until IS NULL"
        ),
        {"since": since},
    )
    return list(rows)


async def zone_tree(session: AsyncSession) -> dict[str, tuple[str, str, str | None]]:
    """Name, English name and parent of every zone."""
    rows = await session.execute(text("SELECT code, name, name_en, parent_code FROM zone ORDER BY code"))
    return {row.code: (row.name, row.name_en, row.parent_code) for row in rows}


async def duties(session: AsyncSession) -> list[Any]:
    """Id, number and duty of every active person."""
    return list(await session.execute(select(Person.id, Person.code, Person.duty).where(Person.active)))


async def duty_counts(session: AsyncSession, limit: int) -> list[Any]:
    """Posts that active people hold, the fullest first, with how many hold each; visitors hold none."""
    rows = await session.execute(
        text(
            "SELECT duty, count(*) AS people FROM person WHERE active AND duty <> '' AND class <> 'visitor'"
            " GROUP BY duty ORDER BY people DESC, duty LIMIT :limit"
        ),
        {"limit": limit},
    )
    return list(rows)


async def account_ids(session: AsyncSession) -> dict[str, UUID]:
    """Every account by its user name."""
    return {row.username: row.id for row in await session.execute(text("SELECT id, username FROM account"))}
