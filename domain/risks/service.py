"""The register: adding, changing, marking as deleted; overrides; and the colours of zones that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from domain.risks import dictionaries, repository
from domain.risks.methods import assess, check_control
from domain.risks.models import RiskDrawing, RiskEvent, RiskMeasure, RiskObject, RiskUnit
from domain.risks.repository import R
from domain.risks.schemas import DrawingIn, EventIn, MeasureIn, ObjectIn, Override, RiskUnitIn
from domain.risks.signed import override_facts
from twin import clock
from twin.auth.principal import Principal
from twin.db import register
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.files import service as files
from twin.signature import service as signatures
from twin.spatial import service as spatial

#: What hangs on a row of each table: table and column of the children.
_CHILDREN = {
    RiskObject: ("risk_unit", "object_id"),
    RiskUnit: ("risk_event", "unit_id"),
    RiskEvent: ("risk_measure", "event_id"),
}
TOPIC = "risks"


class RiskNotFound(NotFound):
    """No such row of the register."""

    code = "risk_not_found"


class RiskChanged(Conflict):
    """Somebody else changed the row first."""

    code = "conflict"


class RiskInUse(Conflict):
    """Others hang on it."""

    code = "risk_in_use"


class RiskCodeTaken(Conflict):
    """Another row has this code."""

    code = "code_taken"


async def get(uow: UnitOfWork, model: type[R], row_id: UUID) -> R:
    """A row of the register.

    Raises:
        RiskNotFound.
    """
    row = await register.get(uow.session, model, row_id)
    if row is None:
        raise RiskNotFound(kind=model.__tablename__, id=str(row_id))
    return row


async def _add(uow: UnitOfWork, principal: Principal, model: type[R], values: Mapping[str, Any]) -> R:
    row = await register.add(
        uow.session, model, uow.enterprise_id, principal.name, values,
        partial(RiskCodeTaken, where=str(values.get("code", ""))),
    )  # fmt: skip
    await _note(uow, "create", model, row.id, None, dict(values))
    return row


async def _change(
    uow: UnitOfWork, principal: Principal, row: R, version: int, values: dict[str, Any], action: str = "update"
) -> R:
    model, before = type(row), {name: getattr(row, name) for name in values}
    taken = partial(RiskCodeTaken, where=str(values.get("code", "")))
    if not await register.change(uow.session, row, version, principal.name, values, taken):
        raise RiskChanged(current=row.version, given=version)
    await _note(uow, action, model, row.id, before, values)
    return row


async def _note(
    uow: UnitOfWork, action: str, model: type[Any], row_id: UUID, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    from twin.workflow.repository import plain

    kind = str(model.__tablename__)
    await uow.audit(
        action, kind, str(row_id), before=plain(before, before) if before else None, after=plain(after, after)
    )
    await uow.emit(TOPIC, action, str(row_id), {"kind": kind})


async def add_object(uow: UnitOfWork, principal: Principal, body: ObjectIn) -> RiskObject:
    """A new analysis object."""
    principal.require("risk:write")
    return await _add(uow, principal, RiskObject, body.model_dump())


async def change_object(
    uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: ObjectIn
) -> RiskObject:
    """Change an object."""
    principal.require("risk:write")
    return await _change(uow, principal, await get(uow, RiskObject, row_id), version, body.model_dump())


async def _check_zones(uow: UnitOfWork, codes: Sequence[str]) -> None:
    unknown = set(codes) - await repository.known_zones(uow.session, codes)
    if unknown:
        raise Invalid(
            errors=[{"where": "zone_codes", "code": "risk_zone_unknown", "value": c} for c in sorted(unknown)]
        )


async def add_unit(uow: UnitOfWork, principal: Principal, body: RiskUnitIn) -> RiskUnit:
    """A new unit of an object."""
    principal.require("risk:write")
    await get(uow, RiskObject, body.object_id)
    await _check_zones(uow, body.zone_codes)
    return await _add(uow, principal, RiskUnit, {**body.model_dump(), "level": None, "control_level": None})


async def change_unit(uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: RiskUnitIn) -> RiskUnit:
    """Change a unit; zones that it leaves and enters take their colours from the units that they have now."""
    principal.require("risk:write")
    await get(uow, RiskObject, body.object_id)
    await _check_zones(uow, body.zone_codes)
    row = await get(uow, RiskUnit, row_id)
    left = set(row.zone_codes)
    row = await _change(uow, principal, row, version, body.model_dump())
    await colour_zones(uow, principal, sorted(left | set(row.zone_codes)))
    return row


async def _event_values(uow: UnitOfWork, body: EventIn) -> dict[str, Any]:
    found = assess(body.method, body.factors)
    control = body.control_level if body.control_level is not None else found.level
    check_control(found.level, control)
    version = await dictionaries.require(uow, "accident_types", body.accident_types)
    return {
        **body.model_dump(),
        "control_level": control,
        "dictionary_version": version,
        "score": found.score,
        "computed_level": found.level,
        "level": found.level,
        "override_reason": "",
        "override_id": None,
    }


async def add_event(uow: UnitOfWork, principal: Principal, body: EventIn) -> RiskEvent:
    """A new event; its level is computed, and unit and zones follow.

    Raises:
        Invalid: the factors, the accident types, or a control level below the risk (M8.5).
    """
    principal.require("risk:write")
    await get(uow, RiskUnit, body.unit_id)
    row = await _add(uow, principal, RiskEvent, await _event_values(uow, body))
    await roll_up(uow, principal, [row.unit_id])
    return row


async def change_event(uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: EventIn) -> RiskEvent:
    """Assess an event anew; an override ends, because it was signed for the old assessment."""
    principal.require("risk:write")
    await get(uow, RiskUnit, body.unit_id)
    row = await get(uow, RiskEvent, row_id)
    left = row.unit_id
    row = await _change(uow, principal, row, version, await _event_values(uow, body))
    await roll_up(uow, principal, [left, row.unit_id])
    return row


async def override(uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: Override) -> RiskEvent:
    """Set another level than the computed one, signed.

    Raises:
        Invalid: the control level is below the new risk. SignInFailed, SignatureEmpty: the signature.
    """
    principal.require("risk:write")
    row = await get(uow, RiskEvent, row_id)
    control = body.control_level if body.control_level is not None else min(row.control_level, body.level)
    check_control(body.level, control)
    values = {"level": body.level, "control_level": control, "override_reason": body.reason}
    row = await _change(uow, principal, row, version, values, "override")
    signed = await signatures.sign(
        uow, principal, body.confirmation, "risk_event", str(row.id), "override", override_facts(row)
    )
    row.override_id = signed.id
    await uow.session.flush()
    await roll_up(uow, principal, [row.unit_id])
    await uow.session.refresh(row)
    return row


async def add_measure(uow: UnitOfWork, principal: Principal, body: MeasureIn) -> RiskMeasure:
    """A new measure of an event."""
    principal.require("risk:write")
    await get(uow, RiskEvent, body.event_id)
    _check_classes(body)
    return await _add(uow, principal, RiskMeasure, body.model_dump())


async def change_measure(
    uow: UnitOfWork, principal: Principal, row_id: UUID, version: int, body: MeasureIn
) -> RiskMeasure:
    """Change a measure."""
    principal.require("risk:write")
    await get(uow, RiskEvent, body.event_id)
    _check_classes(body)
    return await _change(uow, principal, await get(uow, RiskMeasure, row_id), version, body.model_dump())


def _check_classes(body: MeasureIn) -> None:
    known = {code for code, _, _ in dictionaries.shipped()["measure_classes"][-1]["items"]}
    if body.classify2 not in known or not body.classify2.startswith(f"{body.classify1}-"):
        raise Invalid(errors=[{"where": "classify2", "code": "risk_class", "value": body.classify2}])


async def remove(uow: UnitOfWork, principal: Principal, model: type[R], row_id: UUID, version: int) -> None:
    """Mark a row as deleted; the exchange tells it on.

    Raises:
        RiskInUse: others hang on it. RiskChanged, RiskNotFound.
    """
    principal.require("risk:write")
    row = await get(uow, model, row_id)
    if model in _CHILDREN and await repository.children(uow.session, *_CHILDREN[model], row_id):
        raise RiskInUse(id=str(row_id))
    await _change(uow, principal, row, version, {"deleted": True}, "delete")
    if isinstance(row, RiskEvent):
        await roll_up(uow, principal, [row.unit_id])
    elif isinstance(row, RiskUnit):
        await colour_zones(uow, principal, row.zone_codes)


async def roll_up(uow: UnitOfWork, principal: Principal, unit_ids: Sequence[UUID]) -> None:
    """Units take the worst level of their events, and their zones that of their units."""
    await uow.session.flush()
    zones = await repository.roll_up(uow.session, unit_ids, clock.now(), principal.name)
    await colour_zones(uow, principal, zones)


async def colour_zones(uow: UnitOfWork, principal: Principal, codes: Sequence[str]) -> None:
    """Give zones the level and control level of their worst unit: a versioned, live edit of the map.

    The edit follows from the register, so it needs no right to draw.
    """
    await uow.session.flush()
    product = replace(
        principal, scopes=principal.scopes | {"spatial:write"}, zones=frozenset(), departments=frozenset()
    )
    layer = spatial.layer_of("zone")
    for id_, version, _, _, level, control in await repository.zone_levels(uow.session, codes):
        await spatial.patch(uow, product, layer, id_, version, None, {"static_risk": level, "control_level": control})


async def add_drawing(uow: UnitOfWork, principal: Principal, body: DrawingIn) -> RiskDrawing:
    """Lay an uploaded picture onto the map.

    Raises:
        Invalid: no picture, or an unknown zone. AttachmentNotFound, Forbidden: the upload is not one's own.
    """
    principal.require("risk:write")
    if body.zone_code:
        await _check_zones(uow, [body.zone_code])
    upload = await files.get(uow, principal, body.attachment_id)
    if not upload.media_type.startswith("image/"):
        raise Invalid(errors=[{"where": "attachment_id", "code": "risk_drawing_kind", "value": upload.media_type}])
    row = await _add(uow, principal, RiskDrawing, body.model_dump())
    await files.attach(uow, principal, body.attachment_id, "risk_drawing", str(row.id))
    return row
