"""Live positions: a plant of 10,000 badges from socket to hub, what a badge-day costs on disk, how fast playback opens."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np

from realtime.hub.ingest import Publisher
from realtime.positioning.types import Kind
from realtime.tracking import playback
from realtime.tracking.batch import FixBatch, Subject
from realtime.tracking.config import TrackingSettings
from realtime.tracking.frame import SiteFrame
from realtime.tracking.messages import encode, wire
from realtime.tracking.plant import PlantTracking
from realtime.tracking.sources.sockets import TcpSource
from realtime.tracking.store import Keeper, Store
from realtime.tracking.world import AnchorRow, BadgeRow, Plant, World, build
from tests.bench.harness import Row
from tests.bench.scratch import database
from twin import clock
from twin.db.cluster import free_port
from twin.ids import uuid7
from twin.settings import Settings

_BADGES, _SECONDS = 10_000, 8
_FRAME = SiteFrame(4548, 117.78, 38.36, 4.0)


def _world() -> World:
    hall = ((0.0, 0.0), (50.0, 0.0), (0.0, 50.0), (50.0, 50.0))
    anchors = tuple(AnchorRow(f"A{i}", "uwb", x, y, 3.0, 0) for i, (x, y) in enumerate(hall))
    badges = tuple(
        BadgeRow(
            f"P-{n:05d}", UUID(int=n + 1), Subject(UUID(int=n + 1), "person", f"N{n}", "employee", "D", f"P-{n:05d}")
        )
        for n in range(_BADGES)
    )
    return build(Plant(UUID(int=7), _FRAME, anchors, {}, (), (), badges))


def _frames() -> list[np.ndarray]:
    """Forty gateways of 250 badges with four ranges each."""
    rng = np.random.default_rng(0)
    place = np.repeat(rng.uniform(5.0, 45.0, (_BADGES, 2)), 4, axis=0)
    anchor = np.tile(np.arange(4), _BADGES)
    hall = np.array([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0], [50.0, 50.0]])
    value = np.sqrt(np.square(place - hall[anchor]).sum(1) + 4.0) + rng.normal(0, 0.1, anchor.size)
    records = wire(
        anchor.size, kind=Kind.RANGE, value=value, badge=np.repeat([f"P-{n:05d}".encode() for n in range(_BADGES)], 4),
        anchor=np.array([b"A0", b"A1", b"A2", b"A3"])[anchor],
    )  # fmt: skip
    return list(np.array_split(records, 40))


def _swallow(hub: socket.socket) -> None:
    connection, _ = hub.accept()
    with connection:
        while connection.recv(1 << 20):
            pass


async def _socket_to_hub() -> float:
    """CPU seconds of the process per second of plant time: receive, decode, engine, fix batch, hub frames, tracks."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(var_dir=Path(folder), _env_file=None)
        port, path = free_port(), Path(folder) / "hub.sock"
        taken = 0

        hub = socket.socket(socket.AF_UNIX)
        hub.bind(os.fspath(path))
        hub.listen()
        threading.Thread(target=_swallow, args=(hub,), daemon=True).start()  # the hub is a process of its own
        async with Publisher(path) as publisher:
            plant = PlantTracking(settings, TrackingSettings(_env_file=None), _world(), publisher, asyncio.Queue())

            def take(_: UUID | None, message: bytes) -> None:
                nonlocal taken
                taken += 1
                plant.take(message, None, clock.timestamp())

            source = asyncio.create_task(TcpSource("127.0.0.1", port).run(take))
            await asyncio.sleep(0.2)
            sender = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port))
            frames, spent, rounds = _frames(), 0.0, 0
            for second in range(_SECONDS):
                now = clock.timestamp()
                for part in frames:
                    part["time"] = now - 0.05
                payload = b"".join(struct.pack(">I", len(m)) + m for m in (encode("GW", part) for part in frames))
                sending = asyncio.create_task(asyncio.to_thread(sender.sendall, payload))
                start = time.thread_time()
                while taken < (second + 1) * len(frames):  # noqa: ASYNC110 a callback of a transport counts
                    await asyncio.sleep(0.005)
                plant.tick(clock.timestamp())
                await asyncio.sleep(0.05)
                if second >= 3:
                    spent, rounds = spent + time.thread_time() - start, rounds + 1
                await sending
                await asyncio.sleep(
                    max(0.0, now + 1.0 - clock.timestamp())
                )  # what waits for stragglers is a part of the cost
            sender.close()
            source.cancel()
            await asyncio.gather(source, return_exceptions=True)
        hub.close()
    return spent / rounds


def _day(seconds: int) -> np.ndarray:
    """Places of one walker over a day: works about an area with rests, noise of 0.3 m on the shown dot."""
    rng = np.random.default_rng(4)
    out, at, target, rest = np.empty((seconds, 2)), np.zeros(2), np.zeros(2), 0
    for s in range(seconds):
        if rest > 0:
            rest -= 1
        elif np.hypot(*(target - at)) < 1.5:
            target, rest = rng.uniform(-60.0, 60.0, 2), int(rng.exponential(60.0))
        else:
            at = at + 1.2 * (target - at) / np.hypot(*(target - at))
        out[s] = at
    return out


async def _storage(settings: Settings) -> tuple[float, float]:
    """Bytes on disk per badge-day, and seconds until a person's day opens."""
    from sqlalchemy import text

    from twin.db import uow
    from twin.db.base import Enterprise

    enterprise, who, seconds = uuid7(), uuid7(), 86_400
    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        unit.session.add(Enterprise(id=enterprise, code=f"b{os.getpid()}", name="bench", created_at=clock.now()))
    subject = (Subject(who, "person", "N", "employee", "D", "P-1"),)
    store, keeper, place = Store(settings, TrackingSettings(_env_file=None)), Keeper(), _day(seconds)
    begin = clock.now() - timedelta(days=1)
    noise = np.random.default_rng(5).normal(0.0, 0.1, place.shape)
    lon, lat = _FRAME.to_lonlat(*(place + noise).T)
    one, none = np.ones(1), np.full(1, -1, np.int16)
    for s in range(seconds):
        x, y = place[s : s + 1, 0] + noise[s, 0], place[s : s + 1, 1] + noise[s, 1]
        batch = FixBatch(
            enterprise, begin.timestamp() + s, 1, subject, (), (), np.zeros(1, np.int32), np.zeros(1, np.int8), one, one,
            x, y, one, lon[s : s + 1], lat[s : s + 1], none, none, one, one, np.ones(1, np.uint8), np.ones(1, np.uint8),
        )  # fmt: skip
        store.add(enterprise, keeper.take(batch))
    await store.flush()
    await store.close()
    best = 1e9
    async with uow.unit_of_work(enterprise) as unit:
        size = (
            await unit.session.execute(text("SELECT sum(bytes) FROM tracking_days() WHERE name LIKE 'track_point%'"))
        ).scalar()
        for _ in range(5):
            start = time.perf_counter()
            found = await playback.tracks(unit, [who], None, begin, begin + timedelta(days=1, seconds=5), "bench")
            playback.as_json(found, begin, begin)
            best = min(best, time.perf_counter() - start)
    await uow.dispose()
    return float(size or 0), best


def rows() -> list[Row]:
    """Figures of the tracking process."""
    share = min(asyncio.run(_socket_to_hub()) for _ in range(3)) * 100.0
    with database() as settings:
        size, opens = asyncio.run(_storage(settings))
    return [
        Row(
            "10,000 badges x 4 anchors x 1 Hz, socket to hub",
            "% of a core",
            share,
            None,
            "goal of the issue",
            "lower",
            15.0,
        ),
        Row("a badge-day of tracks on disk", "MB", size / 1e6, None, "tracks as rows and two indexes", "lower", 3.0),
        Row("one person's day opens", "ms", opens * 1000.0, None, "goal of the issue", "lower", 200.0),
    ]
