"""What a signature under an inspection covers: the task, its check-ins, every result and its photos."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.inspections import repository
from twin.photos import repository as photos
from twin.photos.service import facts
from twin.signature.port import SignedKind

_TASK = ("id", "plan_id", "plan_name", "starts_at", "due_at", "done_at", "done_by", "done_name", "late", "checkins")
_RECORD = ("id", "item_id", "content", "result", "reading", "note", "by_name", "at")


async def content(session: AsyncSession, key: str, meaning: str) -> dict[str, Any] | None:
    """Facts of the task ``key``."""
    task = await repository.task(session, UUID(key))
    if task is None:
        return None
    rows = await repository.records(session, UUID(key))
    ids = [i for row in rows for i in row["photos"]]
    pictures = await photos.taken(session, ids)
    return {
        "task": {name: task[name] for name in _TASK},
        "records": [{name: row[name] for name in _RECORD} for row in rows],
        "photos": facts([pictures[i] for i in ids if i in pictures]),
    }


SIGNED = (SignedKind("inspection_task", content),)
