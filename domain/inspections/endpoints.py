"""Inspections (``/api/inspections``)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from domain.inspections import dispatch, repository, service, tags
from domain.inspections.models import InspectionItem, InspectionPlan, InspectionStop
from domain.inspections.schemas import (
    DayIn,
    Fill,
    HandOver,
    HistoryRow,
    InspectionRates,
    ItemIn,
    ItemOut,
    PlanDetail,
    PlanIn,
    PlanOut,
    PlanPerson,
    RecordOut,
    Resume,
    StopIn,
    StopOut,
    Submit,
    Sync,
    Synced,
    TaskDetail,
    TaskOut,
    TaskPage,
)
from twin.db.uow import UnitOfWork
from twin.documents import pdf
from twin.text_in import Asked as Word
from twin.text_in import Instant
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/inspections", tags=["inspections"], route_class=TwinRoute)
Version = Annotated[int, Query(ge=1, le=2**31 - 1)]


async def _plan(uow: UnitOfWork, plan_id: UUID) -> PlanDetail:
    row = await service.get(uow, InspectionPlan, plan_id)
    items = [ItemOut.model_validate(_item(i)) for i in await repository.items(uow.session, plan_id)]
    return PlanDetail(**PlanOut.model_validate(row, from_attributes=True).model_dump(), items=items)


def _item(row: InspectionItem) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ItemOut.model_fields}


def _task(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "number": service.number_of(row["id"])}


@router.get("/people", summary="People whom a plan can name")
async def plan_people(uow: Uow, principal: CurrentPrincipal) -> list[PlanPerson]:
    """Active accounts with their roles, by name; for those who plan."""
    principal.require("inspection:plan")
    return [PlanPerson(id=i, name=name, roles=roles) for i, name, roles in await repository.people(uow.session)]


@router.get("/plans", summary="Inspection plans")
async def plans(uow: Uow, principal: CurrentPrincipal) -> list[PlanOut]:
    """All of them."""
    principal.require("inspection:read")
    return [PlanOut.model_validate(p, from_attributes=True) for p in await repository.plans(uow.session)]


@router.post("/plans", summary="New plan", status_code=201)
async def add_plan(body: PlanIn, uow: Uow, principal: CurrentPrincipal) -> PlanDetail:
    """Its checklist comes next."""
    return await _plan(uow, (await service.add_plan(uow, principal, body)).id)


@router.get("/plans/{plan_id}", summary="A plan with its checklist")
async def plan(plan_id: UUID, uow: Uow, principal: CurrentPrincipal) -> PlanDetail:
    """Rule, route, lines."""
    principal.require("inspection:read")
    return await _plan(uow, plan_id)


@router.put("/plans/{plan_id}", summary="Change a plan")
async def change_plan(
    plan_id: UUID, version: Version, body: PlanIn, uow: Uow, principal: CurrentPrincipal
) -> PlanDetail:
    """A stale version is a 409."""
    await service.change_plan(uow, principal, plan_id, version, body)
    return await _plan(uow, plan_id)


@router.delete("/plans/{plan_id}", summary="Delete a plan", status_code=204)
async def delete_plan(plan_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """Its history stays."""
    await service.remove(uow, principal, InspectionPlan, plan_id, version)


@router.post("/plans/{plan_id}/items", summary="Add a line", status_code=201)
async def add_item(plan_id: UUID, body: ItemIn, uow: Uow, principal: CurrentPrincipal) -> PlanDetail:
    """At the end of the checklist."""
    await service.add_item(uow, principal, plan_id, body)
    return await _plan(uow, plan_id)


@router.post("/plans/{plan_id}/fill", summary="Add lines of a library or of measures", status_code=201)
async def fill(plan_id: UUID, body: Fill, uow: Uow, principal: CurrentPrincipal) -> PlanDetail:
    """At the end of the checklist."""
    principal.require("inspection:plan")
    await service.fill(uow, principal, plan_id, body)
    return await _plan(uow, plan_id)


@router.delete("/items/{item_id}", summary="Delete a line", status_code=204)
async def delete_item(item_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """Earlier results keep it."""
    await service.remove(uow, principal, InspectionItem, item_id, version)


@router.get("/libraries", summary="Ready-made checklists")
async def libraries(principal: CurrentPrincipal) -> dict[str, Any]:
    """Chemical plant, pharmaceutical plant, storage, filling station."""
    principal.require("inspection:read")
    return service.libraries()


@router.get("/plans/{plan_id}/history", summary="History of a plan")
async def history(
    plan_id: UUID,
    uow: Uow,
    principal: CurrentPrincipal,
    before: Instant | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[HistoryRow]:
    """Newest first; where nothing was dispatched, the stop that is the reason."""
    principal.require("inspection:read")
    await service.get(uow, InspectionPlan, plan_id)
    return [HistoryRow.model_validate(r) for r in await repository.history(uow.session, plan_id, before, limit)]


@router.get(
    "/plans/{plan_id}/tags.pdf",
    summary="Labels for the points of a plan",
    response_class=Response,
    responses={200: {"content": {pdf.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def plan_tags(plan_id: UUID, uow: Uow, principal: CurrentPrincipal, request: Request) -> Response:
    """A QR code a point, under the address that this request came to."""
    principal.require("inspection:read")
    found = await service.get(uow, InspectionPlan, plan_id)
    return Response(await tags.labels(found, str(request.base_url)), media_type=pdf.MEDIA_TYPE)


@router.get("/tasks", summary="Tasks")
async def tasks(
    uow: Uow,
    principal: CurrentPrincipal,
    plan_id: UUID | None = None,
    status: Word = "",
    mine: bool = False,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> TaskPage:
    """Newest first; ``mine``: what the reader is to do."""
    principal.require("inspection:read")
    rows = await repository.tasks(
        uow.session, plan_id=plan_id, status=status, assignee=principal.account_id if mine else None,
        posts=principal.roles, before=before, limit=limit + 1,
    )  # fmt: skip
    items = [TaskOut.model_validate(_task(row)) for row in rows[:limit]]
    return TaskPage(items=items, next=items[-1].id if len(rows) > limit else None)


async def _detail(uow: UnitOfWork, task_id: UUID) -> TaskDetail:
    row = await service.task(uow, task_id)
    plan = await uow.session.get_one(InspectionPlan, row["plan_id"])
    items = [ItemOut.model_validate(_item(i)) for i in await repository.items(uow.session, plan.id)]
    found = [RecordOut.model_validate(r) for r in await repository.records(uow.session, task_id)]
    return TaskDetail.model_validate({**_task(row), "items": items, "route": plan.route, "records": found})


@router.get("/tasks/{task_id}", summary="A task with checklist and results")
async def task(task_id: UUID, uow: Uow, principal: CurrentPrincipal) -> TaskDetail:
    """All that the handheld needs to do it offline."""
    principal.require("inspection:read")
    return await _detail(uow, task_id)


@router.post("/tasks/{task_id}/submit", summary="Do a task, signed")
async def submit(task_id: UUID, body: Submit, uow: Uow, principal: CurrentPrincipal) -> TaskDetail:
    """Every line with its result, every point with its check-in. Sent twice it counts once."""
    await service.submit(uow, principal, task_id, body, body.confirmation)
    return await _detail(uow, task_id)


@router.post("/sync", summary="Hand in work that was done offline")
async def sync(body: Sync, principal: CurrentPrincipal, language: Language) -> list[Synced]:
    """Piece by piece; what happened to each."""
    principal.require("inspection:do")
    return await service.sync(principal, body.work, body.confirmation, language)


@router.post("/tasks/{task_id}/hand_over", summary="Give a task to somebody else")
async def hand_over(task_id: UUID, body: HandOver, uow: Uow, principal: CurrentPrincipal) -> TaskDetail:
    """By the one whose task it is, or a planner."""
    await service.hand_over(uow, principal, task_id, body.account_id)
    return await _detail(uow, task_id)


@router.post("/dispatch", summary="Dispatch now")
async def dispatch_now(uow: Uow, principal: CurrentPrincipal) -> dict[str, int]:
    """What the job does every quarter of an hour; again it makes nothing twice."""
    principal.require("inspection:plan")
    return {"tasks": await dispatch.dispatch(uow)}


@router.get("/stops", summary="Stops and holidays")
async def stops(uow: Uow, principal: CurrentPrincipal) -> list[StopOut]:
    """Oldest first."""
    principal.require("inspection:read")
    return [_stop(s) for s in await repository.stops(uow.session)]


def _stop(row: InspectionStop) -> StopOut:
    return StopOut.model_validate({name: getattr(row, name) for name in StopOut.model_fields})


@router.post("/stops", summary="Stop dispatch for a time", status_code=201)
async def add_stop(body: StopIn, uow: Uow, principal: CurrentPrincipal) -> StopOut:
    """Open tasks inside it no longer count."""
    return _stop(await service.add_stop(uow, principal, body))


@router.post("/stops/{stop_id}/resume", summary="End a stop")
async def resume(stop_id: UUID, version: Version, body: Resume, uow: Uow, principal: CurrentPrincipal) -> StopOut:
    """Dispatch goes on."""
    return _stop(await service.resume(uow, principal, stop_id, version, body))


@router.delete("/stops/{stop_id}", summary="Delete a stop", status_code=204)
async def delete_stop(stop_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """One that was entered by mistake."""
    await service.remove(uow, principal, InspectionStop, stop_id, version)


@router.get("/calendar", summary="Working days")
async def calendar(uow: Uow, principal: CurrentPrincipal) -> list[DayIn]:
    """Holidays, and weekends that are worked."""
    principal.require("inspection:read")
    return [DayIn.model_validate({"day": d.day, "kind": d.kind}) for d in await repository.days(uow.session)]


@router.put("/calendar", summary="Set the working days", status_code=204)
async def set_calendar(body: list[DayIn], uow: Uow, principal: CurrentPrincipal) -> None:
    """Replaces all of them."""
    principal.require("inspection:plan")
    await repository.set_days(uow.session, uow.enterprise_id, list({d.day: (d.day, d.kind) for d in body}.values()))
    await uow.audit("calendar", "inspection_plan", "calendar", after={"days": len(body)})


@router.get("/statistics", summary="Completion rates")
async def statistics(uow: Uow, principal: CurrentPrincipal, since: Instant, until: Instant) -> InspectionRates:
    """Tasks that end in [since, until), by plan and by zone: the heat of the map."""
    principal.require("inspection:read")
    total: dict[str, int] = {}
    by_plan, by_zone, late = dict[str, dict[str, int]](), dict[str, dict[str, int]](), 0
    for row in await repository.rates(uow.session, since, until):
        late += row["late"]
        for counts in (
            total,
            by_plan.setdefault(row["code"], {}),
            *(by_zone.setdefault(z, {}) for z in row["zone_codes"]),
        ):
            counts[row["status"]] = counts.get(row["status"], 0) + row["n"]
    done, overdue = total.get("done", 0), total.get("overdue", 0)
    return InspectionRates(
        done=done, in_time=done - late, late=late, overdue=overdue, waiting=total.get("waiting", 0),
        suspended=total.get("suspended", 0), rate=done / (done + overdue) if done + overdue else None,
        by_plan=by_plan, by_zone=by_zone,
    )  # fmt: skip
