"""The servers themselves: an OPC UA server for the process points and Modbus TCP units for the gas detectors."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from asyncua import ua
from asyncua.server.server import Server
from gis_assets.sites.demo.instruments import Device, devices
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from realtime.simulators.process import Walk, walk
from realtime.simulators.scenarios import RAMP
from twin import clock

URI = "urn:plant-twin:demo:dcs"
#: Detectors that one Modbus unit carries, each a float32 in two holding registers.
PER_UNIT = 32
TOPIC = "demo/warehouse"
#: No scenario.
QUIET: dict[str, float] = {}


def mqtt_devices() -> list[Device]:
    """Temperature and humidity of the warehouses: wireless sensors."""
    return [d for d in devices() if d.kind.kind in ("temperature", "humidity") and "库" in d.name]


def opcua_devices() -> list[Device]:
    """The points of the control system: all but the gas detectors and the wireless sensors."""
    wireless = {d.tag for d in mqtt_devices()}
    return [d for d in devices() if not d.kind.kind.startswith("gas_") and d.tag not in wireless]


def modbus_devices() -> list[Device]:
    """The gas detectors."""
    return [d for d in devices() if d.kind.kind.startswith("gas_")]


def addresses() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Tag and address of the points of the OPC UA server, of the Modbus units, and of the MQTT publisher."""
    process = {d.tag: f"nsu={URI};s={d.tag}" for d in opcua_devices()}
    gas = {d.tag: f"{1 + n // PER_UNIT}:holding:{n % PER_UNIT * 2}:float32" for n, d in enumerate(modbus_devices())}
    return process, gas, {d.tag: f"{TOPIC}/{d.tag}#/value" for d in mqtt_devices()}


class OpcuaSimulator:
    """An OPC UA server with one variable per point; :meth:`advance` moves them by a second."""

    def __init__(self, port: int, points: Sequence[Device] | None = None) -> None:
        self.url = f"opc.tcp://127.0.0.1:{port}/"
        self._points = opcua_devices() if points is None else points
        self._walks: list[tuple[ua.NodeId, Walk, str]] = []
        self._server = Server()
        self._second = 0

    async def start(self) -> None:
        """Build the address space and listen."""
        server = self._server
        await server.init()
        server.set_endpoint(self.url)
        server.set_server_name("plant-twin demo DCS")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        index = await server.register_namespace(URI)
        folder = await server.nodes.objects.add_folder(ua.NodeId(ua.String("DCS"), ua.Int16(index)), "DCS")
        for device in self._points:
            made = walk(device)
            node_id = ua.NodeId(ua.String(device.tag), ua.Int16(index))
            await folder.add_variable(node_id, device.tag, made.value, ua.VariantType.Double)
            self._walks.append((node_id, made, device.tag))
            await self._write(node_id, made.value)
        await server.start()

    async def advance(self, driven: Mapping[str, float] = QUIET) -> None:
        """A second of process: the points whose turn it is get a new value, when it differs."""
        self._second += 1
        for n, (node_id, made, tag) in enumerate(self._walks):
            if tag in driven:
                await self._write(node_id, made.drive(driven[tag], RAMP))
            elif (self._second + n) % made.every == 0:
                before = made.value
                if made.advance() != before:
                    await self._write(node_id, made.value)

    async def _write(self, node_id: ua.NodeId, value: float) -> None:
        stamp: Any = clock.now()
        data = ua.DataValue(ua.Variant(value, ua.VariantType.Double), SourceTimestamp=stamp)
        await self._server.write_attribute_value(node_id, data)

    async def stop(self) -> None:
        """Hang up."""
        await self._server.stop()


class ModbusSimulator:
    """Modbus TCP units full of gas detectors; :meth:`advance` moves them by a second."""

    def __init__(self, port: int, points: Sequence[Device] | None = None) -> None:
        self.port = port
        self._tags = [d.tag for d in (modbus_devices() if points is None else points)]
        self._walks = [walk(d) for d in (modbus_devices() if points is None else points)]
        count = (len(self._walks) + PER_UNIT - 1) // PER_UNIT
        self._registers = {1 + n: [0] * (PER_UNIT * 2) for n in range(count)}
        for n, made in enumerate(self._walks):
            self._set(n, made.value)
        self._server: ModbusTcpServer | None = None

    async def start(self) -> None:
        """Listen."""
        units = [self._unit(unit, registers) for unit, registers in self._registers.items()]
        self._server = ModbusTcpServer(units, address=("127.0.0.1", self.port), ignore_missing_devices=True)
        await self._server.listen()

    @staticmethod
    def _unit(unit: int, registers: list[int]) -> SimDevice:
        async def act(code: int, start: int, address: int, count: int, current: list[int], new: Any) -> None:
            current[: len(registers)] = registers

        data = SimData(0, count=len(registers), values=0, datatype=DataType.REGISTERS)
        return SimDevice(unit, [data], action=act)

    def advance(self, driven: Mapping[str, float] = QUIET) -> None:
        """A second of process."""
        for n, (tag, made) in enumerate(zip(self._tags, self._walks, strict=True)):
            self._set(n, made.drive(driven[tag], RAMP) if tag in driven else made.advance())

    @property
    def listens(self) -> bool:
        """Whether the line is whole."""
        return self._server is not None

    def _set(self, n: int, value: float) -> None:
        high, low = struct.unpack(">HH", struct.pack(">f", value))
        at = n % PER_UNIT * 2
        self._registers[1 + n // PER_UNIT][at : at + 2] = [high, low]

    async def stop(self) -> None:
        """Hang up."""
        server, self._server = self._server, None
        if server is not None:
            await server.shutdown()  # type: ignore[no-untyped-call]
