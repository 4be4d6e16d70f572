"""Rows of people, their positions and terminals behind indicators."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from domain.people import repository_terminals
from domain.people.terminals import terms
from twin.registry.indicator import IndicatorRow, Reading

_FRESH = timedelta(minutes=5)


async def in_red_zones(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Zones of major static risk with the people that are in them, by positions of the last five minutes."""
    params = {"fresh": at - _FRESH}
    fresh = "FROM place_latest l WHERE l.kind = 'person' AND l.t > :fresh"
    found = await session.execute(
        text(
            f"SELECT z.code, z.name, p.n FROM zone z JOIN (SELECT l.zone, count(*) AS n {fresh} GROUP BY l.zone) p"
            " ON p.zone = z.code WHERE z.static_risk = 1 ORDER BY z.code"
        ),
        params,
    )
    rows = [IndicatorRow(f"{r.code} {r.name}", "zone", r.code, float(r.n), zones=(r.code,)) for r in found]
    return Reading(rows, int((await session.execute(text(f"SELECT count(*) {fresh}"), params)).scalar_one()))


async def accuracy(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Zones with the share of their fixes that were within the limit, weighted by fixes."""
    found = await session.execute(
        text(
            "SELECT a.zone, max(z.name) AS name, sum(a.fixes) AS fixes, sum(a.within) AS within FROM accuracy_history a"
            " LEFT JOIN zone z ON z.code = a.zone WHERE a.ts > :since AND a.ts <= :at"
            " GROUP BY a.zone HAVING sum(a.fixes) > 0 ORDER BY a.zone"
        ),
        {"since": since, "at": at},
    )
    rows = [
        IndicatorRow(f"{r.zone} {r.name or ''}".strip(), "zone", r.zone, r.within / r.fixes, float(r.fixes), (r.zone,))
        for r in found
    ]
    return Reading(rows, len(rows))


async def flagged_terminals(session: AsyncSession, at: datetime, since: datetime) -> Reading:
    """Terminals of the ledger with any flag, once each."""
    rows = [
        IndicatorRow(f"{r.code} ({', '.join(r.flags)})", "terminal", r.code, 1.0, zones=(r.zone,) if r.zone else ())
        for r in await repository_terminals.flagged(session, terms(at))
    ]
    basis = await session.execute(text("SELECT count(*) FROM terminal WHERE active"))
    return Reading(rows, int(basis.scalar_one()))
