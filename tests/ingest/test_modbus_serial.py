"""Modbus RTU and ASCII against pymodbus' server: over TCP and over a serial line (pseudo-terminals), cut mid-frame."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pymodbus import FramerType

from realtime.ingest.plugin import FieldPoint, SourceError
from realtime.ingest.sources import modbus, modbus_serial
from tests.conftest import Enterprise
from tests.history.conftest import Points
from tests.ingest.support import Cable, Ear, eventually, modbus_peer
from tests.ingest.test_gateway import put, running
from twin.settings import Settings

FRAMINGS = [("rtu", FramerType.RTU), ("ascii", FramerType.ASCII)]
POINTS = [FieldPoint(0, "3:holding:7"), FieldPoint(1, "3:input:8:int32"), FieldPoint(2, "3:holding:60:int16")]


async def heard(task: asyncio.Task[None], ear: Ear) -> None:
    try:
        await eventually(lambda: {s[0] for s in ear.samples} == {0, 1, 2} or task.done())
        assert [ear.of(n)[0] for n in range(3)] == [11.0, float((1 << 16) + 2), -4.0]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def fill(registers: list[int]) -> None:
    registers[7:10] = [11, 1, 2]
    registers[60] = 65532


@pytest.mark.req("S3.2")
@pytest.mark.parametrize(("name", "framing"), FRAMINGS)
async def test_rtu_and_ascii_frames_over_tcp(name: str, framing: FramerType) -> None:
    async with modbus_peer(3, framing=framing) as peer:
        fill(peer.registers[3])
        ear = Ear()
        settings = modbus.ModbusSettings.model_validate(
            {"host": "127.0.0.1", "port": peer.port, "framing": name, "period_s": 0.05}
        )
        await heard(asyncio.create_task(modbus.KIND.run(settings, POINTS, ear)), ear)


@pytest.mark.req("S3.2", "M9.1")
@pytest.mark.parametrize(("name", "framing"), FRAMINGS)
async def test_rtu_and_ascii_on_a_serial_line(name: str, framing: FramerType) -> None:
    async with Cable().laid() as cable, modbus_peer(3, framing=framing, device=cable.ends[0]) as peer:
        fill(peer.registers[3])
        ear = Ear()
        settings = modbus_serial.ModbusSerialSettings.model_validate(
            {"device": cable.ends[1], "framing": name, "period_s": 0.05, "baudrate": 115200}
        )
        await heard(asyncio.create_task(modbus_serial.KIND.run(settings, POINTS, ear)), ear)


async def test_a_line_that_is_not_there_is_told() -> None:
    settings = modbus_serial.ModbusSerialSettings(device="/dev/no-such-line")
    with pytest.raises(SourceError, match="no-such-line"):
        await modbus_serial.KIND.run(settings, POINTS, Ear())


@pytest.mark.req("M9.2")
async def test_a_frame_that_is_cut_off_is_no_value_and_the_next_one_is(
    points: Points, enterprise: Enterprise, database: Settings, tmp_path: Path
) -> None:
    """The line is cut in the middle of an answer: no half value, the point turns bad, and mended it is right again."""
    device = points.devices[7]
    async with (
        Cable().laid() as cable,
        modbus_peer(3, framing=FramerType.RTU, device=cable.ends[0]) as peer,
        running(database, enterprise.id, tmp_path) as (gateway, screen),
    ):
        given = {"device": cable.ends[1], "period_s": 0.05, "timeout_s": 0.2, "baudrate": 115200}
        peer.registers[3][0:2] = [0x4148, 0]  # 12.5
        await put(enterprise.id, "line", "modbus_serial", given, {device: "3:holding:0:float32"}, bad=0.6)
        await eventually(lambda: screen[device]["v"] == 12.5)
        cable.swallow_after = 5  # address, function, count and the first two of four bytes
        await eventually(lambda: cable.swallowed and screen[device]["q"] == "bad")
        await eventually(lambda: any(s.error for s in gateway.sources.values() if s.row.name == "line"))
        peer.registers[3][0:2] = [0x4170, 0]  # 15.0
        cable.swallow_after = None
        await eventually(lambda: screen[device]["q"] == "good")
        assert screen[device]["v"] == 15.0
