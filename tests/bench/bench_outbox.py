"""From the commit of a change to the follower that hears of it, beside a bare NOTIFY without order or memory."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import psycopg

from tests.bench.harness import Row, quantile
from tests.bench.scratch import database
from twin.db import cluster as pg
from twin.db import outbox, uow
from twin.settings import Settings

_CHANGES = 150
_GAP = 0.01


def rows() -> list[Row]:
    """99th percentile of the delay, in milliseconds; the goal is 50 ms."""
    with database() as settings:
        ours, peer = asyncio.run(_measure(settings))
    return [
        Row("outbox.commit_to_follower_p99", "ms", ours, None, "", "lower", goal=50.0),
        Row("outbox.commit_to_follower_p99_beside_notify", "ms", ours, peer, "bare NOTIFY", "lower"),
    ]


async def _measure(settings: Settings) -> tuple[float, float]:
    from twin.auth.accounts import create_enterprise

    try:
        async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
            enterprise = await create_enterprise(unit, code="bench", name="bench")
        # Best of alternating rounds: a busy machine hurts both alike.
        rounds = [(await _ours(enterprise), await _bare(settings)) for _ in range(3)]
        return min(ours for ours, _ in rounds), min(bare for _, bare in rounds)
    finally:
        await uow.dispose()


async def _ours(enterprise: UUID) -> float:
    committed: dict[str, float] = {}
    heard: dict[str, float] = {}
    ready = asyncio.Event()

    async def follower() -> None:
        async for batch in outbox.follow(["bench"]):
            ready.set()
            heard.update({e.key: time.perf_counter() for e in batch})
            if len(heard) == _CHANGES:
                return

    # A second follower races for the numbering, as the hub and the worker do.
    async def rival() -> None:
        async for _ in outbox.follow(["other"]):
            pass

    tasks = [asyncio.create_task(follower()), asyncio.create_task(rival())]
    await ready.wait()
    for n in range(_CHANGES):
        async with uow.unit_of_work(enterprise) as unit:
            await unit.emit("bench", "put", str(n), {"n": n})
        committed[str(n)] = time.perf_counter()
        await asyncio.sleep(_GAP)
    await asyncio.wait_for(tasks[0], 30)
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    return quantile([(heard[key] - committed[key]) * 1000 for key in committed], 0.99)


async def _bare(settings: Settings) -> float:
    url = pg.app_url(settings)
    delays: list[float] = []
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as ears,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as mouth,
    ):
        await ears.execute("LISTEN bench")
        sent = 0.0

        async def listen() -> None:
            async for _ in ears.notifies(stop_after=_CHANGES):
                delays.append((time.perf_counter() - sent) * 1000)

        task = asyncio.create_task(listen())
        for _ in range(_CHANGES):
            sent = time.perf_counter()
            await mouth.execute("NOTIFY bench")
            await asyncio.sleep(_GAP)
        await asyncio.wait_for(task, 30)
    return quantile(delays, 0.99)
