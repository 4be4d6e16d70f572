"""New notifications leave for the devices of their account."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from pywebpush import WebPushException, webpush

from twin import clock
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.push import config, repository
from twin.push.repository import Device

log = structlog.get_logger("twin.push")

#: A notification that is older is no news: the worker was away.
_NEWS = timedelta(minutes=10)
_TTL = 3600
#: What a service answers when the device is gone for good (RFC 8030, 7.3).
_GONE = (404, 410)


class PushNotifications:
    """Sends what came to an inbox; a service that does not answer costs a few seconds and no other notification."""

    name = "push.notifications"
    topics: Sequence[str] = ("inbox",)

    async def handle(self, event: Event, uow: UnitOfWork) -> None:
        """Send one notification."""
        item = event.payload.get("item")
        if event.kind != "put" or not item or item.get("read_at") or not config.push_settings().push_hosts:
            return
        if clock.now() - datetime.fromisoformat(item["at"]) > _NEWS:
            return
        devices = await repository.of_account(uow.session, UUID(event.payload["account_id"]))
        outcomes = await asyncio.gather(*(send(device, item) for device in devices))
        for device, lives in zip(devices, outcomes, strict=True):
            if not lives:
                await repository.remove(uow.session, device.endpoint)


async def send(device: Device, item: dict[str, Any]) -> bool:
    """Hand a notification to the device's push service; False when the device is gone for good."""
    body = {name: item.get(name) for name in ("id", "title", "text", "link", "level")}
    settings = config.push_settings()
    try:
        await asyncio.to_thread(
            webpush,
            {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}},
            orjson.dumps(body).decode(),
            vapid_private_key=str(config.key_file()),
            vapid_claims={"sub": settings.push_contact},
            ttl=_TTL,
            timeout=5,
            headers={"Urgency": "high" if item.get("level") == "alarm" else "normal"},
        )
    except WebPushException as error:
        status = getattr(error.response, "status_code", None)
        if status in _GONE:
            return False
        log.warning("push was refused", status=status)
    except OSError as error:  # requests' errors are OSErrors: no way to the service from here
        log.info("push service is not reached", error=type(error).__name__)
    return True


SUBSCRIBERS = (PushNotifications(),)
