"""Escalation rules (``/api/alarms/rules``), and what an alarm led to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, model_validator

from domain.alarms import repository, service
from domain.alarms.errors import AlarmVersion, RuleNotFound
from domain.alarms.escalation import DEFAULTS
from domain.alarms.schemas import Said, Strict
from twin import clock
from twin.ids import uuid7
from twin.web import CurrentPrincipal, TwinRoute, Uow

rules = APIRouter(prefix="/rules", route_class=TwinRoute)
router = APIRouter(route_class=TwinRoute)
Codes = Annotated[list[str], Field(max_length=100)]


class RuleIn(Strict):
    """Who is told when. ``condition``: raised, unacknowledged or unhandled for ``after_s`` seconds; ``max_grade``:
    grades 1 (red) to this; empty ``types`` or ``zones``: all; ``version`` the one it is based on (0: new)."""

    name: Said
    condition: Literal["raised", "unacknowledged", "unhandled"]
    max_grade: int = Field(default=4, ge=1, le=4)
    types: Codes = []
    zones: Codes = []
    after_s: int = Field(default=0, ge=0, le=604_800)
    channel: Literal["screen", "handheld", "sms", "webhook"]
    roles: Codes = []
    accounts: Annotated[list[UUID], Field(max_length=100)] = []
    url: Annotated[str, Field(max_length=500, pattern=r"^$|^https?://")] = ""
    enabled: bool = True
    version: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _reaches_somebody(self) -> RuleIn:
        if self.channel in ("sms", "webhook"):
            if not self.url:
                raise ValueError("url is missing")
        elif self.channel == "handheld" and not (self.roles or self.accounts):
            raise ValueError("roles or accounts are missing")
        return self


class RuleOut(RuleIn):
    """A rule; ``default``: built in, holds while there is none of one's own."""

    id: UUID
    default: bool = False


class Escalated(BaseModel):
    """A rule that was applied to an alarm."""

    rule_id: UUID
    rule_name: str
    channel: str
    told: dict[str, Any]
    at: datetime


class Camera(BaseModel):
    """A camera for an alarm: bound to its point, or near. Degrees, metres."""

    id: UUID
    code: str
    name: str
    kind: str
    stream: str | None
    lon: float
    lat: float
    h: float
    bound: bool
    distance_m: float | None
    range_m: float | None


class Bound(Strict):
    """Cameras of a point, the first first."""

    cameras: Annotated[list[UUID], Field(max_length=20)]


@rules.get("", summary="Escalation rules")
async def list_rules(uow: Uow, principal: CurrentPrincipal) -> list[RuleOut]:
    """One's own, or the built-in ones."""
    principal.require("map:read")
    own = await repository.rules(uow.session)
    return [RuleOut.model_construct(**row, default=not own) for row in own or DEFAULTS]


async def _put(uow: Uow, rule_id: UUID, body: RuleIn, before: dict[str, Any] | None) -> RuleOut:
    row = {**body.model_dump(), "id": rule_id}
    if not await repository.put_rule(uow.session, uow.enterprise_id, row, clock.now()):
        raise AlarmVersion(given=body.version)
    after = body.model_dump(mode="json", exclude={"version"})
    await uow.audit("set", "alarm_rule", str(rule_id), before=before, after=after)
    found = await repository.rule(uow.session, rule_id)
    assert found is not None
    return RuleOut.model_construct(**found)


@rules.post("", status_code=201, summary="Add an escalation rule")
async def add_rule(body: RuleIn, uow: Uow, principal: CurrentPrincipal) -> RuleOut:
    """In force within a second."""
    principal.require("alarm:write")
    return await _put(uow, uuid7(), body.model_copy(update={"version": 0}), None)


async def _rule(uow: Uow, rule_id: UUID) -> dict[str, Any]:
    found = await repository.rule(uow.session, rule_id)
    if found is None:
        raise RuleNotFound(id=str(rule_id))
    return {**found, "id": str(found["id"]), "accounts": [str(a) for a in found["accounts"]]}


@rules.put("/{id}", summary="Change an escalation rule")
async def change_rule(id: UUID, body: RuleIn, uow: Uow, principal: CurrentPrincipal) -> RuleOut:
    """A stale ``version`` is refused with 409."""
    principal.require("alarm:write")
    before = await _rule(uow, id)
    if body.version != before["version"]:
        raise AlarmVersion(current=before["version"], given=body.version)
    return await _put(uow, id, body, before)


@rules.delete("/{id}", status_code=204, summary="Delete an escalation rule")
async def delete_rule(id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """What it has led to stays."""
    principal.require("alarm:write")
    before = await _rule(uow, id)
    await repository.drop_rule(uow.session, id)
    await uow.audit("delete", "alarm_rule", str(id), before=before)


@router.get("/{id}/escalations", summary="How an alarm was escalated")
async def escalations(id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[Escalated]:
    """Oldest first."""
    principal.require("map:read")
    await service.require(uow, id)
    return [Escalated(**row) for row in await repository.escalations(uow.session, id)]


@router.get("/{id}/cameras", summary="Cameras for an alarm")
async def cameras(
    id: UUID, uow: Uow, principal: CurrentPrincipal, limit: Annotated[int, Query(ge=1, le=20)] = 4
) -> list[Camera]:
    """Those bound to its point in their order, then the nearest."""
    principal.require("map:read")
    row = await service.require(uow, id)
    return [Camera(**found) for found in await repository.cameras(uow.session, row, limit)]


@router.get("/points/{device_id}/cameras", summary="Cameras bound to a measuring point")
async def get_bound_cameras(device_id: UUID, uow: Uow, principal: CurrentPrincipal) -> Bound:
    """The first first."""
    principal.require("map:read")
    return Bound(cameras=await repository.bound_cameras(uow.session, device_id))


@router.put("/points/{device_id}/cameras", summary="Bind cameras to a measuring point")
async def bind_cameras(device_id: UUID, body: Bound, uow: Uow, principal: CurrentPrincipal) -> Bound:
    """Exactly these, the first first; cameras that do not exist are left out."""
    principal.require("alarm:write")
    before = await repository.bound_cameras(uow.session, device_id)
    await repository.bind_cameras(uow.session, uow.enterprise_id, device_id, body.cameras)
    after = await repository.bound_cameras(uow.session, device_id)
    await uow.audit(
        "bind", "alarm_camera", str(device_id), before={"cameras": [str(c) for c in before]},
        after={"cameras": [str(c) for c in after]},
    )  # fmt: skip
    return Bound(cameras=after)
