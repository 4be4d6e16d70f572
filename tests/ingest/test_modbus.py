"""Modbus TCP against pymodbus' server over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import math
import struct
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from realtime.history.samples import BAD, GOOD
from realtime.ingest.plugin import AddressInvalid, FieldPoint, SourceError
from realtime.ingest.sources.modbus import KIND, ModbusSettings, parse, plan
from tests.ingest.support import Ear, eventually, modbus_peer


def words(form: str, value: float) -> list[int]:
    data = struct.pack(f">{form}", value)
    return [int.from_bytes(data[n : n + 2], "big") for n in range(0, len(data), 2)]


@pytest.mark.parametrize("text", ["", "1", "1:holding", "1:nowhere:3", "x:coil:1", "1:holding:3:bool", "1:coil:3:int16",
                                  "1:holding:70000", "1:holding:3:float32:middle", "1:holding:1:int16:big:x"])  # fmt: skip
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(AddressInvalid):
        KIND.check(text)


def test_neighbours_are_read_together() -> None:
    addresses = [
        "1:holding:0:float32",
        "1:holding:2",
        "1:holding:10:float64",
        "1:holding:100",
        "2:holding:0",
        "1:coil:3",
    ]
    groups = plan([FieldPoint(n, a) for n, a in enumerate(addresses)], gap=8)
    assert [(g.unit, g.table, g.start, g.count, g.tags) for g in groups] == [
        (1, "coil", 3, 1, [5]), (1, "holding", 0, 14, [0, 1, 2]), (1, "holding", 100, 1, [3]), (2, "holding", 0, 1, [4]),
    ]  # fmt: skip
    long = plan([FieldPoint(n, f"1:input:{n * 2}:float32") for n in range(200)], gap=0)
    assert max(g.count for g in long) <= 125 and sum(len(g.points) for g in long) == 200
    assert parse("1:holding:4:int64").width == 4


@pytest.mark.req("M9.1", "S3.2")
async def test_types_and_word_orders() -> None:
    async with modbus_peer(1, 9) as peer:
        regs = peer.registers[1]
        regs[0:2] = words("f", 21.5)
        regs[2:4] = reversed(words("f", -7.25))
        regs[4:6] = words("i", -123456)
        regs[6] = words("h", -5)[0]
        regs[7] = 65000
        regs[8:12] = words("d", 1e-9)
        regs[12:14] = words("f", math.nan)
        peer.registers[9][3] = 1 << 15
        addresses = ["1:holding:0:float32", "1:holding:2:float32:little", "1:input:4:int32", "1:holding:6:int16",
                     "1:holding:7:uint16", "1:holding:8:float64", "1:holding:12:float32", "9:holding:3"]  # fmt: skip
        ear = Ear()
        settings = ModbusSettings(host="127.0.0.1", port=peer.port, period_s=0.02, keep_s=0)
        points = [FieldPoint(n, a) for n, a in enumerate(addresses)]
        task = asyncio.create_task(KIND.run(settings, points, ear))
        await eventually(lambda: len(ear.samples) >= 16)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    seen = {tag: (value, quality) for tag, _, value, quality in ear.samples}
    assert [seen[n][0] for n in (0, 1, 2, 3, 4, 5, 7)] == [21.5, -7.25, -123456, -5, 65000, 1e-9, 32768]
    assert seen[6][1] < 0 and all(seen[n][1] == GOOD for n in (0, 1, 2, 3, 4, 5, 7))
    assert set(ear.confirmed) == set(range(8))


async def test_a_register_that_is_refused_does_not_take_its_neighbours_down() -> None:
    async with modbus_peer(1) as peer:
        peer.registers[1][0:3] = [10, 11, 12]
        peer.refused = {1}
        ear = Ear()
        settings = ModbusSettings(host="127.0.0.1", port=peer.port, period_s=0.02)
        task = asyncio.create_task(KIND.run(settings, [FieldPoint(n, f"1:holding:{n}") for n in range(3)], ear))
        await eventually(lambda: ear.of(0) and ear.of(1) and ear.of(2))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    seen = {tag: (value, quality) for tag, _, value, quality in ear.samples}
    assert (seen[0], seen[2]) == ((10.0, GOOD), (12.0, GOOD)) and seen[1][1] == BAD


async def test_a_value_is_a_sample_when_it_changes_and_when_it_stands_again() -> None:
    async with modbus_peer(1, 2) as peer:
        peer.registers[1][0:2] = [5, 9]
        ear = Ear()
        settings = ModbusSettings(host="127.0.0.1", port=peer.port, period_s=0.02, keep_s=3600, timeout_s=0.1)
        points = [FieldPoint(0, "1:holding:0"), FieldPoint(1, "1:holding:1"), FieldPoint(2, "2:holding:0")]
        task = asyncio.create_task(KIND.run(settings, points, ear))
        await eventually(lambda: len(peer.requests) >= 10)
        assert ear.of(0) == [5] and ear.of(1) == [9], "asked often, kept once"
        peer.registers[1][0] = 6
        await eventually(lambda: ear.of(0) == [5, 6])
        assert ear.of(1) == [9], "its neighbour has not changed"
        peer.dead = {1: ExcCodes.GATEWAY_NO_RESPONSE}
        rounds = len(peer.requests)
        await eventually(lambda: len(peer.requests) > rounds + 4)
        peer.dead = {}
        await eventually(lambda: ear.of(0) == [5, 6, 6] and ear.of(1) == [9, 9])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("dead", [ExcCodes.GATEWAY_NO_RESPONSE, 0.25])
async def test_a_unit_that_is_silent_does_not_silence_the_others(dead: float | ExcCodes) -> None:
    async with modbus_peer(1, 2) as peer:
        peer.dead = {2: dead}
        peer.registers[1][0] = 5
        ear = Ear()
        settings = ModbusSettings(host="127.0.0.1", port=peer.port, period_s=0.02, keep_s=0, timeout_s=0.1)
        points = [FieldPoint(0, "1:holding:0"), FieldPoint(1, "2:holding:0")]
        task = asyncio.create_task(KIND.run(settings, points, ear))
        await eventually(lambda: len(ear.of(0)) >= 3 or task.done())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert set(ear.confirmed) == {0}


async def test_a_cancellation_that_meets_an_answer_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries answer then as if nothing had been asked of them: the source went on, and whoever waited for its end hung."""
    read: Any = AsyncModbusTcpClient.read_holding_registers
    answered = asyncio.Event()

    async def loses_it(*args: Any, **more: Any) -> Any:
        answer = await read(*args, **more)
        answered.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return answer

    monkeypatch.setattr(AsyncModbusTcpClient, "read_holding_registers", loses_it)
    async with modbus_peer(1) as peer:
        settings = ModbusSettings(host="127.0.0.1", port=peer.port)
        source = asyncio.create_task(KIND.run(settings, [FieldPoint(0, "1:holding:0")], Ear()))
        await asyncio.wait_for(answered.wait(), 60)
        monkeypatch.undo()
        source.cancel()
        await asyncio.wait({source}, timeout=20)
        assert source.cancelled()


async def test_a_server_that_goes_is_told() -> None:
    async with modbus_peer(1) as peer:
        ear = Ear()
        settings = ModbusSettings(host="127.0.0.1", port=peer.port, period_s=0.02, timeout_s=0.3)
        task = asyncio.create_task(KIND.run(settings, [FieldPoint(0, "1:holding:0")], ear))
        await eventually(lambda: ear.samples)
        await peer.stop()
        with pytest.raises(SourceError):
            await asyncio.wait_for(task, 10)
    with pytest.raises(SourceError):
        await KIND.run(settings, [FieldPoint(0, "1:holding:0")], ear)
