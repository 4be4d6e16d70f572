"""Queries of notifications."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from twin.auth.models import Account
from twin.notify.models import Inbox


async def languages(session: AsyncSession, account_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Language of each account that exists and is active."""
    rows = await session.execute(
        select(Account.id, Account.language).where(Account.id.in_(list(account_ids)), Account.active)
    )
    return {row[0]: row[1] for row in rows}


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Inbox]:
    """Add notifications; those whose ``dedupe`` is known for the account are left out."""
    if not rows:
        return []
    statement = (
        insert(Inbox)
        .values(list(rows))
        .on_conflict_do_nothing(index_elements=["account_id", "dedupe"])
        .returning(Inbox)
    )
    return list((await session.scalars(statement)).all())


async def page(session: AsyncSession, account_id: UUID, before: UUID | None, limit: int, unread: bool) -> list[Inbox]:
    """An account's notifications, newest first."""
    query = select(Inbox).where(Inbox.account_id == account_id).order_by(Inbox.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Inbox.id < before)
    if unread:
        query = query.where(Inbox.read_at.is_(None))
    return list(await session.scalars(query))


async def count_unread(session: AsyncSession, account_id: UUID) -> int:
    """How many are unread, counted up to 1000."""
    some = select(Inbox.id).where(Inbox.account_id == account_id, Inbox.read_at.is_(None)).limit(1000).subquery()
    return int((await session.execute(select(func.count()).select_from(some))).scalar_one())


async def mark(
    session: AsyncSession, account_id: UUID, ids: Sequence[UUID] | None, read_at: datetime | None
) -> list[Inbox]:
    """Set or clear the reading time of some of the account's notifications (None: all); those that changed."""
    query = update(Inbox).where(Inbox.account_id == account_id)
    query = query.where(Inbox.read_at.is_(None) if read_at is not None else Inbox.read_at.is_not(None))
    if ids is not None:
        query = query.where(Inbox.id.in_(ids))
    return list((await session.scalars(query.values(read_at=read_at).returning(Inbox))).all())


async def exists(session: AsyncSession, account_id: UUID, notification_id: UUID) -> bool:
    """Whether the account has this notification."""
    found = await session.execute(select(Inbox.id).where(Inbox.id == notification_id, Inbox.account_id == account_id))
    return found.scalar() is not None
