"""Point lists (``/api/points/import``, ``template``) and coverage (``/api/points/required``, ``coverage``)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from realtime.ingest import pointlist, repository_points
from realtime.ingest.repository_points import Required
from twin.errors import Invalid
from twin.spatial.transfer.endpoints import ChangeOut, ImportOut, RowFault
from twin.spatial.transfer.model import MAX_BYTES, MB, FileTooLarge, UnsupportedFormat
from twin.spatial.transfer.systems import label
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/points", tags=["sources"], route_class=TwinRoute)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHOWN = 500
Crs = Annotated[str, Form(max_length=120, description="as for `/api/spatial/import`")]


class PointImportOut(ImportOut):
    """What a point list changes; ``addresses``: points that get a source address."""

    addresses: int


class RequiredPoint(BaseModel):
    """A measuring point that a design document demands."""

    model_config = ConfigDict(extra="forbid")

    tag: Annotated[str, Field(min_length=1, max_length=60)]
    name: Annotated[str, Field(max_length=200)] = ""
    document: Annotated[str, Field(max_length=200)] = ""


class CoveredPoint(BaseModel):
    """A demanded point and how it stands."""

    model_config = ConfigDict(from_attributes=True)

    tag: str
    name: str
    document: str
    device_id: UUID | None
    source: str | None
    state: pointlist.State


class CoverageOut(BaseModel):
    """Numbers by state, and every demanded point that is not ``ok``."""

    required: int
    counts: dict[pointlist.State, int]
    gaps: list[CoveredPoint]


async def _run(
    uow: Uow, principal: CurrentPrincipal, language: str, file: UploadFile, crs: str, write: bool
) -> PointImportOut:
    name = Path(file.filename or "")
    if name.suffix.lower() not in (".xlsx", ".csv"):
        raise UnsupportedFormat(name=name.suffix[:20] or name.name[:60], known="xlsx, csv")
    with tempfile.TemporaryDirectory(prefix="twin-import-") as folder:
        path = Path(folder) / f"upload{name.suffix.lower()}"
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out, MB)
            if out.tell() > MAX_BYTES:
                raise FileTooLarge(limit=f"{MAX_BYTES // MB} MB", found=f"{out.tell() // MB} MB")
        outcome, addresses = await pointlist.run(uow, principal, path, path.name, crs, language, write=write)
    made = outcome.plan
    return PointImportOut(
        create=made.count("create"),
        update=made.count("update"),
        unchanged=made.unchanged,
        crs=label(outcome.system.name),
        errors=[RowFault.model_validate(row) for row in outcome.faults],
        changes=[ChangeOut(code=c.code, name=c.name, action=c.action, fields=c.fields) for c in made.changes[:_SHOWN]],
        ignored=outcome.ignored,
        addresses=addresses,
    )


@router.post("/import/preview", summary="What a point list would change")
async def preview(
    uow: Uow, principal: CurrentPrincipal, language: Language, file: UploadFile, crs: Crs = "auto"
) -> PointImportOut:
    """Reads an Excel or CSV file and names the faults of every row; nothing is written."""
    return await _run(uow, principal, language, file, crs, False)


@router.post("/import", summary="Import a point list")
async def import_points(
    uow: Uow, principal: CurrentPrincipal, language: Language, file: UploadFile, crs: Crs = "auto"
) -> PointImportOut:
    """Writes all rows with their source addresses, or none (422 `import_invalid` names every fault)."""
    return await _run(uow, principal, language, file, crs, True)


_BINARY: dict[int | str, dict[str, Any]] = {200: {"content": {_XLSX: {"schema": {}}}}}


@router.get("/template", summary="Excel template of a point list", responses=_BINARY, response_class=Response)
async def template(principal: CurrentPrincipal, language: Language) -> Response:
    """The columns of a device and of its source address."""
    principal.require("system:read")
    headers = {"Content-Disposition": 'attachment; filename="points-template.xlsx"', "Cache-Control": "no-store"}
    return Response(pointlist.template(language), media_type=_XLSX, headers=headers)


@router.put("/required", status_code=204, summary="Points that the design documents demand")
async def put_required(
    body: Annotated[list[RequiredPoint], Field(max_length=50_000)], uow: Uow, principal: CurrentPrincipal
) -> None:
    """Let the list be exactly this."""
    principal.require("system:write")
    tags = [p.tag for p in body]
    if len(set(tags)) < len(tags):
        twice = sorted({tag for tag in tags if tags.count(tag) > 1})[:50]
        raise Invalid(errors=[{"where": "tag", "message": tag} for tag in twice])
    rows = [Required(p.tag, p.name, p.document) for p in body]
    await repository_points.put_required(uow.session, uow.enterprise_id, rows)
    await uow.audit("points.required", "point_required", "", after={"points": len(rows)})


@router.get("/coverage", summary="Which demanded points are missing or silent")
async def coverage(uow: Uow, principal: CurrentPrincipal) -> CoverageOut:
    """Measured against the list of the design documents."""
    principal.require("map:read")
    rows = await pointlist.coverage(uow)
    counts: dict[pointlist.State, int] = {"ok": 0, "silent": 0, "unassigned": 0, "missing": 0}
    for row in rows:
        counts[row.state] += 1
    gaps = [CoveredPoint.model_validate(row) for row in rows if row.state != "ok"]
    return CoverageOut(required=len(rows), counts=counts, gaps=gaps)
