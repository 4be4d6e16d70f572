"""Facts about risk from outside (``/api/risk/facts``): weather services, permit and maintenance systems, bypass registers, video analytics.

A machine tells them with a bearer token of the right ``risk:tell`` (``/api/auth/tokens``), the control room in the console.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from domain.factors import repository, service
from domain.factors.kinds import Kind
from domain.factors.repository import ToldFact
from twin import clock
from twin.text_in import Body
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/risk/facts", tags=["risk map"], route_class=TwinRoute)

Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", description="the source's own id of the fact")]
Code = Annotated[str, Field(min_length=1, max_length=60)]


class ToldFactIn(Body):
    """A fact: where it holds, what it is, and (optionally) when it ends by itself. ``grade``: 1 the worst to 4, for weather and work."""

    zones: Annotated[list[Code], Field(min_length=1, max_length=500)]
    below: bool = Field(default=False, description="all zones below these, too")
    subject: Annotated[str, Field(min_length=1, max_length=120)]
    type: Annotated[str, Field(max_length=60)] = ""
    grade: Annotated[int | None, Field(ge=1, le=4)] = None
    until: AwareDatetime | None = None


class ToldFactOut(BaseModel):
    """A fact as kept."""

    id: UUID
    kind: Kind
    key: str
    zones: list[str]
    attributes: dict[str, Any]
    since: datetime
    until: datetime | None
    ended_at: datetime | None
    by: str


def _out(row: ToldFact) -> ToldFactOut:
    return ToldFactOut.model_validate({**row.__dict__, "by": row.told_by_name})


@router.get("", summary="Facts told from outside")
async def list_told(
    uow: Uow,
    principal: CurrentPrincipal,
    kind: Kind | None = None,
    past: Annotated[bool, Query(description="those that are over, of the last 30 days")] = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[ToldFactOut]:
    """Those that hold, newest first; with ``past`` those that are over."""
    principal.require(service.READ)
    if past:
        rows = await repository.past(uow.session, clock.now() - timedelta(days=30), limit)
    else:
        rows = await repository.holding(uow.session, kind)
    return [_out(row) for row in rows if kind is None or row.kind == kind][:limit]


@router.put("/{kind}/{key}", summary="Tell a fact, or that it goes on")
async def tell(kind: Kind, key: Name, body: ToldFactIn, uow: Uow, principal: CurrentPrincipal) -> ToldFactOut:
    """The rules of its kind take it at once. Telling it again changes what is different; a new ``until`` prolongs it."""
    attributes: dict[str, Any] = {"subject": body.subject, "type": body.type}
    if body.grade is not None:
        attributes["grade"] = body.grade
    return _out(await service.tell(uow, principal, kind, key, (body.zones, body.below), attributes, body.until))


@router.delete("/{kind}/{key}", summary="A fact is over", status_code=204)
async def over(kind: Kind, key: Name, uow: Uow, principal: CurrentPrincipal) -> None:
    """The zones return as their rules say."""
    await service.over(uow, principal, kind, key)
