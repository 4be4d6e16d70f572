"""SQL of measuring points at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history.sheets import NEWEST


class Told(NamedTuple):
    """What a point said last: source time, value, quality."""

    ts: datetime
    value: float
    quality: int


async def newest(session: AsyncSession, before: datetime) -> dict[int, Told]:
    """The newest sample before an instant that the database holds, of every tag in sight that has one."""
    rows = await session.execute(
        text("SELECT tag_id, ts, value, quality FROM history_second(:before)"), {"before": before}
    )
    return {row[0]: Told(*row[1:]) for row in rows}


async def tags(session: AsyncSession, ids: Sequence[UUID]) -> list[tuple[UUID, int | None]]:
    """The points of these (of all, without any) that there are, each with its tag (None: nothing was ever recorded)."""
    rows = await session.execute(
        text(
            "SELECT d.id, t.id FROM device d LEFT JOIN tag t ON t.device_id = d.id"
            " WHERE cardinality(CAST(:ids AS uuid[])) = 0 OR d.id = ANY(CAST(:ids AS uuid[])) ORDER BY d.id"
        ),
        {"ids": list(ids)},
    )
    return [(row[0], row[1]) for row in rows]


async def sealed(session: AsyncSession, first: date, last: date, name: str) -> list[tuple[date, int, bool, bool]]:
    """The days in [first, last] that lie in files, newest first: day, generation, whether there is a file of this name, whether there
    are sheets at all."""
    rows = await session.execute(
        text(
            "SELECT day, generation, jsonb_exists(files, :name), jsonb_exists(files, :newest) FROM history_day"
            " WHERE generation > 0 AND rows > 0 AND day BETWEEN :a AND :b ORDER BY day DESC"
        ),
        {"a": first, "b": last, "name": name, "newest": NEWEST},
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
