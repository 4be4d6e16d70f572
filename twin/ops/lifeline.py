"""Child processes that never outlive their parent, and one way to stop.

A plant server that is killed must not leave a database or a hub behind that holds ports and data folders.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


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
