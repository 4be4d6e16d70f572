"""Queries of the exchange."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.exchange.models import ExchangeMark, ExchangeRun, ExchangeTarget
from twin.registry.exports import Mark


async def targets(session: AsyncSession) -> list[ExchangeTarget]:
    """All targets by code."""
    return list(await session.scalars(select(ExchangeTarget).order_by(ExchangeTarget.code)))


async def mark(session: AsyncSession, target_id: UUID, kind: str) -> Mark | None:
    """How far a target has a kind."""
    found = await session.get(ExchangeMark, (target_id, kind), populate_existing=True)
    return (found.changed, found.row_id) if found is not None else None


async def set_mark(session: AsyncSession, enterprise_id: UUID, target_id: UUID, kind: str, to: Mark) -> None:
    """Move a mark."""
    values = {"enterprise_id": enterprise_id, "target_id": target_id, "kind": kind, "changed": to[0], "row_id": to[1]}
    await session.execute(
        insert(ExchangeMark)
        .values(values)
        .on_conflict_do_update(index_elements=["target_id", "kind"], set_={"changed": to[0], "row_id": to[1]})
    )


async def forget(session: AsyncSession, target_id: UUID, kinds: Sequence[str]) -> None:
    """Send these kinds again from the beginning."""
    await session.execute(delete(ExchangeMark).where(ExchangeMark.target_id == target_id, ExchangeMark.kind.in_(kinds)))


async def runs(session: AsyncSession, target_id: UUID, limit: int) -> list[ExchangeRun]:
    """What was sent, newest first."""
    found = await session.scalars(
        select(ExchangeRun).where(ExchangeRun.target_id == target_id).order_by(ExchangeRun.id.desc()).limit(limit)
    )
    return list(found)


async def lock(session: AsyncSession, target_id: UUID) -> bool:
    """Whether nobody else sends to this target; the lock lasts as long as the transaction."""
    found = await session.execute(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:t, 7465130))"), {"t": str(target_id)}
    )
    return bool(found.scalar())
