"""The risk register (``/api/risks``)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, UploadFile

from domain.risks import dictionaries, documents, repository, service, transfer
from domain.risks.methods import methods
from domain.risks.models import RiskDrawing, RiskEvent, RiskMeasure, RiskObject, RiskUnit
from domain.risks.repository import Asked
from domain.risks.schemas import (
    DictionaryIn,
    DictionaryOut,
    DrawingIn,
    DrawingOut,
    EventDetail,
    EventIn,
    EventOut,
    ImportReport,
    MeasureIn,
    MeasureOut,
    ObjectIn,
    ObjectOut,
    Override,
    RegisterPage,
    RegisterRow,
    RiskCounts,
    RiskUnitIn,
    UnitOut,
)
from twin.documents import code_list, pdf, workbook
from twin.documents.code_list import CodeRows
from twin.errors import TooLarge
from twin.text_in import Asked as Word
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/risks", tags=["risks"], route_class=TwinRoute)

Version = Annotated[int, Query(ge=1, le=2**31 - 1, description="the version that the change is based on")]
_MAX_WORKBOOK = 20 * 1024 * 1024


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}}


def _asked(
    department: Word = "",
    level: Annotated[int | None, Query(ge=1, le=4)] = None,
    control_level: Annotated[int | None, Query(ge=1, le=4)] = None,
    owner: Word = "",
    zone: Word = "",
    unit: UUID | None = None,
    q: Word = "",
) -> Asked:
    return Asked(department, level, control_level, owner, zone, unit, q)


Filters = Annotated[Asked, Depends(_asked)]


@router.get("", summary="Risk register")
async def register(
    uow: Uow,
    principal: CurrentPrincipal,
    asked: Filters,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> RegisterPage:
    """Events with their unit and object, by filters, page by page."""
    principal.require("risk:read")
    rows = await repository.register(uow.session, asked, after, limit + 1)
    items = [RegisterRow.model_validate(row) for row in rows[:limit]]
    return RegisterPage(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/statistics", summary="Numbers of risks")
async def statistics(uow: Uow, principal: CurrentPrincipal, asked: Filters) -> RiskCounts:
    """By level, control level, department and zone."""
    principal.require("risk:read")
    levels: dict[str, int] = {str(n): 0 for n in range(1, 5)}
    controls, departments, zones = dict(levels), dict[str, dict[str, int]](), dict[str, dict[str, int]]()
    for level, control, department, count in await repository.counts(uow.session, asked):
        levels[str(level)] += count
        controls[str(control)] += count
        row = departments.setdefault(department, {})
        row[str(level)] = row.get(str(level), 0) + count
    for zone, level, count in await repository.counts_by_zone(uow.session, asked):
        zones.setdefault(zone, {})[str(level)] = count
    return RiskCounts(
        total=sum(levels.values()),
        by_level=levels,
        by_control_level=controls,
        by_department=departments,
        by_zone=zones,
        without_measure=await repository.without_measure(uow.session),
    )


@router.get("/methods", summary="Methods of assessment with their tables")
async def method_tables(principal: CurrentPrincipal) -> dict[str, Any]:
    """Factors with their allowed values, and bands or matrix."""
    principal.require("risk:read")
    return methods()


@router.get("/dictionaries", summary="Versioned dictionaries")
async def dictionary_list(uow: Uow, principal: CurrentPrincipal) -> list[DictionaryOut]:
    """Accident types and measure classes, every version."""
    principal.require("risk:read")
    return await dictionaries.versions(uow)


@router.post("/dictionaries", summary="New version of a dictionary", status_code=201)
async def add_dictionary(body: DictionaryIn, uow: Uow, principal: CurrentPrincipal) -> list[DictionaryOut]:
    """In force from its day on."""
    await dictionaries.add(uow, principal, body)
    return await dictionaries.versions(uow)


@router.get(
    "/dictionaries/template",
    summary="Accident types as a workbook",
    response_class=Response,
    responses=_file(workbook.MEDIA_TYPE),
)
async def dictionary_template(uow: Uow, principal: CurrentPrincipal, language: Language) -> Response:
    """The version in force in the form that ``/dictionaries/rows`` reads."""
    principal.require("risk:read")
    current = next(d for d in await dictionaries.versions(uow) if d.name == "accident_types" and d.in_force)
    return _download(
        code_list.template(current.version, current.items, language), workbook.MEDIA_TYPE, "accident-types.xlsx"
    )


@router.post("/dictionaries/rows", summary="Rows of a workbook for a new version")
async def dictionary_rows(file: UploadFile, principal: CurrentPrincipal) -> CodeRows:
    """Excel or CSV; nothing is kept."""
    principal.require("risk:write")
    return code_list.rows(await _read(file))


@router.get("/objects", summary="Analysis objects")
async def objects(uow: Uow, principal: CurrentPrincipal) -> list[ObjectOut]:
    """All of them."""
    principal.require("risk:read")
    return [ObjectOut.model_validate(o, from_attributes=True) for o in await repository.all_of(uow.session, RiskObject)]


@router.post("/objects", summary="New analysis object", status_code=201)
async def add_object(body: ObjectIn, uow: Uow, principal: CurrentPrincipal) -> ObjectOut:
    """Its code is unique."""
    return ObjectOut.model_validate(await service.add_object(uow, principal, body), from_attributes=True)


@router.put("/objects/{row_id}", summary="Change an analysis object")
async def change_object(
    row_id: UUID, version: Version, body: ObjectIn, uow: Uow, principal: CurrentPrincipal
) -> ObjectOut:
    """A stale version is a 409."""
    row = await service.change_object(uow, principal, row_id, version, body)
    return ObjectOut.model_validate(row, from_attributes=True)


@router.delete("/objects/{row_id}", summary="Delete an analysis object", status_code=204)
async def delete_object(row_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """Only when it has no units."""
    await service.remove(uow, principal, RiskObject, row_id, version)


@router.get("/units", summary="Units")
async def units(uow: Uow, principal: CurrentPrincipal) -> list[UnitOut]:
    """All of them, with their levels."""
    principal.require("risk:read")
    return [UnitOut.model_validate(u, from_attributes=True) for u in await repository.all_of(uow.session, RiskUnit)]


@router.post("/units", summary="New unit", status_code=201)
async def add_unit(body: RiskUnitIn, uow: Uow, principal: CurrentPrincipal) -> UnitOut:
    """It belongs to zones of the map."""
    return UnitOut.model_validate(await service.add_unit(uow, principal, body), from_attributes=True)


@router.put("/units/{row_id}", summary="Change a unit")
async def change_unit(
    row_id: UUID, version: Version, body: RiskUnitIn, uow: Uow, principal: CurrentPrincipal
) -> UnitOut:
    """Zones follow."""
    row = await service.change_unit(uow, principal, row_id, version, body)
    return UnitOut.model_validate(row, from_attributes=True)


@router.delete("/units/{row_id}", summary="Delete a unit", status_code=204)
async def delete_unit(row_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """Only when it has no events."""
    await service.remove(uow, principal, RiskUnit, row_id, version)


@router.post("/events", summary="New risk event", status_code=201)
async def add_event(body: EventIn, uow: Uow, principal: CurrentPrincipal) -> EventOut:
    """The level is computed; a control level below it is refused."""
    return EventOut.model_validate(await service.add_event(uow, principal, body), from_attributes=True)


@router.get("/events/{row_id}", summary="A risk event with its measures")
async def event(row_id: UUID, uow: Uow, principal: CurrentPrincipal) -> EventDetail:
    """With unit, object and measures."""
    principal.require("risk:read")
    row = await repository.event_row(uow.session, row_id)
    if row is None:
        raise service.RiskNotFound(kind="risk_event", id=str(row_id))
    found = await repository.measures(uow.session, [row_id])
    items = [MeasureOut.model_validate(m, from_attributes=True) for m in found]
    return EventDetail.model_validate({**row, "measure_items": items})


@router.put("/events/{row_id}", summary="Assess a risk event anew")
async def change_event(
    row_id: UUID, version: Version, body: EventIn, uow: Uow, principal: CurrentPrincipal
) -> EventOut:
    """An override ends with it."""
    row = await service.change_event(uow, principal, row_id, version, body)
    return EventOut.model_validate(row, from_attributes=True)


@router.post("/events/{row_id}/override", summary="Set another level, signed")
async def override(row_id: UUID, version: Version, body: Override, uow: Uow, principal: CurrentPrincipal) -> EventOut:
    """With reason and signature."""
    row = await service.override(uow, principal, row_id, version, body)
    return EventOut.model_validate(row, from_attributes=True)


@router.delete("/events/{row_id}", summary="Delete a risk event", status_code=204)
async def delete_event(row_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """Only when it has no measures."""
    await service.remove(uow, principal, RiskEvent, row_id, version)


@router.post("/measures", summary="New measure", status_code=201)
async def add_measure(body: MeasureIn, uow: Uow, principal: CurrentPrincipal) -> MeasureOut:
    """Of an event."""
    return MeasureOut.model_validate(await service.add_measure(uow, principal, body), from_attributes=True)


@router.put("/measures/{row_id}", summary="Change a measure")
async def change_measure(
    row_id: UUID, version: Version, body: MeasureIn, uow: Uow, principal: CurrentPrincipal
) -> MeasureOut:
    """A stale version is a 409."""
    row = await service.change_measure(uow, principal, row_id, version, body)
    return MeasureOut.model_validate(row, from_attributes=True)


@router.delete("/measures/{row_id}", summary="Delete a measure", status_code=204)
async def delete_measure(row_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """It stays for the exchange, marked."""
    await service.remove(uow, principal, RiskMeasure, row_id, version)


@router.get("/drawings", summary="Risk distribution drawings")
async def drawings(uow: Uow, principal: CurrentPrincipal) -> list[DrawingOut]:
    """With their corners on the map."""
    principal.require("risk:read")
    found = await repository.all_of(uow.session, RiskDrawing)
    return [DrawingOut.model_validate(d, from_attributes=True) for d in found]


@router.post("/drawings", summary="Lay a drawing onto the map", status_code=201)
async def add_drawing(body: DrawingIn, uow: Uow, principal: CurrentPrincipal) -> DrawingOut:
    """The picture was uploaded to ``/api/files``."""
    return DrawingOut.model_validate(await service.add_drawing(uow, principal, body), from_attributes=True)


@router.delete("/drawings/{row_id}", summary="Take a drawing off the map", status_code=204)
async def delete_drawing(row_id: UUID, version: Version, uow: Uow, principal: CurrentPrincipal) -> None:
    """The file stays."""
    await service.remove(uow, principal, RiskDrawing, row_id, version)


@router.get("/template", summary="Import template", response_class=Response, responses=_file(workbook.MEDIA_TYPE))
async def template(principal: CurrentPrincipal, language: Language) -> Response:
    """A workbook with the headings and an example."""
    principal.require("risk:read")
    return _download(documents.template(language), workbook.MEDIA_TYPE, "risk-template.xlsx")


@router.get(
    "/export.xlsx", summary="Register as workbook", response_class=Response, responses=_file(workbook.MEDIA_TYPE)
)
async def export_workbook(uow: Uow, principal: CurrentPrincipal, asked: Filters, language: Language) -> Response:
    """The filtered register in the form of the template."""
    principal.require("risk:read")
    return _download(await documents.as_workbook(uow, asked, language), workbook.MEDIA_TYPE, "risks.xlsx")


@router.get("/export.pdf", summary="Register as PDF", response_class=Response, responses=_file(pdf.MEDIA_TYPE))
async def export_pdf(uow: Uow, principal: CurrentPrincipal, asked: Filters, language: Language) -> Response:
    """The same rows as the workbook."""
    principal.require("risk:read")
    return _download(await documents.as_pdf(uow, principal, asked, language), pdf.MEDIA_TYPE, "risks.pdf")


def _download(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _read(file: UploadFile) -> bytes:
    data = await file.read(_MAX_WORKBOOK + 1)
    if len(data) > _MAX_WORKBOOK:
        raise TooLarge(limit=_MAX_WORKBOOK // (1024 * 1024))
    return data


@router.post("/import/preview", summary="Check a workbook")
async def preview(file: UploadFile, uow: Uow, principal: CurrentPrincipal, language: Language) -> ImportReport:
    """What an import would do, and every fault by row."""
    return await transfer.run(uow, principal, await _read(file), language, apply=False)


@router.post("/import", summary="Import a workbook")
async def import_workbook(file: UploadFile, uow: Uow, principal: CurrentPrincipal, language: Language) -> ImportReport:
    """All of it or, with a fault, nothing."""
    return await transfer.run(uow, principal, await _read(file), language, apply=True)
