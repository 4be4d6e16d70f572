"""The processes of the hub's benchmark: one server per contender and a swarm of clients that only count bytes.

Each reads one JSON command per line and answers with one. The same swarm serves every contender, so that it costs all
of them the same.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psutil
import uvloop

#: Bytes of a delta on the wire, without the WebSocket header.
PAYLOAD = 200
ENTERPRISE = UUID(int=1)


async def commands(act: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await act(json.loads(line))), flush=True)


def _memory() -> int:
    return int(psutil.Process().memory_full_info().uss)


async def ours(per_account: int = 10_000) -> None:
    """The hub, with accounts and state in memory."""
    from realtime.hub.auth import Authenticator
    from realtime.hub.codec import Item
    from realtime.hub.core import Hub
    from realtime.hub.limits import Limits
    from realtime.hub.listener import Listener
    from realtime.hub.topic import TopicKey, TopicSpec
    from twin.auth.principal import Principal

    class Empty:
        async def snapshot(self, key: TopicKey) -> tuple[list[Item], int]:
            return [], 0

        async def head(self, key: TopicKey) -> int:
            return 0

    known: dict[str, Principal] = {}

    async def lookup(token: str) -> Principal:
        return known.setdefault(token, Principal(uuid4(), ENTERPRISE, token, token, (), frozenset({"map:read"})))

    seq = 10_000_000  # as many digits from the first to the last message
    hub = Hub([TopicSpec("layer.zone", "map:read", Empty())], Limits(per_account=per_account, stuck=1e9), seq)
    listener = Listener(hub, Authenticator(lookup))
    port = await listener.start("127.0.0.1")
    print(json.dumps({"port": port}), flush=True)
    empty = len(
        '{"op":"delta","topic":"layer.zone","seq":10000001,"items":[{"k":"zone-0001","v":{"id":"zone-0001","note":""}}]}'
    )
    value = {"id": "zone-0001", "note": "x" * (PAYLOAD - empty)}

    async def act(command: dict[str, Any]) -> dict[str, Any]:
        nonlocal seq
        stuck = command.get("stuck", 0)
        start = time.monotonic()
        for _ in range(command.get("publish", 0)):
            seq += 1
            hub.publish(ENTERPRISE, "layer.zone", seq, [("zone-0001", value)])
            await asyncio.sleep(0)
            while len(hub.slow) > stuck:  # noqa: ASYNC110 - back-pressure for the benchmark only
                await asyncio.sleep(0.0005)
        for _ in range(command.get("probe", 0)):
            seq += 1
            hub.publish(ENTERPRISE, "layer.zone", seq, [("zone-0001", {"id": "zone-0001", "t": time.monotonic()})])
            await asyncio.sleep(0.01)
        return {"start": start, "memory": _memory(), **listener.metrics()}

    await commands(act)


async def strict() -> None:
    """The hub with the product's limit of connections per account."""
    await ours(per_account=200)


async def broadcast() -> None:
    """The bare ``websockets`` server with its ``broadcast``."""
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    connections: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    server = await serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None)
    print(json.dumps({"port": next(iter(server.sockets)).getsockname()[1]}), flush=True)
    message = "x" * PAYLOAD

    async def act(command: dict[str, Any]) -> dict[str, Any]:
        start = time.monotonic()
        for _ in range(command.get("publish", 0)):
            broadcast(connections, message)
            await asyncio.sleep(0)
            while any(c.paused for c in connections):  # noqa: ASYNC110
                await asyncio.sleep(0.0005)
        return {"start": start, "memory": _memory(), "clients": len(connections)}

    await commands(act)


async def socketio() -> None:
    """python-socketio on aiohttp, one room."""
    import socketio as sio
    from aiohttp import web

    server = sio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", ping_interval=3600, ping_timeout=3600)
    app = web.Application()
    server.attach(app)
    count = 0

    @server.event
    async def connect(sid: str, _environ: Any, _auth: Any = None) -> None:
        nonlocal count
        count += 1
        await server.enter_room(sid, "layer.zone")

    @server.event
    async def disconnect(_sid: str, *_: Any) -> None:
        nonlocal count
        count -= 1

    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    value = "x" * (PAYLOAD - len('42["delta",""]'))

    async def act(command: dict[str, Any]) -> dict[str, Any]:
        start = time.monotonic()
        for _ in range(command.get("publish", 0)):
            await server.emit("delta", value, room="layer.zone")
            await asyncio.sleep(0)
        return {"start": start, "memory": _memory(), "clients": count}

    await commands(act)


class Counter(asyncio.Protocol):
    """A WebSocket client that says what it must at the start and then only counts bytes."""

    def __init__(self, path: str, hello: list[tuple[bytes, bytes]], swarm: _Swarm, token: str = "bench") -> None:
        self.path = path
        self.token = token
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.steps = hello
        self.swarm = swarm
        self.head = b""
        self.ready = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Authorization: Bearer {self.token}\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if self.ready.done():
            self.swarm.count(len(data))
            return
        self.head += data
        while self.steps and self.steps[0][0] in self.head:
            _, answer = self.steps.pop(0)
            if answer:
                self.transport.write(_masked(answer))
        if not self.steps:
            self.ready.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)


class _Watcher(Counter):
    """Notes how old each delta is when it comes."""

    def data_received(self, data: bytes) -> None:
        if self.ready.done():
            now = time.monotonic()
            self.swarm.ages += [now - float(sent) for sent in re.findall(rb'"t":([0-9.]+)', data)]
        else:
            super().data_received(data)


def _masked(payload: bytes) -> bytes:
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload  # a mask of zeros is a mask


#: What a client waits for and then sends, until it is subscribed.
HELLO: dict[str, tuple[str, list[tuple[bytes, bytes]]]] = {
    "ours": ("/", [(b'"hello"', b'{"op":"sub","id":1,"topic":"layer.zone"}'), (b'"live"', b"")]),
    "broadcast": ("/", [(b"\r\n\r\n", b"")]),
    "socketio": ("/socket.io/?EIO=4&transport=websocket", [(b'0{"sid"', b"40"), (b'40{"sid"', b"")]),
}


class _Swarm:
    """Many counters; knows when all bytes have come."""

    def __init__(self) -> None:
        self.clients: list[Counter] = []
        self.stuck: list[Any] = []
        self.ages: list[float] = []
        self.left = 0
        self.done = asyncio.Event()

    def count(self, size: int) -> None:
        self.left -= size
        if self.left <= 0:
            self.done.set()

    async def connect(self, port: int, kind: str, number: int) -> None:
        path, steps = HELLO[kind]
        for _ in range(number):
            _, client = await asyncio.get_running_loop().create_connection(
                lambda: Counter(path, list(steps), self), "127.0.0.1", port
            )
            await asyncio.wait_for(client.ready, 20)
            self.clients.append(client)

    async def flood(self, port: int, number: int) -> dict[str, int]:
        """Open many connections with one token, hundreds at a time; how often each answer came."""
        answers: dict[str, int] = {}
        gate = asyncio.Semaphore(300)

        async def one() -> None:
            async with gate:
                client = Counter("/", [(b'"hello"', b"")], self)
                await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", port)
                await asyncio.wait({client.ready, client.closed}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
                found = next((code for code in ("hello", "too_many_connections") if code.encode() in client.head), "?")
                answers[found] = answers.get(found, 0) + 1
                self.clients.append(client)

        await asyncio.gather(*(one() for _ in range(number)))
        return answers

    async def act(self, command: dict[str, Any]) -> dict[str, Any]:
        """``connect``, ``expect`` bytes, ``wait`` for them, or make a ``stuck`` client that reads nothing."""
        if "connect" in command:
            await self.connect(command["port"], command["kind"], command["connect"])
        elif "expect" in command:
            self.left = command["expect"]
            self.done.clear()
        elif "wait" in command:
            await asyncio.wait_for(self.done.wait(), 60)
            return {"end": time.monotonic()}
        elif "flood" in command:
            return {"answers": await self.flood(command["port"], command["flood"])}
        elif "watch" in command:
            path, steps = HELLO["ours"]
            client = _Watcher(path, list(steps), self, "watcher")
            await asyncio.get_running_loop().create_connection(lambda: client, "127.0.0.1", command["port"])
            await client.ready
            self.clients.append(client)
        elif "ages" in command:
            ages, self.ages = self.ages, []
            return {"ages": ages}
        elif command.get("stuck"):
            await self.connect(command["port"], command["kind"], 1)
            self.stuck.append(self.clients.pop())
            self.stuck[-1].transport.pause_reading()
        else:
            while self.stuck:
                self.stuck.pop().transport.abort()
        return {}


async def swarm() -> None:
    """The clients of all contenders."""
    print(json.dumps({}), flush=True)
    await commands(_Swarm().act)


if __name__ == "__main__":
    uvloop.run(
        {"ours": ours, "strict": strict, "broadcast": broadcast, "socketio": socketio, "swarm": swarm}[sys.argv[1]]()
    )
