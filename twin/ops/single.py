"""One running platform per installation, on ports that nobody else holds."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twin.errors import TwinError
from twin.settings import Settings


class AlreadyRuns(TwinError):
    """``twin up`` runs on this folder; ``params['pid']`` says where."""

    code = "already_runs"


class PortUnusable(TwinError):
    """The platform cannot listen there; ``params['reason']``: ``taken`` or ``refused`` (no right, no such address)."""

    code = "port_unusable"


def _lock_file(settings: Settings) -> Path:
    return settings.var_dir / "up.lock"


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the installation for the length of the block. The kernel lets go when the process ends, however it ends.

    Raises:
        AlreadyRuns: another process holds it.
    """
    path = _lock_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRuns(pid=lock.read().strip() or "?", folder=str(settings.var_dir)) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def runs(settings: Settings) -> bool:
    """Whether ``twin up`` runs on this folder."""
    with suppress(FileNotFoundError), _lock_file(settings).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def listen_fault(host: str, port: int) -> PortUnusable | None:
    """Why the platform cannot listen there; None when it can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = "taken" if error.errno == errno.EADDRINUSE else "refused"
        return PortUnusable(reason=reason, host=host, port=port, why=error.strerror or str(error))
    return None
