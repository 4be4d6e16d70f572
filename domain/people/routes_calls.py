"""Calls to people and for help, and head counts (``/api/people/calls``, ``/sos``, ``/counts``)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from domain.people import calls as service
from domain.people import counts as counting
from domain.people import repository_calls as repository
from domain.people.schemas import CallDetail, CallIn, CallOut, CallsPage, ReceiptOut, SosIn, SosOut
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)


@router.post("/sos", status_code=201, summary="Call for help")
async def sos(body: SosIn, uow: Uow, principal: CurrentPrincipal) -> SosOut:
    """For whoever is signed in on a handheld; the alarm carries the last good place and its age."""
    alarm, told, fix = await service.sos(uow, principal, body)
    place = None
    if fix is not None:
        place = {"lon": fix.lon, "lat": fix.lat, "h": fix.h, "floor": fix.floor, "t": fix.at, "source": fix.source}
    return SosOut(alarm=alarm, told=told, position=place)


@router.post("/calls", status_code=201, summary="Call or recall people")
async def call(body: CallIn, uow: Uow, principal: CurrentPrincipal) -> CallDetail:
    """A message to a person, a zone or everyone on site; badges that can vibrate are told to."""
    principal.require("people:call")
    return await _detail(uow, await service.send(uow, principal, body))


@router.get("/calls", summary="Calls and what became of them")
async def calls(
    uow: Uow,
    principal: CurrentPrincipal,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> CallsPage:
    """Newest first."""
    principal.require("people:call")
    rows = await repository.calls(uow.session, before, limit + 1)
    items = [CallOut.model_validate(dict(row._mapping)) for row in rows[:limit]]
    return CallsPage(items=items, next=rows[limit - 1].id if len(rows) > limit else None)


@router.get("/calls/{id}", summary="A call with everybody's receipt")
async def detail(id: UUID, uow: Uow, principal: CurrentPrincipal) -> CallDetail:
    """Who has read it, whose badge has vibrated, and who was not reached; those who have not read it first."""
    principal.require("people:call")
    return await _detail(uow, id)


async def _detail(uow: Uow, call_id: UUID) -> CallDetail:
    row = await service.require(uow, call_id)
    receipts = await repository.receipts(uow.session, call_id)
    return CallDetail(**dict(row._mapping), receipts=[ReceiptOut.model_validate(dict(r._mapping)) for r in receipts])


@router.get("/counts", summary="Head counts by area, floor and class")
async def counts(uow: Uow, principal: CurrentPrincipal) -> counting.HeadCounts:
    """Counted from the very fixes that the dots show; those that are stale or lost are told apart."""
    principal.require("people:read")
    return await counting.count(uow)
