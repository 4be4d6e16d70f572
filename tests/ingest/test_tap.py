"""The gateway's tap: sinks get every new state in order, the points, and the ups and downs of sources."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from realtime.ingest.tap import QUEUE, Lane, SampleBatch, SourceEvent
from tests.conftest import Enterprise, SignIn
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
        self.lost = 0

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
    """A sink whose module has every fault: its calls fail, and so does its work, until it is mended."""

    def __init__(self) -> None:
        super().__init__()
        self.mended, self.runs = False, 0

    def points(self, owners: Mapping[int, tuple[UUID, UUID]]) -> None:
        raise RuntimeError("broken")

    def samples(self, batch: SampleBatch) -> None:
        raise ZeroDivisionError

    def source(self, event: SourceEvent) -> None:
        raise KeyError(event.name)

    async def run(self) -> None:
        self.runs += 1
        if not self.mended:
            raise RuntimeError("broken")
        await super().run()


async def test_a_queue_that_is_full_loses_the_oldest_samples_and_never_an_event() -> None:
    lane = Lane(Notebook())
    lane.put("source", "up")
    for n in range(QUEUE + 3):
        lane.put("samples", n)
    waiting = list(lane._queue)
    assert waiting[0] == ("source", "up") and waiting[1] == ("samples", 3) and waiting[-1] == ("samples", QUEUE + 2)
    assert lane.lost == 3 and "too slow" in lane.trouble


@pytest.mark.req("M9.2")
async def test_a_sink_that_fails_stops_nothing_is_started_again_and_is_an_alarm(
    points: Points, enterprise: Enterprise, database: Settings, sign_in: SignIn, tmp_path: Path
) -> None:
    desk, device, broken = await sign_in("manager"), points.devices[5], Broken()

    async def alarms(state: str, type_: str = "sink_failed") -> list[dict[str, Any]]:
        answer = await desk.get("/api/alarms", params={"type": type_, "state": state})
        return list(answer.json()["items"])

    async with modbus_peer(1) as bus, running(database, enterprise.id, tmp_path, sinks=(broken,)) as (gateway, screen):
        given = {"host": "127.0.0.1", "port": bus.port, "period_s": 0.02, "timeout_s": 2}
        await put(enterprise.id, "fault", "modbus_tcp", given, {device: "1:holding:0"})
        for value in (5, 6, 7):
            bus.registers[1][0] = value
            await eventually(lambda value=value: screen[device]["v"] == value)  # type: ignore[misc]
        await eventually(lambda: broken.runs >= 3)
        assert all(s.task is not None and not s.task.done() for s in gateway.sources.values())
        async with asyncio.timeout(60):
            while not (found := await alarms("active")):  # noqa: ASYNC110 written by the gateway's tasks
                await asyncio.sleep(0.05)
        assert found[0]["subject_name"] == "Broken" and found[0]["grade"] == 2 and "Broken" in found[0]["title"]
        broken.mended = True
        await eventually(lambda: broken.runs >= 4)
    # A gateway whose sinks are well ends what an earlier one left standing.
    book = Notebook()
    async with running(database, enterprise.id, tmp_path, sinks=(book,)) as (gateway, _):
        async with asyncio.timeout(60):
            while await alarms("active"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        # Samples that neither database nor disk took are told too.
        await put(enterprise.id, "fault", "modbus_tcp", given | {"port": 9}, {device: "1:holding:0"})
        gateway.recorder.counts.lost = 7
        async with asyncio.timeout(60):
            while not (lost := await alarms("active", "samples_lost")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert lost[0]["grade"] == 1 and "7" in lost[0]["title"]
        # And facts that a sink could not keep.
        book.lost = 200_001
        async with asyncio.timeout(60):
            while not (facts := await alarms("active", "facts_lost")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert facts[0]["grade"] == 1 and facts[0]["subject_name"] == "Notebook" and "200001" in facts[0]["title"]
        await put(enterprise.id, "fault", "modbus_tcp", given, {device: "1:holding:0"}, enabled=False)
    assert len(await alarms("returned_unacknowledged")) == 1, "one alarm, not one for every fault"


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
        await eventually(lambda: book.told() == ["starting", "up"])  # told by another task than the values
        assert book.events[0].points == 1
        await bus.stop()
        await eventually(lambda: book.told() == ["starting", "up", "down"])
        assert book.events[-1].reason and book.seen[-1][2] < 0  # the mark comes before the news
        await bus.start()
        await eventually(lambda: book.told() == ["starting", "up", "down", "up"])
        await put(enterprise.id, "tap", "modbus_tcp", given, {device: "1:holding:0"}, enabled=False)
        await eventually(lambda: book.told()[-1] == "stopped")
