"""Statements of the table ``idempotency``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True)
class Answer:
    """The first answer: what was asked (method, path and digest of the body), HTTP status and JSON body."""

    request: str
    status: int
    body: bytes


async def take(
    session: AsyncSession, enterprise: UUID, account: UUID, key: str, request: str, at: datetime
) -> Answer | None:
    """Take the key; None when it was free, else the first answer. Waits for a request under way with the same key."""
    where = {"enterprise": enterprise, "account": account, "key": key, "request": request, "at": at}
    taken = await session.execute(
        text(
            "INSERT INTO idempotency (account_id, key, enterprise_id, request, at)"
            " VALUES (:account, :key, :enterprise, :request, :at) ON CONFLICT DO NOTHING RETURNING 1"
        ),
        where,
    )
    if taken.scalar() is not None:
        return None
    found = await session.execute(
        text("SELECT request, status, body FROM idempotency WHERE account_id = :account AND key = :key"), where
    )
    row = found.one()
    return Answer(row.request, row.status, bytes(row.body))


async def keep(session: AsyncSession, account: UUID, key: str, status: int, body: bytes) -> None:
    """Keep the answer beside its key."""
    await session.execute(
        text("UPDATE idempotency SET status = :status, body = :body WHERE account_id = :account AND key = :key"),
        {"account": account, "key": key, "status": status, "body": body},
    )


async def prune(session: AsyncSession, before: datetime) -> None:
    """Delete keys that are older than any queue keeps its work."""
    await session.execute(text("DELETE FROM idempotency WHERE at < :before"), {"before": before})
