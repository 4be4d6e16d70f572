"""Real peers: an OPC UA server, a Modbus TCP server, a line to the database that can be cut; and waiting without sleeping blindly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.common.node import Node
from asyncua.server.server import Server
from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from realtime.history.samples import Row
from realtime.ingest.feed import Live

URI = "urn:test:plant"


def quiet_port() -> int:
    """A free port below those that the system gives to outgoing connections: nobody takes it before a server that is
    slow to start, or starts a second time, binds it."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


async def eventually(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until ``holds()`` is true; its value."""
    async with asyncio.timeout(seconds):
        while not (found := holds()):  # noqa: ASYNC110 what is waited for lives in other processes and libraries
            await asyncio.sleep(0.01)
    return found


class Ear:
    """A sink that writes down what it hears."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, int | None, float, int]] = []
        self.confirmed: list[int] = []

    def sample(self, tag: int, ts: int | None, value: float, quality: int) -> None:
        self.samples.append((tag, ts, value, quality))

    def alive(self, tags: Any = None) -> None:
        self.confirmed += tags or [-1]

    def since(self, tag: int) -> int | None:
        return None

    def replay(self, tag: int, ts: int, value: float, quality: int) -> None:
        raise AssertionError("nobody asked for history")

    def of(self, tag: int) -> list[float]:
        return [s[2] for s in self.samples if s[0] == tag]

    def last(self, tag: int) -> tuple[int, int | None, float, int]:
        return [s for s in self.samples if s[0] == tag][-1]


class Book:
    """Where a feed's samples and states go."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.shown: list[Live] = []


class UaPeer:
    """An OPC UA server with variables ``P0``, ``P1`` ... in one namespace."""

    def __init__(self, port: int, count: int, history: bool = False, keys: Path | None = None) -> None:
        self.port = port
        self._count = count
        self._history = history
        self._keys = keys  # folder with server.der and server.pem: only signed and encrypted sessions
        self.nodes: list[Node] = []
        self._server: Server | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}/"

    async def end_subscriptions(self) -> None:
        """Tell every client that its subscription has timed out."""
        assert self._server is not None
        for subscription in self._server.iserver.subscription_service.subscriptions.values():
            await subscription.monitored_item_srv.trigger_statuschange(
                ua.StatusCode(ua.UInt32(ua.StatusCodes.BadTimeout))
            )

    async def start(self) -> None:
        server = Server()
        await server.init()
        server.set_endpoint(self.url)
        if self._keys is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        else:
            await server.set_application_uri("urn:test:server")
            server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
            await server.load_certificate(self._keys / "server.der")
            await server.load_private_key(self._keys / "server.pem")
        index = await server.register_namespace(URI)
        self.nodes = [
            await server.nodes.objects.add_variable(ua.NodeId(ua.String(f"P{n}"), ua.Int16(index)), f"P{n}", float(n))
            for n in range(self._count)
        ]
        await server.start()
        if self._history:
            await server.historize_node_data_change(self.nodes)
        self._server = server

    async def write(self, n: int, value: float, at: datetime | None = None, status: int = 0) -> None:
        """Set a value with a source time and a status code."""
        stamp: Any = at
        code = ua.StatusCode(ua.UInt32(status))
        data = ua.DataValue(ua.Variant(value, ua.VariantType.Double), code, SourceTimestamp=stamp)
        assert self._server is not None
        await self._server.write_attribute_value(self.nodes[n].nodeid, data)

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()


@asynccontextmanager
async def ua_peer(count: int = 3, *, history: bool = False, keys: Path | None = None) -> AsyncIterator[UaPeer]:
    """A running OPC UA server on a free port."""
    peer = UaPeer(quiet_port(), count, history, keys)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()


class ModbusPeer:
    """A Modbus TCP server whose units have 200 shared registers each; ``registers[unit]`` are read live."""

    def __init__(self, port: int | str, units: tuple[int, ...], framing: FramerType = FramerType.SOCKET) -> None:
        self.port = port
        self._framing = framing
        self.registers = {unit: [0] * 200 for unit in units}
        self.requests: list[tuple[int, int, int]] = []
        self.refused: set[int] = set()  # addresses
        self.dead: dict[int, float | ExcCodes] = {}  # unit: seconds until it answers, or what the line says for it
        self._server: ModbusTcpServer | ModbusSerialServer | None = None

    def _device(self, unit: int) -> SimDevice:
        async def act(code: int, start: int, address: int, count: int, current: list[int], new: Any) -> Any:
            self.requests.append((unit, address, count))
            dead = self.dead.get(unit)
            if isinstance(dead, ExcCodes):
                return dead
            if dead is not None:
                await asyncio.sleep(dead)
            if self.refused & set(range(address, address + count)):
                return ExcCodes.ILLEGAL_ADDRESS
            current[: len(self.registers[unit])] = self.registers[unit]
            return None

        return SimDevice(unit, [SimData(0, count=200, values=0, datatype=DataType.REGISTERS)], action=act)

    async def start(self) -> None:
        devices = [self._device(unit) for unit in self.registers]
        if isinstance(self.port, str):
            self._server = ModbusSerialServer(
                devices, framer=self._framing, port=self.port, ignore_missing_devices=True
            )
        else:
            self._server = ModbusTcpServer(
                devices, framer=self._framing, address=("127.0.0.1", self.port), ignore_missing_devices=True
            )
        await self._server.listen()

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.shutdown()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def modbus_peer(
    *units: int, framing: FramerType = FramerType.SOCKET, device: str = ""
) -> AsyncIterator[ModbusPeer]:
    """A running Modbus server on a free port, or on a serial line."""
    peer = ModbusPeer(device or quiet_port(), units or (1,), framing)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()


class Cable:
    """A serial cable between two device files (pseudo-terminals); it can swallow the rest of a frame."""

    def __init__(self) -> None:
        self._masters: list[int] = []
        self._slaves: list[int] = []
        self.ends: list[str] = []
        self.swallow_after: int | None = None  # bytes that the far end may still say before the line is cut
        self.swallowed = 0

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Cable]:
        """The cable in place: ``ends`` are the far and the near device."""
        loop = asyncio.get_running_loop()
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._masters.append(master)
            self._slaves.append(slave)
            self.ends.append(os.ttyname(slave))
        for end in (0, 1):
            loop.add_reader(self._masters[end], self._pass, end)
        try:
            yield self
        finally:
            for master, slave in zip(self._masters, self._slaves, strict=True):
                loop.remove_reader(master)
                os.close(master)
                os.close(slave)

    def _pass(self, end: int) -> None:
        data = os.read(self._masters[end], 4096)
        if end == 0 and self.swallow_after is not None:
            kept = data[: self.swallow_after]
            self.swallow_after -= len(kept)
            self.swallowed += len(data) - len(kept)
            data = kept
        if data:
            os.write(self._masters[1 - end], data)


class Line:
    """A TCP line to a server that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.port = 0
        self.whole = True
        self._tasks: set[asyncio.Task[None]] = set()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if self.whole:
                there, back = await asyncio.open_connection(*self._target)
                async with asyncio.TaskGroup() as group:
                    group.create_task(_pump(reader, back))
                    group.create_task(_pump(there, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def cut(self) -> None:
        """Hang up everybody and refuse new ones."""
        self.whole = False
        for task in list(self._tasks):
            task.cancel()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Line]:
        """The line in place."""
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
