"""The simulators' process: ``python -m realtime.simulators.server``. Demo only."""

from __future__ import annotations

import asyncio
import logging
import socket

import structlog
from sqlalchemy.exc import DBAPIError

from realtime.simulators import repository, scenarios
from realtime.simulators.broker import DemoBroker
from realtime.simulators.publisher import MqttSimulator
from realtime.simulators.register import MODBUS_PORT, MQTT_PORT, OPCUA_PORT, register
from realtime.simulators.servers import ModbusSimulator, OpcuaSimulator
from twin import clock
from twin.db import uow
from twin.db.cluster import free_port
from twin.errors import NotFound
from twin.ops.lifeline import run_service
from twin.settings import Settings

log = structlog.get_logger("realtime.simulators")


def port_or_free(preferred: int) -> int:
    """The preferred port, or a free one when somebody else listens there (a second demo on the machine)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            return free_port()
    return preferred


async def tripped() -> frozenset[str]:
    """The scenarios that are tripped now; none while the database is away."""
    try:
        async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
            return frozenset(await repository.tripped(unit.session)) & scenarios.scenarios().keys()
    except DBAPIError:
        return frozenset()


async def cut(gds: ModbusSimulator, wanted: bool) -> None:
    """Cut the gas detectors' line, or mend it."""
    if wanted and gds.listens:
        await gds.stop()
    elif not wanted and not gds.listens:
        await gds.start()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the simulators until ``stop`` is set; their sources are told the ports."""
    opcua_port, modbus_port, mqtt_port = (port_or_free(port) for port in (OPCUA_PORT, MODBUS_PORT, MQTT_PORT))
    dcs, gds = OpcuaSimulator(opcua_port), ModbusSimulator(modbus_port)
    broker, sensors = DemoBroker(mqtt_port), MqttSimulator(mqtt_port)
    await gds.start()
    await broker.start()
    await dcs.start()
    log.info("simulators listen", opcua=opcua_port, modbus=modbus_port, mqtt=mqtt_port)
    try:
        try:
            await register(opcua_port, modbus_port, mqtt_port)
        except (NotFound, DBAPIError) as error:
            log.warning("the sources could not be told", error=str(error))
        began, seconds = clock.monotonic(), 0
        while not stop.is_set():
            keys = await tripped()
            driven = scenarios.driven(keys)
            await cut(gds, any(scenarios.scenarios()[key].cuts_gas_line for key in keys))
            gds.advance(driven)
            await dcs.advance(driven)
            await sensors.advance(driven)
            seconds += 1
            try:
                async with asyncio.timeout(max(0.0, began + seconds - clock.monotonic())):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        await dcs.stop()
        await gds.stop()
        await sensors.stop()
        await broker.stop()
        await uow.dispose()


def main() -> None:
    """Entry point."""
    run_service(serve, quiet={"asyncua": logging.ERROR})


if __name__ == "__main__":
    main()
