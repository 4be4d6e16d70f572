"""Queries of live photos."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from twin.photos.models import LivePhoto


async def claim(session: AsyncSession, photo_id: UUID, account_id: UUID, now: datetime) -> LivePhoto | None:
    """Use a challenge up; None when it is not this account's, is used or too old. Of two at once one gets it."""
    found = await session.scalars(
        update(LivePhoto)
        .where(
            LivePhoto.id == photo_id,
            LivePhoto.account_id == account_id,
            LivePhoto.taken_at.is_(None),
            LivePhoto.expires_at >= now,
        )
        .values(taken_at=now)
        .returning(LivePhoto)
    )
    return found.first()


async def open_count(session: AsyncSession, account_id: UUID, now: datetime) -> int:
    """How many challenges of the account wait for a picture."""
    found = await session.execute(
        text("SELECT count(*) FROM live_photo WHERE account_id = :a AND taken_at IS NULL AND expires_at >= :now"),
        {"a": account_id, "now": now},
    )
    return int(found.scalar_one())


async def seen(session: AsyncSession, sha256: str) -> bool:
    """Whether these bytes were sent before, as a live photo or as a file."""
    found = await session.execute(
        text(
            "SELECT EXISTS (SELECT 1 FROM live_photo WHERE sha256 = :d OR watermarked_sha256 = :d)"
            " OR EXISTS (SELECT 1 FROM attachment WHERE sha256 = :d)"
        ),
        {"d": sha256},
    )
    return bool(found.scalar_one())


async def thumbs(session: AsyncSession, limit: int) -> list[bytes]:
    """The newest pictures' grey values."""
    found = await session.execute(
        select(LivePhoto.thumb).where(LivePhoto.thumb.is_not(None)).order_by(LivePhoto.id.desc()).limit(limit)
    )
    return [bytes(row[0]) for row in found if row[0] is not None]


async def place_name(session: AsyncSession, lon: float, lat: float) -> str:
    """The smallest zone at a place; empty outside all of them."""
    found = await session.execute(
        text(
            "SELECT name FROM zone WHERE ST_Intersects(geom, ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
            " ORDER BY ST_Area(geom) LIMIT 1"
        ),
        {"x": lon, "y": lat},
    )
    return str(found.scalar() or "")


async def zone_code(session: AsyncSession, lon: float, lat: float) -> str | None:
    """Code of the smallest zone at a place."""
    found = await session.execute(
        text(
            "SELECT code FROM zone WHERE ST_Intersects(geom, ST_SetSRID(ST_MakePoint(:x, :y), 4326))"
            " ORDER BY ST_Area(geom) LIMIT 1"
        ),
        {"x": lon, "y": lat},
    )
    return found.scalar()


async def taken(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, LivePhoto]:
    """Answered challenges by id, held for this transaction."""
    found = await session.scalars(
        select(LivePhoto).where(LivePhoto.id.in_(ids), LivePhoto.attachment_id.is_not(None)).with_for_update()
    )
    return {photo.id: photo for photo in found}


async def of_records(session: AsyncSession, kind: str, keys: Sequence[str]) -> list[LivePhoto]:
    """The photos of records, in the order in which they were taken."""
    found = await session.scalars(
        select(LivePhoto).where(LivePhoto.owner_kind == kind, LivePhoto.owner_key.in_(keys)).order_by(LivePhoto.id)
    )
    return list(found)


async def prune(session: AsyncSession, before: datetime) -> int:
    """Forget challenges that nobody answered."""
    gone = await session.execute(
        text("DELETE FROM live_photo WHERE attachment_id IS NULL AND expires_at < :t RETURNING id"), {"t": before}
    )
    return len(gone.all())
