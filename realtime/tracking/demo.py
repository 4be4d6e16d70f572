"""Scenarios of the demo's crowd (``POST /api/demo/crowd``); there is no such address outside the demo."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Literal

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from realtime.hub.ingest import socket_path as hub_socket
from twin.errors import NotFound, Unavailable
from twin.settings import Settings, get_settings
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/demo", tags=["demo"], route_class=TwinRoute)


def crowd_path(settings: Settings) -> Path:
    """Where the crowd's process of this installation takes scenarios."""
    hub = hub_socket(settings)
    return hub.with_name(hub.name.replace("hub", "crowd"))


class Scenario(BaseModel):
    """What is to happen. ``badge``: to whom; ``fence``: code of the fence; ``level``: floor whose anchors fail."""

    model_config = ConfigDict(extra="forbid")

    scenario: Literal[
        "overcrowding", "trespass", "man_down", "sos", "anchor_failure", "badge_left", "shift_change", "calm"
    ]
    badge: str = Field(default="", max_length=64)
    fence: str = Field(default="", max_length=64)
    level: int = Field(default=2, ge=1, le=3)
    count: int = Field(default=12, ge=1, le=60)


@router.post("/crowd", status_code=202, summary="Let something happen in the demo's crowd")
async def crowd(wanted: Scenario, uow: Uow, principal: CurrentPrincipal) -> Scenario:
    """Ask the crowd for a scenario; it begins within a second."""
    principal.require("people:read")
    settings = get_settings()
    if not settings.demo:
        raise NotFound(kind="demo")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        try:
            out.sendto(orjson.dumps(wanted.model_dump()), str(crowd_path(settings)))
        except OSError as error:
            raise Unavailable(reason="crowd") from error
    await uow.audit("demo.scenario", "demo", wanted.scenario, after=wanted.model_dump())
    return wanted
