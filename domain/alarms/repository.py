"""SQL of escalation, cameras, recordings and enterprise settings of the desk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_RULE = "id, name, condition, max_grade, types, zones, after_s, channel, roles, accounts, url, enabled, version"


async def rules(session: AsyncSession) -> list[dict[str, Any]]:
    """Every escalation rule of the enterprise, by name."""
    found = await session.execute(text(f"SELECT {_RULE} FROM alarm_rule ORDER BY name, id"))
    return [dict(row) for row in found.mappings()]


async def rule(session: AsyncSession, rule_id: UUID) -> dict[str, Any] | None:
    """One rule."""
    found = await session.execute(text(f"SELECT {_RULE} FROM alarm_rule WHERE id = :id"), {"id": rule_id})
    row = found.mappings().first()
    return None if row is None else dict(row)


async def put_rule(session: AsyncSession, enterprise_id: UUID, row: dict[str, Any], at: datetime) -> bool:
    """Add a rule (``version`` 0) or change it; False when somebody else was first."""
    values = {**row, "e": enterprise_id, "at": at}
    if row["version"] == 0:
        statement = (
            "INSERT INTO alarm_rule (id, enterprise_id, name, condition, max_grade, types, zones, after_s, channel,"
            " roles, accounts, url, enabled, version, updated_at) VALUES (:id, :e, :name, :condition, :max_grade,"
            " :types, :zones, :after_s, :channel, :roles, :accounts, :url, :enabled, 1, :at) RETURNING 1"
        )
    else:
        statement = (
            "UPDATE alarm_rule SET name = :name, condition = :condition, max_grade = :max_grade, types = :types,"
            " zones = :zones, after_s = :after_s, channel = :channel, roles = :roles, accounts = :accounts, url = :url,"
            " enabled = :enabled, version = version + 1, updated_at = :at WHERE id = :id AND enterprise_id = :e"
            " AND version = :version RETURNING 1"
        )
    return (await session.execute(text(statement), values)).first() is not None


async def drop_rule(session: AsyncSession, rule_id: UUID) -> bool:
    """Delete a rule."""
    found = await session.execute(text("DELETE FROM alarm_rule WHERE id = :id RETURNING 1"), {"id": rule_id})
    return found.first() is not None


async def enterprises(session: AsyncSession) -> list[UUID]:
    """Enterprises that have an active alarm now."""
    return [row[0] for row in await session.execute(text("SELECT DISTINCT enterprise_id FROM alarm WHERE active"))]


#: Which statuses a rule looks at. After return to normal nothing is pushed any more (clause M9.2).
WATCHED = {
    "raised": ("unacknowledged",),
    "unacknowledged": ("unacknowledged",),
    "unhandled": ("unacknowledged", "acknowledged"),
}


async def add_wait(session: AsyncSession, seconds: float, since: datetime, now: datetime) -> None:
    """The wall clock was set by so many seconds; alarms raised between ``since`` and now are dated by it already."""
    await session.execute(
        text(
            "INSERT INTO alarm_wait (alarm_id, enterprise_id, seconds) SELECT a.id, a.enterprise_id, :by FROM alarm a"
            " WHERE a.active AND (NOT (a.raised_at > :since AND a.raised_at <= :now)"
            " OR EXISTS (SELECT 1 FROM alarm_wait w WHERE w.alarm_id = a.id))"
            " ON CONFLICT (alarm_id) DO UPDATE SET seconds = alarm_wait.seconds + excluded.seconds"
        ),
        {"by": seconds, "since": since, "now": now},
    )


async def add_pause(session: AsyncSession, since: datetime, now: datetime) -> None:
    """The time from ``since`` until now counts for no escalation of the active alarms."""
    await session.execute(
        text(
            "INSERT INTO alarm_wait (alarm_id, enterprise_id, seconds)"
            " SELECT id, enterprise_id, extract(epoch FROM CAST(:now AS timestamptz) - greatest(raised_at, :since)) FROM alarm"
            " WHERE active AND raised_at <= :now"
            " ON CONFLICT (alarm_id) DO UPDATE SET seconds = alarm_wait.seconds + excluded.seconds"
        ),
        {"since": since, "now": now},
    )


async def alive(session: AsyncSession, name: str) -> datetime | None:
    """When a process last noted that it is alive."""
    found = (await session.execute(text("SELECT alive_at FROM alarm_watch WHERE name = :n"), {"n": name})).scalar()
    return found if isinstance(found, datetime) else None


async def mark_alive(session: AsyncSession, name: str, at: datetime) -> None:
    """Note that a process is alive."""
    await session.execute(
        text(
            "INSERT INTO alarm_watch (name, alive_at) VALUES (:n, :at)"
            " ON CONFLICT (name) DO UPDATE SET alive_at = excluded.alive_at"
        ),
        {"n": name, "at": at},
    )


async def shift_messages(session: AsyncSession, by: timedelta) -> None:
    """Messages that wait for their time wait on, by the clock as it is now."""
    await session.execute(text("UPDATE alarm_message SET due_at = due_at + :by WHERE done_at IS NULL"), {"by": by})


async def due(session: AsyncSession, rule_: dict[str, Any], now: datetime, limit: int) -> list[dict[str, Any]]:
    """Active alarms that a rule applies to now and has not been applied to, oldest first; time that does not count left out."""
    found = await session.execute(
        text(
            "SELECT a.* FROM alarm a LEFT JOIN alarm_wait w ON w.alarm_id = a.id"
            " WHERE a.active AND a.status = ANY(CAST(:statuses AS text[]))"
            " AND a.grade <= :grade"
            " AND a.raised_at + make_interval(secs => COALESCE(w.seconds, 0)) <= :now - make_interval(secs => :after)"
            " AND (cardinality(CAST(:types AS text[])) = 0 OR a.type = ANY(CAST(:types AS text[])))"
            " AND (cardinality(CAST(:zones AS text[])) = 0 OR a.zone_code = ANY(CAST(:zones AS text[])))"
            " AND NOT EXISTS (SELECT 1 FROM alarm_escalation e WHERE e.alarm_id = a.id AND e.rule_id = :rule)"
            " ORDER BY a.id LIMIT :limit FOR UPDATE OF a SKIP LOCKED"
        ),
        {
            "statuses": list(WATCHED[rule_["condition"]]), "grade": rule_["max_grade"], "now": now,
            "after": rule_["after_s"], "types": rule_["types"], "zones": rule_["zones"], "rule": rule_["id"],
            "limit": limit,
        },
    )  # fmt: skip
    return [dict(row) for row in found.mappings()]


async def note_escalations(
    session: AsyncSession, enterprise_id: UUID, rule_: dict[str, Any], ids: Sequence[UUID], told: dict[str, Any],
    at: datetime,
) -> None:  # fmt: skip
    """Keep that a rule was applied: who was told, or what is still to be sent."""
    await session.execute(
        text(
            "INSERT INTO alarm_escalation (alarm_id, rule_id, enterprise_id, rule_name, channel, told, at)"
            " SELECT a, :rule, :e, :name, :channel, CAST(:told AS jsonb), :at FROM unnest(CAST(:ids AS uuid[])) a"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "rule": rule_["id"], "e": enterprise_id, "name": rule_["name"], "channel": rule_["channel"],
            "told": json.dumps(told), "at": at, "ids": list(ids),
        },
    )  # fmt: skip


async def escalations(session: AsyncSession, alarm_id: UUID) -> list[dict[str, Any]]:
    """How an alarm was escalated, oldest first."""
    found = await session.execute(
        text("SELECT rule_id, rule_name, channel, told, at FROM alarm_escalation WHERE alarm_id = :a ORDER BY at"),
        {"a": alarm_id},
    )
    return [dict(row) for row in found.mappings()]


async def queue_message(
    session: AsyncSession, enterprise_id: UUID, rule_: dict[str, Any], body: dict[str, Any], ids: Sequence[UUID],
    message_id: UUID, at: datetime,
) -> None:  # fmt: skip
    """A message that an HTTP gateway is to get after the commit."""
    await session.execute(
        text(
            "INSERT INTO alarm_message (id, enterprise_id, rule_id, channel, url, body, alarm_ids, due_at, made_at)"
            " VALUES (:id, :e, :rule, :channel, :url, CAST(:body AS jsonb), CAST(:ids AS uuid[]), :at, :at)"
        ),
        {
            "id": message_id, "e": enterprise_id, "rule": rule_["id"], "channel": rule_["channel"], "url": rule_["url"],
            "body": json.dumps(body, ensure_ascii=False), "ids": list(ids), "at": at,
        },
    )  # fmt: skip


async def messages(session: AsyncSession, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Messages that are due; they are taken by nobody else for the length of this transaction."""
    found = await session.execute(
        text(
            "SELECT m.id, m.enterprise_id, m.channel, m.url, m.body, m.tries, EXISTS (SELECT 1 FROM alarm a WHERE"
            " a.id = ANY(m.alarm_ids) AND a.active) AS wanted FROM alarm_message m"
            " WHERE m.done_at IS NULL AND m.due_at <= :now ORDER BY m.due_at LIMIT :limit FOR UPDATE SKIP LOCKED"
        ),
        {"now": now, "limit": limit},
    )
    return [dict(row) for row in found.mappings()]


async def message_sent(
    session: AsyncSession, message_id: UUID, outcome: str, done_at: datetime | None, due_at: datetime
) -> None:
    """What became of a try."""
    await session.execute(
        text("UPDATE alarm_message SET tries = tries + 1, outcome = :o, done_at = :done, due_at = :due WHERE id = :id"),
        {"o": outcome[:500], "done": done_at, "due": due_at, "id": message_id},
    )


async def bound_cameras(session: AsyncSession, device_id: UUID) -> list[UUID]:
    """Cameras that are bound to a point."""
    rows = await session.execute(
        text("SELECT camera_id FROM alarm_camera WHERE device_id = :d ORDER BY n"), {"d": device_id}
    )
    return [row[0] for row in rows]


async def bind_cameras(session: AsyncSession, enterprise_id: UUID, device_id: UUID, cameras: Sequence[UUID]) -> int:
    """Bind exactly these cameras to a point, the first first; how many of them exist."""
    await session.execute(text("DELETE FROM alarm_camera WHERE device_id = :d"), {"d": device_id})
    made = await session.execute(
        text(
            "INSERT INTO alarm_camera (device_id, camera_id, enterprise_id, n) SELECT :d, c.id, :e, u.n"
            " FROM unnest(CAST(:c AS uuid[])) WITH ORDINALITY u (id, n) JOIN camera c ON c.id = u.id RETURNING 1"
        ),
        {"d": device_id, "e": enterprise_id, "c": list(cameras)},
    )
    return len(made.all())


async def cameras(session: AsyncSession, alarm: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    """Cameras for an alarm: those bound to its point in their order, then the nearest that may see it. Metres."""
    found = await session.execute(
        text(
            "SELECT c.id, c.code, c.name, c.kind, c.stream, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat,"
            " ST_Z(c.geom) AS h, b.n IS NOT NULL AS bound, CASE WHEN CAST(:lon AS float8) IS NULL THEN NULL ELSE"
            " ST_Distance(c.geom::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography) END AS distance_m,"
            " c.range_m FROM camera c LEFT JOIN alarm_camera b ON b.camera_id = c.id AND b.device_id = :subject"
            " WHERE b.n IS NOT NULL OR CAST(:lon AS float8) IS NOT NULL"
            " ORDER BY b.n NULLS LAST, distance_m NULLS LAST, c.code LIMIT :limit"
        ),
        {"lon": alarm["lon"], "lat": alarm["lat"], "subject": alarm["subject_id"], "limit": limit},
    )
    return [dict(row) for row in found.mappings()]


async def desk_settings(session: AsyncSession) -> dict[str, Any]:
    """What the enterprise has set for its desk (recording, annunciator); empty for nothing."""
    found = (await session.execute(text("SELECT settings FROM alarm_desk"))).scalar()
    return dict(found or {})


async def all_desk_settings(session: AsyncSession) -> list[tuple[UUID, dict[str, Any]]]:
    """The same of every enterprise."""
    rows = await session.execute(text("SELECT enterprise_id, settings FROM alarm_desk"))
    return [(row[0], dict(row[1])) for row in rows]


async def put_desk_settings(session: AsyncSession, enterprise_id: UUID, settings: dict[str, Any], at: datetime) -> None:
    """Set them."""
    await session.execute(
        text(
            "INSERT INTO alarm_desk (enterprise_id, settings, updated_at) VALUES (:e, CAST(:s AS jsonb), :at)"
            " ON CONFLICT (enterprise_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at"
        ),
        {"e": enterprise_id, "s": json.dumps(settings), "at": at},
    )


async def loud_grades(session: AsyncSession) -> set[int]:
    """Grades of the enterprise's unacknowledged active alarms."""
    rows = await session.execute(text("SELECT DISTINCT grade FROM alarm WHERE active AND status = 'unacknowledged'"))
    return {int(row[0]) for row in rows}


async def recordings(session: AsyncSession, alarm_id: UUID) -> list[dict[str, Any]]:
    """Recordings of an alarm, the first first."""
    found = await session.execute(
        text(
            "SELECT r.id, r.camera_id, r.camera_name, r.status, r.begun_at, r.ended_at, r.seconds, r.pre_roll_s,"
            " r.attachment_id, r.error FROM alarm_recording r WHERE r.alarm_id = :a ORDER BY r.begun_at, r.id"
        ),
        {"a": alarm_id},
    )
    return [dict(row) for row in found.mappings()]


async def recorded(session: AsyncSession, alarm_id: UUID, recording_id: UUID) -> str | None:
    """SHA-256 of an alarm's recording; None when there is none (yet)."""
    found = await session.execute(
        text(
            "SELECT f.sha256 FROM alarm_recording r JOIN attachment f ON f.id = r.attachment_id"
            " WHERE r.id = :r AND r.alarm_id = :a"
        ),
        {"r": recording_id, "a": alarm_id},
    )
    digest = found.scalar()
    return None if digest is None else str(digest)
