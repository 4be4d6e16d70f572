"""OPC UA: monitored items, the server's own times and status codes kept, several sessions above ``items_per_session``.

An address is a node id (``ns=2;s=TI-1101``) or, so that it survives a server whose namespace numbers move,
``nsu=<namespace URI>;s=TI-1101``. A server speaks only of values that change, so every session also watches the
server's clock (i=2258): as long as that comes through the same subscription, values that did not change still stand.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeEvent, OverflowPolicy, StatusChangeEvent, Subscription
from asyncua.crypto.security_policies import (
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from asyncua.ua.uaerrors import UaError
from pydantic import BaseModel, Field, SecretStr, model_validator

from realtime.history.samples import BAD_OUT_OF_RANGE, BAD_SENSOR_FAILURE, micros, quality_of
from realtime.ingest import certificates
from realtime.ingest.backfill import backfill
from realtime.ingest.plugin import AddressInvalid, Branch, FieldPoint, Sink, SourceError, SourceKind, heed_cancellation

log = structlog.get_logger("realtime.ingest")

_POLICIES: dict[str, Any] = {
    "Basic256Sha256": SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": SecurityPolicyAes256Sha256RsaPss,
}
_SERVER_TIME = ua.NodeId.from_string("i=2258")
_CHUNK = 500
_MOST = 1000  # children that browsing gives
#: Notifications of a session that may wait; beyond, the line is cut and the server's history asked back.
_QUEUE = 100_000
_SLICE = 100  # notifications that are taken before others in this process have their turn


class OpcuaSettings(BaseModel):
    """An OPC UA server.

    Attributes:
        publishing_ms, sampling_ms: together how late an alarm may be seen; their defaults leave half of the 500 ms that
            an alarm may take from the source's change to the screens.
        silent_s: seconds without the server's clock after which the connection is taken for dead.
        queue: values that the server keeps per item between two publishings.
        certificate, private_key: of this client; empty takes the product's own (``/api/sources/opcua/certificate``).
        server_certificate, server_thumbprint: the server's certificate, or its SHA-256 in hexadecimal (colons and spaces do not matter).
            With a security policy one of them is needed: a server is not believed because it shows some certificate. Without either
            the refusal names the one that it shows, to be compared at the server and set.
        backfill_h: hours that are asked back after a gap, where the server offers history; 0: never.
    """

    url: str = Field(pattern=r"^opc\.tcp://")
    user: str = ""
    password: SecretStr = SecretStr("")
    policy: Literal["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"] = "None"
    certificate: Path | None = None
    private_key: Path | None = None
    server_certificate: Path | None = None
    server_thumbprint: str = Field(default="", max_length=200)
    publishing_ms: float = Field(default=100, ge=50, le=60_000)
    sampling_ms: float = Field(default=100, ge=0, le=60_000)
    queue: int = Field(default=20, ge=1, le=10_000)
    items_per_session: int = Field(default=3000, ge=1, le=20_000)
    silent_s: float = Field(default=5.0, ge=0.5, le=300)
    timeout_s: float = Field(default=4.0, gt=0, le=60)
    backfill_h: float = Field(default=24.0, ge=0, le=24 * 30)

    @model_validator(mode="after")
    def _proves(self) -> OpcuaSettings:
        if self.policy == "None" and (self.server_thumbprint or self.server_certificate):
            raise ValueError("without a security policy no server proves its certificate")
        return self


def number(value: Any) -> float:
    """A value as a number: truth values as 0 and 1, what is no number as NaN."""
    if isinstance(value, bool | int | float):
        return float(value)
    return math.nan


def source_time(value: ua.DataValue) -> int | None:
    """The source's time (else the server's) in microseconds since 1970; None when neither is given."""
    at: datetime | None = value.SourceTimestamp or value.ServerTimestamp
    if at is None:
        return None
    return micros(at if at.tzinfo is not None else at.replace(tzinfo=UTC))


def reading(item: ua.DataValue) -> tuple[int | None, float, int]:
    """Source time, value and quality of a data value."""
    value = number(item.Value.Value if item.Value is not None else None)
    quality = quality_of(item.StatusCode.value if item.StatusCode is not None else 0)
    if not math.isfinite(value) and quality >= 0:
        quality = BAD_OUT_OF_RANGE
    return source_time(item), value, quality


async def connected(s: OpcuaSettings) -> Client:
    """A session with the server.

    Raises:
        SourceError: it cannot be had.
    """
    client = Client(s.url, timeout=s.timeout_s)
    client.name = client.description = "plant-twin gateway"
    client.application_uri = certificates.URI
    try:
        async with asyncio.timeout(s.timeout_s * 3):
            if s.user:
                client.set_user(s.user)
                client.set_password(s.password.get_secret_value())
            if s.policy != "None":
                certificate, key = (
                    (s.certificate, s.private_key) if s.certificate and s.private_key else certificates.own()
                )
                await client.set_security(
                    _POLICIES[s.policy], str(certificate), str(key),
                    server_certificate=str(s.server_certificate) if s.server_certificate else None,
                )  # fmt: skip
                _known(s, client.security_policy.peer_certificate)
            await client.connect()
    except (TimeoutError, UaError, OSError, ValueError) as error:
        raise SourceError(f"no connection to {s.url}: {error or type(error).__name__}") from error
    return client


def _known(s: OpcuaSettings, certificate: bytes | None) -> None:
    """Refuse a server that is not the one that was meant, or of which nothing is known yet.

    Raises:
        SourceError: names its certificate, so that it can be compared.
    """
    wanted = re.sub(r"[\s:]", "", s.server_thumbprint).lower()
    shown = hashlib.sha256(certificate or b"").hexdigest()
    if not wanted and s.server_certificate is None:
        raise SourceError(f"{s.url} is not known yet. It shows the certificate SHA-256 {shown}: compare and set it")
    if wanted and shown != wanted:
        raise SourceError(f"{s.url} shows another certificate, SHA-256 {shown}")


async def hang_up(client: Client) -> None:
    """End a session, whatever state it is in."""
    with contextlib.suppress(TimeoutError, UaError, OSError, asyncio.CancelledError):
        async with asyncio.timeout(1.0):
            await client.disconnect()


class _Session:
    """One session with one subscription."""

    def __init__(self, settings: OpcuaSettings, points: Sequence[FieldPoint], sink: Sink) -> None:
        self._settings = settings
        self._points = points
        self._sink = sink
        self._tags = [point.tag for point in points]
        self._by_node: dict[ua.NodeId, list[int]] = {}
        self._clock = asyncio.Event()
        self._refused: list[int] = []

    async def run(self) -> None:
        """Subscribe and deliver until the server falls silent.

        Raises:
            SourceError: it did, or it never answered.
        """
        client = await connected(self._settings)
        tasks: list[asyncio.Task[Any]] = []
        try:
            subscription = await client.create_subscription(
                self._settings.publishing_ms, queue_maxsize=_QUEUE, overflow=OverflowPolicy.DISCONNECT
            )
            tasks.append(listening := asyncio.create_task(self._listen(subscription)))
            listening.add_done_callback(lambda _: self._clock.set())
            await self._subscribe(client, subscription)
            if self._settings.backfill_h:
                longest = timedelta(hours=self._settings.backfill_h)
                tasks.append(asyncio.create_task(backfill(client, self._by_node, self._sink, longest, reading)))
            while not listening.done():
                heed_cancellation()
                self._clock.clear()
                async with asyncio.timeout(self._settings.silent_s):
                    await self._clock.wait()
            await listening
        except (TimeoutError, UaError, OSError) as error:
            raise SourceError(f"{self._settings.url} fell silent: {error or 'no sign of life'}") from error
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await hang_up(client)

    async def _subscribe(self, client: Client, subscription: Subscription) -> None:
        (clock_item,) = await self._watch(subscription, [client.get_node(_SERVER_TIME)], queue=1)
        if isinstance(clock_item, ua.StatusCode):
            raise SourceError(f"the server's clock cannot be watched: {clock_item.name}")
        namespaces = await client.get_namespace_array()
        for start in range(0, len(self._points), _CHUNK):
            nodes, tags = [], []
            for point in self._points[start : start + _CHUNK]:
                node_id = _node_id(point.address, namespaces)
                if node_id is None:
                    self._refuse(point.tag)
                    continue
                self._by_node.setdefault(node_id, []).append(point.tag)
                nodes.append(client.get_node(node_id))
                tags.append(point.tag)
            for tag, made in zip(tags, await self._watch(subscription, nodes, self._settings.queue), strict=True):
                if isinstance(made, ua.StatusCode):
                    self._refuse(tag)
        if self._refused:
            log.warning("nodes are not there", url=self._settings.url, count=len(self._refused))

    def _refuse(self, tag: int) -> None:
        self._refused.append(tag)
        self._sink.sample(tag, None, math.nan, BAD_SENSOR_FAILURE)

    async def _watch(self, subscription: Subscription, nodes: list[Node], queue: int) -> list[int | ua.StatusCode]:
        if not nodes:
            return []
        sampling = ua.Double(self._settings.sampling_ms)
        made: Any = await subscription.subscribe_data_change(nodes, queuesize=queue, sampling_interval=sampling)
        return list(made)

    async def _listen(self, subscription: Subscription) -> None:
        """Take what the server says. Not asyncua's handler: that is a task for every value, a tenth of the gateway.

        Raises:
            SourceError: the server ended the subscription.
        """
        taken = 0
        async for event in subscription:
            if isinstance(event, DataChangeEvent):
                self._take(event)
            elif isinstance(event, StatusChangeEvent):  # nothing more will come by it: begin anew and ask back at once
                status = ua.StatusCode(event.notification.Status.value).name
                raise SourceError(f"{self._settings.url} ended the subscription: {status}")
            taken += 1
            if taken % _SLICE == 0:
                await asyncio.sleep(0)  # an alarm must not wait for thousands of values

    def _take(self, event: DataChangeEvent) -> None:
        node = event.node.nodeid
        if node == _SERVER_TIME:
            self._clock.set()
            self._sink.alive(self._tags)
            return
        ts, value, quality = reading(event.data.monitored_item.Value)
        for tag in self._by_node.get(node, ()):
            self._sink.sample(tag, ts, value, quality)


def _node_id(address: str, namespaces: Sequence[str]) -> ua.NodeId | None:
    """The node id of an address on a server with these namespaces; None when it has no such namespace."""
    if address.startswith("nsu="):
        uri, _, rest = address[4:].partition(";")
        if uri not in namespaces:
            return None
        address = f"ns={namespaces.index(uri)};{rest}"
    return ua.NodeId.from_string(address)


async def _branch(client: Client, child: ua.ReferenceDescription, namespaces: Sequence[str]) -> Branch:
    """A child of a node; its address names the namespace by URI, so that it survives a renumbering."""
    address: str = child.NodeId.to_string()
    index = child.NodeId.NamespaceIndex
    if index and address.startswith(f"ns={index};") and index < len(namespaces):
        address = f"nsu={namespaces[index]};" + address.partition(";")[2]
    value: float | None = None
    if variable := child.NodeClass == ua.NodeClass.Variable:
        with contextlib.suppress(UaError):
            read = number(await client.get_node(child.NodeId).read_value())
            value = read if math.isfinite(read) else None
    name = child.DisplayName.Text or child.BrowseName.Name
    return Branch(address, address, name, variable, value)


class Opcua(SourceKind[OpcuaSettings]):
    """OPC UA client."""

    key = "opcua"
    model = OpcuaSettings
    browsable = True

    def check(self, address: str) -> None:
        """Refuse what is no node id."""
        try:
            uri = address[4:].partition(";")[0] if address.startswith("nsu=") else ""
            if _node_id(address, [uri]) is None or (not uri and ";" not in address and not address.startswith("i=")):
                raise AddressInvalid(address=address)
        except (UaError, ValueError, IndexError) as error:
            raise AddressInvalid(address=address) from error

    async def browse(self, settings: OpcuaSettings, node: str) -> list[Branch]:
        """The children of a node (the Objects folder for ""), variables with their value; the first thousand."""
        client = await connected(settings)
        try:
            namespaces = await client.get_namespace_array()
            at = _node_id(node or "i=85", namespaces)
            if at is None:
                raise AddressInvalid(address=node)
            found = await client.get_node(at).get_children_descriptions()
            return [await _branch(client, child, namespaces) for child in found[:_MOST]]
        except (TimeoutError, UaError, OSError) as error:
            raise SourceError(f"{settings.url}: {error or type(error).__name__}") from error
        finally:
            await hang_up(client)

    async def run(self, settings: OpcuaSettings, points: Sequence[FieldPoint], sink: Sink) -> None:
        """All sessions side by side; one that is lost ends them all, so that they come back together."""
        size = settings.items_per_session
        shards = [points[n : n + size] for n in range(0, len(points), size)] or [()]
        try:
            async with asyncio.TaskGroup() as group:
                for shard in shards:
                    group.create_task(_Session(settings, shard, sink).run())
        except* (SourceError, OSError) as errors:
            raise SourceError(str(errors.exceptions[0])) from errors


KIND = Opcua()
