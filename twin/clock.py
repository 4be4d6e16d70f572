"""The only source of "now" in the product.

Rules such as "30 minutes after the gas analysis" must be testable, so nothing else may ask the operating system or the database for the
time. Tests move the clock with :func:`travel`; a move holds for the whole process until it is undone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_shift = timedelta(0)
_frozen: datetime | None = None


def now() -> datetime:
    """The present instant, timezone-aware, in UTC."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC) + _shift


def timestamp() -> float:
    """Seconds since 1970 (UTC) of :func:`now`."""
    return now().timestamp()


def monotonic() -> float:
    """Seconds of a clock that never goes back; for measuring spans, never for instants."""
    return time.monotonic()


def boot() -> str | None:
    """The boot of this computer within which all processes' :func:`monotonic` is the same clock; None where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() or None
    except OSError:
        return None


class SetWatch:
    """Notices when the wall clock was set: by hand, or by a time server that leaps.

    A clock that is corrected smoothly is followed; only what moves it by more than ``tolerance`` s against :func:`monotonic` counts.
    """

    def __init__(self, tolerance: float = 0.5) -> None:
        self._tolerance = tolerance
        self._apart = timestamp() - monotonic()

    def jump(self) -> float:
        """By how many s the clock was set since the last call; 0.0 when it was not."""
        by = timestamp() - monotonic() - self._apart
        if abs(by) < self._tolerance:
            return 0.0
        self._apart += by
        return by


@contextmanager
def travel(to: datetime | None = None, *, by: timedelta | None = None, freeze: bool = False) -> Iterator[None]:
    """Move the clock of this process: to an instant, or by a span; with ``freeze`` it stands still there.

    Raises:
        ValueError: when ``to`` carries no time zone, or neither ``to`` nor ``by`` is given.
    """
    global _shift, _frozen
    before = (_shift, _frozen)
    if to is not None and to.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    if to is None and by is None:
        raise ValueError("say where to: an instant or a span")
    target = to if to is not None else now() + (by or timedelta(0))
    if freeze:
        _frozen = target
    else:
        _frozen = None
        _shift = target - datetime.now(UTC)
    try:
        yield
    finally:
        _shift, _frozen = before
