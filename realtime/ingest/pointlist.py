"""Point lists: devices with their source addresses from Excel or CSV, and coverage of what the design demands.

The columns of the device layer are read as everywhere (:mod:`twin.spatial.transfer`); four more say where a value comes
from: source, address, scale, shift. All rows are written, or none.
"""

from __future__ import annotations

import asyncio
import csv
import io
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from realtime.history import repository as history
from realtime.ingest import repository, repository_points
from realtime.ingest.plugin import AddressInvalid, kinds
from realtime.ingest.repository import PointRow
from realtime.ingest.service import TOPIC
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.i18n import LANGUAGES, t
from twin.spatial.service import layer_of
from twin.spatial.transfer import excel, service
from twin.spatial.transfer.model import FileUnreadable, ImportInvalid, Options, Raw
from twin.spatial.transfer.service import Outcome

_COLUMNS = ("source_name", "address", "scale", "shift")
#: Seconds after which a gateway that has not written is taken for dead.
_GATEWAY_S = 30.0


@dataclass(frozen=True)
class _Wanted:
    row: int
    code: str
    source: str
    address: str
    scale: float
    shift: float


def template(language: str) -> bytes:
    """The device layer's workbook with the four columns of the source."""
    from openpyxl import load_workbook
    from openpyxl.styles import Font

    book = load_workbook(io.BytesIO(excel.template(layer_of("device"), language)))
    sheet = book.worksheets[0]
    at = sheet.max_column
    for n, name in enumerate(_COLUMNS, 1):
        cell = sheet.cell(1, at + n, f"{t(f'pointlist.{name}', language)} ({name})")
        cell.font = Font(bold=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def workbook_of_csv(path: Path) -> Path:
    """A CSV file (UTF-8 or GB 18030) as a workbook beside it."""
    from openpyxl import Workbook

    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as error:
            raise FileUnreadable(detail="csv") from error
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in csv.reader(io.StringIO(text)):
        sheet.append([_cell(cell) for cell in row])
    made = path.with_suffix(".xlsx")
    book.save(made)
    return made


def _cell(text: str) -> str | float | None:
    """A CSV cell: numbers as numbers, but never a code with leading noughts."""
    try:
        number = float(text)
    except ValueError:
        return "".join(c for c in text if c >= " " or c in "\t\n") or None
    return (
        number
        if math.isfinite(number) and str(number).rstrip("0").rstrip(".") == text.rstrip("0").rstrip(".")
        else text
    )


def _column(header: str) -> str | None:
    text = header.strip().rstrip("*").strip().lower()
    for name in _COLUMNS:
        if text == name or text.endswith(f"({name})") or text in (t(f"pointlist.{name}", k).lower() for k in LANGUAGES):
            return name
    return None


def _wanted(raw: Raw, faults: list[tuple[int, str, str, dict[str, Any]]]) -> _Wanted | None:
    found = {key: value for name, value in raw.properties.items() if (key := _column(str(name))) and value is not None}
    code = str(raw.properties.get("code") or "")
    source, address = str(found.get("source_name", "")).strip(), str(found.get("address", "")).strip()
    if not source and not address:
        return None
    if not source or not address:
        faults.append((raw.row, code, "pointlist_half", {}))
        return None
    try:
        scale, shift = float(found.get("scale", 1.0)), float(found.get("shift", 0.0))
        if not (math.isfinite(scale) and math.isfinite(shift)):
            raise ValueError
    except (TypeError, ValueError):
        faults.append((raw.row, code, "pointlist_number", {}))
        return None
    return _Wanted(raw.row, code, source, address, scale, shift)


async def run(
    uow: UnitOfWork, principal: Principal, path: Path, filename: str, crs: str, language: str, *, write: bool
) -> tuple[Outcome, int]:
    """Preview a point list, or import it; what it changes, and how many points get an address.

    Raises:
        Forbidden: no right.
        FileUnreadable, ColumnMissing and others of the transfer: the file as a whole is of no use.
        ImportInvalid: when writing, with the faults of all rows.
    """
    principal.require("system:write")
    if Path(filename).suffix.lower() == ".csv":
        path, filename = await asyncio.to_thread(workbook_of_csv, path), "list.xlsx"
    layer, options = layer_of("device"), Options()
    outcome = await service.preview(uow, principal, layer, path, filename, crs, options, language)
    read = await asyncio.to_thread(service.read, service.format_of(filename), path, layer, options)
    faults: list[tuple[int, str, str, dict[str, Any]]] = []
    wanted = [found for raw in read.rows if (found := _wanted(raw, faults)) is not None]
    sources = await repository_points.sources_by_name(uow.session)
    for one in wanted:
        if one.source not in sources:
            faults.append((one.row, one.code, "pointlist_source", {"name": one.source}))
            continue
        try:
            kinds()[sources[one.source][1]].check(one.address)
        except AddressInvalid:
            faults.append((one.row, one.code, "address_invalid", {"address": one.address}))
    told = [
        {
            "where": f"{t('transfer.row', language, row=row)} · {code}", "message": t(f"error.{name}", language, **more),
            "code": name, "row": row, "path": "address",
        }
        for row, code, name, more in sorted(faults, key=lambda fault: fault[0])
    ]  # fmt: skip
    outcome = replace(
        outcome, faults=outcome.faults + told, ignored=[name for name in outcome.ignored if _column(name) is None]
    )
    if write:
        if outcome.faults:
            raise ImportInvalid(count=len(outcome.plan.faults) + len(told), errors=outcome.faults)
        await service.apply(uow, principal, layer, path, filename, crs, options, language)
        await _assign(uow, wanted, sources)
    return outcome, len(wanted)


async def _assign(uow: UnitOfWork, wanted: list[_Wanted], sources: dict[str, tuple[UUID, str]]) -> None:
    devices = await repository_points.devices_by_code(uow.session, [one.code for one in wanted])
    rows = [PointRow(devices[w.code], sources[w.source][0], w.address, w.scale, w.shift) for w in wanted]
    before = await repository.points_of(uow.session, [row.device_id for row in rows])
    changed = [row for row in rows if row not in before]
    if not changed:
        return
    await repository_points.assign(uow.session, uow.enterprise_id, changed)
    moved = {row.device_id for row in changed}
    touched = {row.source_id for row in changed} | {row.source_id for row in before if row.device_id in moved}
    await repository.touch(uow.session, sorted(touched), clock.now())
    for id_ in sorted(touched):
        await uow.audit("source.points", "field_source", str(id_), after={"imported": len(changed)})
        await uow.emit(TOPIC, "put", str(id_), {})


State = Literal["ok", "silent", "unassigned", "missing"]


@dataclass(frozen=True)
class Coverage:
    """A demanded point: ``missing`` (no such device), ``unassigned`` (no running source measures it), ``silent`` (its
    newest sample is bad, or there is none, or the gateway is down), ``ok``."""

    tag: str
    name: str
    document: str
    device_id: UUID | None
    source: str | None
    state: State


async def coverage(uow: UnitOfWork) -> list[Coverage]:
    """Every demanded point and how it stands."""
    alive = await history.writer_alive(uow.session)
    up = alive is not None and (clock.now() - alive).total_seconds() <= _GATEWAY_S

    def state(row: repository_points.Covered) -> State:
        if row.device_id is None:
            return "missing"
        if row.source is None:
            return "unassigned"
        return "ok" if up and row.quality is not None and row.quality >= 0 else "silent"

    rows = await repository_points.covered(uow.session)
    return [Coverage(r.tag, r.name, r.document, r.device_id, r.source, state(r)) for r in rows]
