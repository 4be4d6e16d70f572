"""Queries of the terminal ledger: every badge, vehicle unit, anchor and handheld with what flags it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.people.models import Terminal
from realtime.tracking.models import Badge
from twin.ids import uuid7

FLAGS = ("low_battery", "battery_due", "expired", "expiring", "unsuitable")

#: Zones of major or considerable static risk where an explosion is a hazard are Ex areas, with every zone in them (the
#: same that realtime.tracking holds to 3 m).
_LEDGER = """WITH RECURSIVE ex(code) AS (
    SELECT code FROM zone WHERE static_risk <= 2 AND COALESCE(hazards, '') LIKE '%爆%'
    UNION SELECT z.code FROM zone z JOIN ex ON z.parent_code = ex.code),
ledger AS (
    SELECT t.id, t.kind, t.code, t.model, t.ex_mark, t.ex_certificate, t.ex_expiry, t.temp_limit_c,
        COALESCE(g.battery, t.battery) AS battery, t.battery_on, t.battery_years, t.nfc, t.vibrates, t.zone_code,
        t.note, t.active, t.version, g.last_heartbeat, b.subject_name AS holder, b.subject_id,
        COALESCE(t.zone_code, a.zone_code, l.zone) AS zone,
        COALESCE(t.zone_code, a.zone_code, l.zone) IN (SELECT code FROM ex) AS in_ex_area
    FROM terminal t
    LEFT JOIN badge g ON g.code = t.code
    LEFT JOIN badge_binding b ON b.badge_id = g.id AND b.until IS NULL
    LEFT JOIN place_latest l ON l.subject_id = b.subject_id
    LEFT JOIN anchor a ON a.code = t.code AND t.kind = 'anchor'),
flagged AS (
    SELECT l.*, COALESCE(l.in_ex_area, false) AS ex, array_remove(ARRAY[
        CASE WHEN l.battery < :low THEN 'low_battery' END,
        CASE WHEN l.battery_on + (l.battery_years * 365.25)::integer <= :today THEN 'battery_due' END,
        CASE WHEN l.ex_expiry < :today THEN 'expired' END,
        CASE WHEN l.ex_expiry >= :today AND l.ex_expiry < :soon THEN 'expiring' END,
        CASE WHEN l.in_ex_area AND (l.ex_mark = '' OR l.ex_certificate = '' OR l.ex_expiry < :today
            OR COALESCE(l.temp_limit_c, 0) < :hot) THEN 'unsuitable' END], NULL) AS flags
    FROM ledger l)"""
_COLUMNS = """id, kind, code, model, ex_mark, ex_certificate, ex_expiry, temp_limit_c, battery, battery_on,
    battery_years, nfc, vibrates, zone_code, note, active, version, last_heartbeat, holder, subject_id, zone,
    ex AS in_ex_area, flags"""


@dataclass(frozen=True)
class Terms:
    """What is judged against: days, percent of battery, lowest temperature limit in degrees Celsius."""

    today: date
    soon: date
    low: float
    hot: float


async def page(
    session: AsyncSession, terms: Terms, kind: str | None, flag: str | None, q: str | None, after: str, limit: int
) -> list[Any]:
    """Lines of the ledger by code from behind ``after``; ``flag`` ``any`` gives all that have one."""
    where = ["active", "code > :after"]
    params: dict[str, Any] = {**terms.__dict__, "after": after, "limit": limit}
    if kind:
        where.append("kind = :kind")
        params["kind"] = kind
    if flag:
        where.append("cardinality(flags) > 0" if flag == "any" else ":flag = ANY(flags)")
        params["flag"] = flag
    if q:
        where.append("(strpos(lower(code), lower(:q)) > 0 OR strpos(lower(COALESCE(holder, '')), lower(:q)) > 0)")
        params["q"] = q
    rows = await session.execute(
        text(f"{_LEDGER} SELECT {_COLUMNS} FROM flagged WHERE {' AND '.join(where)} ORDER BY code LIMIT :limit"), params
    )
    return list(rows)


async def one(session: AsyncSession, terms: Terms, code: str) -> Any | None:
    """One line as in :func:`page`, also when it is out of use."""
    query = text(f"{_LEDGER} SELECT {_COLUMNS} FROM flagged WHERE code = :code")
    return (await session.execute(query, {**terms.__dict__, "code": code})).one_or_none()


async def flagged(session: AsyncSession, terms: Terms) -> list[Any]:
    """Every line in use that has a flag."""
    query = text(f"{_LEDGER} SELECT {_COLUMNS} FROM flagged WHERE active AND cardinality(flags) > 0 ORDER BY code")
    return list(await session.execute(query, terms.__dict__))


async def active_alarms(session: AsyncSession) -> list[str]:
    """Keys of the ledger's alarms whose condition held when it was last looked at."""
    found = await session.scalars(text("SELECT key FROM alarm WHERE active AND key LIKE 'terminal:%'"))
    return list(found)


async def counts(session: AsyncSession, terms: Terms) -> dict[str, int]:
    """How many lines in use have each flag."""
    query = text(f"{_LEDGER} SELECT f, count(*) FROM flagged, unnest(flags) f WHERE active GROUP BY f")
    found = {row[0]: int(row[1]) for row in await session.execute(query, terms.__dict__)}
    return {flag: found.get(flag, 0) for flag in FLAGS}


async def terminal(session: AsyncSession, code: str) -> Terminal | None:
    """The row of a line."""
    return (await session.execute(select(Terminal).where(Terminal.code == code))).scalar_one_or_none()


async def put_badge(session: AsyncSession, enterprise_id: UUID, row: Terminal, at: datetime) -> None:
    """Let the positioning engine's badge be what the ledger says; its battery and heartbeat stay the engine's."""
    found = (await session.execute(select(Badge).where(Badge.code == row.code))).scalar_one_or_none()
    badge = found or Badge(id=uuid7(), enterprise_id=enterprise_id, code=row.code, created_at=at)
    badge.kind, badge.ex_certificate, badge.ex_expiry = row.kind, row.ex_certificate, row.ex_expiry
    badge.temp_limit_c, badge.nfc, badge.active, badge.updated_at = row.temp_limit_c, row.nfc, row.active, at
    session.add(badge)
    await session.flush()


async def vibrating(session: AsyncSession, codes: Sequence[str]) -> set[str]:
    """Which of these badges take a command to vibrate."""
    found = await session.scalars(select(Terminal.code).where(Terminal.code.in_(codes), Terminal.vibrates))
    return set(found)
