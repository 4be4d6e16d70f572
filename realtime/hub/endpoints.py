"""The hub's contract (``/asyncapi.json``) and its counts for operators (``/api/hub``)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from realtime.hub.asyncapi import document
from realtime.hub.sources import streams
from twin.errors import Unavailable
from twin.registry.layer import layers
from twin.settings import Settings, get_settings
from twin.web import CurrentPrincipal

router = APIRouter(tags=["hub"])


class HubState(BaseModel):
    """Counts of the hub.

    Attributes:
        slow: clients that do not take what is sent.
        skipped: values that newer ones replaced before such a client took them.
        late: stream values dropped because a newer one had come before.
        position: sequence number of the newest change that has been passed on.
    """

    status: str
    connections: int
    clients: int
    accounts: int
    slow: int
    subscriptions: int
    topics: int
    frames: int
    frames_per_second: float
    skipped: int
    late: int
    refused: int
    position: int


@router.get("/asyncapi.json", summary="AsyncAPI 3.0 document of the hub")
async def asyncapi(request: Request) -> dict[str, Any]:
    """Topics, messages and types of the live data."""
    return document(layers().values(), hub_url(get_settings(), request.url.hostname or "127.0.0.1"), streams())


def hub_url(settings: Settings, host: str) -> str:
    """The hub's address as clients of ``host`` reach it."""
    return settings.hub_public_url or f"ws://{f'[{host}]' if ':' in host else host}:{settings.hub_port}/"


@router.get("/api/hub", summary="Counts of the hub")
async def state(principal: CurrentPrincipal) -> HubState:
    """Clients, frames per second, skipped values.

    Raises:
        Forbidden: without the right ``system:read``.
        Unavailable: the hub does not answer.
    """
    principal.require("system:read")
    import httpx  # a start does without it

    settings = get_settings()
    host = "127.0.0.1" if settings.hub_host in ("0.0.0.0", "::", "") else settings.hub_host
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            answer = await http.get(f"http://{host}:{settings.hub_port}/health")
            answer.raise_for_status()
            return HubState.model_validate(answer.json())
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable from error
