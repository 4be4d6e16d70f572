"""Samples into the history beside a bare binary COPY; bytes of a sealed sample; a day of one tag by minute out of 30
days of 5,000 tags, from the database (beside the bare SQL) and from the files."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy import text

from realtime.history import repository, service
from realtime.history import repository_files as files
from realtime.history.config import HistorySettings
from realtime.history.samples import COPY_HEADER, COPY_TRAILER, SAMPLE, Samples, copy_block, micros
from realtime.history.seal import Sealer
from realtime.history.writer import Writer
from tests.bench.harness import Row
from tests.bench.process import process_like
from tests.bench.scratch import database
from twin import clock
from twin.db import cluster as pg
from twin.db import uow
from twin.settings import Settings

#: Tags at 1 Hz; a batch is what the gateway writes at once.
_TAGS, _SECONDS = 5000, 10
#: Tags that have a sample every second of the measured day; the others have one in five minutes.
_DAY_TAGS = 10
_DAYS = 30
_ROUNDS = 5


def rows() -> list[Row]:
    """Rows a second into the indexed table (goal 0.8 of bare COPY), bytes a sample (4), trends (30 ms hot, 150 ms cold)."""
    with database() as settings:
        copied, bare, trend, sql, cold, size = asyncio.run(_measure(settings))
    return [
        Row("history.write", "rows/s", copied, bare, "bare binary COPY, same table", "higher", goal=0.8),
        Row("history.trend_24h_by_minute", "ms", trend, None, "", "lower", goal=30.0),
        Row("history.trend_24h_by_minute_beside_sql", "ms", trend, sql, "bare SQL of the owner", "lower"),
        Row("history.trend_24h_by_minute_sealed", "ms", cold, None, "", "lower", goal=150.0),
        Row("history.bytes_per_sealed_sample", "bytes", size, None, "", "lower", goal=4.0),
    ]


def _batch(start: int, tags: int, seconds: int, every: int = 1) -> Samples:
    """``seconds`` samples of each of ``tags`` tags, one in ``every`` seconds, in order of time."""
    made = np.empty(tags * seconds, dtype=SAMPLE)
    made["tag"] = np.tile(np.arange(1, tags + 1), seconds)
    made["ts"] = start + np.repeat(np.arange(seconds), tags).astype("i8") * every * 1_000_000
    made["received"] = made["ts"] + 20_000
    made["value"] = 50 + np.sin(made["ts"] / 6e8 + made["tag"])
    made["quality"] = 0
    return made


async def _measure(settings: Settings) -> tuple[float, float, float, float, float, float]:
    writer = Writer(settings, "bench", HistorySettings(_env_file=None))
    device, tag = await _device()
    try:
        bare = await psycopg.AsyncConnection.connect(pg.owner_url(settings), autocommit=True)
        async with bare:
            ours, peer = await _writes(writer, bare)
            trend, sql = await _trends(settings, writer, bare, device, tag)
            cold, size = await _sealed(settings, bare, device, tag)
    finally:
        await writer.close()
        await uow.dispose()
    return ours, peer, trend, sql, cold, size


async def _device() -> tuple[UUID, int]:
    """One device whose tag is the first; its site is in Shanghai."""
    from gis_assets.sites.demo.build import features

    from twin.auth.accounts import create_enterprise
    from twin.spatial.site import load_site

    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        enterprise = await create_enterprise(unit, code="bench", name="bench")
    data = features()
    async with uow.unit_of_work(enterprise) as unit:
        await load_site(unit, {"site": data["site"], "zone": data["zone"], "device": data["device"][:1]}, [])
        device: UUID = (await unit.session.execute(text("SELECT id FROM device"))).scalar_one()
        tags = await repository.ensure_tags(unit.session, enterprise, [device])
    return device, tags[device]


async def _writes(writer: Writer, bare: psycopg.AsyncConnection[tuple[object, ...]]) -> tuple[float, float]:
    """Rows a second, best of alternating rounds into days of their own."""
    day = micros(datetime.combine(clock.now().date() - timedelta(days=40), datetime.min.time(), UTC))
    await writer.write(_batch(day, 1, 1))
    ours, peer, at = [], [], day + 3_600_000_000
    for _ in range(_ROUNDS):
        batch = _batch(at, _TAGS, _SECONDS)
        began = time.perf_counter()
        await writer.write(batch)
        ours.append(len(batch) / (time.perf_counter() - began))
        batch = _batch(at + _SECONDS * 1_000_000, _TAGS, _SECONDS)
        block = COPY_HEADER + copy_block(batch) + COPY_TRAILER
        began = time.perf_counter()
        columns = "tag_id, ts, received, value, quality"
        async with bare.cursor().copy(f"COPY sample ({columns}) FROM STDIN (FORMAT binary)") as out:
            await out.write(block)
        peer.append(len(batch) / (time.perf_counter() - began))
        at += 2 * _SECONDS * 1_000_000
    return max(ours), max(peer)


async def _trends(
    settings: Settings, writer: Writer, bare: psycopg.AsyncConnection[tuple[object, ...]], device: UUID, tag: int
) -> tuple[float, float]:
    """Milliseconds of a day by minute, best of alternating rounds, from a table that holds other tags between."""
    first: date = clock.now().date() - timedelta(days=3)
    start = datetime.combine(first, datetime.min.time(), UTC)
    for hour in range(24):
        at = micros(start) + hour * 3_600_000_000
        await writer.write(_batch(at, _DAY_TAGS, 3600))
        others = _batch(at + 500_000, _TAGS, 12, every=300)
        await writer.write(others[others["tag"] > _DAY_TAGS])
    async with Sealer(settings, HistorySettings(_env_file=None)) as sealer:
        await sealer.roll()
    await bare.execute("VACUUM ANALYZE sample")
    end = start + timedelta(days=1)
    query = (
        "SELECT date_trunc('minute', ts, 'Asia/Shanghai'), count(*), min(value), max(value), avg(value), max(ts)"
        " FROM sample WHERE tag_id = %s AND ts >= %s AND ts < %s AND quality >= 0 GROUP BY 1 ORDER BY 1"
    )
    ours, peer = [], []
    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            _, steps = await service.trend(unit, device, start, end, "minute")
            ours.append((time.perf_counter() - began) * 1000)
            assert len(steps) == 1440 and all(step.count == 60 for step in steps)
            began = time.perf_counter()
            found = await (await bare.execute(query, [tag, start, end])).fetchall()
            peer.append((time.perf_counter() - began) * 1000)
            assert len(found) == 1440
    return min(ours), min(peer)


async def _sealed(
    settings: Settings, bare: psycopg.AsyncConnection[tuple[object, ...]], device: UUID, tag: int
) -> tuple[float, float]:
    """Milliseconds of a day by minute from files that nobody has opened yet, best of rounds; bytes a sample.

    The tag's file holds as many tags as a file does, at 1 Hz, the others one sample a minute; all days are links to one, but that the tag
    also spoke on the day before, as one does.
    """
    last: date = clock.now().date() - timedelta(days=5)
    rng = np.random.default_rng(1)
    model, names = files.folder(settings, last, 1), {}
    model.mkdir(parents=True)
    size = 0.0
    for first in range(0, _TAGS + 1, files.BLOCK):
        path = model / files.name_of(first)
        start = micros(datetime.combine(last, datetime.min.time(), UTC))
        if tag // files.BLOCK == first // files.BLOCK:
            dense = process_like(rng, files.BLOCK, 86_400, start, first)
            files.write_file(path, dense)
            size = path.stat().st_size / len(dense)
        else:
            part = process_like(rng, files.BLOCK, 1440, start, first)
            part["ts"] = start + (part["ts"] - start) * 60
            files.write_file(path, part)
        names[path.name] = ""
    for n in range(_DAYS):
        day = last - timedelta(days=n)
        if n:
            target = files.folder(settings, day, 1)
            target.mkdir(parents=True)
            for name in names:
                if n == 1 and name == files.name_of(tag):
                    files.write_file(
                        target / name,
                        process_like(
                            rng, files.BLOCK, 86_400, start - 86_400_000_000, tag // files.BLOCK * files.BLOCK
                        ),
                    )
                else:
                    (target / name).hardlink_to(model / name)
        await bare.execute(
            "INSERT INTO history_day (day, generation, files, sealed_at) VALUES (%s, 1, %s, %s)",
            [day, json.dumps(names), clock.now()],
        )
        name = f"sample_{day:%Y%m%d}"
        await bare.execute(f'DROP TABLE IF EXISTS "{name}"')
    start_at = datetime.combine(last, datetime.min.time(), UTC)
    took = []
    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        for _ in range(_ROUNDS):
            service._reader.cache_clear()
            began = time.perf_counter()
            _, steps = await service.trend(unit, device, start_at, start_at + timedelta(days=1), "minute")
            took.append((time.perf_counter() - began) * 1000)
            assert len(steps) == 1440 and all(step.count == 60 for step in steps)
    return min(took), size
