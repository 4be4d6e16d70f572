"""Registering the simulators as field sources of the demo enterprise."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from realtime.ingest import repository
from realtime.ingest.repository import PointRow, SourceRow
from realtime.simulators.names import DCS, GDS, WAREHOUSE
from realtime.simulators.servers import addresses
from twin import clock
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, unit_of_work
from twin.errors import NotFound
from twin.ids import uuid7
from twin.spatial.repository import enterprise_id

ENTERPRISE = "demo"
#: Preferred ports: those of the protocols' unprivileged conventions.
OPCUA_PORT, MODBUS_PORT, MQTT_PORT = 4840, 5020, 1883


def opcua_settings(port: int) -> dict[str, Any]:
    """Settings of the source for the OPC UA simulator."""
    return {"url": f"opc.tcp://127.0.0.1:{port}/"}


def modbus_settings(port: int) -> dict[str, Any]:
    """Settings of the source for the Modbus simulator."""
    return {"host": "127.0.0.1", "port": port}


def mqtt_settings(port: int) -> dict[str, Any]:
    """Settings of the source for the warehouses' sensors. The demo's broker keeps messages only for named clients."""
    return {"host": "127.0.0.1", "port": port, "user": "gateway", "client_id": "twin-demo", "time_pointer": "/ts"}


async def demo_enterprise() -> UUID:
    """The demo enterprise.

    Raises:
        NotFound: it has not been set up.
    """
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await enterprise_id(uow.session, ENTERPRISE)
    if found is None:
        raise NotFound(kind="enterprise", code=ENTERPRISE)
    return found


async def register(opcua_port: int = OPCUA_PORT, modbus_port: int = MODBUS_PORT, mqtt_port: int = MQTT_PORT) -> int:
    """Make the sources with their points; how many points. Sources that are so already stay untouched."""
    enterprise = await demo_enterprise()
    process, gas, wireless = addresses()
    async with unit_of_work(enterprise) as uow:
        known = await repository.devices_by_tag(uow.session)
        count = 0
        for name, kind, settings, given in (
            (DCS, "opcua", opcua_settings(opcua_port), process),
            (GDS, "modbus_tcp", modbus_settings(modbus_port), gas),
            (WAREHOUSE, "mqtt", mqtt_settings(mqtt_port), wireless),
        ):
            wanted = {known[tag]: address for tag, address in given.items() if tag in known}
            count += len(wanted)
            await _put(uow, name, kind, settings, wanted)
    return count


async def _put(uow: UnitOfWork, name: str, kind: str, settings: dict[str, Any], wanted: dict[UUID, str]) -> None:
    before = await repository.source_named(uow.session, name)
    if before is not None and before.settings == settings and before.kind == kind:
        points = {p.device_id: p.address for p in await repository.points(uow.session, before.id)}
        if points == wanted:
            return
    row = SourceRow(uuid7(), uow.enterprise_id, name, kind, settings, 10.0, clock.now())
    source = await repository.put_source(uow.session, row)
    rows = [PointRow(device, source, address, 1.0, 0.0) for device, address in wanted.items()]
    await repository.put_points(uow.session, uow.enterprise_id, source, rows)
    await uow.audit("source.set", "field_source", str(source), after={"name": name, "kind": kind, "points": len(rows)})
