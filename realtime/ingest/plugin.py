"""What a kind of field source is: one file in ``realtime/ingest/sources`` with a typed settings model and ``run``.

A kind only talks its protocol. Reconnecting, turning points bad, the order of samples, history and hub are the
gateway's, the same for all kinds.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from twin.errors import Invalid


class SourceError(Exception):
    """The source cannot be reached or does not answer; the gateway tries again later."""


class AddressInvalid(Invalid):
    """A point's address is not one of its kind of source."""

    code = "address_invalid"


class NotBrowsable(Invalid):
    """This kind of source has no tree of points."""

    code = "not_browsable"


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of a source's tree. ``address``: what a point would be set to; ``node``: what to browse further."""

    node: str
    address: str
    name: str
    variable: bool
    value: float | None = None


@dataclass(frozen=True, slots=True)
class FieldPoint:
    """A point of a source: its tag number in the history and where the source keeps it; value * scale + shift."""

    tag: int
    address: str
    scale: float = 1.0
    shift: float = 0.0


class Sink(Protocol):
    """Where a source puts what it hears."""

    def sample(self, tag: int, ts: int | None, value: float, quality: int) -> None:
        """A sample: source time in microseconds since 1970 (None: the source gives no times), the value as the source
        has it, quality as in :mod:`realtime.history.samples`."""

    def alive(self, tags: Sequence[int] | None = None) -> None:
        """The source has just confirmed that the last values of these points (None: all) still stand."""

    def since(self, tag: int) -> int | None:
        """Source time (microseconds since 1970) of the newest sample that came from the source; None: none yet."""

    def replay(self, tag: int, ts: int, value: float, quality: int) -> None:
        """A sample out of the source's own memory, after a gap: for the history; as the newest state only if it is."""


S = TypeVar("S", bound=BaseModel)


class SourceKind(ABC, Generic[S]):
    """Base of all kinds.

    Attributes:
        key: name in ``field_source.kind``.
        model: settings of a source of this kind.
        browsable: whether :meth:`browse` works.
    """

    key: str
    model: type[S]
    browsable: bool = False

    @abstractmethod
    def check(self, address: str) -> None:
        """Refuse an address that is not of this kind.

        Raises:
            AddressInvalid: with the address named.
        """

    def probe(self, settings: S) -> S:
        """Settings with which one value may be read beside the running source, without disturbing it."""
        return settings

    async def browse(self, settings: S, node: str) -> list[Branch]:
        """What lies under a node of the source's tree; "" is its root.

        Raises:
            NotBrowsable: this kind of source has no tree.
            SourceError, OSError: the source cannot be reached.
        """
        raise NotBrowsable(kind=self.key)

    @abstractmethod
    async def run(self, settings: S, points: Sequence[FieldPoint], sink: Sink) -> None:
        """Connect and deliver until cancelled; never returns.

        Raises:
            SourceError, OSError: the source is lost.
        """


def heed_cancellation() -> None:
    """Go on with a cancellation that a library has swallowed, for a source that cannot be stopped holds whoever waits for its end.

    pymodbus turns one into an exception of its own, and ``asyncio.wait_for``, on which the libraries stand, loses one that meets the answer
    (before Python 3.12).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@cache
def kinds() -> dict[str, SourceKind[Any]]:
    """Every kind by key."""
    from realtime.ingest import sources

    found: dict[str, SourceKind[Any]] = {}
    for info in pkgutil.iter_modules(sources.__path__):
        kind = importlib.import_module(f"{sources.__name__}.{info.name}").KIND
        found[kind.key] = kind
    return found
