"""Set-points of a measuring point (``/api/alarms/points``): the alarm part of the point form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from domain.alarms.errors import AlarmVersion, PointNotFound
from realtime.alarms import repository_points
from realtime.alarms.setpoints import GRADES, Limits, Setpoint, layer_limits
from twin import clock
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/points", route_class=TwinRoute)


class SetpointIn(Setpoint):
    """What is to hold; ``version`` is the one it is based on (0: nothing was set)."""

    version: int = Field(ge=0)
    enabled: bool = True


class SetpointOut(SetpointIn):
    """What holds: ``layer`` are the limits of the ``device`` layer, ``effective`` those in force, ``all_grades``
    with the defaults."""

    device_id: UUID
    tag: str
    name: str
    unit: str
    layer: dict[str, float | None]
    effective: dict[str, float | None]
    all_grades: dict[str, int]


def _shown(row: dict[str, Any]) -> SetpointOut:
    setpoint = Setpoint.model_validate(row["settings"] or {})
    layer: Limits = layer_limits(row)
    effective = layer if setpoint.limits is None else setpoint.limits
    return SetpointOut(
        **setpoint.model_dump(), version=row["setpoint_version"], enabled=row["enabled"], device_id=row["id"],
        tag=row["tag"], name=row["name"], unit=row["unit_text"] or "", layer=layer.model_dump(),
        effective=effective.model_dump(), all_grades={**GRADES, **setpoint.grades},
    )  # fmt: skip


async def _point(uow: Uow, device_id: UUID) -> dict[str, Any]:
    row = await repository_points.point(uow.session, device_id)
    if row is None:
        raise PointNotFound(id=str(device_id))
    return row


@router.get("/{device_id}", summary="How a measuring point is watched")
async def get_setpoint(device_id: UUID, uow: Uow, principal: CurrentPrincipal) -> SetpointOut:
    """Limits, dead-band, delays, grades."""
    principal.require("map:read")
    return _shown(await _point(uow, device_id))


@router.put("/{device_id}", summary="Set how a measuring point is watched")
async def put_setpoint(device_id: UUID, body: SetpointIn, uow: Uow, principal: CurrentPrincipal) -> SetpointOut:
    """In force within a second, without a restart; a stale ``version`` is refused with 409."""
    principal.require("alarm:write")
    before = await _point(uow, device_id)
    principal.require_zone(before["zone_code"])
    settings = body.model_dump(mode="json", exclude={"version", "enabled"})
    done = await repository_points.put_setpoint(
        uow.session, uow.enterprise_id, device_id, settings, body.enabled, body.version, clock.now()
    )
    if not done:
        raise AlarmVersion(current=before["setpoint_version"], given=body.version)
    await uow.audit(
        "set", "alarm_setpoint", str(device_id),
        before={"enabled": before["enabled"], "settings": before["settings"]},
        after={"enabled": body.enabled, "settings": settings},
    )  # fmt: skip
    return _shown(await _point(uow, device_id))
