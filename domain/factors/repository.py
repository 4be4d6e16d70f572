"""SQL of told facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COLUMNS = "id, kind, key, zones, attributes, since, until, ended_at, told_by, told_by_name, told_at"


@dataclass(frozen=True)
class ToldFact:
    """A fact as kept. ``until``: when it ends by itself; ``ended_at``: when it did."""

    id: UUID
    kind: str
    key: str
    zones: list[str]
    attributes: dict[str, Any]
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    told_by: UUID
    told_by_name: str
    told_at: datetime


#: An alarm in these states says nothing: its point is known to be out of use.
_SILENT = ["suppressed", "out_of_service"]
_WEATHER = (
    "SELECT a.id, a.grade, a.type, a.subject_name, a.raised_at, d.kind, d.site_id, a.active AND a.status <> ALL(:silent) AS holds"
    " FROM alarm a JOIN device d ON d.id = a.subject_id WHERE a.subject_layer = 'device' AND d.kind = ANY(:kinds)"
    " AND a.type IN ('ll', 'l', 'h', 'hh')"
)


async def weather_alarms(session: AsyncSession, kinds: Sequence[str], alarm: UUID | None) -> list[dict[str, Any]]:
    """Alarms of limits at points of these kinds: those that hold, or the one that is named whether it holds or not."""
    rows = await session.execute(
        text(f"{_WEATHER} AND (a.id = :alarm OR (CAST(:alarm AS uuid) IS NULL AND a.active)) ORDER BY a.id"),
        {"kinds": list(kinds), "silent": list(_SILENT), "alarm": alarm},
    )
    return [dict(row) for row in rows.mappings()]


async def zones_of_site(session: AsyncSession, site: UUID) -> list[str]:
    """Codes of all zones of a site."""
    rows = await session.execute(text("SELECT code FROM zone WHERE site_id = :site ORDER BY code"), {"site": site})
    return list(rows.scalars())


async def zones(session: AsyncSession, codes: Sequence[str], below: bool) -> tuple[list[str], list[str]]:
    """Codes of these zones that are there, and with ``below`` of all zones below them; and those that are not there."""
    found = await session.execute(
        text(
            "WITH RECURSIVE t AS (SELECT code, 0 AS n FROM zone WHERE code = ANY(CAST(:codes AS text[])) UNION"
            " SELECT z.code, t.n + 1 FROM zone z JOIN t ON z.parent_code = t.code WHERE :below AND t.n < 10)"
            " SELECT DISTINCT code FROM t ORDER BY code"
        ),
        {"codes": list(codes), "below": below},
    )
    there = list(found.scalars())
    return there, sorted(set(codes) - set(there))


async def holding(session: AsyncSession, kind: str | None = None, key: str | None = None) -> list[ToldFact]:
    """Facts that hold, newest first. A row is locked when one is named."""
    lock = "FOR UPDATE" if key is not None else ""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM told_fact WHERE ended_at IS NULL AND (CAST(:kind AS text) IS NULL OR kind = :kind)"
            f" AND (CAST(:key AS text) IS NULL OR key = :key) ORDER BY since DESC, id {lock}"
        ),
        {"kind": kind, "key": key},
    )
    return [ToldFact(*row) for row in rows]


async def past(session: AsyncSession, since: datetime, limit: int) -> list[ToldFact]:
    """Facts that are over, newest first."""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM told_fact WHERE ended_at IS NOT NULL AND since >= :since ORDER BY since DESC, id LIMIT :limit"
        ),
        {"since": since, "limit": limit},
    )
    return [ToldFact(*row) for row in rows]


async def expired(session: AsyncSession, now: datetime) -> list[tuple[UUID, str, str]]:
    """Enterprise, kind and key of the facts whose end has come."""
    rows = await session.execute(
        text("SELECT enterprise_id, kind, key FROM told_fact WHERE ended_at IS NULL AND until <= :now"), {"now": now}
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def add(session: AsyncSession, enterprise: UUID, fact: ToldFact) -> bool:
    """Keep a fact; False when one of its name holds already."""
    values = {**asdict(fact), "enterprise": enterprise, "attributes": orjson.dumps(fact.attributes).decode()}
    made = await session.execute(
        text(
            f"INSERT INTO told_fact (enterprise_id, {_COLUMNS}) VALUES (:enterprise, :id, :kind, :key, CAST(:zones AS text[]),"
            " CAST(:attributes AS jsonb), :since, :until, :ended_at, :told_by, :told_by_name, :told_at)"
            " ON CONFLICT (enterprise_id, kind, key) WHERE ended_at IS NULL DO NOTHING RETURNING id"
        ),
        values,
    )
    return made.first() is not None


async def end(session: AsyncSession, fact_id: UUID, at: datetime) -> None:
    """A fact is over."""
    await session.execute(text("UPDATE told_fact SET ended_at = :at WHERE id = :id"), {"id": fact_id, "at": at})
