"""Ways that position messages come in. Each is a :class:`PositionSource`; what they carry is the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

#: Takes one message; ``None`` for the installation's own enterprise.
Sink = Callable[[UUID | None, bytes], None]


class PositionSource(Protocol):
    """A transport."""

    @property
    def name(self) -> str:
        """What it is called in the log and on the accuracy page."""

    async def run(self, sink: Sink) -> None:
        """Give every message to ``sink`` until cancelled.

        Raises:
            OSError: it cannot go on; the process tries again.
        """
