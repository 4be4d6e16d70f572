"""Attachments: uploading, tying to a thing, reading, deleting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from pathlib import Path, PurePath
from uuid import UUID

from twin.auth.principal import Principal
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.errors import Conflict, Forbidden, NotFound
from twin.files import repository
from twin.files.models import Attachment
from twin.files.store import Store
from twin.settings import Settings, get_settings

_SWEEP = 500


class AttachmentNotFound(NotFound):
    """No such attachment in this enterprise."""

    code = "attachment_not_found"


def store(settings: Settings | None = None) -> Store:
    """The installation's store."""
    settings = settings or get_settings()
    return Store(settings.files_dir, settings.upload_limit_mb)


async def upload(uow: UnitOfWork, principal: Principal, name: str, chunks: AsyncIterator[bytes]) -> Attachment:
    """Keep a stream as an attachment that belongs to no thing yet.

    Raises:
        Forbidden: without ``file:write``. TooLarge, UnsupportedMedia, Invalid: see ``Store.put``.
    """
    principal.require("file:write")
    kept = await store().put(chunks)
    clean = PurePath(name.replace("\\", "/")).name or "file"
    row = Attachment(
        enterprise_id=uow.enterprise_id,
        sha256=kept.sha256,
        size=kept.size,
        media_type=kept.media_type,
        name=clean[:200],
        created_by=principal.account_id,
    )
    uow.session.add(row)
    await uow.session.flush()
    after = {"name": row.name, "sha256": row.sha256, "size": row.size, "media_type": row.media_type}
    await uow.audit("upload", "attachment", str(row.id), after=after)
    return row


async def get(uow: UnitOfWork, principal: Principal, attachment_id: UUID) -> Attachment:
    """An attachment that the principal may read: with ``file:read``, or one's own.

    Raises:
        AttachmentNotFound, Forbidden.
    """
    row = await uow.session.get(Attachment, attachment_id)
    if row is None:
        raise AttachmentNotFound(id=str(attachment_id))
    if row.created_by != principal.account_id:
        principal.require("file:read")
    return row


async def attach(uow: UnitOfWork, principal: Principal, attachment_id: UUID, kind: str, key: str) -> Attachment:
    """Tie one's own upload to a thing; modules call it when the thing is saved. Once tied it stays.

    Raises:
        AttachmentNotFound, Forbidden: somebody else's. Conflict: tied to another thing.
    """
    row = await get(uow, principal, attachment_id)
    if row.created_by != principal.account_id:
        raise Forbidden(scope="attachment")
    if (row.owner_kind, row.owner_key) not in (("", ""), (kind, key)):
        raise Conflict(id=str(attachment_id))
    row.owner_kind, row.owner_key = kind, key
    await uow.session.flush()
    await uow.audit("attach", "attachment", str(row.id), after={"owner_kind": kind, "owner_key": key})
    return row


async def delete(uow: UnitOfWork, principal: Principal, attachment_id: UUID) -> None:
    """Delete one's own upload, as long as it belongs to nothing. The bytes go with the next sweep.

    Raises:
        AttachmentNotFound, Forbidden: somebody else's, or part of a record.
    """
    row = await get(uow, principal, attachment_id)
    if row.created_by != principal.account_id or row.owner_kind:
        raise Forbidden(scope="attachment")
    await uow.session.delete(row)
    await uow.session.flush()
    await uow.audit("delete", "attachment", str(attachment_id), before={"name": row.name, "sha256": row.sha256})


def path(row: Attachment) -> Path:
    """The file of an attachment.

    Raises:
        AttachmentNotFound: its bytes are missing from the store (a restore without files).
    """
    found = store().path(row.sha256)
    if not found.is_file():
        raise AttachmentNotFound(id=str(row.id))
    return found


async def sweep(settings: Settings | None = None) -> int:
    """Delete contents that no attachment of any enterprise refers to; how many."""
    place = store(settings)
    old = await asyncio.to_thread(lambda: list(place.old_files()))
    gone, rest = 0, iter(old)
    while part := list(islice(rest, _SWEEP)):
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            used = await repository.used(uow.session, part)
        for digest in part:
            if digest not in used:
                gone += await asyncio.to_thread(place.remove, digest)
    return gone
