"""The worker process: ``python -m twin.jobs.worker``. Subscribers of the outbox, sealing of the audit trail, deadlines,
queued jobs.

Every part runs by itself and waits out an outage of the database; none of them can stop another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import structlog

from twin.db import audit, deliver, uow
from twin.db.outbox import Listener, is_outage
from twin.jobs.app import make_app, retry_stalled
from twin.ops.lifeline import run_service
from twin.registry import discover
from twin.settings import Settings
from twin.workflow.deadline import fire_due

log = structlog.get_logger("twin.worker")

_EVERY = 1.0
_JOBS_AT_ONCE = 4


async def run(settings: Settings, stop: asyncio.Event, subscribers: Sequence[deliver.Subscriber] | None = None) -> None:
    """Work until ``stop`` is set. Nothing that was begun is lost: transactions that are cut off are done again."""
    if subscribers is None:
        subscribers = [s for module in discover.submodules("subscribers") for s in module.SUBSCRIBERS]
    discover.submodules("models")
    async with Listener() as listener:
        parts = [asyncio.create_task(deliver.run(s, listener), name=s.name) for s in subscribers]
        parts.append(asyncio.create_task(_repeat("sealer", lambda: audit.seal(settings))))
        parts.append(asyncio.create_task(_repeat("deadlines", fire_due)))
        parts.append(asyncio.create_task(_jobs(settings)))
        log.info("worker ready", subscribers=[s.name for s in subscribers])
        await stop.wait()
        await _end(parts)
    await uow.dispose()


async def _end(parts: Sequence[asyncio.Task[None]]) -> None:
    # Drivers have been seen to swallow a cancellation; ask again rather than hang.
    for _ in range(5):
        for part in parts:
            part.cancel()
        if not (await asyncio.wait(parts, timeout=2))[1]:
            return
    log.warning("parts did not end", parts=[part.get_name() for part in parts if not part.done()])


async def _repeat(name: str, act: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await act()
        except Exception as error:
            if is_outage(error):
                log.warning("the database does not answer; waiting", part=name)
            else:
                log.exception("part stumbled", part=name)
        await asyncio.sleep(_EVERY)


async def _jobs(settings: Settings) -> None:
    while True:
        try:
            app = make_app(settings)
            async with app.open_async():
                # A lost connection ends procrastinate's worker, perhaps with a job fetched or done but not signed off.
                await retry_stalled(app)
                await app.run_worker_async(
                    concurrency=_JOBS_AT_ONCE,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=5,
                )
        except Exception as error:
            log.warning("the job queue fell; starting it again", error=repr(error))
        await asyncio.sleep(_EVERY)


def main() -> None:
    """Run until told to stop."""
    run_service(run, quiet={"procrastinate": logging.WARNING}, plain_loop=True)


if __name__ == "__main__":
    main()
