"""Consistent reads of a topic's present state: the sequence number and the rows come from one database snapshot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.db.features import features, head
from twin.db.uow import engine
from twin.notify import repository as notifications
from twin.notify.service import item
from twin.registry.layer import Layer

#: Newest notifications that a screen starts with; older ones are paged over HTTP.
INBOX_SIZE = 100


@asynccontextmanager
async def _frozen(enterprise: UUID) -> AsyncIterator[AsyncSession]:
    """A read-only transaction that sees one instant of an enterprise's data."""
    async with AsyncSession(engine()) as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        await session.execute(text("SELECT set_config('twin.enterprise', :e, true)"), {"e": str(enterprise)})
        yield session
        await session.rollback()


async def layer_snapshot(enterprise: UUID, layer: Layer) -> tuple[list[dict[str, Any]], int]:
    """All features of a layer and the number of its newest change that they surely hold."""
    async with _frozen(enterprise) as session:
        seq = await head(session, enterprise, layer.topic)
        return await features(session, layer), seq


async def inbox_snapshot(enterprise: UUID, account: UUID) -> tuple[list[dict[str, Any]], int]:
    """An account's newest notifications in its language, and the number of the enterprise's newest notification."""
    async with _frozen(enterprise) as session:
        seq = await head(session, enterprise, "inbox")
        language = (await notifications.languages(session, [account])).get(account, "zh-CN")
        rows = await notifications.page(session, account, None, INBOX_SIZE, False)
        return [item(row, language) for row in reversed(rows)], seq


async def newest(enterprise: UUID, topic: str) -> int:
    """The number of a topic's newest change."""
    async with _frozen(enterprise) as session:
        return await head(session, enterprise, topic)


async def kept_snapshot(
    enterprise: UUID, topic: str, read: Callable[[AsyncSession], Awaitable[list[dict[str, Any]]]]
) -> tuple[list[dict[str, Any]], int]:
    """What a stream keeps in the database, and the number of the newest change of its outbox topic."""
    async with _frozen(enterprise) as session:
        seq = await head(session, enterprise, topic)
        return await read(session), seq
