"""Commands to badges over MQTT, and their replies: ``badges/CODE/command`` out (QoS 1), ``badges/CODE/reply`` in.

A command is JSON ``{"command": "vibrate", "pattern": "call" | "recall", "call": uuid, "text": ...}``; a badge (or its
gateway) answers ``{"call": uuid}`` once it has vibrated. Commands are taken from the outbox (topic ``badge.command``,
kind ``vibrate``), replies put there (kind ``delivered``). What is older than a minute is no longer sent: a call that
comes late does harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import aiomqtt
import orjson
import structlog
from sqlalchemy.exc import DBAPIError

from twin import clock
from twin.db import outbox
from twin.db.outbox import Event
from twin.db.uow import unit_of_work

log = structlog.get_logger("realtime.fences")

TOPIC = "badge.command"
_LATE = timedelta(seconds=60)
_RETRY = 1.0


def command_topic(badge: str) -> str:
    """The MQTT topic of a badge's commands; what MQTT gives a meaning to is left out of the code."""
    return "badges/" + "".join(c for c in badge if c not in "/+#") + "/command"


class BadgeCommands:
    """Passes commands on until cancelled; survives a broker that goes away.

    Args:
        url: as for :class:`realtime.tracking.sources.mqtt.MqttSource`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(maxsize=10_000)
        #: enterprise of each call that was sent, to know whose a reply is
        self._calls: dict[str, UUID] = {}

    async def run(self) -> None:
        """Run until cancelled."""
        tasks = [asyncio.create_task(step) for step in (self._follow(), self._keep())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self) -> None:
        async for events in self._events():
            for event in events:
                if event.kind == "vibrate" and not self._waiting.full():
                    self._waiting.put_nowait(event)

    def _events(self) -> AsyncIterator[list[Event]]:
        return outbox.follow([TOPIC])

    async def _keep(self) -> None:
        at = urlsplit(self._url)
        secure = at.scheme == "mqtts"
        while True:
            try:
                async with aiomqtt.Client(
                    hostname=at.hostname or "127.0.0.1",
                    port=at.port or (8883 if secure else 1883),
                    username=at.username,
                    password=at.password,
                    protocol=aiomqtt.ProtocolVersion.V311,
                    tls_params=aiomqtt.TLSParameters() if secure else None,
                ) as client:
                    await client.subscribe("badges/+/reply", qos=1)
                    sending = asyncio.create_task(self._send(client))
                    try:
                        async for message in client.messages:
                            await self._reply(str(message.topic), message.payload)
                    finally:
                        sending.cancel()
                        await asyncio.gather(sending, return_exceptions=True)
            except (aiomqtt.MqttError, OSError) as error:
                log.warning("commands to badges wait for the broker", error=str(error))
            await asyncio.sleep(_RETRY)

    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            event = await self._waiting.get()
            if clock.now() - event.at > _LATE:
                log.warning("a command to a badge is too late", badge=event.key)
                continue
            self._calls[str(event.payload.get("call"))] = event.enterprise_id
            while len(self._calls) > 1000:
                del self._calls[next(iter(self._calls))]
            try:
                await client.publish(command_topic(event.key), orjson.dumps(event.payload), qos=1)
            except aiomqtt.MqttError:
                if not self._waiting.full():
                    self._waiting.put_nowait(event)
                raise

    async def _reply(self, topic: str, payload: object) -> None:
        try:
            given = orjson.loads(payload if isinstance(payload, bytes) else b"")
            call, badge = str(given["call"]), topic.split("/")[1]
        except (ValueError, TypeError, KeyError, IndexError):
            return
        enterprise = self._calls.get(call)
        if enterprise is None:
            return
        try:
            async with unit_of_work(enterprise, origin="badge") as uow:
                await uow.emit(TOPIC, "delivered", badge, {"badge": badge, "call": call})
        except (DBAPIError, OSError) as error:
            log.warning("a badge's reply was lost", badge=badge, error=str(error).splitlines()[:1])
