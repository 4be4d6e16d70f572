"""Modbus over Ethernet (TCP frames, or RTU and ASCII frames through a converter): register map, grouped reads, data types.

An address is ``unit:table:register:type[:word order]``, e.g. ``3:holding:100:float32`` or ``1:input:7:int32:little``
or ``1:coil:5``. Registers count from 0 as on the wire. Modbus carries no times: the moment of the answer is taken.
"""

from __future__ import annotations

import asyncio
import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import structlog
from pydantic import BaseModel, Field
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from realtime.history.samples import BAD, BAD_OUT_OF_RANGE, GOOD
from realtime.ingest.plugin import AddressInvalid, FieldPoint, Sink, SourceError, SourceKind, heed_cancellation
from twin import clock

log = structlog.get_logger("realtime.ingest")

Table = Literal["coil", "discrete", "holding", "input"]
Client = AsyncModbusTcpClient | AsyncModbusSerialClient
FRAMERS = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU, "ascii": FramerType.ASCII}
_TYPES = {"bool": "BITS", "int16": "INT16", "uint16": "UINT16", "int32": "INT32", "uint32": "UINT32",
          "int64": "INT64", "uint64": "UINT64", "float32": "FLOAT32", "float64": "FLOAT64"}  # fmt: skip
#: Most registers and bits in one answer (Modbus Application Protocol 1.1b3, 6.1 and 6.3).
_LONGEST = {"holding": 125, "input": 125, "coil": 2000, "discrete": 2000}


class Rounds(BaseModel):
    """How a line is polled.

    Attributes:
        period_s: seconds from the start of one round of reads to that of the next: how late an alarm may be seen.
        keep_s: a value that does not change is a sample of its own only so often; each change is one at once.
        gap: registers between two points that are read along rather than asked for apart.
    """

    period_s: float = Field(default=0.2, ge=0.02, le=3600)
    keep_s: float = Field(default=1.0, ge=0, le=3600)
    timeout_s: float = Field(default=1.0, gt=0, le=60)
    gap: int = Field(default=8, ge=0, le=100)


class ModbusSettings(Rounds):
    """A Modbus TCP server, or a converter to a serial line.

    Attributes:
        framing: what travels in the TCP stream; ``rtu`` and ``ascii`` for converters that pass serial frames through.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    framing: Literal["tcp", "rtu", "ascii"] = "tcp"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a value lies."""

    unit: int
    table: Table
    register: int
    type: str
    order: Literal["big", "little"]

    @property
    def width(self) -> int:
        """Registers (or bits) that it takes."""
        return 1 if self.type == "bool" else int(self._type().value[1])

    def _type(self) -> Any:
        return AsyncModbusTcpClient.DATATYPE[_TYPES[self.type]]

    def decode(self, words: Sequence[Any]) -> float:
        """The number in these registers or bits."""
        if self.type == "bool":
            return float(bool(words[0]))
        found: Any = AsyncModbusTcpClient.convert_from_registers(list(words), self._type(), self.order)
        return float(found)


def parse(text: str) -> Address:
    """Read an address.

    Raises:
        AddressInvalid: it is none.
    """
    parts = text.split(":")
    try:
        unit, table, register = int(parts[0]), parts[1], int(parts[2])
        bits = table in ("coil", "discrete")
        kind = parts[3] if len(parts) > 3 else "bool" if bits else "uint16"
        order = parts[4] if len(parts) > 4 else "big"
    except (ValueError, IndexError) as error:
        raise AddressInvalid(address=text) from error
    if not (0 <= unit <= 255 and table in get_args(Table) and 0 <= register <= 65535 and len(parts) <= 5):
        raise AddressInvalid(address=text)
    if kind not in _TYPES or (kind == "bool") != bits or order not in ("big", "little"):
        raise AddressInvalid(address=text)
    return Address(unit, table, register, kind, order)  # type: ignore[arg-type]


@dataclass
class Place:
    """A point, and what was delivered of it last: its words (None: nothing that still stands) and when (monotonic)."""

    point: FieldPoint
    address: Address
    said: list[Any] | None = None
    at: float = 0.0


@dataclass
class Group:
    """Points that one request reads."""

    unit: int
    table: Table
    start: int
    count: int
    points: list[Place]

    @property
    def tags(self) -> list[int]:
        """Their tags."""
        return [place.point.tag for place in self.points]

    def forget(self) -> None:
        """What was delivered may stand no longer: the next answer is news, whatever it says."""
        for place in self.points:
            place.said = None


def _alone(place: Place) -> Group:
    address = place.address
    return Group(address.unit, address.table, address.register, address.width, [place])


def plan(points: Sequence[FieldPoint], gap: int) -> list[Group]:
    """The requests of one round: neighbours together, as long as an answer may be."""
    groups: list[Group] = []
    placed = [(parse(point.address), point) for point in points]
    for address, point in sorted(placed, key=lambda p: (p[0].unit, p[0].table, p[0].register)):
        last = groups[-1] if groups else None
        end = address.register + address.width
        if (
            last is not None
            and (last.unit, last.table) == (address.unit, address.table)
            and address.register <= last.start + last.count + gap
            and max(end, last.start + last.count) - last.start <= _LONGEST[address.table]
        ):
            last.count = max(end, last.start + last.count) - last.start
            last.points.append(Place(point, address))
        else:
            groups.append(_alone(Place(point, address)))
    return groups


R = TypeVar("R", bound=Rounds)


class ModbusKind(SourceKind[R]):
    """What all Modbus lines have in common."""

    @abstractmethod
    def client(self, settings: R) -> Client:
        """The line, not yet opened."""

    @abstractmethod
    def place(self, settings: R) -> str:
        """Where the line begins, for people."""

    def check(self, address: str) -> None:
        """Refuse what :func:`parse` cannot read."""
        parse(address)

    async def run(self, settings: R, points: Sequence[FieldPoint], sink: Sink) -> None:
        """Read all groups once a period. A unit that does not answer does not keep the others from being read."""
        groups = plan(points, settings.gap)
        client = self.client(settings)
        try:
            if not await client.connect():
                raise SourceError(f"no connection to {self.place(settings)}")
            while True:
                began = clock.monotonic()
                groups = await self._round(client, groups, sink, settings.keep_s - settings.period_s / 2)
                await asyncio.sleep(max(0.0, settings.period_s - (clock.monotonic() - began)))
        finally:
            client.close()

    async def _round(self, client: Client, groups: list[Group], sink: Sink, keep: float) -> list[Group]:
        """One round; the groups of the next one (a group that the device refuses is taken apart).

        Args:
            keep: seconds for which a value that does not change is no news.
        """
        following: list[Group] = []
        silent: set[int] = set()
        for group in groups:
            if group.unit in silent:
                following.append(group)
                continue
            answer = await self._read(client, group)
            if answer is None:
                silent.add(group.unit)
                group.forget()
                following.append(group)
                if not client.connected or silent == {g.unit for g in groups}:
                    raise SourceError(f"unit {group.unit} does not answer")
            elif not answer and len(group.points) > 1:
                log.warning("a group is refused; reading its points apart", unit=group.unit, start=group.start)
                following += [_alone(place) for place in group.points]
            else:
                following.append(group)
                self._deliver(group, answer, sink, keep)
        return following

    @staticmethod
    async def _read(client: Client, group: Group) -> list[Any] | None:
        """The words of a group; empty when the device refuses, None when it does not answer."""
        read = {
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
            "holding": client.read_holding_registers,
            "input": client.read_input_registers,
        }[group.table]
        answer: Any
        try:
            answer = await read(group.start, count=group.count, device_id=group.unit)
        except ModbusException:
            answer = None
        heed_cancellation()
        if answer is None:
            return None
        if answer.isError():
            # Faults of the request (unknown function, address, count); all others mean that the unit was not reached.
            return [] if answer.exception_code in (1, 2, 3) else None
        words: list[Any] = list(answer.bits if group.table in ("coil", "discrete") else answer.registers)
        return words if len(words) >= group.count else None

    @staticmethod
    def _deliver(group: Group, words: list[Any], sink: Sink, keep: float) -> None:
        now = clock.monotonic()
        for place in group.points:
            at = place.address.register - group.start
            said = words[at : at + place.address.width]
            if said == place.said and now - place.at < keep:
                continue
            place.said, place.at = said, now
            if not said:
                sink.sample(place.point.tag, None, math.nan, BAD)
                continue
            value = place.address.decode(said)
            sink.sample(place.point.tag, None, value, GOOD if math.isfinite(value) else BAD_OUT_OF_RANGE)
        sink.alive(group.tags)


class Modbus(ModbusKind[ModbusSettings]):
    """Modbus over Ethernet."""

    key = "modbus_tcp"
    model = ModbusSettings

    def client(self, settings: ModbusSettings) -> Client:
        """A TCP connection with the framing that is set."""
        return AsyncModbusTcpClient(
            settings.host, port=settings.port, framer=FRAMERS[settings.framing], timeout=settings.timeout_s,
            retries=0, reconnect_delay=0,
        )  # fmt: skip

    def place(self, settings: ModbusSettings) -> str:
        """Host and port."""
        return f"{settings.host}:{settings.port}"


KIND = Modbus()
