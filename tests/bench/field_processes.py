"""The field of the 10,000-point run, as processes of their own: OPC UA server, Modbus units, browsers, the asyncua peer.

Each reads one JSON command per line and answers with one (as ``hub_processes``).
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from typing import Any

import uvloop

from tests.bench.hub_processes import Counter, _masked, commands

URI = "urn:plant-twin:bench"
#: Points that one Modbus unit carries: one read of 120 registers.
PER_UNIT = 60
_SLICES = 20


async def opcua(port: int, points: int) -> None:
    """``points`` variables; ``run`` seconds: each gets a new number every second, spread over the second."""
    from asyncua import ua
    from asyncua.server.server import Server

    from twin import clock

    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    folder = await server.nodes.objects.add_folder(ua.NodeId(ua.String("bench"), ua.Int16(index)), "bench")
    nodes = [ua.NodeId(ua.String(f"p{n}"), ua.Int16(index)) for n in range(points)]
    for n, node in enumerate(nodes):
        await folder.add_variable(node, f"p{n}", 0.0, ua.VariantType.Double)
    await server.start()
    print(json.dumps({"port": port}), flush=True)
    number = 0

    async def act(command: dict[str, Any]) -> dict[str, Any]:
        nonlocal number
        begin, first = time.monotonic(), number + 1
        for _ in range(command.get("run", 0)):
            number += 1
            for part in range(_SLICES):
                for node in nodes[part::_SLICES]:
                    data = ua.DataValue(ua.Variant(float(number), ua.VariantType.Double), SourceTimestamp=clock.now())
                    await server.write_attribute_value(node, data)
                due = begin + number - first + (part + 1) / _SLICES
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        return {"first": first, "last": number, "seconds": time.monotonic() - begin}

    await commands(act)


async def modbus(port: int, points: int) -> None:
    """Units of ``PER_UNIT`` float32 values that change every second; answers how often each unit was read."""
    import pymodbus
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    pymodbus.pymodbus_apply_logging_config("CRITICAL")  # the master's end in mid-frame is no news
    count = -(-points // PER_UNIT)
    reads = [0] * count

    def unit(n: int) -> SimDevice:
        async def act(code: int, start: int, address: int, amount: int, current: list[int], new: Any) -> None:
            reads[n] += 1
            high, low = struct.unpack(">HH", struct.pack(">f", time.time() % 10_000))
            current[: 2 * PER_UNIT] = [high, low] * PER_UNIT

        data = SimData(0, count=2 * PER_UNIT, values=0, datatype=DataType.REGISTERS)
        return SimDevice(n + 1, [data], action=act)

    server = ModbusTcpServer([unit(n) for n in range(count)], address=("127.0.0.1", port), ignore_missing_devices=True)
    await server.listen()
    print(json.dumps({"port": port}), flush=True)

    async def answer(command: dict[str, Any]) -> dict[str, Any]:
        return {"reads": reads}

    await commands(answer)


class _Browser(Counter):
    """One that reads: notes how old each value is, by its source time, when its frame has come whole."""

    def begin(self) -> None:
        self.buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        if not self.ready.done():
            super().data_received(data)
            self.buffer = bytearray()
            return
        self.buffer += data
        while (frame := self._frame()) is not None:
            now = time.time()
            if frame[:1] == b"{":
                message = json.loads(frame)
                if message.get("op") == "delta":
                    self.swarm.ages += [
                        now - item["v"]["ts"] for item in message["items"] if item["v"] and item["v"]["ts"]
                    ]

    def _frame(self) -> bytes | None:
        if len(self.buffer) < 2:
            return None
        size, at = self.buffer[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(self.buffer[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(self.buffer[2:10], "big"), 10
        if len(self.buffer) < at + size:
            return None
        frame = bytes(self.buffer[at : at + size])
        del self.buffer[: at + size]
        return frame


class _Screens:
    def __init__(self) -> None:
        self.ages: list[float] = []
        self.bytes = 0
        self.clients: list[Counter] = []

    def count(self, size: int) -> None:
        self.bytes += size


async def browsers(port: int, number: int, token: str) -> None:
    """``number`` clients that follow all values; the first reads every frame, the others take the bytes."""
    swarm: Any = _Screens()
    for n in range(number):
        steps = [(b'"hello"', b'{"op":"sub","id":1,"topic":"values","mode":"latest"}'), (b'"live"', b"")]
        client = (_Browser if n == 0 else Counter)("/", steps, swarm, token)
        await asyncio.get_running_loop().create_connection(lambda made=client: made, "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.wait_for(client.ready, 30)
        swarm.clients.append(client)
    living = asyncio.create_task(_alive(swarm.clients))
    print(json.dumps({"port": port}), flush=True)

    async def act(command: dict[str, Any]) -> dict[str, Any]:
        ages, swarm.ages = sorted(swarm.ages), []
        size, swarm.bytes = swarm.bytes, 0
        closed = sum(client.closed.done() for client in swarm.clients)
        picks = {share: ages[min(len(ages) - 1, int(share * len(ages)))] for share in (0.5, 0.99)} if ages else {}
        return {"values": len(ages), "p50": picks.get(0.5), "p99": picks.get(0.99), "bytes": size, "closed": closed}

    await commands(act)
    living.cancel()


async def _alive(clients: list[Counter]) -> None:
    """Say what a browser's answers to the hub's pings say, in time and without reading them."""
    while True:
        await asyncio.sleep(5)
        for client in clients:
            client.transport.write(_masked(b'{"op":"pong"}'))


async def peer(port: int, points: int) -> None:
    """asyncua alone: one subscription to every point; answers how many values came since it was asked last."""
    from asyncua.client.client import Client

    class Count:
        values = 0

        def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
            self.values += 1

    heard = Count()
    async with Client(f"opc.tcp://127.0.0.1:{port}/", timeout=30) as client:
        index = await client.get_namespace_index(URI)
        subscription = await client.create_subscription(200, heard)
        nodes = [client.get_node(f"ns={index};s=p{n}") for n in range(points)]
        for at in range(0, points, 500):
            await subscription.subscribe_data_change(nodes[at : at + 500], queuesize=20, sampling_interval=100)
        print(json.dumps({"port": port}), flush=True)

        async def act(command: dict[str, Any]) -> dict[str, Any]:
            values, heard.values = heard.values, 0
            return {"values": values}

        await commands(act)


if __name__ == "__main__":
    kind, *given = sys.argv[1:]
    numbers = [int(text) if text.isdigit() else text for text in given]
    uvloop.run({"opcua": opcua, "modbus": modbus, "browsers": browsers, "peer": peer}[kind](*numbers))  # type: ignore[operator]
