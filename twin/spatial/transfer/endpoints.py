"""``/api/spatial/import``, ``export`` and ``template`` (included by twin.spatial.endpoints)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Form, Query, Response, UploadFile
from pydantic import BaseModel

from twin import clock
from twin.errors import Invalid
from twin.spatial.service import editable_layer, layer_of
from twin.spatial.transfer import excel, service
from twin.spatial.transfer.model import MAX_BYTES, MB, FileTooLarge, Options
from twin.spatial.transfer.systems import label
from twin.spatial.validate import fault
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute, tags=["spatial"])

_MAX_CHANGES = 500
_BINARY: dict[str, Any] = {made.media_type: {"schema": {}} for made in service.FORMATS.values()}

LayerField = Annotated[str, Form(max_length=60, description="layer, e.g. `tank`")]
CrsField = Annotated[
    str,
    Form(
        max_length=120,
        description="EPSG code, `gcj02`, `bd09`, `site` (the site's metric system), `local` (metres from the site's "
        "origin) or `auto`: what the file states, else EPSG:4326",
    ),
]
CadField = Annotated[str, Form(max_length=2000, description="DXF: CAD layers to take, separated by commas")]
UnitField = Annotated[
    Literal["", "m", "cm", "mm", "ft", "in"], Form(description="DXF: unit, where the drawing is wrong")
]
DefaultsField = Annotated[str, Form(max_length=20_000, description="JSON object: properties of rows that lack them")]

_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}


class ChangeOut(BaseModel):
    """A feature that would change, and which of its properties (``geometry`` for the shape)."""

    code: str
    name: str
    action: Literal["create", "update"]
    fields: list[str]


class RowFault(BaseModel):
    """What is wrong with a row, in the language of the request."""

    where: str
    message: str
    code: str | None = None
    row: int | None = None
    path: str | None = None


class ImportOut(BaseModel):
    """What a file changes. ``changes`` and ``errors`` are cut at 500; columns in ``ignored`` mean nothing here."""

    create: int
    update: int
    unchanged: int
    crs: str
    errors: list[RowFault]
    changes: list[ChangeOut]
    ignored: list[str]


@contextmanager
def _stored(file: UploadFile) -> Iterator[Path]:
    """The upload as a file under a name of our own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="twin-import-") as folder:
        path = Path(folder) / f"upload{service.format_of(file.filename or '').suffixes[0]}"
        with path.open("wb") as out:
            shutil.copyfileobj(file.file, out, MB)
            if out.tell() > MAX_BYTES:
                raise FileTooLarge(limit=f"{MAX_BYTES // MB} MB", found=f"{out.tell() // MB} MB")
        yield path


def _options(cad_layers: str, unit: str, defaults: str) -> Options:
    try:
        parsed = orjson.loads(defaults or "{}")
    except orjson.JSONDecodeError:
        parsed = None
    if not isinstance(parsed, dict):
        raise Invalid(errors=[fault("not_an_object", "defaults")])
    names = tuple(name.strip() for name in cad_layers.split(",") if name.strip())
    return Options(names, _METRES.get(unit), parsed)


@router.post("/api/spatial/import/preview", summary="What a file would change")
async def preview(
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    file: UploadFile,
    layer: LayerField,
    crs: CrsField = "auto",
    cad_layers: CadField = "",
    unit: UnitField = "",
    defaults: DefaultsField = "{}",
) -> ImportOut:
    """GeoJSON, GeoPackage, zipped Shapefile, DXF or XLSX; nothing is written."""
    return await _run(service.preview, uow, principal, language, file, layer, crs, _options(cad_layers, unit, defaults))


@router.post("/api/spatial/import", summary="Import a file")
async def import_file(
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    file: UploadFile,
    layer: LayerField,
    crs: CrsField = "auto",
    cad_layers: CadField = "",
    unit: UnitField = "",
    defaults: DefaultsField = "{}",
) -> ImportOut:
    """Writes all rows, or none when any is wrong (422 `import_invalid` names them)."""
    return await _run(service.apply, uow, principal, language, file, layer, crs, _options(cad_layers, unit, defaults))


async def _run(
    work: Callable[..., Awaitable[service.Outcome]],
    uow: Uow,
    principal: CurrentPrincipal,
    language: str,
    file: UploadFile,
    layer: str,
    crs: str,
    options: Options,
) -> ImportOut:
    found = editable_layer(layer)
    principal.require("spatial:import")
    with _stored(file) as path:
        outcome = await work(uow, principal, found, path, file.filename or "", crs, options, language)
    made = outcome.plan
    return ImportOut(
        create=made.count("create"),
        update=made.count("update"),
        unchanged=made.unchanged,
        crs=label(outcome.system.name),
        errors=[RowFault.model_validate(row) for row in outcome.faults],
        changes=[
            ChangeOut(code=c.code, name=c.name, action=c.action, fields=c.fields) for c in made.changes[:_MAX_CHANGES]
        ],
        ignored=outcome.ignored,
    )


@router.get(
    "/api/spatial/export", summary="A layer as a file", responses={200: {"content": _BINARY}}, response_class=Response
)
async def export(
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    layer: Annotated[str, Query(max_length=60)],
    format: Annotated[str, Query(max_length=20, description="geojson, gpkg, shp, dxf or xlsx")] = "geojson",
    crs: Annotated[str, Query(max_length=120, description="as for the import, without `auto`")] = "4326",
) -> Response:
    """Every feature of the layer with all its properties; Excel speaks the language of the request."""
    found = layer_of(layer)
    made, content = await service.export(uow, principal, found, format, crs, language)
    return _file(f"{found.key}-{clock.now():%Y%m%d}.{made.extension}", made.media_type, content)


@router.get(
    "/api/spatial/template",
    summary="Excel template of a layer",
    responses={200: {"content": _BINARY}},
    response_class=Response,
)
async def template(
    principal: CurrentPrincipal, language: Language, layer: Annotated[str, Query(max_length=60)]
) -> Response:
    """A workbook with the columns, drop-downs of the code lists and what each column means."""
    found = editable_layer(layer)
    principal.require(found.read)
    made = service.FORMATS["xlsx"]
    return _file(f"{found.key}-template.xlsx", made.media_type, excel.template(found, language))


def _file(name: str, media_type: str, content: bytes) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
