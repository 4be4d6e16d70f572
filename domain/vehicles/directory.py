"""What fences need to know of vehicles (see realtime.fences.roster)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from domain.vehicles import repository
from realtime.fences.roster import Entry

TOPICS = ("vehicle",)


async def entries(session: AsyncSession) -> list[Entry]:
    """Plate, allowed roads and parking of every vehicle in use."""
    return [
        Entry(
            row.id, row.plate, roads=tuple(row.roads), parking=tuple(row.parking),
            parking_seconds=None if row.parking_minutes is None else row.parking_minutes * 60.0,
        )
        for row in await repository.all_active(session)
    ]  # fmt: skip
