"""Challenges, taking the answer, and making a photo part of a record."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound, TooMany
from twin.files.models import Attachment
from twin.files.service import store
from twin.files.store import Stored
from twin.i18n import t
from twin.ids import uuid7
from twin.photos import repository, watermark
from twin.photos.models import LivePhoto
from twin.settings import get_settings
from twin.spatial import repository as spatial

#: A challenge is answered within this, or not at all.
LIFE = timedelta(seconds=60)
#: A photo becomes part of a record within this after it was taken.
FRESH = timedelta(hours=2)
_OPEN = 20
_COMPARED = 300
MAX_BYTES = 15 * 1024 * 1024


class ChallengeSpent(Conflict):
    """The challenge is used, older than a minute, or somebody else's: take the picture again."""

    code = "challenge_spent"


class PhotoNotProven(Invalid):
    """The proof does not fit challenge and bytes: the picture was changed on the way, or not taken for this."""

    code = "photo_not_proven"


class PhotoReused(Conflict):
    """This picture was sent before."""

    code = "photo_reused"


class PhotoNotFound(NotFound):
    """No such live photo of this person for this record."""

    code = "photo_not_found"


class PhotoStale(Conflict):
    """Taken too long ago, or part of another record already."""

    code = "photo_stale"


def proof(nonce: str, data: bytes) -> str:
    """What the app sends with the bytes: HMAC-SHA256 of their SHA-256 (hex) under the challenge's nonce, hex."""
    return hmac.new(nonce.encode(), hashlib.sha256(data).hexdigest().encode(), hashlib.sha256).hexdigest()


async def challenge(
    uow: UnitOfWork, principal: Principal, kind: str, number: str, lon: float | None, lat: float | None, source: str
) -> LivePhoto:
    """A one-time challenge for a picture of a record.

    Raises:
        Forbidden: without ``file:write``. TooMany: too many open challenges.
    """
    principal.require("file:write")
    now = clock.now()
    if await repository.open_count(uow.session, principal.account_id, now) >= _OPEN:
        raise TooMany
    placed = lon is not None and lat is not None
    row = LivePhoto(
        enterprise_id=uow.enterprise_id,
        account_id=principal.account_id,
        account_name=principal.name,
        nonce=secrets.token_hex(24),
        record_kind=kind,
        record_number=number,
        lon=lon if placed else None,
        lat=lat if placed else None,
        place=await repository.place_name(uow.session, lon, lat) if lon is not None and lat is not None else "",
        place_source=source if placed else "none",
        issued_at=now,
        expires_at=now + LIFE,
    )
    uow.session.add(row)
    await uow.session.flush()
    return row


async def take(uow: UnitOfWork, principal: Principal, photo_id: UUID, data: bytes, given: str) -> LivePhoto:
    """Take the picture that answers a challenge.

    Raises:
        ChallengeSpent, PhotoNotProven, PhotoUnusable, PhotoReused: nothing is kept, and the challenge stays open
            until its minute is over.
    """
    principal.require("file:write")
    now = clock.now()
    row = await repository.claim(uow.session, photo_id, principal.account_id, now)
    if row is None:
        raise ChallengeSpent(id=str(photo_id))
    if not hmac.compare_digest(proof(row.nonce, data), given.lower()):
        raise PhotoNotProven(id=str(photo_id))
    picture = await asyncio.to_thread(watermark.read, data)
    small = await asyncio.to_thread(watermark.thumb, picture)
    digest = hashlib.sha256(data).hexdigest()
    earlier = await repository.thumbs(uow.session, _COMPARED)
    if await repository.seen(uow.session, digest) or any(watermark.same(small, old) for old in earlier):
        raise PhotoReused(id=str(photo_id))
    marked = await asyncio.to_thread(watermark.stamp, picture, await _lines(uow.session, row))
    original, shown = await _keep(data), await _keep(marked)
    row.original_id = _attachment(uow, principal, original, f"{row.id}-original.jpg", row.id)
    row.attachment_id = _attachment(uow, principal, shown, f"{row.id}.jpg", row.id)
    row.sha256, row.watermarked_sha256, row.thumb = digest, shown.sha256, small
    try:
        await uow.session.flush()
    except IntegrityError as error:  # the same bytes, sent twice at once
        raise PhotoReused(id=str(photo_id)) from error
    after = {"sha256": digest, "record_kind": row.record_kind, "record_number": row.record_number, "place": row.place}
    await uow.audit("photo", "live_photo", str(row.id), after=after)
    return row


async def _lines(session: AsyncSession, row: LivePhoto) -> list[str]:
    site = await spatial.site(session, get_settings().site)
    zone = ZoneInfo(site.timezone if site else "Asia/Shanghai")
    at = (row.taken_at or row.issued_at).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    spot = f"{row.lon:.6f}, {row.lat:.6f}" if row.lon is not None and row.lat is not None else ""
    place = " ".join(part for part in (row.place, spot) if part) or t("photo.no_place")
    number = f"{t(f'photo.kind.{row.record_kind}')} {row.record_number}".strip()
    return [at, row.account_name, f"{place} ({t(f'photo.source.{row.place_source}')})", number]


async def _keep(data: bytes) -> Stored:
    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return await store().put(chunks())


def _attachment(uow: UnitOfWork, principal: Principal, kept: Stored, name: str, photo_id: UUID) -> UUID:
    id_ = uuid7()
    uow.session.add(
        Attachment(
            id=id_,
            enterprise_id=uow.enterprise_id,
            sha256=kept.sha256,
            size=kept.size,
            media_type=kept.media_type,
            name=name,
            owner_kind="live_photo",
            owner_key=str(photo_id),
            created_by=principal.account_id,
        )
    )
    return id_


async def attach(
    uow: UnitOfWork, principal: Principal, ids: Sequence[UUID], kind: str, key: str, number: str
) -> list[LivePhoto]:
    """Make one's own fresh photos part of a record; modules call it in the step that needs them.

    Args:
        kind, key: the record. number: what stands on the pictures; it must be this record's.

    Raises:
        PhotoNotFound: not taken, or by somebody else, or of another record. PhotoStale: too old, or used already.
    """
    found = await repository.taken(uow.session, ids)
    now, made = clock.now(), []
    for id_ in dict.fromkeys(ids):
        row = found.get(id_)
        if (
            row is None
            or row.account_id != principal.account_id
            or (row.record_kind, row.record_number) != (kind, number)
        ):
            raise PhotoNotFound(id=str(id_))
        if row.owner_kind or row.taken_at is None or now - row.taken_at > FRESH:
            raise PhotoStale(id=str(id_))
        row.owner_kind, row.owner_key = kind, key
        made.append(row)
    await uow.session.flush()
    return made


def facts(photos: Sequence[LivePhoto]) -> list[dict[str, Any]]:
    """What a signature covers of photos: digests, times, persons."""
    return [
        {"id": p.id, "sha256": p.sha256, "watermarked": p.watermarked_sha256, "at": p.taken_at, "by": p.account_id}
        for p in photos
    ]
