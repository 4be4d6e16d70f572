"""Vehicles: kept with audit and events, their units issued and taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from domain.vehicles import repository
from domain.vehicles.models import Vehicle
from realtime.tracking import repository_bindings as bindings
from realtime.tracking.repository_bindings import Carrier
from twin import clock
from twin.db.uow import UnitOfWork
from twin.errors import Conflict, Invalid, NotFound
from twin.ids import uuid7

TOPIC = "vehicle"
_SHOWN = ("plate", "type", "driver", "phone", "company", "waybill", "roads", "parking", "parking_minutes", "active")


class VehicleNotFound(NotFound):
    """No such vehicle, or another enterprise's."""

    code = "vehicle_not_found"


class PlateTaken(Conflict):
    """Another vehicle has this plate."""

    code = "plate_taken"


class VehicleVersion(Conflict):
    """Somebody else changed the vehicle first."""

    code = "conflict"


def _fact(vehicle: Vehicle) -> dict[str, Any]:
    return {"id": str(vehicle.id), **{name: getattr(vehicle, name) for name in _SHOWN}, "version": vehicle.version}


def _carrier(vehicle: Vehicle) -> Carrier:
    return Carrier("vehicle", vehicle.id, vehicle.plate, vehicle.type, vehicle.company)


async def require(uow: UnitOfWork, vehicle_id: UUID) -> Vehicle:
    """The vehicle.

    Raises:
        VehicleNotFound: there is none, or it is another enterprise's.
    """
    found = await repository.vehicle(uow.session, vehicle_id)
    if found is None:
        raise VehicleNotFound(id=str(vehicle_id))
    return found


async def create(uow: UnitOfWork, values: dict[str, Any]) -> Vehicle:
    """Add a vehicle.

    Raises:
        PlateTaken: the plate is another's. Invalid: a road or parking place that is not there.
    """
    await _check(uow, values)
    made = Vehicle(id=uuid7(), enterprise_id=uow.enterprise_id, version=1, **values)
    uow.session.add(made)
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise _taken(error, values) from error
    await _told(uow, "vehicle.create", made, None)
    return made


async def change(uow: UnitOfWork, vehicle_id: UUID, version: int, values: dict[str, Any]) -> Vehicle:
    """Change what is given.

    Raises:
        VehicleNotFound, VehicleVersion, PlateTaken, Invalid: as their names say.
    """
    await _check(uow, values)
    before = _fact(await require(uow, vehicle_id))
    try:
        changed = await repository.change(uow.session, vehicle_id, version, values, clock.now())
    except IntegrityError as error:
        raise _taken(error, values) from error
    if changed is None:
        raise VehicleVersion(current=before["version"], given=version)
    await bindings.rename(uow.session, _carrier(changed))
    await _told(uow, "vehicle.update", changed, before)
    return changed


async def issue(uow: UnitOfWork, vehicle_id: UUID, unit: str) -> None:
    """Put a GNSS unit into a vehicle.

    Raises:
        VehicleNotFound, BadgeNotFound, BadgeTaken, HasBadge: as their names say.
    """
    vehicle = await require(uow, vehicle_id)
    await bindings.issue(uow.session, uow.enterprise_id, _carrier(vehicle), unit, clock.now())
    await uow.audit("badge.issue", "vehicle", str(vehicle.id), after={"badge": unit, "name": vehicle.plate})
    await uow.emit("badge_binding", "put", unit, {"badge": unit, "subject": str(vehicle.id), "kind": "vehicle"})


async def give_back(uow: UnitOfWork, vehicle_id: UUID) -> None:
    """Take the unit out of a vehicle.

    Raises:
        VehicleNotFound, NoBadge: as their names say.
    """
    vehicle = await require(uow, vehicle_id)
    unit = await bindings.give_back(uow.session, "vehicle", vehicle_id, clock.now())
    await uow.audit("badge.return", "vehicle", str(vehicle.id), before={"badge": unit, "name": vehicle.plate})
    await uow.emit("badge_binding", "del", unit, {"badge": unit, "subject": str(vehicle.id), "kind": "vehicle"})


async def _check(uow: UnitOfWork, values: dict[str, Any]) -> None:
    given = values.get("roads") or [], values.get("parking") or []
    roads, places = await repository.unknown(uow.session, *given)
    faults = [{"where": "roads", "code": "unknown_code", "value": code} for code in roads]
    faults += [{"where": "parking", "code": "unknown_code", "value": code} for code in places]
    if faults:
        raise Invalid(errors=faults)


async def _told(uow: UnitOfWork, action: str, vehicle: Vehicle, before: dict[str, Any] | None) -> None:
    after = _fact(vehicle)
    await uow.audit(action, "vehicle", str(vehicle.id), before=before, after=after)
    await uow.emit(TOPIC, "put", str(vehicle.id), after)


def _taken(error: IntegrityError, values: dict[str, Any]) -> Exception:
    return PlateTaken(value=str(values.get("plate") or "")) if isinstance(error.orig, UniqueViolation) else error
