"""Live positions: a plant of 10,000 badges from socket to hub, what a badge-day costs on disk, how fast playback opens."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
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
from tests.bench import track_latency
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
            for half in range(2 * _SECONDS):
                now = clock.timestamp()
                told = frames[half % 2 :: 2]  # half of the gateways send before each of the two beats of a second
                for part in told:
                    part["time"] = now - 0.05
                payload = b"".join(struct.pack(">I", len(m)) + m for m in (encode("GW", part) for part in told))
                sending = asyncio.create_task(asyncio.to_thread(sender.sendall, payload))
                start = time.thread_time()
                while taken < (half + 1) * len(told):  # noqa: ASYNC110 a callback of a transport counts
                    await asyncio.sleep(0.005)
                (plant.tell if half % 2 else plant.tick)(clock.timestamp())
                await asyncio.sleep(0.05)
                if half >= 6:
                    spent, rounds = spent + time.thread_time() - start, rounds + 1
                await sending
                await asyncio.sleep(
                    max(0.0, now + 0.5 - clock.timestamp())
                )  # what waits for stragglers is a part of the cost
            sender.close()
            source.cancel()
            await asyncio.gather(source, return_exceptions=True)
        hub.close()
    return 2.0 * spent / rounds


def _walks(badges: int, seconds: int) -> Iterator[np.ndarray]:
    """Places (badges, 2) second by second: everybody works about an area with rests, some 15 km in 24 h. The shown dot of
    a walker is off by 0.1 m, anew each second; at rest the engine holds it where it is."""
    rng = np.random.default_rng(4)
    at, target, rest, off = (np.zeros(shape) for shape in ((badges, 2), (badges, 2), (badges,), (badges, 2)))
    for _ in range(seconds):
        way = target - at
        far = np.hypot(way[:, 0], way[:, 1])
        there = (rest <= 0.0) & (far < 1.5)
        target[there], rest[there] = rng.uniform(-60.0, 60.0, (badges, 2))[there], rng.exponential(300.0, badges)[there]
        goes = (rest <= 0.0) & ~there
        at[goes] += 1.2 * way[goes] / far[goes, None]
        rest -= 1.0
        off[goes] = rng.normal(0.0, 0.1, at.shape)[goes]
        yield at + off


#: Nine zones of 40 m cover the walks, on one floor: crossing from one to the next is kept, as in a plant.
_ZONES, _FLOORS, _CELL = tuple(f"Z-04-{n:02d}" for n in range(9)), ("BD-04-F1",), 40.0


def _zone_of(place: np.ndarray) -> np.ndarray:
    cell = np.clip(((place + 1.5 * _CELL) // _CELL).astype(np.int16), 0, 2)
    return np.asarray(cell[:, 1] * 3 + cell[:, 0])


async def _fill(store: Store, enterprise: UUID, subjects: tuple[Subject, ...], begin: float, seconds: int) -> None:
    keeper, n = Keeper(), len(subjects)
    one, ground, row = np.ones(n), np.zeros(n, np.int16), np.arange(n, dtype=np.int32)
    people, good = np.zeros(n, np.int8), np.ones(n, np.uint8)
    for s, place in enumerate(_walks(n, seconds)):
        x, y = np.ascontiguousarray(place[:, 0]), np.ascontiguousarray(place[:, 1])
        lon, lat = _FRAME.to_lonlat(x, y)
        batch = FixBatch(
            enterprise, begin + s, 1, subjects, _FLOORS, _ZONES, row, people, np.full(n, begin + s), one, x, y, one, lon,
            lat, ground, _zone_of(place), one, one, good, good,
        )  # fmt: skip
        store.add(enterprise, keeper.take(batch))
        if s % 3600 == 3599:
            await store.flush()
    await store.flush()


async def _storage(settings: Settings, badges: int, days: int) -> tuple[float, float]:
    """Bytes on disk per badge-day, and seconds until one person's last day opens among all the others' (the slowest of 20)."""
    from sqlalchemy import text

    from twin.db import uow
    from twin.db.base import Enterprise

    enterprise = uuid7()
    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        unit.session.add(Enterprise(id=enterprise, code=f"b{os.getpid()}", name="bench", created_at=clock.now()))
    subjects = tuple(Subject(uuid7(), "person", f"N{n}", "employee", "D", f"P-{n}") for n in range(badges))
    store, end = Store(settings, TrackingSettings(_env_file=None)), clock.now()
    begin = end - timedelta(days=days)
    await _fill(store, enterprise, subjects, begin.timestamp(), days * 86_400)
    await store.close()
    slowest, day = 0.0, end - timedelta(days=1)
    async with uow.unit_of_work(enterprise) as unit:
        size = (
            await unit.session.execute(text("SELECT sum(bytes) FROM tracking_days() WHERE name LIKE 'track_point%'"))
        ).scalar()
        for n, who in enumerate([subjects[0], *subjects[-20:]]):
            start = time.perf_counter()
            found = await playback.tracks(unit, [who.id], None, day, end, "bench")
            playback.as_json(found, day, day)
            if n:  # the first one is this process's first question at all
                slowest = max(slowest, time.perf_counter() - start)
    await uow.dispose()
    return float(size or 0) / (badges * days), slowest


def rows() -> list[Row]:
    """Figures of the tracking process."""
    share = min(asyncio.run(_socket_to_hub()) for _ in range(3)) * 100.0
    badges, days = (int(os.environ.get(f"TWIN_BENCH_{what}", number)) for what, number in (("BADGES", 20), ("DAYS", 1)))
    with database() as settings:
        size, opens = asyncio.run(_storage(settings, badges, days))
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
        Row(
            f"one person's day opens ({badges} badges, {days} d kept)",
            "ms",
            opens * 1000.0,
            None,
            "goal of the issue",
            "lower",
            200.0,
        ),
        *track_latency.rows(),
    ]
