"""Statements of ``push_subscription``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.ids import uuid7


@dataclass(frozen=True)
class Device:
    """A browser that takes notifications."""

    endpoint: str
    p256dh: str
    auth: str


async def put(session: AsyncSession, enterprise: UUID, account: UUID, device: Device, at: datetime) -> None:
    """Keep a device; one that another account of the enterprise used before is this account's now."""
    await session.execute(
        text(
            "INSERT INTO push_subscription (id, enterprise_id, account_id, endpoint, p256dh, auth, at)"
            " VALUES (:id, :e, :a, :endpoint, :p256dh, :auth, :at) ON CONFLICT (endpoint) DO UPDATE"
            " SET account_id = :a, p256dh = :p256dh, auth = :auth, at = :at, failed_at = NULL"
        ),
        {"id": uuid7(), "e": enterprise, "a": account, "at": at, **device.__dict__},
    )


async def remove(session: AsyncSession, endpoint: str, account: UUID | None = None) -> bool:
    """Forget a device (of this account only, if one is given); whether it was there."""
    own = " AND account_id = :a" if account else ""
    done = await session.execute(
        text(f"DELETE FROM push_subscription WHERE endpoint = :endpoint{own} RETURNING id"),
        {"endpoint": endpoint, "a": account},
    )
    return done.first() is not None


async def of_account(session: AsyncSession, account: UUID) -> list[Device]:
    """An account's devices."""
    rows = await session.execute(
        text("SELECT endpoint, p256dh, auth FROM push_subscription WHERE account_id = :a ORDER BY id"), {"a": account}
    )
    return [Device(*row) for row in rows]
