"""Hazards (``/api/hazards``)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, UploadFile

from domain.hazards import criteria, documents, from_alarm, repository, service
from domain.hazards.models import HazardNotice
from domain.hazards.repository import Asked
from domain.hazards.schemas import (
    Accept,
    Acceptance,
    AskExtension,
    Assign,
    ConfirmFixed,
    Criteria,
    CriteriaIn,
    Evaluate,
    HazardDetail,
    HazardOut,
    HazardPage,
    HazardStatistics,
    NamedPerson,
    NoticeIn,
    NumberOut,
    Reason,
    Rectification,
    Rectify,
    ReportIn,
)
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.documents import code_list, grid, workbook
from twin.documents.code_list import CodeRows
from twin.ids import uuid7
from twin.photos import repository as photo_rows
from twin.text_in import Asked as Word
from twin.text_in import Instant
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/hazards", tags=["hazards"], route_class=TwinRoute)
router.include_router(documents.router)


def asked(
    status: Word = "",
    level: Annotated[int | None, Query(ge=0, le=1)] = None,
    hazard_type: Annotated[int | None, Query(ge=1, le=8)] = None,
    source: Annotated[int | None, Query(ge=1, le=10)] = None,
    zone: Word = "",
    department: Word = "",
    overdue: bool | None = None,
    owner: UUID | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    q: Word = "",
) -> Asked:
    """Filters of the ledger from the address."""
    return Asked(status, level, hazard_type, source, zone, department, overdue, owner, None, since, until, q)


Filters = Annotated[Asked, Depends(asked)]


@router.get("", summary="Hazard ledger")
async def ledger(
    uow: Uow,
    principal: CurrentPrincipal,
    filters: Filters,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> HazardPage:
    """Newest first, by filters."""
    principal.require("hazard:read")
    rows = await repository.page(uow.session, filters, before, limit + 1)
    items = [HazardOut.model_validate(row) for row in rows[:limit]]
    return HazardPage(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/mine", summary="Hazards that wait for me")
async def mine(uow: Uow, principal: CurrentPrincipal) -> list[HazardOut]:
    """To put right or to accept; newest first."""
    found = await repository.page(uow.session, Asked(mine=principal.account_id), None, 200)
    return [HazardOut.model_validate(row) for row in found]


@router.get("/statistics", summary="Numbers of hazards")
async def statistics(uow: Uow, principal: CurrentPrincipal, filters: Filters) -> HazardStatistics:
    """By state, grade, class, source, zone and department; rates of on time, closed and repeated."""
    principal.require("hazard:read")
    rows = await repository.statistics(uow.session, filters)
    every, again = await repository.repeats(uow.session, filters, service.REPEAT_WITHIN)

    def fold(name: str) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in rows:
            found[str(row[name])] = found.get(str(row[name]), 0) + row["n"]
        return found

    def total(name: str) -> int:
        return sum(row[name] for row in rows)

    states = fold("status")
    real = total("n") - states.get("dismissed", 0)
    return HazardStatistics(
        total=total("n"),
        open=sum(states.get(s, 0) for s in repository.OPEN),
        overdue=total("overdue"),
        by_status=states,
        by_level=fold("level"),
        by_type=fold("hazard_type"),
        by_source=fold("source"),
        by_zone=fold("zone"),
        by_department=fold("department"),
        on_time_rate=total("on_time") / total("ended") if total("ended") else None,
        closed_rate=states.get("closed", 0) / real if real else None,
        repeat_rate=again / every if every else None,
    )


@router.get("/criteria", summary="Criteria of major hazards")
async def criteria_in_force(uow: Uow, principal: CurrentPrincipal) -> Criteria:
    """The version in force: code, Chinese, English."""
    return await criteria.in_force(uow, await service.today(uow))


@router.get("/criteria/versions", summary="Versions of the criteria of major hazards")
async def criteria_versions(uow: Uow, principal: CurrentPrincipal) -> list[Criteria]:
    """Every one, oldest first."""
    return await criteria.versions(uow, await service.today(uow))


@router.get(
    "/criteria/template",
    summary="Criteria as a workbook",
    response_class=Response,
    responses=documents.file_of(workbook.MEDIA_TYPE),
)
async def criteria_template(uow: Uow, principal: CurrentPrincipal, language: Language) -> Response:
    """The version in force in the form that ``/criteria/rows`` reads."""
    current = await criteria.in_force(uow, await service.today(uow))
    data = code_list.template(current.version, current.items, language)
    disposition = {"Content-Disposition": 'attachment; filename="criteria.xlsx"'}
    return Response(data, media_type=workbook.MEDIA_TYPE, headers=disposition)


@router.post("/criteria/rows", summary="Rows of a workbook for a new version of the criteria")
async def criteria_rows(file: UploadFile, principal: CurrentPrincipal) -> CodeRows:
    """Excel or CSV; nothing is kept."""
    principal.require("hazard:assign")
    return code_list.rows(await file.read(grid.LARGEST + 1))


@router.post("/criteria", summary="New version of the criteria of major hazards", status_code=201)
async def add_criteria(body: CriteriaIn, uow: Uow, principal: CurrentPrincipal) -> list[Criteria]:
    """In force from its day on; hazards that were judged before keep naming their own version."""
    today = await service.today(uow)
    await criteria.add(uow, principal, body, today)
    return await criteria.versions(uow, today)


@router.get("/people", summary="People who can be named")
async def people(uow: Uow, principal: CurrentPrincipal) -> list[NamedPerson]:
    """Active accounts with their roles."""
    principal.require("hazard:assign")
    return [NamedPerson(id=a.id, name=a.name, roles=sorted(r)) for a, r in await repository.people(uow.session)]


@router.get("/notices", summary="Who is told of new hazards")
async def notice_rules(uow: Uow, principal: CurrentPrincipal) -> list[NoticeIn]:
    """The enterprise's rules; empty: managers of all, leaders of major ones too."""
    principal.require("hazard:read")
    found = await repository.notices(uow.session)
    return [NoticeIn.model_validate({"hazard_type": n.hazard_type, "level": n.level, "role": n.role}) for n in found]


@router.put("/notices", summary="Set who is told of new hazards", status_code=204)
async def set_notices(body: list[NoticeIn], uow: Uow, principal: CurrentPrincipal) -> None:
    """Replaces all rules."""
    principal.require("hazard:assign")
    await repository.clear_notices(uow.session)
    for rule in body:
        uow.session.add(HazardNotice(id=uuid7(), enterprise_id=uow.enterprise_id, **rule.model_dump()))
    await uow.session.flush()
    await uow.audit("notices", "hazard", "notices", after={"rules": [rule.model_dump() for rule in body]})


@router.post("/numbers", summary="Reserve a hazard's number", status_code=201)
async def number(uow: Uow, principal: CurrentPrincipal) -> NumberOut:
    """It is drawn onto the photos, so it comes first."""
    return NumberOut(number=await service.reserve(uow, principal))


@router.post("", summary="Report a hazard", status_code=201)
async def report(body: ReportIn, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """With live photos and its place; with ``fixed`` when it was put right on the spot."""
    return await _detail(uow, principal, await service.report(uow, principal, body))


@router.post("/from-alarm/{alarm_id}", summary="Report an alarm as a hazard", status_code=201)
async def report_alarm(alarm_id: UUID, uow: Uow, principal: CurrentPrincipal, response: Response) -> HazardDetail:
    """Once: a second call answers 200 with the hazard that is there already."""
    hazard_id, new = await from_alarm.report(uow, principal, alarm_id)
    response.status_code = 201 if new else 200
    return await _detail(uow, principal, hazard_id)


@router.get("/from-alarm/{alarm_id}", summary="The hazard of an alarm")
async def of_alarm(alarm_id: UUID, uow: Uow, principal: CurrentPrincipal) -> HazardOut | None:
    """Null when it became none."""
    principal.require("hazard:read")
    found = await from_alarm.find(uow, alarm_id)
    return None if found is None else HazardOut.model_validate(await service.get(uow, found))


@router.get("/{hazard_id}", summary="A hazard")
async def one(hazard_id: UUID, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """Everything, and what the reader may do now."""
    return await _detail(uow, principal, hazard_id)


async def _detail(uow: UnitOfWork, principal: Principal, hazard_id: UUID) -> HazardDetail:
    row = await service.require_readable(uow, principal, hazard_id)
    rounds = await repository.rectifications(uow.session, [hazard_id])
    signed = await repository.acceptances(uow.session, [r.id for r in rounds])
    made = []
    for done in rounds:
        item = Rectification.model_validate(
            {n: getattr(done, n) for n in Rectification.model_fields if n != "acceptances"}
        )
        item.acceptances = [
            Acceptance.model_validate(a, from_attributes=True) for a in signed if a.rectification_id == done.id
        ]
        made.append(item)
    ids = [*row["photos"], *(i for done in rounds for i in done.photos)]
    pictures = await photo_rows.taken(uow.session, ids)
    return HazardDetail.model_validate(
        {
            **row,
            "photo_files": {str(i): p.attachment_id for i, p in pictures.items()},
            "rectifications": made,
            "possible": service.possible(row, principal),
        }
    )


@router.post("/{hazard_id}/evaluate", summary="It is a hazard")
async def evaluate(hazard_id: UUID, body: Evaluate, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """Its grade and class."""
    await service.evaluate(uow, principal, hazard_id, body)
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/dismiss", summary="It is none")
async def dismiss(hazard_id: UUID, body: Reason, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """With the reason."""
    await service.step(uow, principal, hazard_id, "dismiss", body.model_dump())
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/confirm_fixed", summary="It was put right on the spot")
async def confirm_fixed(hazard_id: UUID, body: ConfirmFixed, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """Straight to acceptance."""
    await service.confirm_fixed(uow, principal, hazard_id, body)
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/assign", summary="Name who puts it right")
async def assign(hazard_id: UUID, body: Assign, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """Owner, deadline, acceptors; the five elements for a major one."""
    await service.assign(uow, principal, hazard_id, body)
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/reassign", summary="Name somebody else")
async def reassign(hazard_id: UUID, body: Assign, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """While it is being put right."""
    await service.assign(uow, principal, hazard_id, body, again=True)
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/rectify", summary="It is put right")
async def rectify(hazard_id: UUID, body: Rectify, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """By its owner, with live photos (kind ``hazard_rectification``)."""
    await service.rectify(uow, principal, hazard_id, body)
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/ask_extension", summary="Ask for more time")
async def ask_extension(hazard_id: UUID, body: AskExtension, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """By its owner."""
    await service.step(uow, principal, hazard_id, "ask_extension", body.model_dump())
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/extension/{answer}", summary="Answer an extension")
async def answer_extension(
    hazard_id: UUID, answer: Literal["approve", "refuse"], uow: Uow, principal: CurrentPrincipal
) -> HazardDetail:
    """Approve or refuse."""
    await service.step(uow, principal, hazard_id, f"{answer}_extension")
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/send_back", summary="It is not put right")
async def send_back(hazard_id: UUID, body: Reason, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """By an acceptor, with the reason."""
    await service.step(uow, principal, hazard_id, "send_back", body.model_dump())
    return await _detail(uow, principal, hazard_id)


@router.post("/{hazard_id}/accept", summary="Accept, signed")
async def accept(hazard_id: UUID, body: Accept, uow: Uow, principal: CurrentPrincipal) -> HazardDetail:
    """By each named acceptor; the last signature closes it."""
    await service.accept(uow, principal, hazard_id, body)
    return await _detail(uow, principal, hazard_id)
