"""Modbus RTU and ASCII on a serial line (RS-485 or RS-232); addresses and reads as in ``modbus.py``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pymodbus.client import AsyncModbusSerialClient

from realtime.ingest.sources.modbus import FRAMERS, Client, ModbusKind, Rounds


class ModbusSerialSettings(Rounds):
    """A serial line with one or more units.

    Attributes:
        device: the line, e.g. ``/dev/ttyUSB0``.
        framing: RTU (8 data bits) or ASCII (7 or 8).
        baudrate: bits a second.
        parity: N none, E even (the standard's default), O odd.
    """

    device: str = Field(min_length=1, max_length=200)
    framing: Literal["rtu", "ascii"] = "rtu"
    baudrate: int = Field(default=9600, ge=300, le=4_000_000)
    bytesize: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1


class ModbusSerial(ModbusKind[ModbusSerialSettings]):
    """Modbus RTU and ASCII."""

    key = "modbus_serial"
    model = ModbusSerialSettings

    def client(self, settings: ModbusSerialSettings) -> Client:
        """The serial line with the framing that is set."""
        return AsyncModbusSerialClient(
            settings.device, framer=FRAMERS[settings.framing], baudrate=settings.baudrate, bytesize=settings.bytesize,
            parity=settings.parity, stopbits=settings.stopbits, timeout=settings.timeout_s, retries=0,
            reconnect_delay=0,
        )  # fmt: skip

    def place(self, settings: ModbusSerialSettings) -> str:
        """The line's device file."""
        return settings.device


KIND = ModbusSerial()
