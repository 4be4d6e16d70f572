"""How engines in other processes give streams to the hub: a local socket, newest value per key, also after a restart.

A frame is its length (4 bytes, big-endian) and a MessagePack array
``[enterprise, topic, [[key, event time, value or nil], ...]]``. Only the user that runs the product can open
the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import struct
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgpack
import structlog

from realtime.hub.core import Hub
from realtime.hub.errors import TopicNotFound
from twin import clock
from twin.settings import Settings

log = structlog.get_logger("realtime.hub")

#: Key, event time (seconds since 1970), value (a dictionary, or already a MessagePack map) or None for gone.
Value = tuple[str, float, dict[str, Any] | bytes | None]

_LENGTH = struct.Struct(">I")
_LARGEST = 4 * 1024 * 1024
_BATCH = 2000
#: Socket paths must be shorter than this (sun_path, unix(7)).
_PATH_LIMIT = 100


def socket_path(settings: Settings) -> Path:
    """Where the hub of this installation listens for streams."""
    path = settings.var_dir.absolute() / "hub.sock"
    if len(os.fsencode(path)) <= _PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"twin-hub-{os.getuid()}-{digest}.sock"


class Ingest:
    """The hub's end."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._path: Path | None = None

    async def start(self, path: Path) -> None:
        """Listen at ``path``; a socket left by a hub that was killed is replaced."""
        _unlink(path)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._handle, path)
        finally:
            os.umask(before)
        self._path = path

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._connections):
                writer.close()
            await self._server.wait_closed()
        if self._path is not None:
            _unlink(self._path)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                if length > _LARGEST:
                    raise ValueError(f"frame of {length} bytes")
                self._take(await reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except (ValueError, TypeError, TopicNotFound) as error:
            log.error("a stream cannot be read; hanging up", error=str(error))
        finally:
            self._connections.discard(writer)
            writer.close()

    def _take(self, frame: bytes) -> None:
        enterprise, topic, items = msgpack.unpackb(frame)
        self.hub.publish_stream(UUID(bytes=enterprise), topic, [(str(k), float(at), v) for k, at, v in items])


def _frame(enterprise: UUID, topic: str, items: Sequence[Value]) -> bytes:
    packer = msgpack.Packer(autoreset=False)
    pack = packer.pack
    packer.pack_array_header(3)
    pack(enterprise.bytes)
    pack(topic)
    packer.pack_array_header(len(items))
    parts: list[bytes] = []
    for key, at, value in items:
        packer.pack_array_header(3)
        pack(key)
        pack(at)
        if isinstance(value, bytes):
            parts += (packer.bytes(), value)
            packer.reset()
        else:
            pack(value)
    parts.append(packer.bytes())
    return b"".join(parts)


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


class Publisher:
    """An engine's end. ``publish`` never waits: while the hub is away or busy, the newest value of each key is kept.

    After a reconnect the newest value of every key is sent again, so a restarted hub soon knows what the last one knew.
    """

    def __init__(self, path: Path, retry: float = 0.5) -> None:
        self._path = path
        self._retry = retry
        self._newest: dict[tuple[UUID, str], dict[str, tuple[float, dict[str, Any] | bytes | None]]] = {}
        self._waiting: dict[tuple[UUID, str], dict[str, None]] = {}
        self._wake = asyncio.Event()
        self._clock = clock.SetWatch()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Publisher:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def publish(self, enterprise: UUID, topic: str, items: Sequence[Value]) -> None:
        """Hand over values. One that is older than what was handed over before is dropped, unless the wall clock was set meanwhile."""
        if by := self._clock.jump():
            for known_values in self._newest.values():
                known_values.update({key: (at + by, value) for key, (at, value) in known_values.items()})
        newest = self._newest.setdefault((enterprise, topic), {})
        waiting = self._waiting.setdefault((enterprise, topic), {})
        for key, at, value in items:
            known = newest.get(key)
            if known is None or known[0] < at:
                newest[key] = (at, value)
                waiting[key] = None
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(self._retry)
                continue
            self._waiting = {stream: dict.fromkeys(values) for stream, values in self._newest.items()}
            self._wake.set()
            gone = asyncio.create_task(reader.read())  # the hub never writes: it ends when the hub has gone
            gone.add_done_callback(lambda _: self._wake.set())
            try:
                await self._send(writer, gone)
            except OSError:
                await asyncio.sleep(self._retry)
            finally:
                gone.cancel()
                await asyncio.gather(gone, return_exceptions=True)
                writer.close()

    async def _send(self, writer: asyncio.StreamWriter, gone: asyncio.Task[bytes]) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if gone.done():
                raise ConnectionResetError
            for frame in self._frames():
                writer.write(_LENGTH.pack(len(frame)) + frame)
                await writer.drain()
                await asyncio.sleep(0)  # a full second's values must not hold up an alarm

    def _frames(self) -> Iterator[bytes]:
        for stream, waiting in self._waiting.items():
            values = self._newest[stream]
            while waiting:
                keys = list(waiting)[:_BATCH]
                for key in keys:
                    del waiting[key]
                yield _frame(*stream, [(key, *values[key]) for key in keys])
