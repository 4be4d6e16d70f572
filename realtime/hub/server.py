"""The hub process: ``python -m realtime.hub.server``. Ends cleanly on SIGTERM and with its parent."""

from __future__ import annotations

import asyncio
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from realtime.hub.auth import Authenticator
from realtime.hub.core import Hub
from realtime.hub.ingest import Ingest, socket_path
from realtime.hub.listener import Listener
from realtime.hub.sources import feed, specs
from realtime.hub.streams import SYSTEM
from twin import clock
from twin.auth import service as accounts
from twin.auth.principal import Principal
from twin.db import outbox, uow
from twin.errors import Unavailable
from twin.ops.lifeline import run_service
from twin.settings import Settings

log = structlog.get_logger("realtime.hub")


async def lookup(token: str) -> Principal:
    """The principal of a token.

    Raises:
        Unauthenticated: it does not hold.
        Unavailable: the database does not answer now.
    """
    try:
        return await accounts.authenticate_token(token)
    except (DBAPIError, OSError) as error:
        if not outbox.is_outage(error):
            raise
        raise Unavailable from error


async def start_position() -> int:
    """Where the outbox stands; waits for a database that is still starting."""
    while True:
        try:
            return await outbox.position()
        except (DBAPIError, OSError) as error:
            if not outbox.is_outage(error):
                raise
            log.warning("waiting for the database", error=str(error).splitlines()[0])
            await asyncio.sleep(0.5)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the hub until ``stop`` is set, or until its follower fails (then the supervisor starts it anew)."""
    position = await start_position()
    hub = Hub(specs(), position=position)
    origins = frozenset(part.strip().rstrip("/").lower() for part in settings.hub_origins.split(",") if part.strip())
    listener = Listener(hub, Authenticator(lookup), origins)

    def changed(account: UUID) -> None:
        accounts.forget(account)
        listener.account_changed(account)

    port = await listener.start(settings.hub_host, settings.hub_port)
    ingest = Ingest(hub)
    await ingest.start(socket_path(settings))
    log.info("hub listens", host=settings.hub_host, port=port, position=position)
    follower = asyncio.create_task(feed(hub, outbox.follow(after=position), changed))
    tell = asyncio.create_task(_tell_state(hub, listener))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({follower, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if follower.done():
            follower.result()
    finally:
        for task in (follower, tell, stopped):
            task.cancel()
        await asyncio.gather(follower, tell, stopped, return_exceptions=True)
        await ingest.stop()
        await listener.stop()
        await uow.dispose()


async def _tell_state(hub: Hub, listener: Listener) -> None:
    """Give operators who watch the topic ``system`` the hub's counts every few seconds."""
    while True:
        await asyncio.sleep(5)
        for enterprise in {client.principal.enterprise_id for client in hub.clients}:
            hub.publish_stream(enterprise, SYSTEM, [("hub", clock.timestamp(), {"kind": "hub", **listener.metrics()})])


def main() -> None:
    """Entry point."""
    run_service(serve)


if __name__ == "__main__":
    main()
