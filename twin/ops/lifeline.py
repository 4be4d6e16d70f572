"""Child processes that never outlive their parent, and one way to stop.

A plant server that is killed must not leave a database or a hub behind that holds ports and data folders.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any

import structlog

from twin import clock
from twin.ops.logs import configure
from twin.settings import Settings, get_settings

log = structlog.get_logger("twin.service")

_PR_SET_PDEATHSIG = 1
#: New objects between two looks of the garbage collector at the young ones (Python's own 700 is for small programs).
_YOUNG = 10_000
#: Seconds between the first looks at everything, while a service fills its memory; then one an hour.
_FILLING, _HOUR = (15.0, 15.0, 30.0, 60.0), 3600.0
#: Seconds between two looks at whether the loop answers, and how late a look may be before it is told.
_LOOK, _LATE = 1.0, 1.0


def die_with_parent(sig: int = signal.SIGTERM) -> None:
    """Ask the kernel for ``sig`` when the parent *thread* dies (Linux). Call it in the child, e.g. as ``preexec_fn``."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)


def bind_to_parent() -> None:
    """For a Python service: end when the supervisor ends. Without a supervisor (``TWIN_PARENT`` unset) it does nothing."""
    parent = os.environ.get("TWIN_PARENT")
    if not parent:
        return
    die_with_parent()
    if os.getppid() != int(parent):  # the parent died before the request reached the kernel
        os.kill(os.getpid(), signal.SIGTERM)


def on_stop(act: Callable[[], None]) -> None:
    """Call ``act`` once in the running loop on SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, act)


async def until_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Run ``work`` until ``stop`` is set; when it fails before, so does this (then the supervisor starts the process anew)."""
    running = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _keep_house() -> None:
    """Keep the garbage collector from stopping the loop: what a service holds for long is set aside from its looks (ADR 0011)."""
    gc.set_threshold(_YOUNG, 10, 10)
    for seconds in _FILLING:
        await asyncio.sleep(seconds)
        gc.collect()
        gc.freeze()
    while True:
        await asyncio.sleep(_HOUR)
        gc.unfreeze()
        gc.collect()
        gc.freeze()


async def tell_hold_ups(look: float = _LOOK, late: float = _LATE) -> None:
    """Tell whenever something has kept the loop to itself: until then the service was deaf to everything, and nothing else would show why."""
    while True:
        before = clock.monotonic()
        await asyncio.sleep(look)
        held = clock.monotonic() - before - look
        if held > late:
            log.warning("the service was held up", seconds=round(held, 1))


def run_service(
    serve: Callable[[Settings, asyncio.Event], Coroutine[Any, Any, None]],
    *,
    quiet: Mapping[str, int] = MappingProxyType({}),
    plain_loop: bool = False,
) -> None:
    """The entry point of a process of ``twin up``: logs, end with the supervisor, ``serve`` until told to stop.

    Args:
        quiet: least levels of libraries' loggers: what they log at length is told by the service in one line.
        plain_loop: asyncio's own loop where uvloop cannot do what the service needs.
    """
    settings = get_settings()
    configure(settings)
    for library, level in quiet.items():
        logging.getLogger(library).setLevel(level)
    bind_to_parent()

    async def main() -> None:
        stop = asyncio.Event()
        on_stop(stop.set)
        house = [asyncio.create_task(_keep_house()), asyncio.create_task(tell_hold_ups())]
        try:
            await serve(settings, stop)
        finally:
            for part in house:
                part.cancel()

    if plain_loop:
        asyncio.run(main())
    else:
        import uvloop  # costs a tenth of a second, and not every user of this module runs a loop

        uvloop.run(main())
