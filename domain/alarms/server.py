"""The process of the desk (``python -m domain.alarms.server``): applies escalation rules and sends messages."""

from __future__ import annotations

import asyncio

import httpx
import structlog
from sqlalchemy.exc import DBAPIError

from domain.alarms import escalation
from twin.db import uow
from twin.db.outbox import is_outage
from twin.ops.lifeline import bind_to_parent, on_stop
from twin.ops.logs import configure
from twin.settings import get_settings

log = structlog.get_logger("domain.alarms")
_EVERY = 1.0


async def serve(stop: asyncio.Event) -> None:
    """Work once a second until ``stop`` is set; outages of the database are waited out."""
    async with httpx.AsyncClient() as client:
        while not stop.is_set():
            try:
                await escalation.pass_once()
                await escalation.send_due(client)
            except (DBAPIError, OSError) as error:
                if not is_outage(error):
                    raise
                log.warning("the database does not answer; waiting")
            try:
                await asyncio.wait_for(stop.wait(), _EVERY)
            except TimeoutError:
                continue
    await uow.dispose()


async def _main() -> None:
    stop = asyncio.Event()
    on_stop(stop.set)
    await serve(stop)


def main() -> None:
    """Entry point."""
    configure(get_settings())
    bind_to_parent()
    asyncio.run(_main())


if __name__ == "__main__":
    main()
