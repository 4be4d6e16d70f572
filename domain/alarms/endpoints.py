"""The alarm desk (``/api/alarms``): list, card and steps; other routes are included from their own files."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from domain.alarms import past, routes_analysis, routes_desk, routes_media, routes_points, service
from domain.alarms.schemas import (
    AlarmCard,
    AlarmCounts,
    AlarmOut,
    AlarmsAt,
    AlarmsPage,
    HandleMany,
    Ids,
    Outcome,
    Result,
    Shelve,
    Why,
)
from realtime.alarms import repository as alarms
from realtime.alarms.raising import view
from realtime.alarms.workflow import ALARM
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/alarms", tags=["alarms"], route_class=TwinRoute)

_OPEN = [status for status in ALARM.statuses if status != "closed"]
Many = Annotated[list[str] | None, Query(max_length=50)]


@router.get("", summary="Alarms, newest first")
async def find(
    uow: Uow,
    principal: CurrentPrincipal,
    state: Annotated[list[str] | None, Query(max_length=20, description="statuses, or `open` / `active`")] = None,
    grade: Annotated[list[int] | None, Query(max_length=4)] = None,
    type: Many = None,
    zone: Many = None,
    subject: UUID | None = None,
    handled: bool | None = None,
    q: Annotated[str | None, Query(max_length=100, description="part of the subject's name or of the key")] = None,
    start: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AlarmsPage:
    """Filtered page; repeated parameters are alternatives."""
    principal.require("map:read")
    states = set(state or ())
    active = True if "active" in states else None
    named = _OPEN if "open" in states else sorted(states - {"active"}) or None
    given: dict[str, Any] = {
        "statuses": named, "active": active, "handled": handled, "grades": grade, "types": type, "zones": zone,
        "subject": subject, "q": q or None, "start": start, "end": end, "before": before,
    }  # fmt: skip
    rows = await alarms.page(uow.session, given, limit + 1)
    return AlarmsPage(
        items=[AlarmOut(**view(row)) for row in rows[:limit]], next=rows[limit - 1]["id"] if len(rows) > limit else None
    )


@router.get("/counts", summary="How many alarms are open")
async def counts(uow: Uow, principal: CurrentPrincipal) -> AlarmCounts:
    """For the lamp and the numbers of every screen."""
    principal.require("map:read")
    rows = await alarms.counts(uow.session)
    active = [r for r in rows if r[0] in ("unacknowledged", "acknowledged", "handled")]
    return AlarmCounts(
        open=sum(r[2] for r in rows),
        active=sum(r[2] for r in active),
        unacknowledged=sum(r[2] for r in rows if r[0] in ("unacknowledged", "returned_unacknowledged")),
        owed=sum(r[2] for r in rows if r[0] in ("returned", "returned_unacknowledged")),
        by_grade={grade: sum(r[2] for r in active if r[1] == grade) for grade in (1, 2, 3, 4)},
    )


#: Alarms that one picture of the past shows at most; ``total`` says how many there were.
_SHOWN = 5000


@router.get("/at", summary="Alarms that were open at an instant")
async def open_at(uow: Uow, principal: CurrentPrincipal, at: Annotated[AwareDatetime, Query()]) -> AlarmsAt:
    """Each as it was then: standing or gone, seen, handled. Newest first."""
    principal.require("map:read")
    total, rows = await past.open_at(uow, at, _SHOWN)
    return AlarmsAt(at=at, total=total, items=[AlarmOut(**view(row)) for row in rows])


@router.post("/acknowledge", summary="Acknowledge several alarms")
async def acknowledge_many(body: Ids, uow: Uow, principal: CurrentPrincipal) -> Outcome:
    """Each for itself; what cannot be acknowledged is named."""
    principal.require("alarm:acknowledge")
    done, refused = await service.take_each(uow, principal, body.ids, "acknowledge")
    return Outcome(done=done, refused=refused)


@router.post("/handle", summary="Write one handling result for several alarms")
async def handle_many(body: HandleMany, uow: Uow, principal: CurrentPrincipal) -> Outcome:
    """Each for itself; what cannot be handled is named."""
    principal.require("alarm:handle")
    done, refused = await service.take_each(uow, principal, body.ids, "handle", body.model_dump(exclude={"ids"}))
    return Outcome(done=done, refused=refused)


# Before the routes by id: FastAPI takes the first that fits.
router.include_router(routes_points.router)
router.include_router(routes_analysis.router)
router.include_router(routes_desk.rules)
router.include_router(routes_media.desk)
router.include_router(routes_media.router)
router.include_router(routes_desk.router)


async def _step(uow: Uow, principal: CurrentPrincipal, id: UUID, event: str, data: dict[str, Any]) -> AlarmCard:
    return _card(await service.take(uow, principal, id, event, data), principal)


def _card(row: dict[str, Any], principal: CurrentPrincipal) -> AlarmCard:
    return AlarmCard(**view(row), steps=service.possible(row, principal))


@router.post("/{id}/acknowledge", summary="Acknowledge an alarm")
async def acknowledge(id: UUID, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """Somebody has seen it."""
    return await _step(uow, principal, id, "acknowledge", {})


@router.post("/{id}/handle", summary="Write the handling result")
async def handle(id: UUID, body: Result, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """The only way to close an alarm: at once when its condition is gone, else as soon as it is."""
    return await _step(uow, principal, id, "handle", body.model_dump())


@router.post("/{id}/shelve", summary="Shelve an alarm")
async def shelve(id: UUID, body: Shelve, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """Hold it and its next activations back for at most 24 hours; it comes back by itself."""
    return await _step(uow, principal, id, "shelve", body.model_dump())


@router.post("/{id}/unshelve", summary="End a shelving")
async def unshelve(id: UUID, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """Before its time."""
    return await _step(uow, principal, id, "unshelve", {})


@router.post("/{id}/suppress", summary="Suppress an alarm by design")
async def suppress(id: UUID, body: Why, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """Until it is ended."""
    return await _step(uow, principal, id, "suppress", body.model_dump())


@router.post("/{id}/unsuppress", summary="End a suppression")
async def unsuppress(id: UUID, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """Let it through again."""
    return await _step(uow, principal, id, "unsuppress", {})


@router.post("/{id}/take-out", summary="Take an alarm out of service")
async def take_out(id: UUID, body: Why, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """E.g. while its sensor is repaired."""
    return await _step(uow, principal, id, "take_out", body.model_dump())


@router.post("/{id}/put-back", summary="Put an alarm back into service")
async def put_back(id: UUID, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """Let it through again."""
    return await _step(uow, principal, id, "put_back", {})


@router.get("/{id}", summary="An alarm")
async def card(id: UUID, uow: Uow, principal: CurrentPrincipal) -> AlarmCard:
    """With the steps that the reader may take."""
    principal.require("map:read")
    return _card(await service.require(uow, id), principal)
