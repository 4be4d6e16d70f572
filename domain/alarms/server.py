"""The process of the desk (``python -m domain.alarms.server``): escalation, messages, annunciators, recordings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import httpx
import structlog
from sqlalchemy.exc import DBAPIError

from domain.alarms import escalation
from domain.alarms.annunciator import Annunciators
from domain.alarms.recorder import AvRecorder
from domain.alarms.recording import Recordings
from domain.alarms.set_clock import SetClock
from twin.db import uow
from twin.db.outbox import is_outage
from twin.ops.lifeline import run_service
from twin.settings import Settings

log = structlog.get_logger("domain.alarms")
_EVERY = 1.0
_AFTER_FAULT = 10.0


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Work once a second until ``stop`` is set; a fault of one part keeps none of the others from its work."""
    sirens, recordings, watch = Annunciators(), Recordings(AvRecorder()), SetClock()

    async def escalate() -> None:
        await watch.look()
        await escalation.pass_once()

    async with httpx.AsyncClient() as client:
        try:
            await asyncio.gather(
                _again("escalation", escalate, stop),
                _again("messages", lambda: escalation.send_due(client), stop),
                _again("annunciators", sirens.step, stop),
                _again("recordings", recordings.step, stop),
            )
        finally:
            sirens.close()
            await recordings.close()
    await uow.dispose()


async def _again(name: str, step: Callable[[], Awaitable[object]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        pause = _EVERY
        try:
            await step()
        except Exception as error:
            if isinstance(error, (DBAPIError, OSError)) and is_outage(error):
                log.warning("the database does not answer; waiting", part=name)
            else:
                log.exception("a part of the alarm desk failed", part=name)
                pause = _AFTER_FAULT
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


def main() -> None:
    """Entry point."""
    run_service(serve, plain_loop=True)


if __name__ == "__main__":
    main()
