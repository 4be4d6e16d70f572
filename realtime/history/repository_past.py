"""SQL of measuring points at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history.repository import Stored

_NAMED = "(cardinality(CAST(:ids AS uuid[])) = 0 OR d.id = ANY(CAST(:ids AS uuid[])))"


async def newest(session: AsyncSession, before: datetime, ids: Sequence[UUID]) -> list[tuple[UUID, Stored | None]]:
    """Every point (of ``ids``, if there are any) with its newest sample before an instant that the database holds."""
    rows = await session.execute(
        text(
            "SELECT d.id, l.ts, l.received, l.value, l.quality FROM device d LEFT JOIN tag t ON t.device_id = d.id"
            f" LEFT JOIN LATERAL history_latest(t.id, :before) l ON true WHERE {_NAMED} ORDER BY d.id"
        ),
        {"before": before, "ids": list(ids)},
    )
    return [(row[0], None if row.ts is None else Stored(*row[1:])) for row in rows]


async def tags(session: AsyncSession, ids: Sequence[UUID]) -> list[tuple[UUID, int | None]]:
    """The points of these that there are, each with its tag (None: nothing was ever recorded)."""
    rows = await session.execute(
        text(f"SELECT d.id, t.id FROM device d LEFT JOIN tag t ON t.device_id = d.id WHERE {_NAMED} ORDER BY d.id"),
        {"ids": list(ids)},
    )
    return [(row[0], row[1]) for row in rows]
