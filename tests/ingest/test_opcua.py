"""OPC UA against asyncua's server over real sockets: times, status codes, shards, loss."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from realtime.history.samples import BAD_SENSOR_FAILURE, GOOD, micros, quality_of, verdict
from realtime.ingest.plugin import AddressInvalid, FieldPoint, SourceError
from realtime.ingest.sources.opcua import KIND, OpcuaSettings
from tests.ingest.support import URI, Ear, UaPeer, eventually, ua_peer

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)


def settings(peer: UaPeer, **more: float) -> OpcuaSettings:
    return OpcuaSettings.model_validate({"url": peer.url, "publishing_ms": 50, "sampling_ms": 0, "silent_s": 4, **more})


def points(count: int) -> list[FieldPoint]:
    return [FieldPoint(n, f"nsu={URI};s=P{n}") for n in range(count)]


@pytest.mark.parametrize("text", ["", "TI-1", "ns=x;s=1", "ns=2", "1:holding:3"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(AddressInvalid):
        KIND.check(text)
    KIND.check("ns=2;s=TI-1101")
    KIND.check("i=2258")
    KIND.check("nsu=urn:a;s=TI-1101")


@pytest.mark.req("M9.1", "M9.2", "S3.2")
async def test_source_times_and_status_codes_are_kept() -> None:
    async with ua_peer(3) as peer:
        ear = Ear()
        task = asyncio.create_task(KIND.run(settings(peer), [*points(3), FieldPoint(9, f"nsu={URI};s=Nowhere")], ear))
        await eventually(lambda: {s[0] for s in ear.samples} >= {0, 1, 2, 9} and ear.confirmed)
        for n in range(10):
            await peer.write(0, 100.0 + n, AT + timedelta(seconds=n))
        await peer.write(1, 5.0, AT, status=0x40930000)
        await peer.write(2, 6.0, AT, status=0x808D0000)
        await eventually(lambda: len(ear.of(0)) >= 11 and len(ear.of(1)) >= 2 and len(ear.of(2)) >= 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [s[1:] for s in ear.samples if s[0] == 0][1:] == [
        (micros(AT + timedelta(seconds=n)), 100.0 + n, GOOD) for n in range(10)
    ]  # every value between two publishings, each with the source's own time
    assert [verdict(s[3]) for s in ear.samples if s[0] in (1, 2)][-2:] == ["uncertain", "bad"]
    assert [s[3] for s in ear.samples if s[0] == 2][-1] == quality_of(0x808D0000)
    assert [s[3] for s in ear.samples if s[0] == 9] == [BAD_SENSOR_FAILURE]


async def test_many_items_are_spread_over_sessions() -> None:
    async with ua_peer(7) as peer:
        ear = Ear()
        task = asyncio.create_task(KIND.run(settings(peer, items_per_session=3), points(7), ear))
        await eventually(lambda: {s[0] for s in ear.samples} == set(range(7)) and set(ear.confirmed) == set(range(7)))
        for n in range(7):
            await peer.write(n, 50.0 + n)
        await eventually(lambda: all(ear.of(n)[-1] == 50.0 + n for n in range(7)))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_subscription_that_the_server_ends_is_given_up_at_once() -> None:
    """And not after the silence that stands for a dead line: what is asked back late may be gone."""
    async with ua_peer(2) as peer:
        ear = Ear()
        task = asyncio.create_task(KIND.run(settings(peer, silent_s=120), points(2), ear))
        await eventually(lambda: ear.confirmed)
        await peer.end_subscriptions()
        with pytest.raises(SourceError, match="BadTimeout"):
            await asyncio.wait_for(task, 60)


async def test_a_server_that_goes_is_told_and_another_refuses() -> None:
    async with ua_peer(2) as peer:
        ear = Ear()
        task = asyncio.create_task(KIND.run(settings(peer, silent_s=1.5), points(2), ear))
        await eventually(lambda: ear.confirmed)
        await peer.stop()
        with pytest.raises(SourceError):
            await asyncio.wait_for(task, 15)
        with pytest.raises(SourceError):
            await KIND.run(settings(peer), points(2), ear)
