"""The live list at 10,000 points: what a page of fifty costs the server and the wire, filtered in every way. Ours alone, one worker."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import timedelta

import psycopg

from tests.bench.bench_features import Client, _server
from tests.bench.bench_timemachine import _ALARMS, _DEVICES, _SAMPLES, _TAGS, _ZONES, POINTS, ZONES, _people
from tests.bench.harness import Row, quantile
from tests.bench.scratch import database
from twin import clock
from twin.db import cluster as pg

HOURS, ALARMS, ASKED = 6, 2000, 30
PAGES = {
    "all": "/api/points?limit=50",
    "what needs eyes first": "/api/points?limit=50&sort=state",
    "an area, a type, a state": "/api/points?limit=50&zone=Z3&kind=temperature&state=good",
    "part of a code": "/api/points?limit=50&q=TI-77",
    "the last page": f"/api/points?limit=50&page={POINTS // 50}",
}


def rows() -> list[Row]:
    """From the question to the last byte; each kind of page by itself."""
    now = clock.now()
    begin = now - timedelta(hours=HOURS)
    with database() as settings:
        secret = asyncio.run(_people())
        with psycopg.connect(pg.owner_url(settings), autocommit=True) as owner:
            owner.execute(_ZONES, {"now": now, "zones": ZONES})
            owner.execute(_DEVICES, {"now": now, "points": POINTS})
            owner.execute(_TAGS)
            owner.execute("SELECT history_partitions(%s, %s)", [begin.date(), now.date()])
            owner.execute(_SAMPLES, {"begin": begin, "end": now})
            owner.execute(_ALARMS, {"begin": begin, "now": now, "number": ALARMS, "step": 3600 * HOURS / ALARMS})
            owner.execute("UPDATE alarm a SET subject_id = d.id FROM device d WHERE d.tag = a.subject_name")
            owner.execute("VACUUM ANALYZE")
        with _server([sys.executable, "-m", "uvicorn", "--factory", "twin.app:create_app"], {}) as port:
            client = Client(port, {"Authorization": f"Bearer {secret}", "Accept-Encoding": "gzip"})
            made = [_ask(client, name, path) for name, path in PAGES.items()]
    return made


def _ask(client: Client, name: str, path: str) -> Row:
    answer = json.loads(client.get(path))
    assert 0 < len(answer["items"]) <= 50 and answer["found"] >= len(answer["items"]), answer
    times, size = [], 0
    for _ in range(ASKED):
        begun = time.perf_counter()
        size = len(client.get(path))
        times.append(time.perf_counter() - begun)
    print(f"{name}: {answer['found']} found, {size / 1000:.1f} kB, p50 {quantile(times, 0.5) * 1000:.0f} ms")
    return Row(
        f"a page of {POINTS:,} points, {name}, p95",
        "s",
        quantile(times, 0.95),
        None,
        "a screen that feels at once",
        "lower",
        0.5,
    )


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
