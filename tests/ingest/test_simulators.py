"""The demo's field: real servers, values inside the limits, sources registered once."""

from __future__ import annotations

import asyncio
import math

import pytest
from gis_assets.sites.demo.instruments import devices
from sqlalchemy import text

from realtime.ingest.plugin import FieldPoint, kinds
from realtime.ingest.sources import modbus, mqtt, opcua
from realtime.simulators.broker import DemoBroker
from realtime.simulators.process import walk
from realtime.simulators.publisher import MqttSimulator
from realtime.simulators.register import modbus_settings, mqtt_settings, opcua_settings, register
from realtime.simulators.scenarios import RAMP, driven, scenarios
from realtime.simulators.server import cut, tripped
from realtime.simulators.servers import ModbusSimulator, OpcuaSimulator, addresses, modbus_devices, opcua_devices
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from tests.ingest.support import Ear, eventually, quiet_port
from twin.db.uow import unit_of_work
from twin.settings import Settings


def test_a_plant_at_rest_raises_no_alarm() -> None:
    for device in devices():
        low_low, low, high, high_high = device.limits
        made = walk(device)
        seen = [made.value, *(made.advance() for _ in range(500))]
        assert device.low <= min(seen) and max(seen) <= device.high, device.tag
        assert min(seen) > max((x for x in (low_low, low) if x is not None), default=-1e9), device.tag
        assert max(seen) < min((x for x in (high, high_high) if x is not None), default=1e9), device.tag
        assert len(set(seen)) > 5 or device.kind.kind == "valve", device.tag


def test_every_point_has_an_address_of_its_source() -> None:
    process, gas, wireless = addresses()
    assert {*process, *gas, *wireless} == {d.tag for d in devices()}
    assert len(process) + len(gas) + len(wireless) == len(devices()) and len(wireless) == 10
    for address in process.values():
        kinds()["opcua"].check(address)
    for address in gas.values():
        kinds()["modbus_tcp"].check(address)
    for address in wireless.values():
        kinds()["mqtt"].check(address)
    assert len(set(gas.values())) == len(gas)


@pytest.mark.req("M9.1", "M9.2")
async def test_both_simulators_are_read_by_the_gateways_own_sources() -> None:
    process, gas, _ = addresses()
    some, detectors = opcua_devices()[:20], modbus_devices()
    dcs, gds = OpcuaSimulator(quiet_port(), some), ModbusSimulator(quiet_port())
    await gds.start()
    await dcs.start()
    ear, smell = Ear(), Ear()
    port = int(dcs.url.rsplit(":", 1)[1].strip("/"))
    fast = {"publishing_ms": 50, "sampling_ms": 0}
    tasks = [
        asyncio.create_task(
            opcua.KIND.run(
                opcua.OpcuaSettings.model_validate({**opcua_settings(port), **fast}),
                [FieldPoint(n, process[d.tag]) for n, d in enumerate(some)],
                ear,
            )
        ),
        asyncio.create_task(
            modbus.KIND.run(
                modbus.ModbusSettings.model_validate({**modbus_settings(gds.port), "period_s": 0.05}),
                [FieldPoint(n, gas[d.tag]) for n, d in enumerate(detectors)],
                smell,
            )
        ),
    ]
    try:
        await eventually(lambda: len({s[0] for s in ear.samples}) == len(some))
        await eventually(lambda: len({s[0] for s in smell.samples}) == len(detectors))
        before = len(ear.samples)
        for _ in range(5):
            await dcs.advance()
            gds.advance()
        await eventually(lambda: len(ear.samples) > before + 5)
        assert all(s[1] is not None and s[3] == 0 for s in ear.samples)
        await eventually(lambda: len(set(smell.of(0))) > 1)
        last = {d.tag: smell.of(n)[-1] for n, d in enumerate(detectors)}
        assert all(d.low <= last[d.tag] <= d.high for d in detectors)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await dcs.stop()
        await gds.stop()


async def test_sources_are_registered_once(points: Points, enterprise: Enterprise) -> None:
    query = text("SELECT id, updated_at, settings ->> 'port' AS port FROM field_source ORDER BY name")
    assert await register(4840, 5020) == len(points.devices)
    async with unit_of_work(enterprise.id) as uow:
        first = (await uow.session.execute(query)).all()
    await register(4840, 5020)
    async with unit_of_work(enterprise.id) as uow:
        assert (await uow.session.execute(query)).all() == first
    await register(4840, 5021)  # a second demo on the machine
    async with unit_of_work(enterprise.id) as uow:
        moved = (await uow.session.execute(query)).all()
    assert [row.id for row in moved] == [row.id for row in first]
    assert [row.port for row in moved] == [None, "5021", "1883"]


@pytest.mark.req("M9.2")
async def test_the_warehouses_sensors_are_heard_over_a_broker() -> None:
    _, _, wireless = addresses()
    broker = DemoBroker(quiet_port())
    await broker.start()
    sensors, ear = MqttSimulator(broker.port), Ear()
    settings = mqtt.MqttSettings.model_validate(mqtt_settings(broker.port))
    points = [FieldPoint(n, address) for n, address in enumerate(wireless.values())]
    task = asyncio.create_task(mqtt.KIND.run(settings, points, ear))
    try:
        async with asyncio.timeout(60):
            while len({s[0] for s in ear.samples}) < len(wireless):
                await sensors.advance()
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sensors.stop()
        await broker.stop()
    assert all(s[1] is not None and s[3] == 0 for s in ear.samples)


def test_a_scenario_drives_its_points_beyond_their_limits_and_lets_them_go() -> None:
    by_tag = {d.tag: d for d in devices()}
    for key in ("leak", "overfill", "runaway"):
        for tag, target in driven(frozenset({key})).items():
            device, made = by_tag[tag], walk(by_tag[tag])
            rest = made.value
            seen = [made.drive(target, RAMP) for _ in range(60)]
            high = device.limits[2]
            assert high is not None and device.low <= min(seen) and max(seen) <= device.high
            assert (
                seen[-1] > high
                and seen[0] < high
                and seen[0] == pytest.approx(rest, abs=0.2 * (device.high - device.low))
            )
            assert made.advance() < high
    worst = [max(by_tag[t].limits[3] or 0 for t in s.targets) for s in scenarios().values() if s.key == "leak"]
    assert max(driven(frozenset({"leak"})).values()) > worst[0]  # the second grade is reached
    fault = driven(frozenset({"leak", "detector_fault"}))
    assert sum(math.isnan(v) for v in fault.values()) == 1 and len(fault) == 3


async def test_scenarios_are_tripped_by_those_who_may_and_only_in_the_demo(
    points: Points, enterprise: Enterprise, database: Settings, sign_in: SignIn
) -> None:
    manager, employee = await sign_in("manager"), await sign_in("employee")
    at = "/api/simulators/scenarios"
    assert (await manager.get(at)).status_code == 404
    database.demo = True
    try:
        assert (await employee.get(at)).status_code == 403
        assert {s["key"] for s in (await manager.get(at)).json()} == set(scenarios())
        body = {"key": "comms_loss", "active": True}
        assert (await employee.post(at, json=body)).status_code == 403
        assert [s["key"] for s in (await manager.post(at, json=body)).json() if s["since"]] == ["comms_loss"]
        gds = ModbusSimulator(quiet_port())
        await gds.start()
        await cut(gds, "comms_loss" in await tripped())
        assert not gds.listens
        assert not any(s["since"] for s in (await manager.post(at, json=body | {"active": False})).json())
        await cut(gds, bool(await tripped()))
        assert gds.listens
        await gds.stop()
        assert (await manager.post(at, json=body | {"key": "flood"})).status_code == 404
    finally:
        database.demo = False
