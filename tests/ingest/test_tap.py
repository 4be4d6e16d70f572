"""The gateway's tap: sinks get every new state in order, the points, and the ups and downs of sources."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import pytest

from realtime.ingest.tap import SampleBatch, SourceEvent
from tests.conftest import Enterprise
from tests.history.conftest import Points
from tests.ingest.support import eventually, modbus_peer
from tests.ingest.test_gateway import put, running
from twin.settings import Settings


class Notebook:
    """A sink that writes down what it is given."""

    def __init__(self) -> None:
        self.owners: dict[int, tuple[UUID, UUID]] = {}
        self.seen: list[tuple[UUID, float, int]] = []
        self.events: list[SourceEvent] = []

    def points(self, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        self.owners.update(owners)

    def samples(self, batch: SampleBatch) -> None:
        for tag, value, quality in zip(batch.tag, batch.value, batch.quality, strict=True):
            self.seen.append((self.owners[int(tag)][1], float(value), int(quality)))

    def source(self, event: SourceEvent) -> None:
        self.events.append(event)

    async def run(self) -> None:
        await asyncio.Event().wait()

    def told(self) -> list[str]:
        return [event.kind for event in self.events]


class Broken(Notebook):
    """A sink whose module has a fault."""

    def samples(self, batch: SampleBatch) -> None:
        raise RuntimeError("broken")


@pytest.mark.req("M9.2")
async def test_sinks_hear_every_value_and_the_loss_of_the_source_once(
    points: Points, enterprise: Enterprise, database: Settings, tmp_path: Path
) -> None:
    device, book = points.devices[6], Notebook()
    async with (
        modbus_peer(1) as bus,
        running(database, enterprise.id, tmp_path, sinks=(Broken(), book)),
    ):
        given = {"host": "127.0.0.1", "port": bus.port, "period_s": 0.02, "timeout_s": 0.3}
        await put(enterprise.id, "tap", "modbus_tcp", given, {device: "1:holding:0"}, bad=4)
        for value in (5, 6, 7):
            bus.registers[1][0] = value
            await eventually(lambda value=value: (device, float(value), 0) in book.seen)  # type: ignore[misc]
        assert book.told() == ["up"] and book.events[0].points == 1
        await bus.stop()
        await eventually(lambda: book.told() == ["up", "down"])
        assert book.events[-1].reason and book.seen[-1][2] < 0  # the mark comes before the news
        await bus.start()
        await eventually(lambda: book.told() == ["up", "down", "up"])
        await put(enterprise.id, "tap", "modbus_tcp", given, {device: "1:holding:0"}, enabled=False)
        await eventually(lambda: book.told()[-1] == "stopped")
