"""The gateway as a whole: real sources, real database, real hub socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from realtime.hub.core import Hub
from realtime.hub.ingest import Ingest, Publisher, socket_path
from realtime.hub.sources import specs
from realtime.hub.topic import TopicKey
from realtime.ingest import repository
from realtime.ingest.gateway import Gateway
from realtime.ingest.repository import PointRow, SourceRow
from realtime.ingest.streams import VALUES
from realtime.ingest.tap import SampleSink
from tests.conftest import Enterprise, SignIn
from tests.history.conftest import Points
from tests.ingest.support import URI, eventually, modbus_peer, ua_peer
from twin import clock
from twin.db.uow import unit_of_work
from twin.ids import uuid7
from twin.settings import Settings


class Screen:
    """What the hub knows of the points of an enterprise."""

    def __init__(self, hub: Hub, enterprise: UUID) -> None:
        self._hub = hub
        self._key = TopicKey(enterprise, VALUES)

    def __getitem__(self, device: UUID) -> dict[str, Any]:
        topic = self._hub._topics.get(self._key)
        entry = topic.state.get(str(device)) if topic is not None else None
        return {"v": None, "q": None, "ts": None} if entry is None else (entry[1].value or {})


@asynccontextmanager
async def running(
    settings: Settings, enterprise: UUID, folder: Path, sinks: Sequence[SampleSink] = (), look: float = 0.1
) -> AsyncIterator[tuple[Gateway, Screen]]:
    """A gateway and a hub's ingest on sockets of their own."""
    mine = settings.model_copy(update={"var_dir": folder})
    hub = Hub(specs())
    ingest = Ingest(hub)
    await ingest.start(socket_path(mine))
    async with Publisher(socket_path(mine), retry=0.05) as publisher:
        gateway = Gateway(mine, publisher, look=look, backoff=(0.1, 0.2), sinks=sinks, sink_backoff=(0.05, 0.1))
        task = asyncio.create_task(gateway.run())
        try:
            yield gateway, Screen(hub, enterprise)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await ingest.stop()


async def put(
    enterprise: UUID,
    name: str,
    kind: str,
    given: dict[str, Any],
    addresses: dict[UUID, str],
    *,
    bad: float = 1.0,
    enabled: bool = True,
) -> None:
    async with unit_of_work(enterprise) as uow:
        row = SourceRow(uuid7(), enterprise, name, kind, given, bad, clock.now())
        source = await repository.put_source(uow.session, row, enabled)
        rows = [PointRow(device, source, address, 1.0, 0.0) for device, address in addresses.items()]
        await repository.put_points(uow.session, enterprise, source, rows)


@pytest.mark.req("M9.1", "M9.2", "M9.3")
async def test_values_go_from_the_field_to_the_screen_and_a_dead_source_turns_bad(
    points: Points, enterprise: Enterprise, database: Settings, sign_in: SignIn, tmp_path: Path
) -> None:
    manager, admin = await sign_in("manager"), await sign_in("system_admin")
    ua, mb = points.devices[0], points.devices[1]
    async with (
        ua_peer(1) as dcs,
        modbus_peer(4) as gas,
        running(database, enterprise.id, tmp_path) as (gateway, screen),
    ):
        gas.registers[4][2] = 17
        opc = {"url": dcs.url, "publishing_ms": 50, "sampling_ms": 0, "silent_s": 20}
        await put(enterprise.id, "dcs", "opcua", opc, {ua: f"nsu={URI};s=P0"}, bad=60)
        bus = {"host": "127.0.0.1", "port": gas.port, "period_s": 0.05, "timeout_s": 0.3}
        await put(enterprise.id, "gds", "modbus_tcp", bus, {mb: "4:holding:2"})
        # Sources are found and started without a restart; values reach hub and history.
        await eventually(lambda: screen[ua]["q"] == "good" and screen[mb]["v"] == 17.0)
        at = clock.now()
        await dcs.write(0, 42.5, at)
        await eventually(lambda: screen[ua]["v"] == 42.5)
        assert screen[ua]["ts"] == pytest.approx(at.timestamp(), abs=1e-3)
        await gateway.recorder.flush()
        told = (await manager.get(f"/api/points/{ua}/latest")).json()
        assert (told["value"], told["quality"]) == (42.5, "good")
        # The detectors' line dies: bad within the set time, on the screen and in the history; the DCS stays good.
        await gas.stop()
        await eventually(lambda: screen[mb]["q"] == "bad")
        assert screen[mb]["v"] is None and screen[ua]["q"] == "good"
        await gateway.recorder.flush()
        assert (await manager.get(f"/api/points/{mb}/latest")).json()["quality"] == "bad"
        await eventually(lambda: all(s.error for s in gateway.sources.values() if s.row.name == "gds"))
        await gateway._note()
        fares = {s["name"]: s for s in (await admin.get("/api/sources")).json()}
        assert fares["dcs"]["connected"] and not fares["gds"]["connected"] and fares["gds"]["error"]
        assert "settings" not in fares["dcs"]
        # It comes back by itself.
        gas.registers[4][2] = 18
        await gas.start()
        await eventually(lambda: screen[mb]["v"] == 18.0)
        # A source that is switched off is not known any more.
        await put(enterprise.id, "gds", "modbus_tcp", bus, {mb: "4:holding:2"}, enabled=False)
        await eventually(lambda: screen[mb]["q"] == "bad")
    # A gateway that starts again knows nothing until it is told; the time that it was down is a gap, from its beginning.
    ended = clock.now()
    with clock.travel(by=timedelta(hours=1)):
        async with running(database, enterprise.id, tmp_path) as (gateway, screen):
            await eventually(lambda: screen[ua]["q"] == "bad" and screen[ua]["ts"] is not None)
            await gateway.recorder.flush()
    told = (await manager.get(f"/api/points/{ua}/latest")).json()
    assert told["quality"] == "bad" and datetime.fromisoformat(told["ts"]) < ended + timedelta(minutes=1)
    assert (await manager.get("/api/sources")).status_code == 403


async def test_nothing_is_stored_twice_over_all_of_that(points: Points, enterprise: Enterprise) -> None:
    async with unit_of_work("*") as uow:
        doubles = await uow.session.execute(
            text("SELECT count(*) FROM (SELECT 1 FROM history_sample GROUP BY tag_id, ts HAVING count(*) > 1) d")
        )
        assert doubles.scalar_one() == 0


async def test_a_source_that_cannot_run_says_why_and_hurts_nobody(
    points: Points, enterprise: Enterprise, database: Settings, tmp_path: Path
) -> None:
    device = points.devices[3]
    async with modbus_peer(1) as bus, running(database, enterprise.id, tmp_path) as (gateway, screen):
        given = {"host": "127.0.0.1", "port": bus.port, "period_s": 0.05}
        await put(enterprise.id, "a", "telepathy", {}, {})
        await put(
            enterprise.id, "b", "modbus_tcp", {"host": "127.0.0.1", "port": 99999}, {points.devices[4]: "1:holding:1"}
        )
        await put(enterprise.id, "c", "modbus_tcp", given, {device: "1:holding:0", points.devices[5]: "nonsense"})
        await eventually(lambda: screen[device]["q"] == "good" and screen[points.devices[5]]["q"] == "bad")

        def why() -> dict[str, str]:
            return {s.row.name: s.error for s in gateway.sources.values()}

        await eventually(lambda: "telepathy" in why().get("a", "") and "port" in why().get("b", ""))
