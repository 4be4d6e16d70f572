"""Streams from another process: newest by event time, over a restart of the hub."""

from __future__ import annotations

import asyncio
import stat
from datetime import timedelta
from pathlib import Path

from realtime.hub.ingest import Ingest, Publisher, socket_path
from tests.hub.support import PLANT, eventually, running
from twin import clock
from twin.settings import Settings


def _at(lon: float) -> dict[str, float]:
    return {"lon": lon, "lat": 39.0}


async def test_values_reach_clients_and_late_ones_do_not(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    async with running() as rig, rig.client() as anna, Publisher(path, retry=0.01) as publisher:
        publisher.publish(
            PLANT, "position", [("p1", 1.0, _at(117.0)), ("p1", 2.0, _at(118.0))]
        )  # before the hub is there
        ingest = Ingest(rig.hub)
        await ingest.start(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        await anna.sub(topic="position")
        await anna.until(lambda _: "p1" in anna.state) if "p1" not in anna.state else None
        assert anna.state["p1"]["lon"] == 118.0
        publisher.publish(PLANT, "position", [("p1", 1.5, _at(1.0)), ("p2", 1.0, _at(119.0))])
        await anna.until(lambda _: "p2" in anna.state)
        assert anna.state["p1"]["lon"] == 118.0
        publisher.publish(PLANT, "position", [("p1", 3.0, None)])
        await anna.until(lambda _: "p1" not in anna.state)
        await ingest.stop()
        assert not path.exists()


async def test_a_restarted_hub_learns_everything_again(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    async with Publisher(path, retry=0.01) as publisher:
        async with running() as rig:
            ingest = Ingest(rig.hub)
            await ingest.start(path)
            publisher.publish(PLANT, "position", [(f"p{i}", 1.0, _at(118.0)) for i in range(5000)])
            topic = rig.hub._topics
            await eventually(lambda: sum(len(t.state) for t in topic.values()) == 5000)
            await ingest.stop()
        async with running() as rig, rig.client() as anna:
            ingest = Ingest(rig.hub)
            await ingest.start(path)
            topics = rig.hub._topics
            await eventually(lambda: sum(len(t.state) for t in topics.values()) == 5000)
            await anna.sub(topic="position")
            assert len(anna.state) == 5000
            await ingest.stop()


async def test_a_wall_clock_that_is_set_back_freezes_no_stream(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    async with running() as rig, rig.client() as anna, Publisher(path, retry=0.01) as publisher:
        ingest = Ingest(rig.hub)
        await ingest.start(path)
        publisher.publish(
            PLANT, "position", [("p1", clock.timestamp(), _at(117.0)), ("p2", clock.timestamp(), _at(117.0))]
        )
        await anna.sub(topic="position")
        await anna.until(lambda _: "p2" in anna.state) if "p2" not in anna.state else None
        before = clock.timestamp()
        with clock.travel(by=timedelta(hours=-1)):
            publisher.publish(PLANT, "position", [("p1", clock.timestamp(), _at(118.0))])
            await anna.until(lambda _: anna.state["p1"]["lon"] == 118.0)
            rig.hub.publish_stream(
                PLANT, "position", [("p2", before, _at(119.0))]
            )  # was on its way when the clock was set
            publisher.publish(PLANT, "position", [("p2", clock.timestamp(), _at(120.0))])
            await anna.until(lambda _: anna.state["p2"]["lon"] == 120.0)
            publisher.publish(
                PLANT, "position", [("p2", clock.timestamp() - 1.0, _at(1.0)), ("p3", clock.timestamp(), _at(121.0))]
            )
            await anna.until(lambda _: "p3" in anna.state)
            assert anna.state["p2"]["lon"] == 120.0, "a late value is late as before"
        await ingest.stop()


async def test_nonsense_hangs_up_and_the_next_one_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "hub.sock"
    async with running() as rig:
        ingest = Ingest(rig.hub)
        await ingest.start(path)
        for nonsense in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x02\x92\x01"):
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(nonsense)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()
        async with Publisher(path) as publisher:
            publisher.publish(PLANT, "position", [("p1", 1.0, _at(118.0))])
            await eventually(lambda: rig.hub._topics)
        await ingest.stop()


def test_the_socket_path_is_never_too_long() -> None:
    short = Settings(var_dir=Path("/srv/var"), _env_file=None)
    assert socket_path(short) == Path("/srv/var/hub.sock")
    deep = Settings(var_dir=Path("/" + "x" * 150), _env_file=None)
    assert len(str(socket_path(deep))) < 100 and socket_path(deep) == socket_path(deep)
