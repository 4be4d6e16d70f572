"""From the field to the desk: a real Modbus server, the gateway, the engine, the database, HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from realtime.alarms.engine import BAD
from realtime.alarms.sinks import AlarmSink
from realtime.ingest import repository as sources
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import (
    Points,
    points,  # noqa: F401 a fixture
)
from tests.ingest.support import eventually, modbus_peer
from tests.ingest.test_gateway import put, running
from twin.db.uow import unit_of_work
from twin.settings import Settings


async def listed(desk: httpx.AsyncClient, **asked: Any) -> list[dict[str, Any]]:
    answer = await desk.get("/api/alarms", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def until(desk: httpx.AsyncClient, holds: Any, **asked: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        while not holds(items := await listed(desk, **asked)):  # noqa: ASYNC110 another process's news
            await asyncio.sleep(0.05)
    return items


@pytest.mark.req("M9.1", "M9.2", "M9.4")
async def test_field_values_raise_and_clear_and_a_lost_link_is_an_alarm(
    points: Points,  # noqa: F811
    enterprise: Enterprise,
    database: Settings,
    sign_in: SignIn,
    tmp_path: Path,
) -> None:
    desk, device = await sign_in("manager"), points.devices[6]
    head = (await desk.get(f"/api/alarms/points/{device}")).json()
    body = {
        "version": head["version"],
        "enabled": True,
        "limits": {"h": 50, "hh": 80},
        "deadband": 5,
        "grades": {"h": 3},
    }
    assert (await desk.put(f"/api/alarms/points/{device}", json=body)).status_code == 200
    sink = AlarmSink(database, look=0.05)
    async with modbus_peer(1) as bus, running(database, enterprise.id, tmp_path, sinks=(sink,)):
        given = {"host": "127.0.0.1", "port": bus.port, "period_s": 0.02, "timeout_s": 0.3}
        bus.registers[1][0] = 90
        await put(enterprise.id, "gds", "modbus_tcp", given, {device: "1:holding:0"}, bad=0.5)
        mine = {"subject": str(device)}
        found = await until(desk, lambda items: len(items) == 2, **mine, state="active")
        by = {item["type"]: item for item in found}
        assert (by["h"]["grade"], by["h"]["stage"], by["h"]["limit"]) == (3, 1, 50)
        assert (by["hh"]["grade"], by["hh"]["stage"], by["hh"]["value"], by["hh"]["subject_layer"]) == (
            1,
            2,
            90,
            "device",
        )
        bus.registers[1][0] = 78
        await eventually(lambda: sink.engine._value[sink.engine.index[device]] == 78 and not sink._waiting)
        assert len(await listed(desk, **mine, state="active")) == 2, "inside the dead band"
        bus.registers[1][0] = 60
        (left,) = await until(desk, lambda items: len(items) == 1, **mine, state="active")
        assert left["type"] == "h"
        # New limits hold without a restart, and every change is in the audit trail.
        body |= {"version": head["version"] + 1, "limits": {"h": 70, "hh": 80}}
        assert (await desk.put(f"/api/alarms/points/{device}", json=body)).status_code == 200
        await until(desk, lambda items: not items, **mine, state="active")
        stale = await desk.put(f"/api/alarms/points/{device}", json=body)
        assert stale.status_code == 409
        crossed = await desk.put(f"/api/alarms/points/{device}", json=body | {"limits": {"h": 9, "hh": 3}})
        assert crossed.status_code == 422
        # The line dies: one communication alarm for the source, none of the point; it ends by itself.
        await bus.stop()
        (comm,) = await until(desk, lambda items: len(items) == 1, type="comm", state="active")
        assert comm["subject_name"] == "gds" and comm["value"] == 1
        assert not await listed(desk, **mine, state="active")
        await bus.start()
        await until(desk, lambda items: not items, type="comm", state="active")
        bus.registers[1][0] = 75
        (again,) = await until(desk, lambda items: len(items) == 1, **mine, state="active")
    # A gateway that starts again knows what is active: nothing comes twice.
    sink = AlarmSink(database, look=0.05)
    async with modbus_peer(1) as bus, running(database, enterprise.id, tmp_path, sinks=(sink,)):
        bus.registers[1][0] = 90
        given |= {"port": bus.port}
        await put(enterprise.id, "gds", "modbus_tcp", given, {device: "1:holding:0"}, bad=0.5)
        found = await until(desk, lambda items: len(items) == 2, **mine, state="active")
        assert again["id"] in {item["id"] for item in found}
        # Whoever stops or removes a source knows that its points fall silent: no alarm for each of them.
        i, engine = sink.engine.index[device], sink.engine
        for stop in (True, False):
            await eventually(lambda: engine._ts[i] > 0 and not engine.down[i])
            if stop:
                await put(enterprise.id, "gds", "modbus_tcp", given, {device: "1:holding:0"}, bad=0.5, enabled=False)
            else:
                async with unit_of_work(enterprise.id) as uow:
                    (row,) = await sources.enabled_sources(uow.session)
                    await sources.delete(uow.session, row.id)
            await eventually(lambda: engine._ts[i] == 0 and engine._pending[i, BAD] == 0)
            assert not engine.active[i, BAD]
            await put(enterprise.id, "gds", "modbus_tcp", given, {device: "1:holding:0"}, bad=0.5)
    audit = await (await sign_in("audit_admin")).get("/api/audit", params={"kind": "alarm_setpoint"})
    assert audit.status_code == 200 and len(audit.json()["items"]) == 2
