"""The watermarked live photos of hazards, made small for documents and for the exchange."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from uuid import UUID

from PIL import Image
from sqlalchemy.ext.asyncio import AsyncSession

from twin.files.models import Attachment
from twin.files.service import path
from twin.photos import repository as photo_rows


async def small(session: AsyncSession, ids: Sequence[UUID], side: int) -> list[bytes]:
    """JPEGs of at most ``side`` pixels each way, of those photos that are there."""
    rows = await photo_rows.taken(session, ids)
    made = []
    for id_ in ids:
        found = await session.get(Attachment, rows[id_].attachment_id) if id_ in rows else None
        if found is not None:
            made.append(await asyncio.to_thread(_small, path(found).read_bytes(), side))
    return made


def _small(data: bytes, side: int) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        picture.thumbnail((side, side))
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()
