"""Rows of alarms behind indicators, as they stood at an instant."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.registry.indicator import IndicatorRow, Reading

#: Measuring points that may alarm, or alarms of any other origin: without any of them there is no data.
_BASIS = (
    "SELECT (SELECT count(*) FROM device WHERE created_at <= :at) + (SELECT count(*) FROM alarm WHERE raised_at <= :at)"
)
#: Row-level security says the same, but in words that no index understands.
_OWN = "a.enterprise_id = CAST(current_setting('twin.enterprise', true) AS uuid)"
_STANDS_AFTER = timedelta(hours=24)
_HANDLED_WITHIN = timedelta(hours=2)
_BY_SUBJECT = "GROUP BY subject_id, subject_name, zone_code, key, type ORDER BY n DESC, key"
_SUBJECT = "SELECT key, type, subject_name, zone_code, count(*) AS n"


async def rate(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """How often each condition came in the window (those held back are left out)."""
    query = f"{_SUBJECT} FROM alarm a WHERE {_OWN} AND at > :since AND at <= :at AND hold_reason = '' {_BY_SUBJECT}"
    return await _by_condition(session, query, at, since)


async def unhandled(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Alarms of the window that had waited for their handling longer than two hours, by condition."""
    query = (
        f"{_SUBJECT} FROM alarm a WHERE {_OWN} AND raised_at > :since AND raised_at <= :late AND at <= :at"
        f" AND (handled_at IS NULL OR handled_at > :at) AND hold_reason = '' {_BY_SUBJECT}"
    )
    return await _by_condition(session, query, at, since, late=at - _HANDLED_WITHIN)


async def acknowledgement(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Mean minutes until the alarms of each condition were acknowledged (until the instant where nobody has)."""
    query = (
        f"{_SUBJECT}, avg(CAST(extract(epoch FROM least(COALESCE(acknowledged_at, handled_at, :at), :at) - raised_at)"
        f" AS float8)) / 60 AS value FROM alarm a WHERE {_OWN} AND raised_at > :since AND raised_at <= :at"
        f" AND hold_reason = '' {_BY_SUBJECT}"
    )
    return await _by_condition(session, query, at, since)


async def standing(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Alarms whose condition had stood longer than a day, once each."""
    query = (
        f"{_ALARM} WHERE {_OWN} AND a.at <= :old AND (a.returned_at > :at OR a.returned_at IS NULL AND a.active)"
        " ORDER BY a.id"
    )
    return await _each(session, query, at, old=at - _STANDS_AFTER)


async def red_zone(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Alarms of grade 1 that were not handled, in zones of major static risk."""
    query = (
        f"{_ALARM} JOIN zone z ON z.code = a.zone_code AND z.static_risk = 1 WHERE {_OWN} AND a.grade = 1"
        " AND a.raised_at <= :at AND (a.handled_at IS NULL OR a.handled_at > :at) ORDER BY a.id"
    )
    return await _each(session, query, at)


_ALARM = "SELECT a.id, a.type, a.subject_name, a.zone_code FROM alarm a"


def _zones(code: str | None) -> tuple[str, ...]:
    return (code,) if code else ()


async def _basis(session: AsyncSession, at: datetime) -> int:
    return int((await session.execute(text(_BASIS), {"at": at})).scalar_one())


async def _by_condition(session: AsyncSession, query: str, at: datetime, since: datetime, **more: datetime) -> Reading:
    found = await session.execute(text(query), {"at": at, "since": since, **more})
    rows = []
    for r in found.mappings():
        label, zones = f"{r['subject_name'] or r['key']} · {r['type']}", _zones(r["zone_code"])
        mean = r.get("value")
        value, weight = (float(r["n"]), 1.0) if mean is None else (float(mean), float(r["n"]))
        rows.append(IndicatorRow(label, "alarm_condition", r["key"], value, weight, zones))
    return Reading(rows, await _basis(session, at))


async def _each(session: AsyncSession, query: str, at: datetime, **more: datetime) -> Reading:
    found = await session.execute(text(query), {"at": at, **more})
    rows = [
        IndicatorRow(f"{r.subject_name} · {r.type}", "alarm", str(r.id), 1.0, zones=_zones(r.zone_code)) for r in found
    ]
    return Reading(rows, await _basis(session, at))
