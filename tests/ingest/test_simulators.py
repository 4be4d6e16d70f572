"""The demo's field: real servers, values inside the limits, sources registered once."""

from __future__ import annotations

import asyncio

import pytest
from gis_assets.sites.demo.instruments import devices
from sqlalchemy import text

from realtime.ingest.plugin import FieldPoint, kinds
from realtime.ingest.sources import modbus, opcua
from realtime.simulators.process import walk
from realtime.simulators.register import modbus_settings, opcua_settings, register
from realtime.simulators.servers import ModbusSimulator, OpcuaSimulator, addresses, modbus_devices, opcua_devices
from tests.conftest import Enterprise
from tests.history.conftest import Points
from tests.ingest.support import Ear, eventually, quiet_port
from twin.db.uow import unit_of_work


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
    process, gas = addresses()
    assert {*process, *gas} == {d.tag for d in devices()} and len(process) + len(gas) == len(devices())
    for address in process.values():
        kinds()["opcua"].check(address)
    for address in gas.values():
        kinds()["modbus_tcp"].check(address)
    assert len(set(gas.values())) == len(gas)


@pytest.mark.req("M9.1", "M9.2")
async def test_both_simulators_are_read_by_the_gateways_own_sources() -> None:
    process, gas = addresses()
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
    assert [row.id for row in moved] == [row.id for row in first] and moved[1].port == "5021"
