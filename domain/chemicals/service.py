"""Keeping chemicals and major-hazard units; every change computes anew what hangs on it, and results are kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from domain.chemicals import assess, gb18218, repository
from domain.chemicals.models import Chemical, MajorAssessment, MajorUnit
from domain.chemicals.repository import M
from domain.chemicals.roles import WRITE
from domain.chemicals.schemas import ChemicalIn, MajorUnitIn
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.files import service as files
from twin.ids import uuid7

CHEMICALS, UNITS = "chemicals", "major_units"


class ChemicalNotFound(NotFound):
    """No such chemical."""

    code = "chemical_not_found"


class MajorUnitNotFound(NotFound):
    """No such unit."""

    code = "major_unit_not_found"


class ChemicalChanged(Conflict):
    """Somebody else changed it first."""

    code = "conflict"


class ChemicalNameTaken(Conflict):
    """Another one has this name."""

    code = "chemical_name_taken"


class ChemicalInUse(Conflict):
    """It is stored in a unit."""

    code = "chemical_in_use"


async def chemical(uow: UnitOfWork, chemical_id: UUID) -> Chemical:
    """One of the register.

    Raises:
        ChemicalNotFound.
    """
    if (found := await repository.chemical(uow.session, chemical_id)) is None:
        raise ChemicalNotFound(id=str(chemical_id))
    return found


async def unit(uow: UnitOfWork, unit_id: UUID) -> MajorUnit:
    """One unit.

    Raises:
        MajorUnitNotFound.
    """
    if (found := await repository.unit(uow.session, unit_id)) is None:
        raise MajorUnitNotFound(id=str(unit_id))
    return found


def _check(body: ChemicalIn) -> None:
    entry, category = gb18218.known(body.entry, body.category)
    faults = [] if entry else [{"where": "entry", "code": "unknown_code", "value": body.entry}]
    faults += [] if category else [{"where": "category", "code": "unknown_code", "value": body.category}]
    if (body.own_q is not None or body.own_beta is not None) and not body.basis:
        faults.append({"where": "basis", "code": "chemical_basis", "value": body.name})
    if body.lel is not None and body.uel is not None and body.lel > body.uel:
        faults.append({"where": "uel", "code": "chemical_limits", "value": str(body.uel)})
    if faults:
        raise Invalid(errors=faults)


async def add_chemical(uow: UnitOfWork, principal: Principal, body: ChemicalIn) -> Chemical:
    """A new chemical.

    Raises:
        Invalid, ChemicalNameTaken: as their names say. AttachmentNotFound, Forbidden: the data sheet is not one's own.
    """
    principal.require(WRITE)
    _check(body)
    made = Chemical(id=uuid7(), enterprise_id=uow.enterprise_id, version=1, updated_at=clock.now(), **body.model_dump())
    await _insert(uow, made)
    await _sheet(uow, principal, made.id, body.sds_id)
    await _told(uow, "chemical.create", CHEMICALS, made, None)
    return made


async def change_chemical(
    uow: UnitOfWork, principal: Principal, chemical_id: UUID, version: int, body: ChemicalIn
) -> Chemical:
    """Change a chemical; the units that store it are computed anew.

    Raises:
        ChemicalNotFound, ChemicalChanged, ChemicalNameTaken; Invalid: also when a unit could not be computed with it.
    """
    principal.require(WRITE)
    _check(body)
    row = await chemical(uow, chemical_id)
    before, sheet = _fact(row), row.sds_id
    if body.sds_id != sheet:
        await _sheet(uow, principal, chemical_id, body.sds_id)
    changed = await _change(uow, row, version, body.model_dump())
    await _told(uow, "chemical.update", CHEMICALS, changed, before)
    using = await repository.units_with(uow.session, "chemical_id", str(chemical_id))
    await reassess(uow, using, f"chemical:{changed.name}", strict=True)
    return changed


async def remove_chemical(uow: UnitOfWork, principal: Principal, chemical_id: UUID) -> None:
    """Take a chemical out.

    Raises:
        ChemicalNotFound, ChemicalInUse.
    """
    principal.require(WRITE)
    row = await chemical(uow, chemical_id)
    if await repository.units_with(uow.session, "chemical_id", str(chemical_id)):
        raise ChemicalInUse(name=row.name)
    await uow.audit("chemical.delete", CHEMICALS, str(row.id), before=_fact(row))
    await uow.emit(CHEMICALS, "del", str(row.id), {"id": str(row.id)})
    await repository.delete(uow.session, row)


async def _check_unit(uow: UnitOfWork, body: MajorUnitIn) -> dict[str, Any]:
    if not await repository.zone_known(uow.session, body.zone_code):
        raise Invalid(errors=[{"where": "zone_code", "code": "unknown_code", "value": body.zone_code}])
    tanks = [line.tank_code for line in body.lines if line.tank_code]
    if twice := sorted({code for code in tanks if tanks.count(code) > 1}):
        raise Invalid(errors=[{"where": "lines", "code": "major_tank_twice", "value": code} for code in twice])
    return body.model_dump(mode="json")


async def add_unit(uow: UnitOfWork, principal: Principal, body: MajorUnitIn) -> MajorUnit:
    """A new unit with its first result.

    Raises:
        Invalid: a line that cannot be computed, an unknown zone. ChemicalNameTaken.
    """
    principal.require(WRITE)
    values = await _check_unit(uow, body)
    made = MajorUnit(id=uuid7(), enterprise_id=uow.enterprise_id, version=1, updated_at=clock.now(), **values)
    await _insert(uow, made)
    await _told(uow, "major_unit.create", UNITS, made, None)
    await reassess(uow, [made.id], "unit", strict=True)
    return made


async def change_unit(
    uow: UnitOfWork, principal: Principal, unit_id: UUID, version: int, body: MajorUnitIn
) -> MajorUnit:
    """Change a unit; it is computed anew.

    Raises:
        MajorUnitNotFound, ChemicalChanged, ChemicalNameTaken, Invalid: as in :func:`add_unit`.
    """
    principal.require(WRITE)
    values = await _check_unit(uow, body)
    row = await unit(uow, unit_id)
    before = _fact(row)
    changed = await _change(uow, row, version, values)
    await _told(uow, "major_unit.update", UNITS, changed, before)
    await reassess(uow, [unit_id], "unit", strict=True)
    return changed


async def remove_unit(uow: UnitOfWork, principal: Principal, unit_id: UUID, version: int) -> None:
    """Take a unit out of the list; its results stay.

    Raises:
        MajorUnitNotFound, ChemicalChanged.
    """
    principal.require(WRITE)
    row = await unit(uow, unit_id)
    before = _fact(row)
    changed = await _change(uow, row, version, {"removed": True})
    await _told(uow, "major_unit.remove", UNITS, changed, before)


async def reassess(
    uow: UnitOfWork, unit_ids: Iterable[UUID], cause: str, strict: bool = False, live: bool = False
) -> int:
    """Compute units and keep each result whose inputs are new. How many were kept.

    Args:
        live: also one whose level as it stands is new.
        strict: a unit that cannot be computed refuses the change; otherwise it only shows its faults.

    Raises:
        Invalid: with ``strict``, naming the lines.
    """
    kept = 0
    for unit_id in unit_ids:
        row = await repository.unit(uow.session, unit_id, lock=True)
        if row is None:
            continue
        result, faults = await assess.assess(uow, row)
        if result is None:
            if strict:
                raise Invalid(errors=[fault.model_dump() for fault in faults])
            continue
        body = result.model_dump(mode="json")
        last = await repository.last_result(uow.session, unit_id)
        moved = live and last is not None and last.body["now"]["level"] != body["now"]["level"]
        if last is not None and not moved and assess.inputs(last.body) == assess.inputs(body):
            continue
        uow.session.add(
            MajorAssessment(
                id=uuid7(),
                enterprise_id=uow.enterprise_id,
                unit_id=unit_id,
                at=clock.now(),
                cause=cause,
                level=result.design.level,
                s=result.design.s,
                r=result.design.r,
                body=body,
            )
        )
        await uow.session.flush()
        await uow.emit(UNITS, "assessed", str(unit_id), {"level": result.design.level, "cause": cause})
        kept += 1
    return kept


async def _insert(uow: UnitOfWork, row: Chemical | MajorUnit) -> None:
    uow.session.add(row)
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise _taken(error, row.name) from error


async def _change(uow: UnitOfWork, row: M, version: int, values: dict[str, Any]) -> M:
    current = row.version
    try:
        changed = await repository.change(uow.session, type(row), row.id, version, values, clock.now())
    except IntegrityError as error:
        raise _taken(error, str(values.get("name"))) from error
    if changed is None:
        raise ChemicalChanged(current=current, given=version)
    return changed


async def _sheet(uow: UnitOfWork, principal: Principal, chemical_id: UUID, sds_id: UUID | None) -> None:
    if sds_id is not None:
        await files.attach(uow, principal, sds_id, "chemical", str(chemical_id))


def _fact(row: Chemical | MajorUnit) -> dict[str, Any]:
    values = {column.name: getattr(row, column.name) for column in row.__table__.columns}
    del values["enterprise_id"], values["updated_at"]
    return {key: str(value) if isinstance(value, UUID) else value for key, value in values.items()}


async def _told(
    uow: UnitOfWork, action: str, topic: str, row: Chemical | MajorUnit, before: dict[str, Any] | None
) -> None:
    after = _fact(row)
    await uow.audit(action, topic, str(row.id), before=before, after=after)
    await uow.emit(topic, "put", str(row.id), after)


def _taken(error: IntegrityError, name: str) -> Exception:
    return ChemicalNameTaken(value=name) if isinstance(error.orig, UniqueViolation) else error
