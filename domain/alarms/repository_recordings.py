"""SQL of recordings: which alarms are to be recorded, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def enterprises(session: AsyncSession) -> list[tuple[UUID, dict[str, Any]]]:
    """Every enterprise that has a camera with a stream, and what it has set for its desk (empty: nothing)."""
    rows = await session.execute(
        text(
            "SELECT e.id, COALESCE(d.settings, '{}'::jsonb) FROM enterprise e LEFT JOIN alarm_desk d"
            " ON d.enterprise_id = e.id WHERE EXISTS (SELECT 1 FROM camera c WHERE c.enterprise_id = e.id"
            " AND c.stream <> '') ORDER BY e.id"
        )
    )
    return [(row[0], dict(row[1])) for row in rows]


async def streams(session: AsyncSession, limit: int) -> list[str]:
    """Addresses of the enterprise's cameras, those bound to a point first."""
    rows = await session.execute(
        text(
            "SELECT c.stream FROM camera c WHERE c.stream <> '' ORDER BY"
            " EXISTS (SELECT 1 FROM alarm_camera b WHERE b.camera_id = c.id) DESC, c.code LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [row[0] for row in rows]


async def due(session: AsyncSession, since: datetime, max_grade: int, limit: int) -> list[dict[str, Any]]:
    """Alarms raised since then that no camera has recorded, the worst and oldest first."""
    rows = await session.execute(
        text(
            "SELECT a.* FROM alarm a WHERE a.raised_at >= :since AND a.grade <= :grade"
            " AND a.status IN ('unacknowledged', 'acknowledged', 'returned_unacknowledged', 'returned')"
            " AND NOT EXISTS (SELECT 1 FROM alarm_recording r WHERE r.alarm_id = a.id)"
            " AND (a.lon IS NOT NULL OR EXISTS (SELECT 1 FROM alarm_camera b WHERE b.device_id = a.subject_id))"
            " ORDER BY a.grade, a.id LIMIT :limit"
        ),
        {"since": since, "grade": max_grade, "limit": limit},
    )
    return [dict(row) for row in rows.mappings()]


async def begin(
    session: AsyncSession, enterprise_id: UUID, recording: UUID, alarm: UUID, camera: dict[str, Any], at: datetime
) -> None:
    """A camera begins to record an alarm."""
    await session.execute(
        text(
            "INSERT INTO alarm_recording (id, enterprise_id, alarm_id, camera_id, camera_name, status, begun_at)"
            " VALUES (:id, :e, :alarm, :camera, :name, 'recording', :at) ON CONFLICT DO NOTHING"
        ),
        {"id": recording, "e": enterprise_id, "alarm": alarm, "camera": camera["id"], "name": camera["name"], "at": at},
    )


async def finish(
    session: AsyncSession, recording: UUID, at: datetime, *, error: str = "", attachment: UUID | None = None,
    seconds: float | None = None, pre_roll_s: float | None = None,
) -> UUID | None:  # fmt: skip
    """It ended; the alarm that it is of."""
    found = await session.execute(
        text(
            "UPDATE alarm_recording SET status = :status, ended_at = :at, error = :error, attachment_id = :attachment,"
            " seconds = :seconds, pre_roll_s = :pre WHERE id = :id RETURNING alarm_id"
        ),
        {
            "id": recording, "status": "failed" if error else "kept", "at": at, "error": error[:500],
            "attachment": attachment, "seconds": seconds, "pre": pre_roll_s,
        },
    )  # fmt: skip
    row = found.first()
    return None if row is None else row[0]


async def interrupted(session: AsyncSession, at: datetime) -> None:
    """Recordings that an earlier process did not end."""
    await session.execute(
        text(
            "UPDATE alarm_recording SET status = 'failed', ended_at = :at, error = 'interrupted'"
            " WHERE status = 'recording'"
        ),
        {"at": at},
    )
