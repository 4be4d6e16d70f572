"""What has happened at fences, and who is in one (``/api/fences``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from realtime.fences import repository_facts as repository
from twin import clock
from twin.errors import Invalid
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/fences", tags=["fences"], route_class=TwinRoute)


class FenceEventOut(BaseModel):
    """Somebody entered or left a fence, or a rule was broken or is right again; degrees, m above the ellipsoid.

    ``initial`` marks what was already so at start or after an edit; ``count`` is the number of persons inside then.
    """

    id: UUID
    at: datetime
    kind: str
    rule: str
    fence_id: UUID
    fence_name: str
    zone: str | None
    subject_id: UUID | None
    subject_kind: str
    subject_name: str
    count: int
    initial: bool
    lon: float | None
    lat: float | None
    h: float | None


class MemberOut(BaseModel):
    """Who is in a fence since when, and which of its rules they break."""

    subject_id: UUID
    entered: datetime
    rules: list[str]


@router.get("/events", summary="Events of fences")
async def events(
    uow: Uow,
    principal: CurrentPrincipal,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="an hour ago when left out")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="now when left out")] = None,
    subject: UUID | None = None,
    fence: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> list[FenceEventOut]:
    """Events of a period in order, for playback; of one subject or one fence if asked."""
    principal.require("people:read")
    end = until or clock.now()
    try:
        begin = since or end - timedelta(hours=1)
    except OverflowError:
        begin = end
    if begin > end:
        raise Invalid(errors=[{"where": "from", "code": "from_after_to"}])
    rows = await repository.events(uow.session, begin, end, subject, fence, limit)
    return [FenceEventOut.model_validate(dict(row._mapping)) for row in rows]


@router.get("/{id}/members", summary="Who is in a fence")
async def members(id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[MemberOut]:
    """Members, the longest first; those whose position is stale included: stale is not left."""
    principal.require("people:read")
    rows = await repository.members(uow.session, id)
    return [MemberOut.model_validate(dict(row._mapping)) for row in rows]
