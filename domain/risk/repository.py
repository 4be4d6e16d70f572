"""Queries of the risk map beside those of the engine: zones, facts of causes, cards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.ids import uuid7


async def zone(session: AsyncSession, code: str) -> dict[str, Any] | None:
    """A zone's row."""
    found = await session.execute(
        text(
            "SELECT id, code, name, name_en, kind, control_level, static_risk, risk, department, owner, owner_phone"
            " FROM zone WHERE code = :code"
        ),
        {"code": code},
    )
    row = found.mappings().first()
    return dict(row) if row else None


async def below(session: AsyncSession, code: str) -> list[str]:
    """The zone's code and those of all zones below it."""
    rows = await session.execute(
        text(
            "WITH RECURSIVE t AS (SELECT code FROM zone WHERE code = :code UNION"
            " SELECT z.code FROM zone z JOIN t ON z.parent_code = t.code) SELECT code FROM t"
        ),
        {"code": code},
    )
    return list(rows.scalars())


async def above(session: AsyncSession, code: str) -> list[dict[str, Any]]:
    """The zone and the zones above it, itself first: who answers for each."""
    rows = await session.execute(
        text(
            "WITH RECURSIVE t AS (SELECT z.*, 0 AS n FROM zone z WHERE code = :code UNION ALL"
            " SELECT z.*, t.n + 1 FROM zone z JOIN t ON z.code = t.parent_code WHERE t.n < 10)"
            " SELECT code, name, name_en, owner, owner_phone, control_level FROM t ORDER BY n"
        ),
        {"code": code},
    )
    return [dict(row) for row in rows.mappings()]


async def accounts_named(session: AsyncSession, names: Sequence[str]) -> list[UUID]:
    """Accounts of the people whom zones name as responsible."""
    rows = await session.execute(
        text("SELECT id FROM account WHERE active AND name = ANY(CAST(:names AS text[]))"), {"names": list(names)}
    )
    return list(rows.scalars())


async def facts(session: AsyncSession, names: Sequence[tuple[str, str]], at: datetime) -> list[dict[str, Any]]:
    """The facts of these (kind, key) as the engine knew them at a time; the newest of each."""
    if not names:
        return []
    rows = await session.execute(
        text(
            "SELECT DISTINCT ON (l.kind, l.key) l.kind, l.key, l.since, l.until, l.attributes FROM risk_log l"
            " JOIN unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])) AS n (kind, key)"
            " ON l.kind = n.kind AND l.key = n.key WHERE l.since <= :at ORDER BY l.kind, l.key, l.seq DESC"
        ),
        {"kinds": [n[0] for n in names], "keys": [n[1] for n in names], "at": at},
    )
    return [dict(row) for row in rows.mappings()]


#: Row-level security says the same, but in words that no index understands.
_OWN = "enterprise_id = CAST(current_setting('twin.enterprise', true) AS uuid)"
_IN = f"{_OWN} AND at >= :start AND at < :end"


async def timeline(session: AsyncSession, start: datetime, end: datetime, step: timedelta) -> list[dict[str, Any]]:
    """What happened in a period of one enterprise, in pieces of ``step``, oldest first; pieces in which nothing did are left out."""
    part = "floor(extract(epoch FROM at - :start) / :step)::int AS part"
    rows = await session.execute(
        text(
            "SELECT part, sum(changes)::int AS changes, min(level) AS level, sum(alarms)::int AS alarms, min(grade) AS grade"
            f" FROM (SELECT {part}, 1 AS changes, after AS level, 0 AS alarms, NULL::int AS grade FROM risk_change"
            f" WHERE {_IN} AND before <> after"
            f" UNION ALL SELECT {part}, 0, NULL, 1, grade FROM alarm WHERE {_IN}) t GROUP BY part ORDER BY part"
        ),
        {"start": start, "end": end, "step": step.total_seconds()},
    )
    return [dict(row) for row in rows.mappings()]


_CARD = "zone, kind, post, title, sections, phones, version, updated_at"


async def cards(session: AsyncSession, codes: Sequence[str]) -> list[dict[str, Any]]:
    """Cards of these zones."""
    rows = await session.execute(
        text(f"SELECT {_CARD} FROM zone_card WHERE zone = ANY(CAST(:z AS text[])) ORDER BY zone, kind, post"),
        {"z": list(codes)},
    )
    return [dict(row) for row in rows.mappings()]


async def card_page(session: AsyncSession, kind: str | None, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Cards behind ``after`` by id, with their zone's names; a zone that is gone leaves its code."""
    rows = await session.execute(
        text(
            "SELECT c.id, c.zone, COALESCE(z.name, c.zone) AS name, COALESCE(z.name_en, z.name, c.zone) AS name_en,"
            " c.kind, c.post, c.title, c.version, c.updated_at FROM zone_card c"
            " LEFT JOIN zone z ON z.enterprise_id = c.enterprise_id AND z.code = c.zone"
            " WHERE (CAST(:kind AS text) IS NULL OR c.kind = :kind) AND (CAST(:after AS uuid) IS NULL OR c.id > :after)"
            " ORDER BY c.id LIMIT :limit"
        ),
        {"kind": kind, "after": after, "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


async def put_card(
    session: AsyncSession, enterprise: UUID, by: UUID, key: tuple[str, str, str], body: dict[str, Any], at: datetime
) -> dict[str, Any] | None:
    """Write a card (zone, kind, post) that is based on ``body["version"]``; None when somebody else was first."""
    values = {
        "id": uuid7(), "e": enterprise, "by": by, "zone": key[0], "kind": key[1], "post": key[2], "at": at,
        "title": body["title"], "version": body["version"],
        "sections": orjson.dumps(body["sections"]).decode(), "phones": orjson.dumps(body["phones"]).decode(),
    }  # fmt: skip
    if body["version"] == 0:
        statement = (
            "INSERT INTO zone_card (id, enterprise_id, zone, kind, post, title, sections, phones, updated_at, updated_by)"
            " VALUES (:id, :e, :zone, :kind, :post, :title, CAST(:sections AS jsonb), CAST(:phones AS jsonb), :at, :by)"
            f" ON CONFLICT (enterprise_id, zone, kind, post) DO NOTHING RETURNING {_CARD}"
        )
    else:
        statement = (
            "UPDATE zone_card SET title = :title, sections = CAST(:sections AS jsonb), phones = CAST(:phones AS jsonb),"
            " version = version + 1, updated_at = :at, updated_by = :by WHERE zone = :zone AND kind = :kind"
            f" AND post = :post AND version = :version RETURNING {_CARD}"
        )
    row = (await session.execute(text(statement), values)).mappings().first()
    return dict(row) if row else None
