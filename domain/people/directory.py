"""What fences need to know of people (see realtime.fences.roster)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from domain.people import repository
from realtime.fences.roster import Entry

TOPICS = ("person",)


async def entries(session: AsyncSession) -> list[Entry]:
    """Number and duty of every active person."""
    return [Entry(row.id, row.code, row.duty) for row in await repository.duties(session)]
