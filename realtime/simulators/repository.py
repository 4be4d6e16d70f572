"""SQL of the tripped scenarios."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


async def tripped(session: AsyncSession) -> dict[str, datetime]:
    """Key and beginning of the scenarios that are tripped."""
    rows = await session.execute(text("SELECT key, since FROM simulator_scenario"))
    return {row.key: row.since for row in rows}


async def trip(session: AsyncSession, enterprise: UUID, key: str, at: datetime) -> None:
    """Trip a scenario."""
    await session.execute(
        text(
            "INSERT INTO simulator_scenario (enterprise_id, key, since) VALUES (:e, :k, :at)"
            " ON CONFLICT (enterprise_id, key) DO NOTHING"
        ),
        {"e": enterprise, "k": key, "at": at},
    )


async def end(session: AsyncSession, key: str) -> None:
    """End a scenario."""
    await session.execute(text("DELETE FROM simulator_scenario WHERE key = :k"), {"k": key})
