"""Samples into the history beside a bare binary COPY, and a day of one tag by minute beside the bare SQL."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np
import psycopg
from sqlalchemy import text

from realtime.history import repository, service
from realtime.history.config import HistorySettings
from realtime.history.samples import COPY_HEADER, COPY_TRAILER, SAMPLE, Samples, copy_block, micros
from realtime.history.writer import Writer
from tests.bench.harness import Row
from tests.bench.scratch import database
from twin import clock
from twin.db import cluster as pg
from twin.db import uow
from twin.settings import Settings

#: Tags at 1 Hz; a batch is what the gateway writes at once.
_TAGS, _SECONDS = 5000, 10
_DAY_TAGS = 10
_ROUNDS = 5


def rows() -> list[Row]:
    """Rows a second into the indexed table (goal 0.8 of bare COPY), milliseconds of a trend (goal 30 ms)."""
    with database() as settings:
        copied, bare, trend, sql = asyncio.run(_measure(settings))
    return [
        Row("history.write", "rows/s", copied, bare, "bare binary COPY, same table", "higher", goal=0.8),
        Row("history.trend_24h_by_minute", "ms", trend, None, "", "lower", goal=30.0),
        Row("history.trend_24h_by_minute_beside_sql", "ms", trend, sql, "bare SQL of the owner", "lower"),
    ]


def _batch(start: int, tags: int, seconds: int) -> Samples:
    made = np.empty(tags * seconds, dtype=SAMPLE)
    made["tag"] = np.tile(np.arange(1, tags + 1), seconds)
    made["ts"] = start + np.repeat(np.arange(seconds), tags).astype("i8") * 1_000_000
    made["received"] = made["ts"] + 20_000
    made["value"] = 50 + np.sin(made["ts"] / 6e8 + made["tag"])
    made["quality"] = 0
    return made


async def _measure(settings: Settings) -> tuple[float, float, float, float]:
    writer = Writer(settings, "bench", HistorySettings(_env_file=None))
    device, tag = await _device()
    try:
        bare = await psycopg.AsyncConnection.connect(pg.owner_url(settings), autocommit=True)
        async with bare:
            ours, peer = await _writes(writer, bare)
            trend, sql = await _trends(writer, bare, device, tag)
    finally:
        await writer.close()
        await uow.dispose()
    return ours, peer, trend, sql


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
    writer: Writer, bare: psycopg.AsyncConnection[tuple[object, ...]], device: UUID, tag: int
) -> tuple[float, float]:
    """Milliseconds of a day by minute, best of alternating rounds, from a table that holds other tags between."""
    first: date = clock.now().date() - timedelta(days=3)
    start = datetime.combine(first, datetime.min.time(), UTC)
    for hour in range(24):
        await writer.write(_batch(micros(start) + hour * 3_600_000_000, _DAY_TAGS, 3600))
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
