"""Queries of attachments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from twin.files.models import Attachment


async def of_owner(session: AsyncSession, kind: str, key: str) -> list[Attachment]:
    """The attachments of a thing, in the order in which they came."""
    found = await session.scalars(
        select(Attachment).where(Attachment.owner_kind == kind, Attachment.owner_key == key).order_by(Attachment.id)
    )
    return list(found)


async def used(session: AsyncSession, digests: Sequence[str]) -> set[str]:
    """Which of these contents some attachment refers to."""
    return set(await session.scalars(select(Attachment.sha256).where(Attachment.sha256.in_(digests)).distinct()))
