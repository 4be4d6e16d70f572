"""Statements of the risk tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.risk.book import RuleBody, first_rules
from realtime.risk.living import EngineTime
from realtime.risk.types import Change, Fact, Rule, Zone
from twin.ids import uuid7


def instant(at: float) -> datetime:
    """Seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True)
class RuleRow:
    """A rule as kept."""

    key: str
    title_zh: str
    title_en: str
    icon: str
    body: dict[str, Any]
    enabled: bool
    version: int
    updated_at: datetime


@dataclass(frozen=True)
class OverrideRow:
    """A person's decision on a zone's level."""

    id: UUID
    zone: str
    level: int
    reason: str
    at: datetime
    until: datetime
    ended_at: datetime | None
    by_name: str


async def enterprises(session: AsyncSession) -> list[UUID]:
    """Enterprises that have zones."""
    return list((await session.execute(text("SELECT DISTINCT enterprise_id FROM zone"))).scalars())


async def zones(session: AsyncSession) -> list[Zone]:
    """The tree of the unit's enterprise."""
    rows = await session.execute(text("SELECT code, parent_code, static_risk, kind FROM zone ORDER BY code"))
    return [Zone(*row) for row in rows]


async def shown(session: AsyncSession) -> dict[str, int]:
    """The level that each zone carries in the layer."""
    return {row[0]: row[1] for row in await session.execute(text("SELECT code, risk FROM zone"))}


async def unsaid(session: AsyncSession) -> set[str]:
    """Codes of zones of which no level was ever written down."""
    rows = await session.execute(
        text(
            "SELECT code FROM zone z WHERE NOT EXISTS (SELECT 1 FROM risk_change c"
            " WHERE c.enterprise_id = z.enterprise_id AND c.zone = z.code)"
        )
    )
    return set(rows.scalars())


_RULE = "key, title_zh, title_en, icon, body, enabled, version, updated_at"


async def rule_rows(session: AsyncSession) -> list[RuleRow]:
    """Every rule, by key."""
    return [RuleRow(*row) for row in await session.execute(text(f"SELECT {_RULE} FROM risk_rule ORDER BY key"))]


async def rules(session: AsyncSession) -> list[Rule]:
    """The rules in force."""
    return [RuleBody.model_validate(row.body).rule(row.key) for row in await rule_rows(session) if row.enabled]


async def add_first_rules(session: AsyncSession, enterprise: UUID, at: datetime) -> None:
    """Give a new enterprise its rules; those it has stay as they are."""
    rows = [
        {
            "id": uuid7(),
            "enterprise": enterprise,
            "at": at,
            **{k: row[k] for k in ("key", "title_zh", "title_en", "icon")},
            "body": RuleBody.model_validate(row["body"]).model_dump_json(exclude_defaults=True),
        }
        for row in first_rules()
    ]
    await session.execute(
        text(
            "INSERT INTO risk_rule (id, enterprise_id, key, title_zh, title_en, icon, body, updated_at)"
            " VALUES (:id, :enterprise, :key, :title_zh, :title_en, :icon, CAST(:body AS jsonb), :at)"
            " ON CONFLICT (enterprise_id, key) DO NOTHING"
        ),
        rows,
    )


async def put_rule(session: AsyncSession, enterprise: UUID, by: UUID, row: RuleRow) -> RuleRow | None:
    """Write a rule whose version is ``row.version``, 0 for a new one; the new row, None when another was first."""
    values = {**asdict(row), "id": uuid7(), "enterprise": enterprise, "by": by}
    values["body"] = RuleBody.model_validate(row.body).model_dump_json(exclude_defaults=True)
    if row.version == 0:
        statement = (
            "INSERT INTO risk_rule (id, enterprise_id, key, title_zh, title_en, icon, body, enabled, updated_at,"
            " updated_by) VALUES (:id, :enterprise, :key, :title_zh, :title_en, :icon, CAST(:body AS jsonb), :enabled,"
            f" :updated_at, :by) ON CONFLICT (enterprise_id, key) DO NOTHING RETURNING {_RULE}"
        )
    else:
        statement = (
            "UPDATE risk_rule SET title_zh = :title_zh, title_en = :title_en, icon = :icon,"
            " body = CAST(:body AS jsonb), enabled = :enabled, version = version + 1, updated_at = :updated_at,"
            f" updated_by = :by WHERE key = :key AND version = :version RETURNING {_RULE}"
        )
    found = (await session.execute(text(statement), values)).first()
    return RuleRow(*found) if found else None


async def log(session: AsyncSession, since: datetime, time: EngineTime | None = None) -> list[Fact]:
    """The log of facts from then on and of those that still hold, in the order in which they counted; with ``time`` in the present time of
    the wall clock, whoever set it since this computer started."""
    rows = await session.execute(
        text(
            "SELECT CASE WHEN boot = CAST(:boot AS text) THEN monotonic END, kind, key, zone,"
            " extract(epoch FROM since)::float8, extract(epoch FROM until)::float8, attributes"
            " FROM risk_log l WHERE COALESCE(until, since) >= :since OR (until IS NULL AND NOT EXISTS ("
            "SELECT 1 FROM risk_log e WHERE e.enterprise_id = l.enterprise_id AND e.kind = l.kind AND e.key = l.key"
            " AND e.seq > l.seq)) ORDER BY seq"
        ),
        {"since": since, "boot": time.boot if time else None},
    )
    return [Fact(*fact) if time is None or at is None else time.retold(Fact(*fact), at) for at, *fact in rows]


async def add_log(session: AsyncSession, enterprise: UUID, facts: Iterable[Fact], time: EngineTime) -> None:
    """Append what counted."""
    columns: dict[str, list[Any]] = {"k": [], "n": [], "z": [], "s": [], "u": [], "a": [], "m": []}
    for fact in facts:
        columns["k"].append(fact.kind)
        columns["n"].append(fact.key)
        columns["z"].append(fact.zone)
        columns["s"].append(instant(fact.since))
        columns["u"].append(None if fact.until is None else instant(fact.until))
        columns["a"].append(_json(dict(fact.attributes)))
        columns["m"].append(time.monotonic(fact))
    if not columns["k"]:
        return
    await session.execute(
        text(
            "INSERT INTO risk_log (enterprise_id, kind, key, zone, since, until, attributes, boot, monotonic)"
            " SELECT :e, k, n, z, s, u, a::jsonb, :boot, m FROM unnest(CAST(:k AS text[]), CAST(:n AS text[]),"
            " CAST(:z AS text[]), CAST(:s AS timestamptz[]), CAST(:u AS timestamptz[]), CAST(:a AS text[]), CAST(:m AS float8[]))"
            " WITH ORDINALITY AS r (k, n, z, s, u, a, m, i) ORDER BY i"
        ),
        {"e": enterprise, "boot": time.boot, **columns},
    )


def causes_json(change: Change) -> list[dict[str, Any]]:
    """The causes of a change as they are kept and shown."""
    return [
        {"rule": c.rule, "since": instant(c.since).isoformat(), "facts": list(c.facts), "total": c.total}
        for c in change.causes
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def add_changes(session: AsyncSession, enterprise: UUID, changes: Sequence[Change]) -> None:
    """Append changes of level."""
    if not changes:
        return
    await session.execute(
        text(
            "INSERT INTO risk_change (enterprise_id, zone, at, before, after, own, causes, child, override)"
            " SELECT :e, z, t, b, a, o, c::jsonb, d, x FROM unnest(CAST(:z AS text[]), CAST(:t AS timestamptz[]),"
            " CAST(:b AS int[]), CAST(:a AS int[]), CAST(:o AS int[]), CAST(:c AS text[]), CAST(:d AS text[]),"
            " CAST(:x AS bool[])) WITH ORDINALITY AS r (z, t, b, a, o, c, d, x, i) ORDER BY i"
        ),
        {
            "e": enterprise,
            "z": [c.zone for c in changes],
            "t": [instant(c.at) for c in changes],
            "b": [c.before for c in changes],
            "a": [c.after for c in changes],
            "o": [c.own for c in changes],
            "c": [_json(causes_json(c)) for c in changes],
            "d": [c.child for c in changes],
            "x": [c.override for c in changes],
        },
    )


async def paint(session: AsyncSession, levels: dict[str, int]) -> list[UUID]:
    """Write the level of these zones into the layer; ids of those that changed. Not an edit: versions stay."""
    if not levels:
        return []
    rows = await session.execute(
        text(
            "UPDATE zone SET risk = n.level FROM unnest(CAST(:codes AS text[]), CAST(:levels AS int[])) AS n (code, level)"
            " WHERE zone.code = n.code AND zone.risk <> n.level RETURNING zone.id"
        ),
        {"codes": list(levels), "levels": list(levels.values())},
    )
    return list(rows.scalars())


async def overrides(session: AsyncSession, now: datetime) -> list[OverrideRow]:
    """Decisions in force."""
    rows = await session.execute(
        text(
            "SELECT id, zone, level, reason, at, until, ended_at, by_name FROM risk_override"
            " WHERE ended_at IS NULL AND until > :now ORDER BY at"
        ),
        {"now": now},
    )
    return [OverrideRow(*row) for row in rows]


async def override(session: AsyncSession, override_id: UUID) -> OverrideRow | None:
    """One decision."""
    found = await session.execute(
        text("SELECT id, zone, level, reason, at, until, ended_at, by_name FROM risk_override WHERE id = :id"),
        {"id": override_id},
    )
    row = found.first()
    return OverrideRow(*row) if row else None


async def add_override(session: AsyncSession, enterprise: UUID, account: UUID, row: OverrideRow) -> None:
    """Keep a decision; one before it on the same zone ends."""
    values = {**asdict(row), "e": enterprise, "account": account}
    await session.execute(
        text("UPDATE risk_override SET ended_at = :at WHERE zone = :zone AND ended_at IS NULL AND until > :at"), values
    )
    await session.execute(
        text(
            "INSERT INTO risk_override (id, enterprise_id, zone, level, reason, at, until, by_account, by_name)"
            " VALUES (:id, :e, :zone, :level, :reason, :at, :until, :account, :by_name)"
        ),
        values,
    )


async def end_override(session: AsyncSession, zone: str, now: datetime) -> bool:
    """End the decision on a zone; whether there was one."""
    done = await session.execute(
        text(
            "UPDATE risk_override SET ended_at = :now WHERE zone = :zone AND ended_at IS NULL AND until > :now RETURNING id"
        ),
        {"zone": zone, "now": now},
    )
    return done.first() is not None


_CHANGE = "zone, at, before, after, own, causes, child, override"


#: Row-level security says the same, but in words that no index understands.
_OWN = "enterprise_id = CAST(current_setting('twin.enterprise', true) AS uuid)"


async def changes(
    session: AsyncSession,
    zone: str | None,
    start: datetime,
    end: datetime,
    limit: int,
    *,
    recoloured: bool = False,
    oldest: bool = False,
) -> list[dict[str, Any]]:
    """Changes of level in a period of one enterprise, newest first or ``oldest`` first; ``recoloured`` leaves out those that only changed
    the cause."""
    where = (" AND zone = :zone" if zone else "") + (" AND before <> after" if recoloured else "")
    order = "at, seq" if oldest else "at DESC, seq DESC"
    rows = await session.execute(
        text(
            f"SELECT {_CHANGE} FROM risk_change WHERE {_OWN} AND at >= :start AND at <= :end{where}"
            f" ORDER BY {order} LIMIT :limit"
        ),
        {"zone": zone, "start": start, "end": end, "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


async def changes_ahead(session: AsyncSession, now: datetime) -> bool:
    """Whether changes are dated after the present, and nothing says yet that the wall clock was set back."""
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM risk_change c WHERE c.at > :now AND NOT EXISTS (SELECT 1 FROM risk_set_back s"
            " WHERE s.enterprise_id = c.enterprise_id AND c.at > s.at AND c.seq <= s.seq))"
        ),
        {"now": now},
    )
    return bool(found.scalar())


async def mark_set_back(session: AsyncSession, enterprise: UUID, now: datetime) -> None:
    """From here on the changes that are dated after the present are those of an earlier pass."""
    await session.execute(
        text("INSERT INTO risk_set_back (enterprise_id, at, seq) SELECT :e, :now, max(seq) FROM risk_change"),
        {"e": enterprise, "now": now},
    )


#: The last change of every zone up to a time. Of a time that was gone through twice, because the wall clock was set back, the later pass counts.
_THEN = (
    "SELECT c.* FROM zone z CROSS JOIN LATERAL (SELECT {columns} FROM risk_change r"
    " WHERE r.enterprise_id = z.enterprise_id AND r.zone = z.code AND r.at <= :at AND NOT EXISTS (SELECT 1 FROM"
    " risk_set_back s WHERE s.enterprise_id = r.enterprise_id AND s.at <= :at AND r.at > s.at AND r.seq <= s.seq)"
    " ORDER BY r.at DESC, r.seq DESC LIMIT 1) c"
)


async def state_at(session: AsyncSession, at: datetime, zone: str) -> dict[str, Any] | None:
    """The last change of a zone up to a time: what it showed then, and why; None before its first one."""
    rows = await session.execute(
        text(_THEN.format(columns=_CHANGE) + " WHERE z.code = :zone"), {"at": at, "zone": zone}
    )
    row = rows.mappings().first()
    return dict(row) if row else None


async def levels_at(session: AsyncSession, at: datetime) -> dict[str, int]:
    """What every zone showed at a time, without the causes, which are most of it; zones without any change by then are left out."""
    rows = await session.execute(text(_THEN.format(columns="zone, after")), {"at": at})
    return {zone: after for zone, after in rows}


async def prune_log(session: AsyncSession, before: datetime) -> int:
    """Forget facts that were over long ago."""
    done = await session.execute(
        text(
            "DELETE FROM risk_log l WHERE (l.until < :before) OR (l.until IS NULL AND l.since < :before AND EXISTS ("
            "SELECT 1 FROM risk_log e WHERE e.enterprise_id = l.enterprise_id AND e.kind = l.kind AND e.key = l.key"
            " AND e.seq > l.seq)) RETURNING 1"
        ),
        {"before": before},
    )
    return len(done.all())
