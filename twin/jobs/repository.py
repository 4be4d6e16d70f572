"""Queries of the job queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def insert_job(
    session: AsyncSession,
    queue: str,
    task: str,
    args: dict[str, Any],
    at: datetime | None,
    lock: str | None,
    once: str | None,
) -> int | None:
    """Put a job into the queue with the session's transaction; its id, or None when ``once`` waits already."""
    async with session.begin_nested():
        if once is not None:
            # The queue's unique index would abort the transaction; the advisory lock makes asking first safe.
            await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 7465113))"), {"k": once})
            waits = text("SELECT 1 FROM jobs.procrastinate_jobs WHERE queueing_lock = :k AND status = 'todo'")
            if (await session.execute(waits, {"k": once})).scalar() is not None:
                return None
        found = await session.execute(
            text(
                "SELECT (jobs.procrastinate_defer_jobs_v1(ARRAY[CAST(ROW("
                "CAST(:queue AS varchar), CAST(:task AS varchar), 0, CAST(:lock AS text), CAST(:once AS text),"
                " CAST(:args AS jsonb), CAST(:at AS timestamptz)) AS jobs.procrastinate_job_to_defer_v1)]))[1]"
            ),
            {"queue": queue, "task": task, "lock": lock, "once": once, "args": orjson.dumps(args).decode(), "at": at},
        )
    return int(found.scalar_one())
