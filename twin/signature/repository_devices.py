"""Queries of authenticators and their challenges."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from twin.signature.models import SignatureChallenge, SignatureDevice


async def of_account(session: AsyncSession, account_id: UUID) -> list[SignatureDevice]:
    """The account's authenticators that hold, oldest first."""
    found = await session.scalars(
        select(SignatureDevice)
        .where(SignatureDevice.account_id == account_id, SignatureDevice.removed_at.is_(None))
        .order_by(SignatureDevice.id)
    )
    return list(found)


async def add(session: AsyncSession, device: SignatureDevice) -> bool:
    """Keep a new authenticator; false when its credential is there already."""
    try:
        async with session.begin_nested():
            session.add(device)
            await session.flush()
    except IntegrityError:
        return False
    return True


async def hold(session: AsyncSession, account_id: UUID, credential_id: bytes) -> SignatureDevice | None:
    """The account's authenticator of this credential; nobody else uses it before this transaction ends."""
    found = await session.scalars(
        select(SignatureDevice)
        .where(
            SignatureDevice.account_id == account_id,
            SignatureDevice.credential_id == credential_id,
            SignatureDevice.removed_at.is_(None),
        )
        .with_for_update()
    )
    return found.first()


async def used(session: AsyncSession, device_id: UUID, sign_count: int, now: datetime) -> None:
    """Keep the authenticator's counter."""
    await session.execute(
        update(SignatureDevice).where(SignatureDevice.id == device_id).values(sign_count=sign_count, used_at=now)
    )


async def remove(session: AsyncSession, account_id: UUID, device_id: UUID, now: datetime) -> str | None:
    """Take an authenticator back; its name, None when the account has no such one."""
    found = await session.execute(
        update(SignatureDevice)
        .where(
            SignatureDevice.id == device_id,
            SignatureDevice.account_id == account_id,
            SignatureDevice.removed_at.is_(None),
        )
        .values(removed_at=now)
        .returning(SignatureDevice.name)
    )
    return found.scalar()


async def drop_expired(session: AsyncSession, account_id: UUID, now: datetime) -> None:
    """Delete the account's challenges that nobody can use any more."""
    await session.execute(
        delete(SignatureChallenge).where(
            SignatureChallenge.account_id == account_id, SignatureChallenge.expires_at < now
        )
    )


async def claim(
    session: AsyncSession, account_id: UUID, challenge_id: UUID, purpose: str, now: datetime
) -> bytes | None:
    """Use a challenge up; its number, None when it is used, too old or somebody else's. Of two at once one gets it."""
    found = await session.execute(
        delete(SignatureChallenge)
        .where(
            SignatureChallenge.id == challenge_id,
            SignatureChallenge.account_id == account_id,
            SignatureChallenge.purpose == purpose,
            SignatureChallenge.expires_at >= now,
        )
        .returning(SignatureChallenge.nonce)
    )
    return found.scalar()
