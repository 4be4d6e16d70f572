"""The vehicles API (``/api/vehicles``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from domain.vehicles import repository, service
from realtime.tracking import repository_bindings as bindings
from twin import clock
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/vehicles", tags=["vehicles"], route_class=TwinRoute)

Type = Literal["car", "truck", "tanker", "forklift", "crane", "fire", "bus"]
_PRINTABLE = r"^[^\x00-\x1f]*$"
Plate = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=20, pattern=_PRINTABLE)
]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60, pattern=_PRINTABLE)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_PRINTABLE)]
Codes = Annotated[list[Code], Field(max_length=100)]


class VehicleIn(BaseModel):
    """A new vehicle; ``roads`` empty: all, ``parking`` empty: anywhere, ``parking_minutes`` null: as long as it likes."""

    model_config = ConfigDict(extra="forbid")

    plate: Plate
    type: Type
    driver: Line = ""
    phone: Line = ""
    company: Line = ""
    waybill: Line = ""
    roads: Codes = []
    parking: Codes = []
    parking_minutes: float | None = Field(default=None, gt=0, le=100_000)
    active: bool = True


class VehicleChange(BaseModel):
    """What is to change; ``version`` is the one it is based on."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**31 - 1)
    plate: Plate | None = None
    type: Type | None = None
    driver: Line | None = None
    phone: Line | None = None
    company: Line | None = None
    waybill: Line | None = None
    roads: Codes | None = None
    parking: Codes | None = None
    parking_minutes: float | None = Field(default=None, gt=0, le=100_000)
    active: bool | None = None


class VehiclePosition(BaseModel):
    """Where a vehicle was at ``t``: degrees (EPSG:4326), m above the ellipsoid, m/s, m, s of age now."""

    lon: float
    lat: float
    h: float
    zone: str | None
    zone_name: str | None
    speed: float
    r95: float
    state: str
    age: float
    t: datetime


class VehicleOut(VehicleIn):
    """A vehicle with its GNSS unit and where it is."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    version: int
    unit: str | None
    battery: float | None
    position: VehiclePosition | None


class VehiclesPage(BaseModel):
    """By plate; ``next`` goes on from there (``after``), null at the end."""

    items: list[VehicleOut]
    next: str | None


class VehicleUnitIn(BaseModel):
    """Which unit is put in."""

    model_config = ConfigDict(extra="forbid")
    unit: Code


class UnitCarried(BaseModel):
    """A unit in a vehicle; ``until`` null: still."""

    unit: str
    since: datetime
    until: datetime | None


def _shown(row: Any) -> VehicleOut:
    values = dict(row._mapping)
    names = ("lon", "lat", "h", "zone", "zone_name", "speed", "r95", "state", "t")
    place = {name: values.pop(name) for name in names}
    if place["t"] is None:
        return VehicleOut(**values, position=None)
    age = max(0.0, (clock.now() - place["t"]).total_seconds())
    return VehicleOut(**values, position=VehiclePosition(**place, age=age))


async def _card(uow: Uow, vehicle_id: UUID) -> VehicleOut:
    row = await repository.card(uow.session, vehicle_id)
    if row is None:
        raise service.VehicleNotFound(id=str(vehicle_id))
    return _shown(row)


@router.get("", summary="Find vehicles")
async def find(
    uow: Uow,
    principal: CurrentPrincipal,
    q: Annotated[
        str | None, Query(max_length=60, pattern=_PRINTABLE, description="part of plate, driver or company")
    ] = None,
    type: Type | None = None,
    after: Annotated[str, Query(max_length=60, pattern=_PRINTABLE)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> VehiclesPage:
    """Vehicles in use, each with its unit and where it is."""
    principal.require("people:read")
    rows = await repository.page(uow.session, q, type, after, limit + 1)
    return VehiclesPage(
        items=[_shown(row) for row in rows[:limit]], next=rows[limit - 1].plate if len(rows) > limit else None
    )


@router.post("", status_code=201, summary="Add a vehicle")
async def create(body: VehicleIn, uow: Uow, principal: CurrentPrincipal) -> VehicleOut:
    """Add a vehicle; the plate is unique."""
    principal.require("vehicles:write")
    return await _card(uow, (await service.create(uow, body.model_dump())).id)


@router.get("/{id}", summary="A vehicle's card")
async def card(id: UUID, uow: Uow, principal: CurrentPrincipal) -> VehicleOut:
    """Plate, type, driver, unit, position, and what it may do."""
    principal.require("people:read")
    return await _card(uow, id)


@router.patch("/{id}", summary="Change a vehicle")
async def change(id: UUID, body: VehicleChange, uow: Uow, principal: CurrentPrincipal) -> VehicleOut:
    """Change what is given; a stale ``version`` is refused with 409."""
    principal.require("vehicles:write")
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    values = {name: value for name, value in given.items() if value is not None or name == "parking_minutes"}
    await service.change(uow, id, body.version, values)
    return await _card(uow, id)


@router.put("/{id}/unit", summary="Put a GNSS unit into a vehicle")
async def issue(id: UUID, body: VehicleUnitIn, uow: Uow, principal: CurrentPrincipal) -> VehicleOut:
    """One vehicle, one unit."""
    principal.require("vehicles:write")
    await service.issue(uow, id, body.unit)
    return await _card(uow, id)


@router.delete("/{id}/unit", summary="Take the unit out of a vehicle")
async def give_back(id: UUID, uow: Uow, principal: CurrentPrincipal) -> VehicleOut:
    """End the binding; it stays in the history."""
    principal.require("vehicles:write")
    await service.give_back(uow, id)
    return await _card(uow, id)


@router.get("/{id}/units", summary="Units that a vehicle has carried")
async def units(id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[UnitCarried]:
    """Newest first."""
    principal.require("people:read")
    await service.require(uow, id)
    rows = await bindings.history(uow.session, "vehicle", id)
    return [UnitCarried(unit=row.badge, since=row.since, until=row.until) for row in rows]
