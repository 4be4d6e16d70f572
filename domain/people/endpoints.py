"""The people API: persons, departments, badges in their hands, and import (``/api/people``)."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Query, Response, UploadFile

from domain.people import repository, service, transfer
from domain.people.errors import PersonNotFound
from domain.people.routes_calls import router as calls
from domain.people.routes_terminals import CodePath
from domain.people.routes_terminals import router as terminals
from domain.people.schemas import (
    PRINTABLE,
    BadgeIn,
    CarriedOut,
    Class,
    DepartmentIn,
    DepartmentOut,
    DutyOut,
    Imported,
    PeoplePage,
    PersonChange,
    PersonIn,
    PersonOut,
    Position,
)
from realtime.tracking import repository_bindings as bindings
from twin import clock
from twin.errors import Invalid
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/people", tags=["people"], route_class=TwinRoute)
# Before the paths with an id in them.
router.include_router(terminals)
router.include_router(calls)

READ, WRITE = "people:read", "people:write"


def shown(row: Any, now: datetime) -> PersonOut:
    """A person as the API gives it; the age of the position is as of ``now``."""
    values = dict(row._mapping)
    place = {name: values.pop(name) for name in ("lon", "lat", "h", "floor", "zone", "zone_name", "r95", "state", "t")}
    position = None if place["t"] is None else Position(**place, age=max(0.0, (now - place["t"]).total_seconds()))
    return PersonOut(**values, position=position)


def _after(given: str | None) -> tuple[str, str] | None:
    if given is None:
        return None
    try:
        name, code = json.loads(base64.urlsafe_b64decode(given.encode()))
        if "\x00" in f"{name}{code}":
            raise ValueError("NUL")
        return str(name), str(code)
    except (ValueError, TypeError) as error:
        raise Invalid(errors=[{"where": "after", "code": "cursor"}]) from error


def _next(rows: Sequence[Any], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    return base64.urlsafe_b64encode(json.dumps([rows[limit - 1].name, rows[limit - 1].code]).encode()).decode()


@router.get("", summary="Find people")
async def find(
    uow: Uow,
    principal: CurrentPrincipal,
    q: Annotated[
        str | None,
        Query(max_length=100, pattern=PRINTABLE, description="part of name, number, badge, employer or phone"),
    ] = None,
    department: Annotated[
        str | None, Query(max_length=60, pattern=PRINTABLE, description="code; those below are included")
    ] = None,
    zone: Annotated[
        str | None, Query(max_length=60, pattern=PRINTABLE, description="zone code; zones in it are included")
    ] = None,
    klass: Annotated[Class | None, Query(alias="class")] = None,
    badge: Annotated[bool | None, Query(description="only those with, or without, a badge")] = None,
    active: bool | None = True,
    after: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PeoplePage:
    """People by department, name, area and class, each with badge and live position."""
    principal.require(READ)
    wanted = repository.Wanted(q, department, zone, klass, badge, active)
    rows = await repository.page(uow.session, wanted, _after(after), limit + 1)
    now = clock.now()
    return PeoplePage(items=[shown(row, now) for row in rows[:limit]], next=_next(rows, limit))


@router.post("", status_code=201, summary="Add a person")
async def create(body: PersonIn, uow: Uow, principal: CurrentPrincipal) -> PersonOut:
    """Add a person; the number is unique."""
    principal.require(WRITE)
    made = await service.create(uow, body.model_dump())
    return await _card(uow, made.id)


@router.get("/departments", summary="Departments")
async def departments(uow: Uow, principal: CurrentPrincipal) -> list[DepartmentOut]:
    """All departments with their number of active people."""
    principal.require(READ)
    return [
        DepartmentOut(code=d.code, name=d.name, name_en=d.name_en, parent_code=d.parent_code, people=n)
        for d, n in await repository.departments(uow.session)
    ]


@router.put("/departments/{code}", summary="Make or change a department")
async def put_department(code: CodePath, body: DepartmentIn, uow: Uow, principal: CurrentPrincipal) -> DepartmentOut:
    """Make or change a department; they form a tree."""
    principal.require(WRITE)
    row = await service.put_department(uow, code, body.model_dump())
    return DepartmentOut(code=row.code, name=row.name, name_en=row.name_en, parent_code=row.parent_code, people=0)


@router.post("/import", summary="Import people from Excel or CSV")
async def import_file(
    uow: Uow, principal: CurrentPrincipal, file: Annotated[UploadFile, File()], language: Language, dry: bool = False
) -> Imported:
    """Rows are matched by their number. With a fault in any row nothing is written and every fault is named."""
    principal.require(WRITE)
    return await transfer.load(uow, file.filename or "", await file.read(transfer.LARGEST + 1), language, dry=dry)


@router.get("/import/template", summary="Empty workbook for an import", response_class=Response)
async def template(principal: CurrentPrincipal, language: Language) -> Response:
    """A workbook with the columns and their code lists."""
    principal.require(WRITE)
    return Response(transfer.template(language), media_type=transfer.XLSX)


@router.get("/me", summary="The person that I am")
async def me(uow: Uow, principal: CurrentPrincipal) -> PersonOut:
    """The person that the signed-in account is linked to, with their badge and position."""
    found = await repository.person_of_account(uow.session, principal.account_id)
    if found is None:
        raise PersonNotFound(id="me")
    return await _card(uow, found.id)


@router.get("/duties", summary="Posts that people hold")
async def list_duties(uow: Uow, principal: CurrentPrincipal) -> list[DutyOut]:
    """At most 500, the fullest first."""
    principal.require(READ)
    return [DutyOut(duty=row.duty, people=row.people) for row in await repository.duty_counts(uow.session, 500)]


@router.get("/{id}", summary="A person's card")
async def card(id: UUID, uow: Uow, principal: CurrentPrincipal) -> PersonOut:
    """Name, sex, class, department, badge, area, position and its time."""
    principal.require(READ)
    return await _card(uow, id)


@router.patch("/{id}", summary="Change a person")
async def change(id: UUID, body: PersonChange, uow: Uow, principal: CurrentPrincipal) -> PersonOut:
    """Change what is given; a stale ``version`` is refused with 409."""
    principal.require(WRITE)
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    # what a person must have is not taken away by null
    values = {name: value for name, value in given.items() if value is not None or name in ("department", "account_id")}
    await service.change(uow, id, body.version, values)
    return await _card(uow, id)


@router.put("/{id}/badge", summary="Issue a badge")
async def issue(id: UUID, body: BadgeIn, uow: Uow, principal: CurrentPrincipal) -> PersonOut:
    """One person, one badge: 409 ``badge_taken`` when another carries it, ``has_badge`` when the person has one."""
    principal.require(WRITE)
    await service.issue(uow, id, body.badge)
    return await _card(uow, id)


@router.delete("/{id}/badge", summary="Take a badge back")
async def give_back(id: UUID, uow: Uow, principal: CurrentPrincipal) -> PersonOut:
    """End the binding; it stays in the history."""
    principal.require(WRITE)
    await service.give_back(uow, id)
    return await _card(uow, id)


@router.get("/{id}/badges", summary="Badges that a person has carried")
async def badges(id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[CarriedOut]:
    """Newest first."""
    principal.require(READ)
    await service.require(uow, id)
    return [CarriedOut.model_validate(row) for row in await bindings.history(uow.session, "person", id)]


async def _card(uow: Uow, person_id: UUID) -> PersonOut:
    row = await repository.card(uow.session, person_id)
    if row is None:
        raise PersonNotFound(id=str(person_id))
    return shown(row, clock.now())
