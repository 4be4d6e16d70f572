"""Surveyed radio maps of BLE fields (``/api/positioning/radio-maps``): what ``twin positioning calibrate ble`` makes, in the live engine."""

from __future__ import annotations

import math
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
    """A stored map: receivers that it knows, floors on which they hang (empty: outdoors), those of them that the plant has not,
    size of its grid (m), cells."""

    code: str
    sensors: list[str]
    floors: list[str]
    unknown: list[str]
    cell: float
    cells: int
    updated_at: datetime
    updated_by: str


@router.get("", summary="Radio maps of BLE fields")
async def list_maps(uow: Uow, principal: CurrentPrincipal) -> list[RadioMapOut]:
    """Every stored map. A field of receivers that none of them knows whole works with the path-loss prior."""
    principal.require("positioning:read")
    known = await repository.receivers(uow.session)
    stored = await repository.radio_maps(uow.session)
    return [_out(row.code, row.map, row.updated_at, row.updated_by, known) for row in stored]


@router.put("/{code}", summary="Load a radio map")
async def put_map(
    code: Code, given: Annotated[dict[str, Any], Body()], uow: Uow, principal: CurrentPrincipal
) -> RadioMapOut:
    """Store what ``twin positioning calibrate ble`` wrote; coordinates are metres of the site's frame. The engine takes it within seconds.

    Raises:
        RadioMapInvalid: what is wrong with the file.
    """
    principal.require("positioning:write")
    if faults := _faults(given):
        raise RadioMapInvalid(errors=faults)
    now = clock.now()
    await repository.put_radio_map(uow.session, uow.enterprise_id, code, given, now, principal.name)
    made = _out(code, given, now, principal.name, await repository.receivers(uow.session))
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


def _numbers(given: Any, count: int) -> bool:
    """Whether it is a list of so many finite numbers."""
    return (
        isinstance(given, list)
        and len(given) == count
        and all(type(v) in (int, float) and math.isfinite(v) for v in given)
    )


def _faults(given: dict[str, Any]) -> list[dict[str, Any]]:
    """What keeps a file from being a radio map, for people to read; none when it is one."""
    from realtime.positioning.radiomap import FORMAT

    if given.get("format") != FORMAT:
        return [{"where": "format", "code": "radio_map_format", "format": FORMAT}]
    shape, cell = given.get("shape"), given.get("cell")
    if not (_numbers(given.get("origin"), 2) and _numbers(shape, 2) and _numbers([cell], 1)):
        return [{"where": "origin, cell, shape", "code": "radio_map_grid"}]
    sides = [int(side) for side in shape or ()]
    if min(sides) < 1 or sides != shape or not 0.0 < float(cell or 0.0) <= 20.0:
        return [{"where": "cell, shape", "code": "radio_map_grid"}]
    sensors, cells = given.get("sensors"), sides[0] * sides[1]
    if not isinstance(sensors, dict) or not sensors:
        return [{"where": "sensors", "code": "radio_map_sensors"}]
    return [
        {"where": str(name)[:64], "code": "radio_map_cells", "cells": cells}
        for name, row in sensors.items()
        if not isinstance(row, dict) or not all(_numbers(row.get(key), cells) for key in ("mean_dbm", "spread_db"))
    ][:20]


def _out(code: str, given: dict[str, Any], at: datetime, by: str, known: dict[str, str]) -> RadioMapOut:
    sensors = sorted(given["sensors"])
    return RadioMapOut(
        code=code, sensors=sensors, floors=sorted({known[name] for name in sensors if name in known}),
        unknown=[name for name in sensors if name not in known], cell=given["cell"],
        cells=math.prod(int(side) for side in given["shape"]), updated_at=at, updated_by=by,
    )  # fmt: skip
