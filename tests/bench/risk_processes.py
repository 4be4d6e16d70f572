"""The hub of the risk engine's benchmark (the product's hub, ingest socket and listener; accounts in memory) and its clients.

Each is a process of its own that reads one JSON command per line and answers with one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import uvloop

from tests.bench.hub_processes import ENTERPRISE, Counter, commands

_SUBSCRIBE = [(b'"hello"', b'{"op":"sub","id":1,"topic":"risk"}'), (b'"live"', b"")]


async def hub(path: str) -> None:
    """Listens at ``path`` for the engine and at the port of its first answer for clients."""
    from realtime.hub.auth import Authenticator
    from realtime.hub.core import Hub
    from realtime.hub.ingest import Ingest
    from realtime.hub.limits import Limits
    from realtime.hub.listener import Listener
    from realtime.hub.topic import TopicSpec
    from twin.auth.principal import Principal

    account = Principal(uuid4(), ENTERPRISE, "bench", "bench", (), frozenset({"map:read"}))

    async def lookup(_: str) -> Principal:
        return account

    core = Hub([TopicSpec("risk", "map:read"), TopicSpec("layer.zone", "map:read")], Limits(per_account=10_000))
    listener, ingest = Listener(core, Authenticator(lookup)), Ingest(core)
    port = await listener.start("127.0.0.1")
    await ingest.start(Path(path))
    print(json.dumps({"port": port}), flush=True)

    async def act(_: dict[str, Any]) -> dict[str, Any]:
        return {"cpu": time.process_time(), **listener.metrics()}

    await commands(act)


class _Client(Counter):
    """Counts the bytes that it gets."""

    size = 0

    def data_received(self, data: bytes) -> None:
        if self.ready.done():
            self.size += len(data)
        else:
            super().data_received(data)


class _Reader(_Client):
    """Reads what it gets: how old each change is, and what every zone shows."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.buffer = b""
        self.ages: list[float] = []
        self.levels: dict[str, int] = {}

    def data_received(self, data: bytes) -> None:
        was_ready = self.ready.done()
        super().data_received(data)
        if not was_ready:
            return
        now = time.time()
        self.buffer += data
        while (end := _frame_end(self.buffer)) is not None:
            start, stop = end
            message = orjson.loads(self.buffer[start:stop])
            self.buffer = self.buffer[stop:]
            for item in message.get("items", ()) if message["op"] == "delta" else ():
                self.levels[item["k"]] = item["v"]["level"]
                self.ages.append(now - datetime.fromisoformat(item["v"]["at"]).timestamp())


def _frame_end(data: bytes) -> tuple[int, int] | None:
    """Where the payload of the first frame (RFC 6455, 5.2, unmasked) begins and ends; None while it is not whole."""
    if len(data) < 10:
        return None
    size, start = data[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start])
    return (start, start + size) if len(data) >= start + size else None


async def clients(port: str, number: str) -> None:
    """One reader and ``number - 1`` counters, all subscribed."""
    loop = asyncio.get_running_loop()
    every: list[Any] = []
    for n in range(int(number)):
        kind: type[_Client] = _Client if n else _Reader
        made: _Client = kind("/", list(_SUBSCRIBE), None)  # type: ignore[arg-type]
        await loop.create_connection(lambda made=made: made, "127.0.0.1", int(port))  # type: ignore[misc]
        await asyncio.wait_for(made.ready, 20)
        every.append(made)
    print(json.dumps({}), flush=True)

    async def act(_: dict[str, Any]) -> dict[str, Any]:
        reader = every[0]
        sizes = [client.size for client in every]
        return {"cpu": time.process_time(), "sizes": sizes, "ages": reader.ages, "levels": reader.levels}

    await commands(act)


if __name__ == "__main__":
    uvloop.run({"hub": hub, "clients": clients}[sys.argv[1]](*sys.argv[2:]))
