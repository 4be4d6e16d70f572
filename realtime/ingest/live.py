"""Newest values to the hub: at most twice a second per point, newest wins."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from realtime.history.samples import verdict
from realtime.hub.ingest import Value
from realtime.ingest.feed import Live
from realtime.ingest.streams import VALUES

#: Seconds between two publishings.
PERIOD = 0.5


class Publishes(Protocol):
    """What is needed of :class:`realtime.hub.ingest.Publisher`."""

    def publish(self, enterprise: UUID, topic: str, items: list[Value]) -> None:
        """Hand over values."""


def shown(live: Live) -> dict[str, Any]:
    """A value as clients see it."""
    usable = live.quality >= 0 and math.isfinite(live.value)
    return {
        "v": live.value if usable else None,
        "q": verdict(live.quality),
        "ts": None if live.ts is None else live.ts / 1e6,
    }


class LiveValues:
    """Collects the newest state of each point and publishes what changed.

    The order is the gateway's own (receipt), not the source's clock: late samples were left out before, and a source
    whose clock is wrong must not block its own later values.
    """

    def __init__(self, publisher: Publishes, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        self._publisher = publisher
        self.owners = owners  # tag -> enterprise, device
        self._waiting: dict[int, Live] = {}
        self._last = 0.0

    def put(self, live: Live) -> None:
        """Take a point's newest state."""
        self._waiting[live.tag] = live

    def flush(self) -> None:
        """Publish what is waiting."""
        waiting, self._waiting = self._waiting, {}
        by_enterprise: dict[UUID, list[Value]] = {}
        for tag, live in waiting.items():
            owner = self.owners.get(tag)
            if owner is None:
                continue
            self._last = max(live.received / 1e6, self._last + 1e-6)
            by_enterprise.setdefault(owner[0], []).append((str(owner[1]), self._last, shown(live)))
        for enterprise, items in by_enterprise.items():
            self._publisher.publish(enterprise, VALUES, items)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await asyncio.sleep(PERIOD)
            self.flush()
