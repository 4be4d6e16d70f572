"""SQL of what fences find: events for playback, presences for a restart, the latest place of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.fences.repository_rules import Standing
from twin.ids import uuid7


@dataclass(frozen=True)
class FenceFact:
    """Something that has happened at a fence: enter, leave, alarm or clear. Degrees, m above the ellipsoid."""

    at: datetime
    kind: str
    rule: str
    fence_id: UUID
    fence_name: str
    zone: str | None
    subject_id: UUID | None
    subject_kind: str
    subject_name: str
    count: int
    initial: bool
    lon: float | None = None
    lat: float | None = None
    h: float | None = None


@dataclass(frozen=True)
class Place:
    """Where a subject is."""

    subject_id: UUID
    kind: str
    t: datetime
    lon: float
    lat: float
    h: float
    floor: str | None
    zone: str | None
    r95: float
    speed: float
    state: str
    source: str


async def add_events(session: AsyncSession, enterprise_id: UUID, facts: Sequence[FenceFact]) -> None:
    """Keep events."""
    if facts:
        await session.execute(
            text(
                "INSERT INTO fence_event (id, enterprise_id, at, kind, rule, fence_id, fence_name, zone, subject_id,"
                " subject_kind, subject_name, count, initial, lon, lat, h) VALUES (:id, :e, :at, :kind, :rule,"
                " :fence_id, :fence_name, :zone, :subject_id, :subject_kind, :subject_name, :count, :initial, :lon,"
                " :lat, :h)"
            ),
            [{"id": uuid7(), "e": enterprise_id, **fact.__dict__} for fact in facts],
        )


async def put_standing(session: AsyncSession, enterprise_id: UUID, rows: Sequence[Standing]) -> None:
    """Keep presences; of several of one pair the last counts."""
    newest = {(row.fence, row.subject): row for row in rows}
    if newest:
        await session.execute(
            text(
                "INSERT INTO fence_presence (enterprise_id, fence_id, subject_id, entered, inside, rules, x, y)"
                " VALUES (:e, :fence, :subject, :entered, :inside, :rules, :x, :y)"
                " ON CONFLICT (fence_id, subject_id) DO UPDATE SET entered = excluded.entered,"
                " inside = excluded.inside, rules = excluded.rules, x = excluded.x, y = excluded.y"
            ),
            [{"e": enterprise_id, **row.__dict__, "rules": list(row.rules)} for row in newest.values()],
        )


async def drop_standing(session: AsyncSession, pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Forget presences."""
    if pairs:
        await session.execute(
            text(
                "DELETE FROM fence_presence p USING unnest(CAST(:f AS uuid[]), CAST(:s AS uuid[])) AS u (f, s)"
                " WHERE p.fence_id = u.f AND p.subject_id = u.s"
            ),
            {"f": [p[0] for p in pairs], "s": [p[1] for p in pairs]},
        )


async def put_places(session: AsyncSession, enterprise_id: UUID, places: Sequence[Place]) -> None:
    """Where subjects are now; an older fix never overwrites a newer one."""
    if not places:
        return
    types = ("uuid", "text", "timestamptz", "float8", "float8", "float8", "text", "text", "float8", "float8", "text",
             "text")  # fmt: skip
    names = tuple(Place.__dataclass_fields__)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in zip(names, types, strict=True))
    await session.execute(
        text(
            f"INSERT INTO place_latest (enterprise_id, {', '.join(names)}) SELECT CAST(:e AS uuid), u.* FROM"
            f" unnest({arrays}) AS u ORDER BY 2 ON CONFLICT (subject_id) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in names[1:])
            + " WHERE place_latest.t <= excluded.t"
        ),
        {"e": enterprise_id} | {name: [getattr(place, name) for place in places] for name in names},
    )


async def drop_places(session: AsyncSession, subjects: Sequence[UUID]) -> None:
    """Forget where subjects are: they carry no badge any more."""
    if subjects:
        await session.execute(
            text("DELETE FROM place_latest WHERE subject_id = ANY(CAST(:s AS uuid[]))"), {"s": list(subjects)}
        )


async def drop_other_places(session: AsyncSession) -> None:
    """Forget the places of everybody who carries no badge (at start: what went on meanwhile)."""
    await session.execute(
        text(
            "DELETE FROM place_latest l WHERE NOT EXISTS (SELECT 1 FROM badge_binding b"
            " WHERE b.subject_id = l.subject_id AND b.until IS NULL)"
        )
    )


async def events(
    session: AsyncSession, since: datetime, until: datetime, subject: UUID | None, fence: UUID | None, limit: int
) -> list[Any]:
    """Events of a period in order."""
    where, params = "at >= :a AND at < :b", dict[str, Any](a=since, b=until, limit=limit)
    if subject is not None:
        where, params["s"] = where + " AND subject_id = :s", subject
    if fence is not None:
        where, params["f"] = where + " AND fence_id = :f", fence
    rows = await session.execute(
        text(
            "SELECT id, at, kind, rule, fence_id, fence_name, zone, subject_id, subject_kind, subject_name, count,"
            f" initial, lon, lat, h FROM fence_event WHERE {where} ORDER BY at, id LIMIT :limit"
        ),
        params,
    )
    return list(rows)


async def passages(
    session: AsyncSession, subjects: Sequence[UUID], since: datetime, until: datetime, limit: int
) -> list[Any]:
    """The newest entries and exits of these subjects within a period: id, at, kind, fence_name, subject_id, subject_name."""
    rows = await session.execute(
        text(
            "SELECT id, at, kind, fence_name, subject_id, subject_name FROM fence_event WHERE subject_id = ANY(:s)"
            " AND at >= :a AND at < :b AND kind IN ('enter', 'leave') AND NOT initial ORDER BY at DESC, id LIMIT :n"
        ),
        {"s": list(subjects), "a": since, "b": until, "n": limit},
    )
    return list(rows)


async def members(session: AsyncSession, fence: UUID) -> list[Any]:
    """Who is in a fence, the longest first."""
    rows = await session.execute(
        text(
            "SELECT subject_id, entered, rules FROM fence_presence WHERE fence_id = :f AND inside"
            " ORDER BY entered, subject_id LIMIT 10000"
        ),
        {"f": fence},
    )
    return list(rows)


async def kept(session: AsyncSession) -> tuple[datetime | None, int, int]:
    """The oldest event, days that hold any, bytes of the table."""
    row = (
        await session.execute(
            text(
                "SELECT min(at), count(DISTINCT (at AT TIME ZONE 'UTC')::date), pg_total_relation_size('fence_event')"
                " FROM fence_event"
            )
        )
    ).one()
    return row[0], int(row[1]), int(row[2])


async def prune(session: AsyncSession, before: datetime) -> int:
    """Delete the events before an instant; how many."""
    found = await session.execute(text("DELETE FROM fence_event WHERE at < :b"), {"b": before})
    return int(getattr(found, "rowcount", 0))
