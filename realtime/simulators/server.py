"""The simulators' process: ``python -m realtime.simulators.server``. Demo only."""

from __future__ import annotations

import asyncio
import logging
import socket

import structlog
import uvloop
from sqlalchemy.exc import DBAPIError

from realtime.simulators.register import MODBUS_PORT, OPCUA_PORT, register
from realtime.simulators.servers import ModbusSimulator, OpcuaSimulator
from twin import clock
from twin.db import uow
from twin.db.cluster import free_port
from twin.errors import NotFound
from twin.ops.lifeline import bind_to_parent, on_stop
from twin.ops.logs import configure
from twin.settings import get_settings

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


async def serve(stop: asyncio.Event) -> None:
    """Run both simulators until ``stop`` is set; their sources are told the ports."""
    opcua_port, modbus_port = port_or_free(OPCUA_PORT), port_or_free(MODBUS_PORT)
    dcs, gds = OpcuaSimulator(opcua_port), ModbusSimulator(modbus_port)
    await gds.start()
    await dcs.start()
    log.info("simulators listen", opcua=opcua_port, modbus=modbus_port)
    try:
        try:
            await register(opcua_port, modbus_port)
        except (NotFound, DBAPIError) as error:
            log.warning("the sources could not be told", error=str(error))
        began, seconds = clock.monotonic(), 0
        while not stop.is_set():
            gds.advance()
            await dcs.advance()
            seconds += 1
            try:
                async with asyncio.timeout(max(0.0, began + seconds - clock.monotonic())):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        await dcs.stop()
        await gds.stop()
        await uow.dispose()


async def _main() -> None:
    stop = asyncio.Event()
    on_stop(stop.set)
    await serve(stop)


def main() -> None:
    """Entry point."""
    configure(get_settings())
    logging.getLogger("asyncua").setLevel(logging.ERROR)
    bind_to_parent()
    uvloop.run(_main())


if __name__ == "__main__":
    main()
