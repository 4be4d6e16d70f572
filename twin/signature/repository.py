"""Queries of signing keys and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from twin.signature.models import Signature, SigningKey


async def key_of(session: AsyncSession, account_id: UUID, algorithm: str) -> SigningKey | None:
    """The account's key pair for an algorithm."""
    found = await session.scalars(
        select(SigningKey).where(SigningKey.account_id == account_id, SigningKey.algorithm == algorithm)
    )
    return found.first()


async def keys(session: AsyncSession) -> list[SigningKey]:
    """All key pairs in sight, oldest first."""
    return list(await session.scalars(select(SigningKey).order_by(SigningKey.id)))


async def lock_chain(session: AsyncSession, enterprise_id: UUID) -> Signature | None:
    """The newest link; nobody else adds one before this transaction ends."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('signature ' || :e, 7465120))"), {"e": str(enterprise_id)}
    )
    found = await session.scalars(
        select(Signature).where(Signature.enterprise_id == enterprise_id).order_by(Signature.n.desc()).limit(1)
    )
    return found.first()


async def of_record(session: AsyncSession, kind: str, keys: Sequence[str]) -> list[Signature]:
    """Signatures under records of a kind, oldest first."""
    found = await session.scalars(
        select(Signature).where(Signature.kind == kind, Signature.key.in_(keys)).order_by(Signature.n)
    )
    return list(found)


async def page(session: AsyncSession, after: int, limit: int) -> list[Signature]:
    """Links of the chain behind ``after``."""
    found = await session.scalars(select(Signature).where(Signature.n > after).order_by(Signature.n).limit(limit))
    return list(found)


async def before(session: AsyncSession, rows: Sequence[Signature]) -> dict[tuple[UUID, int], bytes]:
    """Hashes of the links before these, by enterprise and number of the link that names them."""
    found = await session.execute(
        text(
            "SELECT s.enterprise_id, s.n, p.hash FROM signature s"
            " JOIN signature p ON p.enterprise_id = s.enterprise_id AND p.n = s.n - 1 WHERE s.id = ANY(:ids)"
        ),
        {"ids": [row.id for row in rows]},
    )
    return {(enterprise, n): bytes(hashed) for enterprise, n, hashed in found}


async def keys_by_id(session: AsyncSession, ids: set[UUID]) -> dict[UUID, SigningKey]:
    """Key pairs by id."""
    found = await session.scalars(select(SigningKey).where(SigningKey.id.in_(ids)))
    return {key.id: key for key in found}
