"""A hub over real sockets with states in memory, and a client that keeps what it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import BaseModel
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from realtime.hub.auth import Authenticator
from realtime.hub.codec import JSON_PROTOCOL, Item, decode
from realtime.hub.core import Hub
from realtime.hub.limits import Limits
from realtime.hub.listener import Listener
from realtime.hub.protocol import HUB_MESSAGES
from realtime.hub.topic import TopicKey, TopicSpec
from twin.auth.principal import Principal
from twin.errors import Unauthenticated, Unavailable

PLANT, OTHER = uuid4(), uuid4()
_MESSAGES: dict[str, type[BaseModel]] = {m.model_fields["op"].annotation.__args__[0]: m for m in HUB_MESSAGES}


def zone(key: str, *, risk: int = 4, lon: float = 118.0, lat: float = 39.0, note: str = "") -> dict[str, Any]:
    """A small feature."""
    ring = [[lon, lat, 5.0], [lon + 0.001, lat, 5.0], [lon + 0.001, lat + 0.001, 5.0], [lon, lat, 5.0]]
    return {
        "type": "Feature", "id": key, "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"code": key, "name": f"罐区 {key}", "risk": risk, "floor_code": f"F{risk}", "flag": risk == 1,
        "note": note},
    }  # fmt: skip


class Memory:
    """A source whose state lives here; ``write`` changes it and publishes, like a transaction and the follower do."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.rows: dict[TopicKey, dict[str, dict[str, Any]]] = {}
        self.heads: dict[TopicKey, int] = {}
        self.seq = 0
        self.reads = 0
        self.away = 0
        self.gate: asyncio.Event | None = None

    async def snapshot(self, key: TopicKey) -> tuple[list[Item], int]:
        self.reads += 1
        if self.away:
            self.away -= 1
            raise Unavailable
        items = [Item(k, v) for k, v in self.rows.get(key, {}).items()]
        seq = self.heads.get(key, 0)
        if self.gate is not None:
            await self.gate.wait()
        return items, seq

    async def head(self, key: TopicKey) -> int:
        return self.heads.get(key, 0)

    def write(self, *items: tuple[str, dict[str, Any] | None], enterprise: UUID = PLANT, topic: str = "layer.zone",
              account: UUID | None = None, publish: bool = True) -> int:  # fmt: skip
        """Change the state and publish the change as one event; returns its number."""
        assert self.hub is not None
        self.seq += 1
        key = TopicKey(enterprise, topic, account)
        rows = self.rows.setdefault(key, {})
        for k, value in items:
            if value is None:
                rows.pop(k, None)
            else:
                rows[k] = value
        self.heads[key] = self.seq
        if publish:
            self.hub.publish(enterprise, topic, self.seq, items, account)
        return self.seq


@dataclass
class Accounts:
    """Tokens and whom they belong to; tests revoke and change them."""

    known: dict[str, Principal] = field(default_factory=dict)
    lookups: int = 0

    def add(
        self, token: str, enterprise: UUID = PLANT, scopes: Sequence[str] = ("map:read",), account: UUID | None = None
    ) -> Principal:
        """A new account with a token."""
        principal = Principal(
            account or uuid4(), enterprise, token, token, ("employee",), frozenset(scopes), language="en"
        )
        self.known[token] = principal
        return principal

    async def lookup(self, token: str) -> Principal:
        self.lookups += 1
        await asyncio.sleep(0)
        if token not in self.known:
            raise Unauthenticated
        return self.known[token]


@dataclass
class Rig:
    """A running hub."""

    hub: Hub
    listener: Listener
    source: Memory
    accounts: Accounts
    port: int

    @asynccontextmanager
    async def client(
        self, token: str | None = "anna", protocol: str | None = JSON_PROTOCOL, **options: Any
    ) -> AsyncIterator[Reader]:
        """A connection that has got its ``hello``."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        options.setdefault("max_size", None)
        async with connect(
            f"ws://127.0.0.1:{self.port}/", subprotocols=[protocol] if protocol else None, compression=None,
            ping_interval=None,
            additional_headers={**headers, **options.pop("headers", {})}, proxy=None, **options,
        ) as socket:  # fmt: skip
            reader = Reader(socket)
            if token:
                reader.hello = await reader.expect("hello")
            yield reader


class Reader:
    """The client's end. Frames are checked against the protocol's models; ``state`` is what a viewer would show."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}
        self.frames: list[dict[str, Any]] = []
        self.state: dict[str, dict[str, Any]] = {}
        self.seq = -1
        self.seqs: dict[str, int] = {}

    async def send(self, **message: Any) -> None:
        await self.socket.send(orjson.dumps(message).decode())

    async def sub(self, sub_id: int = 1, topic: str = "layer.zone", **options: Any) -> list[dict[str, Any]]:
        """Subscribe and wait until it is live; the frames until then."""
        await self.send(op="sub", id=sub_id, topic=topic, **options)
        return await self.until(lambda f: f["op"] in ("live", "err") and f.get("id") == sub_id)

    async def next(self, seconds: float = 10) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(seconds):
            frame: dict[str, Any] = decode(await self.socket.recv())
        _MESSAGES[frame["op"]].model_validate(frame)
        self.frames.append(frame)
        if frame["op"] == "snap":
            if frame["n"] == 1:
                self.state = {}
            self.state |= {item["id"]: item for item in frame["items"]}
        elif frame["op"] == "delta":
            for change in frame["items"]:
                if change["v"] is None:
                    self.state.pop(change["k"], None)
                else:
                    self.state[change["k"]] = change["v"]
        if frame["op"] in ("delta", "live"):
            group = frame.get("f", "")
            assert frame["seq"] >= self.seqs.get(group, -1), "numbers never go back"
            self.seq = self.seqs[group] = frame["seq"]
        return frame

    async def until(self, done: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Frames up to and with the first for which ``done`` holds."""
        frames = []
        while True:
            frames.append(await self.next())
            if done(frames[-1]):
                return frames

    async def expect(self, op: str) -> dict[str, Any]:
        """The next frame, which must be of this kind."""
        frame = await self.next()
        assert frame["op"] == op, frame
        return frame

    async def closed(self) -> int:
        """Read until the hub closes; its code."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(10):
                while True:
                    self.frames.append(decode(await self.socket.recv()))
        return self.socket.close_code or 0


@asynccontextmanager
async def running(
    limits: Limits | None = None, *, origins: frozenset[str] = frozenset(), position: int = 0, remember: float = 0.0
) -> AsyncIterator[Rig]:
    """A hub with zones, an inbox and a stream ``position``; anna and bob belong to the plant, eve to another
    enterprise."""
    source, accounts = Memory(), Accounts()
    specs = (
        TopicSpec("layer.zone", "map:read", source),
        TopicSpec("layer.secret", "secret:read", source),
        TopicSpec("inbox", "", source, personal=True),
        TopicSpec("position", "map:read"),
    )
    hub = source.hub = Hub(specs, limits, position)
    source.seq = position
    for name in ("anna", "bob"):
        accounts.add(name)
    accounts.add("eve", OTHER)
    listener = Listener(hub, Authenticator(accounts.lookup, seconds=remember), origins)
    port = await listener.start("127.0.0.1")
    try:
        yield Rig(hub, listener, source, accounts, port)
    finally:
        await listener.stop()


async def eventually(holds: Callable[[], Any], seconds: float = 10) -> None:
    """Wait until something on the hub's side has happened."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for is the product's own state
            await asyncio.sleep(0.005)
