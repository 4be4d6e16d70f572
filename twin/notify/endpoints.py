"""One's own notifications (``/api/inbox``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from twin.notify import repository, service
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/inbox", tags=["inbox"], route_class=TwinRoute)


class Notification(BaseModel):
    """A notification with its texts in the reader's language."""

    id: UUID
    kind: str
    level: str
    title: str
    text: str
    params: dict[str, Any]
    link: str
    at: datetime
    read_at: datetime | None


class InboxPage(BaseModel):
    """Newest first; ``next`` goes on from there (``before``), null at the end. ``unread`` counts up to 1000."""

    items: list[Notification]
    next: UUID | None
    unread: int


class Mark(BaseModel):
    """Which notifications; without ``ids`` all of them."""

    model_config = ConfigDict(extra="forbid")
    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=1000)
    read: bool = True


class Marked(BaseModel):
    """How many changed, and how many are unread now."""

    changed: int
    unread: int


@router.get("", summary="My notifications")
async def inbox(
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    unread: bool = False,
) -> InboxPage:
    """A page of one's own notifications."""
    rows = await repository.page(uow.session, principal.account_id, before, limit + 1, unread)
    return InboxPage(
        items=[Notification(**service.item(row, language)) for row in rows[:limit]],
        next=rows[limit - 1].id if len(rows) > limit else None,
        unread=await repository.count_unread(uow.session, principal.account_id),
    )


@router.post("/mark", summary="Mark as read or unread")
async def mark(body: Mark, uow: Uow, principal: CurrentPrincipal, language: Language) -> Marked:
    """Mark one's own notifications."""
    changed = await service.mark(uow, principal.account_id, body.ids, read=body.read, language=language)
    return Marked(changed=changed, unread=await repository.count_unread(uow.session, principal.account_id))
