"""Chemicals (``/api/chemicals``) and major hazards (``/api/major-hazards``)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, UploadFile

from domain.chemicals import assess, gb18218, repository, service, transfer
from domain.chemicals.models import Chemical, MajorUnit
from domain.chemicals.roles import READ
from domain.chemicals.schemas import (
    Assessed,
    ChemicalChange,
    ChemicalDictionary,
    ChemicalImport,
    ChemicalIn,
    ChemicalOut,
    ChemicalsPage,
    MajorDraft,
    MajorPreview,
    MajorResult,
    MajorUnitChange,
    MajorUnitIn,
    MajorUnitOut,
    Version,
)
from twin.documents import grid, workbook
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api", tags=["chemicals"], route_class=TwinRoute)

_Text = Annotated[str, Query(max_length=120, pattern=r"^[^\x00-\x1f]*$")]


def _chemical(row: Chemical) -> ChemicalOut:
    rate = assess.rated(row)
    values = {name: getattr(row, name) for name in [*ChemicalIn.model_fields, "id", "version", "updated_at"]}
    return ChemicalOut(**values, q=rate.q, q_from=rate.q_from, beta=rate.beta, beta_from=rate.beta_from)


async def _unit(uow: Uow, row: MajorUnit) -> MajorUnitOut:
    result, faults = await assess.assess(uow, row)
    values = {name: getattr(row, name) for name in [*MajorUnitIn.model_fields, "id", "version", "updated_at"]}
    return MajorUnitOut(**values, result=result, faults=faults)


@router.get("/chemicals", summary="Register of chemicals")
async def find(
    uow: Uow,
    principal: CurrentPrincipal,
    q: _Text = "",
    after: _Text = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ChemicalsPage:
    """By name; ``q`` is part of a name or the start of a CAS number."""
    principal.require(READ)
    rows = await repository.chemicals(uow.session, q, after, limit + 1)
    return ChemicalsPage(
        items=[_chemical(row) for row in rows[:limit]], next=rows[limit - 1].name if len(rows) > limit else None
    )


@router.get("/chemicals/dictionary", summary="GB 18218: critical quantities and correction factors")
async def dictionary(principal: CurrentPrincipal) -> ChemicalDictionary:
    """As far as it is shipped; what is not in it is entered at the chemical with its basis."""
    principal.require(READ)
    return ChemicalDictionary.model_validate(gb18218.dictionary())


@router.get(
    "/chemicals/import/template",
    summary="Template for chemicals",
    response_class=Response,
    responses={200: {"content": {workbook.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def import_template(principal: CurrentPrincipal, language: Language) -> Response:
    """An empty workbook with one example."""
    principal.require(READ)
    disposition = {"Content-Disposition": 'attachment; filename="chemicals.xlsx"'}
    return Response(transfer.template(language), media_type=workbook.MEDIA_TYPE, headers=disposition)


@router.post("/chemicals/import", summary="Chemicals from Excel or CSV")
async def import_chemicals(
    file: UploadFile, uow: Uow, principal: CurrentPrincipal, language: Language, dry: bool = False
) -> ChemicalImport:
    """All of it or, with a fault or ``dry``, nothing; faults by row and column."""
    return await transfer.load(uow, principal, await file.read(grid.LARGEST + 1), language, dry=dry)


@router.post("/chemicals", status_code=201, summary="Add a chemical")
async def add(body: ChemicalIn, uow: Uow, principal: CurrentPrincipal) -> ChemicalOut:
    """The name is unique."""
    return _chemical(await service.add_chemical(uow, principal, body))


@router.get("/chemicals/{id}", summary="One chemical")
async def one(id: UUID, uow: Uow, principal: CurrentPrincipal) -> ChemicalOut:
    """With its safety data."""
    principal.require(READ)
    return _chemical(await service.chemical(uow, id))


@router.put("/chemicals/{id}", summary="Change a chemical")
async def change(id: UUID, body: ChemicalChange, uow: Uow, principal: CurrentPrincipal) -> ChemicalOut:
    """The units that store it are computed anew."""
    given = ChemicalIn.model_validate(body.model_dump(exclude={"version"}))
    return _chemical(await service.change_chemical(uow, principal, id, body.version, given))


@router.delete("/chemicals/{id}", status_code=204, summary="Take a chemical out of the register")
async def remove(id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """Refused while a unit stores it."""
    await service.remove_chemical(uow, principal, id)


@router.get("/major-hazards", summary="Units with S, R and level")
async def units(uow: Uow, principal: CurrentPrincipal) -> list[MajorUnitOut]:
    """Computed from what is stored: at design maximum and as it stands, with every row."""
    principal.require(READ)
    return [await _unit(uow, row) for row in await repository.units(uow.session)]


@router.post("/major-hazards/preview", summary="What a unit would come to")
async def preview_unit(body: MajorDraft, uow: Uow, principal: CurrentPrincipal) -> MajorPreview:
    """S, R and level of what is being entered, with its rows; nothing is kept."""
    principal.require(READ)
    draft = MajorUnit(residents=body.residents, lines=body.model_dump(mode="json")["lines"])
    result, faults = await assess.assess(uow, draft)
    return MajorPreview(result=result, faults=faults)


@router.post("/major-hazards", status_code=201, summary="Add a unit")
async def add_unit(body: MajorUnitIn, uow: Uow, principal: CurrentPrincipal) -> MajorUnitOut:
    """Tank farm by dike, warehouse by building, process unit between shut-off valves."""
    return await _unit(uow, await service.add_unit(uow, principal, body))


@router.get("/major-hazards/{id}", summary="One unit")
async def one_unit(id: UUID, uow: Uow, principal: CurrentPrincipal) -> MajorUnitOut:
    """With its result now."""
    principal.require(READ)
    return await _unit(uow, await service.unit(uow, id))


@router.put("/major-hazards/{id}", summary="Change a unit")
async def change_unit(id: UUID, body: MajorUnitChange, uow: Uow, principal: CurrentPrincipal) -> MajorUnitOut:
    """It is computed anew; the result is kept."""
    given = MajorUnitIn.model_validate(body.model_dump(exclude={"version"}))
    return await _unit(uow, await service.change_unit(uow, principal, id, body.version, given))


@router.delete("/major-hazards/{id}", status_code=204, summary="Take a unit out of the list")
async def remove_unit(id: UUID, version: Annotated[Version, Query()], uow: Uow, principal: CurrentPrincipal) -> None:
    """Its results stay."""
    await service.remove_unit(uow, principal, id, version)


@router.get("/major-hazards/{id}/results", summary="Results of a unit")
async def results(
    id: UUID,
    uow: Uow,
    principal: CurrentPrincipal,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[MajorResult]:
    """Newest first, each with its cause and all its inputs; ``before`` goes on from an id."""
    principal.require(READ)
    await service.unit(uow, id)
    return [
        MajorResult(id=row.id, at=row.at, cause=row.cause, result=Assessed.model_validate(row.body))
        for row in await repository.results(uow.session, id, before, limit)
    ]
