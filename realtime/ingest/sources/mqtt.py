"""MQTT 3.1.1 and 5: plain JSON by mapping, and Sparkplug B.

Addresses: plain ``<topic>`` (the payload is a number) or ``<topic>#</json/pointer>``; Sparkplug
``<group>/<edge node>#<metric>`` or ``<group>/<edge node>/<device>#<metric>``. (``#`` cannot be in a topic's name.)

The session is kept by the broker (``client_id``), so that messages of quality 1 and 2 wait there while the gateway is
away. Plain messages are confirmed by coming; a Sparkplug node's values stand as long as it lives (birth to death).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pydantic import BaseModel, Field, SecretStr

from realtime.history.samples import BAD_NO_COMMUNICATION, BAD_OUT_OF_RANGE, GOOD, micros
from realtime.ingest import frames, sparkplug
from realtime.ingest.plugin import AddressInvalid, FieldPoint, Sink, SourceError, SourceKind
from realtime.ingest.sparkplug import EdgeNode
from twin import clock
from twin.ids import uuid7

log = structlog.get_logger("realtime.ingest")

_ASK_AGAIN = 5.0  # seconds between two requests for a birth
_CHUNK = 200  # topics in one SUBSCRIBE
_KEPT = 7 * 86_400  # seconds that a broker keeps an MQTT 5 session


class MqttSettings(BaseModel):
    """A broker.

    Attributes:
        time_pointer: JSON pointer to a message's own time, e.g. ``/ts``; empty: the time of receipt.
        host_id: name of this Sparkplug host application; when set, its state (online, offline) is published.
        ca: certificates that sign the broker's; empty: the system's.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    version: Literal["3.1.1", "5"] = "3.1.1"
    client_id: str = Field(default_factory=lambda: f"twin-{uuid7().hex[-12:]}", min_length=1, max_length=60)
    user: str = ""
    password: SecretStr = SecretStr("")
    tls: bool = False
    ca: Path | None = None
    qos: Literal[0, 1, 2] = 1
    keepalive_s: int = Field(default=20, ge=1, le=3600)
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    payload: Literal["json", "sparkplug_b"] = "json"
    time_pointer: str = Field(default="", max_length=200)
    utc_offset_h: float = Field(default=8.0, ge=-14, le=14)
    host_id: str = Field(default="", max_length=60, pattern=r"^[^/+#]*$")


def split(address: str) -> tuple[str, str]:
    """Topic (or edge node and device) and the part behind ``#``.

    Raises:
        AddressInvalid: it is no address.
    """
    topic, _, what = address.partition("#")
    if not topic or "+" in topic or "\0" in topic or len(address) > 500:
        raise AddressInvalid(address=address)
    return topic, what


class _Json:
    """Messages of topics, one or several values in each."""

    def __init__(self, settings: MqttSettings, points: Sequence[FieldPoint], sink: Sink) -> None:
        self._settings = settings
        self._sink = sink
        self._by_topic: dict[str, list[tuple[int, str]]] = {}
        for point in points:
            topic, pointer = split(point.address)
            self._by_topic.setdefault(topic, []).append((point.tag, pointer))

    def topics(self) -> list[str]:
        """What to subscribe to."""
        return list(self._by_topic)

    def take(self, topic: str, payload: bytes) -> None:
        """Read a message."""
        wanted = self._by_topic.get(topic)
        if wanted is None:
            return
        document = frames.json_document(payload)
        if document is None:
            document = payload.decode("utf-8", "replace")
        at = self._settings.time_pointer
        ts = frames.instant_of(frames.pointed(document, at), self._settings.utc_offset_h) if at else None
        for tag, pointer in wanted:
            found = frames.pointed(document, pointer) if pointer else document
            if found is None and pointer:
                continue  # a message with a part of the values
            value = frames.number(found)
            self._sink.sample(tag, ts, value, GOOD if math.isfinite(value) else BAD_OUT_OF_RANGE)
            self._sink.alive([tag])

    def asks(self) -> Iterator[tuple[str, bytes]]:
        """Plain messages have nobody to ask."""
        return iter(())


class _Sparkplug:
    """Edge nodes with their births, data and deaths."""

    def __init__(self, points: Sequence[FieldPoint], sink: Sink) -> None:
        self._sink = sink
        self._nodes: dict[tuple[str, str], EdgeNode] = {}
        self._tags: dict[tuple[str, str], dict[tuple[str, str], list[int]]] = {}
        self._asked: dict[tuple[str, str], float] = {}
        for point in points:
            place, metric = split(point.address)
            group, node, device = (*place.split("/", 2), "")[:3]
            self._tags.setdefault((group, node), {}).setdefault((device, metric), []).append(point.tag)
            self._nodes.setdefault((group, node), EdgeNode())

    def topics(self) -> list[str]:
        """What to subscribe to."""
        return [t for g, n in self._nodes for t in (f"spBv1.0/{g}/+/{n}", f"spBv1.0/{g}/+/{n}/+")]

    def take(self, topic: str, payload: bytes) -> None:
        """Read a message."""
        _, group, verb, name, device = (*topic.split("/", 4), "")[:5]
        node = self._nodes.get((group, name))
        if node is None or verb not in ("NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH"):
            return
        tags = self._tags[group, name]
        try:
            values = node.take(verb, device, sparkplug.decode(payload))
        except sparkplug.Malformed as error:
            log.warning("a Sparkplug payload cannot be read", topic=topic, error=str(error))
            node.lost = True
            return
        for value in values:
            for tag in tags.get((value.device, value.name), ()):
                self._sink.sample(tag, value.ts, value.value, value.quality)
        if verb in ("NDEATH", "DDEATH"):
            for (owner, _), those in tags.items():
                if owner not in node.born:
                    for tag in those:
                        self._sink.sample(tag, None, math.nan, BAD_NO_COMMUNICATION)

    def asks(self) -> Iterator[tuple[str, bytes]]:
        """Requests for births of lost nodes, now and then; values of nodes that live still stand."""
        now = clock.monotonic()
        for (group, name), node in self._nodes.items():
            self._sink.alive(
                [tag for (device, _), tags in self._tags[group, name].items() if device in node.born for tag in tags]
            )
            if node.lost and now - self._asked.get((group, name), -math.inf) >= _ASK_AGAIN:
                self._asked[group, name] = now
                yield f"spBv1.0/{group}/NCMD/{name}", sparkplug.rebirth(micros(clock.now()) // 1000)


class Mqtt(SourceKind[MqttSettings]):
    """MQTT client."""

    key = "mqtt"
    model = MqttSettings

    def check(self, address: str) -> None:
        """Refuse what has no topic."""
        split(address)

    def probe(self, settings: MqttSettings) -> MqttSettings:
        """A test must not take over the running source's session."""
        return settings.model_copy(update={"client_id": f"twin-test-{uuid7().hex[-12:]}", "host_id": ""})

    async def run(self, settings: MqttSettings, points: Sequence[FieldPoint], sink: Sink) -> None:
        """Subscribe and deliver until the broker is lost."""
        messages = _Sparkplug(points, sink) if settings.payload == "sparkplug_b" else _Json(settings, points, sink)
        try:
            async with self._client(settings) as client:
                if settings.host_id:
                    await client.publish(_state_topic(settings), _state(True), qos=1, retain=True)
                topics = messages.topics()
                for start in range(0, len(topics), _CHUNK):
                    wanted: list[tuple[str, int]] = [(t, settings.qos) for t in topics[start : start + _CHUNK]]
                    await client.subscribe(wanted)
                try:
                    await self._listen(client, messages)
                finally:
                    if settings.host_id:  # the will is for a death only
                        with contextlib.suppress(aiomqtt.MqttError):
                            await client.publish(_state_topic(settings), _state(False), qos=0, retain=True)
        except aiomqtt.MqttError as error:
            raise SourceError(f"{settings.host}:{settings.port}: {error}") from error

    @staticmethod
    async def _listen(client: aiomqtt.Client, messages: _Json | _Sparkplug) -> None:
        async def ask() -> None:
            while True:
                for topic, payload in messages.asks():
                    await client.publish(topic, payload, qos=0)
                await asyncio.sleep(0.5)

        asking = asyncio.create_task(ask())
        try:
            async for message in client.messages:
                payload = message.payload
                messages.take(message.topic.value, payload if isinstance(payload, bytes) else str(payload).encode())
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    @staticmethod
    def _client(s: MqttSettings) -> aiomqtt.Client:
        more: dict[str, Any] = {}
        if s.version == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = _KEPT
            more |= {"protocol": aiomqtt.ProtocolVersion.V5, "clean_start": False, "properties": properties}
        else:
            more |= {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": False}
        if s.tls:
            more["tls_context"] = ssl.create_default_context(cafile=str(s.ca) if s.ca else None)
        if s.host_id:
            more["will"] = aiomqtt.Will(_state_topic(s), _state(False), qos=1, retain=True)
        return aiomqtt.Client(
            s.host, s.port, identifier=s.client_id, username=s.user or None,
            password=s.password.get_secret_value() or None, keepalive=s.keepalive_s, timeout=s.timeout_s, **more,
        )  # fmt: skip


def _state_topic(settings: MqttSettings) -> str:
    return f"spBv1.0/STATE/{settings.host_id}"


def _state(online: bool) -> bytes:
    return json.dumps({"online": online, "timestamp": micros(clock.now()) // 1000}).encode()


KIND = Mqtt()
