"""Surveyed radio maps of BLE fields (``/api/positioning/radio-maps``): what ``twin positioning calibrate ble`` makes, in the live engine."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel

from realtime.tracking import repository_maps as repository
from twin import clock
from twin.errors import Invalid, NotFound
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/positioning/radio-maps", tags=["positions"], route_class=TwinRoute)

Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class RadioMapInvalid(Invalid):
    """The file is no radio map."""

    code = "radio_map_invalid"


class RadioMapNotFound(NotFound):
    """There is no such radio map."""

    code = "radio_map_not_found"


class RadioMapOut(BaseModel):
    """A stored map: receivers that it knows, size of its grid (m), cells."""

    code: str
    sensors: list[str]
    cell: float
    cells: int
    updated_at: datetime
    updated_by: str


@router.get("", summary="Radio maps of BLE fields")
async def list_maps(uow: Uow, principal: CurrentPrincipal) -> list[RadioMapOut]:
    """Every stored map. A field of receivers that none of them knows whole works with the path-loss prior."""
    principal.require("positioning:read")
    return [_out(row.code, row.map, row.updated_at, row.updated_by) for row in await repository.radio_maps(uow.session)]


@router.put("/{code}", summary="Load a radio map")
async def put_map(
    code: Code, given: Annotated[dict[str, Any], Body()], uow: Uow, principal: CurrentPrincipal
) -> RadioMapOut:
    """Store what ``twin positioning calibrate ble`` wrote; coordinates are metres of the site's frame. The engine takes it within seconds.

    Raises:
        RadioMapInvalid: what is wrong with the file.
    """
    from realtime.positioning.radiomap import from_json

    principal.require("positioning:write")
    try:
        names = list(given["sensors"])
        field = from_json(given, names)
        if (
            not names
            or field.mean.shape != (len(names), int(field.shape.prod()))
            or field.spread.shape != field.mean.shape
        ):
            raise ValueError("cells")
    except (KeyError, TypeError, ValueError) as error:
        raise RadioMapInvalid(reason=str(error)[:200]) from error
    now = clock.now()
    await repository.put_radio_map(uow.session, uow.enterprise_id, code, given, now, principal.name)
    made = _out(code, given, now, principal.name)
    await uow.audit("set", "radio_map", code, after=made.model_dump(mode="json"))
    return made


@router.delete("/{code}", status_code=204, summary="Take a radio map away")
async def drop_map(code: Code, uow: Uow, principal: CurrentPrincipal) -> None:
    """The field goes back to the path-loss prior.

    Raises:
        RadioMapNotFound: as its name says.
    """
    principal.require("positioning:write")
    if not await repository.drop_radio_map(uow.session, code):
        raise RadioMapNotFound(code=code)
    await uow.audit("delete", "radio_map", code)


def _out(code: str, given: dict[str, Any], at: datetime, by: str) -> RadioMapOut:
    cells = 1
    for side in given["shape"]:
        cells *= int(side)
    return RadioMapOut(
        code=code, sensors=sorted(given["sensors"]), cell=given["cell"], cells=cells, updated_at=at, updated_by=by
    )
