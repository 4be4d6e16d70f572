"""Devices that take notifications while the app is closed (``/api/push``)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from twin import clock
from twin.errors import Invalid, NotFound
from twin.push import config, repository
from twin.text_in import Body
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/push", tags=["push"], route_class=TwinRoute)

_Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,120}={0,2}$")]


class PushServiceUnknown(Invalid):
    """The address is none of a push service that this installation may call."""

    code = "push_service_unknown"


class PushDeviceNotFound(NotFound):
    """This account has no such device."""

    code = "push_device_not_found"


class PushKey(BaseModel):
    """The server's public key (P-256, uncompressed, base64url); ``enabled`` false: push is turned off."""

    key: str
    enabled: bool


class Keys(Body):
    """The browser's keys (RFC 8291)."""

    p256dh: _Key
    auth: _Key


class Subscription(Body):
    """What ``PushSubscription.toJSON()`` gives."""

    endpoint: Annotated[str, Field(min_length=10, max_length=1000)]
    keys: Keys
    expirationTime: float | None = None  # noqa: N815 - the browser's name


class Endpoint(Body):
    """Which device."""

    endpoint: Annotated[str, Field(min_length=10, max_length=1000)]


@router.get("/key", summary="The server's push key")
async def key(principal: CurrentPrincipal) -> PushKey:
    """What the browser needs to subscribe."""
    return PushKey(key=config.public_key(), enabled=bool(config.push_settings().push_hosts))


@router.post("/subscriptions", summary="Send my notifications to this device", status_code=204)
async def subscribe(body: Subscription, uow: Uow, principal: CurrentPrincipal) -> None:
    """Keeps the device until the service says that it is gone."""
    if not config.push_settings().allows(body.endpoint):
        raise PushServiceUnknown()
    device = repository.Device(body.endpoint, body.keys.p256dh, body.keys.auth)
    await repository.put(uow.session, uow.enterprise_id, principal.account_id, device, clock.now())


@router.post("/subscriptions/remove", summary="No longer to this device", status_code=204)
async def unsubscribe(body: Endpoint, uow: Uow, principal: CurrentPrincipal) -> None:
    """Forgets the device."""
    if not await repository.remove(uow.session, body.endpoint, principal.account_id):
        raise PushDeviceNotFound()
