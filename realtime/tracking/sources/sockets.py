"""Messages over UDP (one a datagram), TCP (each behind its length) and, from the API process, a local socket.

A TCP frame is the length of the message (4 bytes, big-endian) and the message. On the local socket 16 bytes of the
enterprise's id come before the message.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from realtime.hub.ingest import socket_path as hub_socket
from realtime.tracking.messages import LARGEST
from realtime.tracking.sources import Sink
from twin.errors import Unavailable
from twin.settings import Settings

log = structlog.get_logger("realtime.tracking")

_LENGTH = struct.Struct(">I")
_ID = 16
#: Bytes that the system may keep of datagrams that came in a burst.
_BUFFER = 4 * 1024 * 1024


def local_path(settings: Settings) -> Path:
    """Where the tracking process of this installation takes what came by HTTP."""
    hub = hub_socket(settings)
    return hub.with_name(hub.name.replace("hub", "tracking"))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, sink: Sink, gone: asyncio.Future[None]) -> None:
        self._sink, self._gone = sink, gone

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._sink(None, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_exception(exc or ConnectionResetError())


@dataclass
class UdpSource:
    """One message a datagram."""

    host: str
    port: int
    name: str = "udp"

    async def run(self, sink: Sink) -> None:
        """Listen until cancelled."""
        loop = asyncio.get_running_loop()
        gone: asyncio.Future[None] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(sink, gone), local_addr=(self.host, self.port)
        )
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        try:
            await gone
        finally:
            transport.close()


async def _messages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sink: Sink, named: bool) -> None:
    try:
        while True:
            (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
            if length > LARGEST + _ID or length < (_ID if named else 0):
                raise ValueError(f"frame of {length} bytes")
            message = await reader.readexactly(length)
            if named:
                sink(UUID(bytes=message[:_ID]), message[_ID:])
            else:
                sink(None, message)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    except ValueError as error:
        log.warning("a sender of positions is rude; hanging up", error=str(error))
    finally:
        writer.close()


async def _serve(server: asyncio.Server, open_: set[asyncio.StreamWriter]) -> None:
    try:
        await server.serve_forever()
    finally:
        for writer in list(open_):
            writer.close()
        server.close()


@dataclass
class TcpSource:
    """Messages behind their lengths, any number of connections."""

    host: str
    port: int
    name: str = "tcp"

    async def run(self, sink: Sink) -> None:
        """Listen until cancelled."""
        open_: set[asyncio.StreamWriter] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            open_.add(writer)
            try:
                await _messages(reader, writer, sink, named=False)
            finally:
                open_.discard(writer)

        await _serve(await asyncio.start_server(handle, self.host, self.port), open_)


@dataclass
class LocalSource:
    """What the API process hands over (``POST /api/positions/batch``)."""

    path: Path
    name: str = "http"

    async def run(self, sink: Sink) -> None:
        """Listen until cancelled; only the user that runs the product can connect."""
        self.path.unlink(missing_ok=True)
        open_: set[asyncio.StreamWriter] = set()

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            open_.add(writer)
            try:
                await _messages(reader, writer, sink, named=True)
            finally:
                open_.discard(writer)

        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(handle, self.path)
        finally:
            os.umask(before)
        try:
            await _serve(server, open_)
        finally:
            self.path.unlink(missing_ok=True)


async def hand_over(settings: Settings, enterprise: UUID, message: bytes) -> None:
    """Give a message to the tracking process.

    Raises:
        Unavailable: it does not run.
    """
    try:
        _, writer = await asyncio.open_unix_connection(local_path(settings))
        try:
            writer.write(_LENGTH.pack(_ID + len(message)) + enterprise.bytes + message)
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()
    except OSError as error:
        raise Unavailable(reason="tracking") from error
