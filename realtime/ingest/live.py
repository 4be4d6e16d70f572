"""Newest values to the hub, at the rate that an enterprise's administrator has set; newest wins."""

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
from twin import clock

#: Seconds between two values of a point while nobody has set anything.
PERIOD = 0.5
_TICK = 0.05


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
        self.rates: Mapping[UUID, float] = {}  # enterprise -> seconds, where set
        self._waiting: dict[UUID, dict[int, Live]] = {}
        self._due: dict[UUID, float] = {}
        self._last = 0.0

    def put(self, live: Live) -> None:
        """Take a point's newest state."""
        owner = self.owners.get(live.tag)
        if owner is not None:
            self._waiting.setdefault(owner[0], {})[live.tag] = live

    def flush(self) -> None:
        """Publish what is waiting."""
        for enterprise in list(self._waiting):
            self._publish(enterprise)

    def _publish(self, enterprise: UUID) -> None:
        items: list[Value] = []
        for tag, live in self._waiting.pop(enterprise).items():
            owner = self.owners.get(tag)
            if owner is None:
                continue
            self._last = max(live.received / 1e6, self._last + 1e-6)
            items.append((str(owner[1]), self._last, shown(live)))
        if items:
            self._publisher.publish(enterprise, VALUES, items)

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await asyncio.sleep(_TICK)
            now = clock.monotonic()
            for enterprise in [e for e in self._waiting if self._due.get(e, 0.0) <= now]:
                self._due[enterprise] = now + self.rates.get(enterprise, PERIOD)
                self._publish(enterprise)
