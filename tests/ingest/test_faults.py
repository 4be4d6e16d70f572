"""Faults under load: the database away, the spool's disk full, and samples that are wrong in every way. Counted."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
from pathlib import Path

import aiomqtt
import pytest
from pymodbus.client import AsyncModbusTcpClient
from sqlalchemy import text

from realtime.history import repository as history
from realtime.history.samples import micros
from realtime.ingest.plugin import FieldPoint
from realtime.ingest.sources import mqtt
from realtime.simulators.broker import DemoBroker
from realtime.simulators.servers import ModbusSimulator
from tests.conftest import Enterprise
from tests.history.conftest import Points
from tests.ingest.support import Ear, eventually, quiet_port
from tests.ingest.test_gateway import put, running
from twin import clock
from twin.db.uow import unit_of_work
from twin.settings import Settings


@pytest.mark.req("M9.2")
async def test_wrong_samples_over_the_wire_are_stored_once_in_their_place_or_told_as_bad(
    points: Points, enterprise: Enterprise, database: Settings, tmp_path: Path
) -> None:
    """NaN, text, out of order, repeated, from the future: sent by a real publisher over a real broker."""
    device, broker = points.devices[9], DemoBroker(quiet_port())
    await broker.start()
    try:
        async with (
            aiomqtt.Client("127.0.0.1", broker.port, username="field") as field,
            running(database, enterprise.id, tmp_path) as (gateway, screen),
        ):
            given = {
                "host": "127.0.0.1",
                "port": broker.port,
                "user": "gateway",
                "client_id": "f",
                "time_pointer": "/ts",
            }
            await put(enterprise.id, "wild", "mqtt", given, {device: "p#/v"}, bad=60)
            base = micros(clock.now()) // 1000 - 20_000

            async def say(ms: int, value: object) -> None:
                await field.publish("p", json.dumps({"ts": base + ms, "v": value}), qos=1)

            async with asyncio.timeout(60):
                while screen[device]["v"] != 1.0:
                    await say(0, 1.0)
                    await asyncio.sleep(0.05)
            await say(2000, 2.0)
            await say(1000, 1.5)  # out of order: into the history, not onto the screen
            await say(2000, 2.0)  # repeated
            await eventually(lambda: screen[device]["v"] == 2.0)
            source = next(s for s in gateway.sources.values() if s.row.name == "wild")
            await eventually(lambda: source.feed.counts.late >= 1)
            assert screen[device]["v"] == 2.0
            await say(3000, math.nan)
            await eventually(lambda: screen[device]["q"] == "bad")
            await say(4000, "broken")
            await say(5000, 5.0)
            await eventually(lambda: screen[device]["v"] == 5.0)
            await say(86_400_000, 9.0)  # from tomorrow: the receipt stands for it, and it is not good
            await eventually(lambda: source.feed.counts.ahead == 1)
            await eventually(lambda: screen[device]["q"] == "uncertain")
            await say(25_000, 6.0)  # the next honest one is not blocked by it
            await eventually(lambda: screen[device]["v"] == 6.0)
    finally:
        await broker.stop()
    async with unit_of_work(enterprise.id) as uow:
        tag = (await history.ensure_tags(uow.session, enterprise.id, [device]))[device]
        rows = await uow.session.execute(
            text("SELECT ts, value, quality FROM history_sample WHERE tag_id = :t ORDER BY ts"), {"t": tag}
        )
        stored = [((micros(r.ts) // 1000 - base), r.value, r.quality) for r in rows]
    usable = [(ms, value) for ms, value, quality in stored if quality == 0]
    assert usable[:4] == [(0, 1.0), (1000, 1.5), (2000, 2.0), (5000, 5.0)]
    assert [ms for ms, _, quality in stored if quality < 0 and ms in (3000, 4000)] == [3000, 4000]
    assert len({ms for ms, _, _ in stored}) == len(stored) and not any(ms > 60_000 for ms, _, _ in stored)


async def test_our_own_modbus_simulator_is_read_by_others() -> None:
    """Judges from outside: pymodbus' own client, and mbpoll where it is installed."""
    simulator = ModbusSimulator(quiet_port())
    await simulator.start()
    try:
        client = AsyncModbusTcpClient("127.0.0.1", port=simulator.port)
        assert await client.connect()
        answer = await client.read_holding_registers(0, count=2, device_id=1)
        value = client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
        client.close()
        assert isinstance(value, float) and 0 <= value <= 100
        if (mbpoll := shutil.which("mbpoll")) is None:
            pytest.skip("mbpoll is not installed")
        said = await asyncio.to_thread(
            subprocess.run,
            [mbpoll, "-m", "tcp", "-p", str(simulator.port), "-a", "1", "-t", "4:float", "-B", "-0", "-r", "0", "-1",
             "127.0.0.1"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert said.returncode == 0, said.stdout + said.stderr
        read = next(line for line in said.stdout.splitlines() if line.startswith("[0]"))
        assert float(read.split()[-1]) == pytest.approx(value, abs=1e-3)
    finally:
        await simulator.stop()


@pytest.mark.req("M9.1", "S7.5")
@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="mosquitto (a broker with MQTT 5) is not installed")
@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_both_versions_of_mqtt_on_mosquitto(version: str, tmp_path: Path) -> None:
    port = quiet_port()
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    server = await asyncio.create_subprocess_exec(
        shutil.which("mosquitto") or "mosquitto", "-c", str(conf), stderr=asyncio.subprocess.DEVNULL
    )
    ear = Ear()
    given = {"host": "127.0.0.1", "port": port, "version": version, "client_id": "v"}

    async def listen() -> None:
        while True:  # until the broker is up
            try:
                await mqtt.KIND.run(mqtt.MqttSettings.model_validate(given), [FieldPoint(0, "a")], ear)
            except Exception:
                await asyncio.sleep(0.05)

    task = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(60):
            while not ear.samples:
                try:
                    async with aiomqtt.Client("127.0.0.1", port) as field:
                        await field.publish("a", "7.5", qos=1)
                except aiomqtt.MqttError:
                    pass
                await asyncio.sleep(0.05)
        assert ear.of(0)[0] == 7.5
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        server.terminate()
        await server.wait()
