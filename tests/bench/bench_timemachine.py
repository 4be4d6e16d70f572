"""The time machine: how long the server takes for everything that the big screen asks about one second of the past.

Ours alone: 300 people, 10,000 points, 2,000 zones. The questions are those of ``viewer/apps/bigscreen/src/modules/riskmap/machine.ts``, at
the same time over connections of their own, to a server with one worker. ``TWIN_BENCH_DAYS`` (6) days are made; the goal's 30 take longer.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from urllib.parse import quote

import numpy as np
import psycopg

from realtime.history import repository_files as files
from realtime.history import sheets
from realtime.history.samples import SAMPLE, Samples, micros
from tests.bench.bench_features import Client, _server
from tests.bench.harness import Row, quantile
from tests.bench.scratch import database
from twin import clock
from twin.db import cluster as pg
from twin.db import uow
from twin.settings import Settings

PEOPLE, POINTS, ZONES, ASKED = 300, 10_000, 2000, 50
DAYS = int(os.environ.get("TWIN_BENCH_DAYS", "6"))
#: Whole days that are not sealed; a sealed day has a sample of every point each 5 s, which is as full as its sheets get.
HOT = 3
#: A day of the plant: alarms (see bench_risk), changes of a zone's level.
ALARMS, CHANGES = 4000, 8000
PARTS = ("/api/risk/at", "/api/positions/at", "/api/points/at", "/api/alarms/at")


def rows() -> list[Row]:
    """Opening a second of the days in the database and of those in files."""
    now, draw = clock.now(), random.Random(11)
    seam = _midnight(now - timedelta(days=HOT))
    # the first two are the server's first questions at all
    seconds = [now - timedelta(seconds=draw.randint(60, DAYS * 86_400 - 7200)) for _ in range(ASKED + 2)]
    seconds = [at.replace(second=at.second or 1, microsecond=0) for at in seconds]
    with database() as settings:
        secret = asyncio.run(_people())
        with psycopg.connect(pg.owner_url(settings), autocommit=True) as owner:
            _fill(owner, now)
            size = _seal(settings, owner, [at for at in seconds if at < seam])
            owner.execute("VACUUM ANALYZE")
        with _server([sys.executable, "-m", "uvicorn", "--factory", "twin.app:create_app"], {}) as port:
            hot, sealed, parts = _ask(port, secret, seconds, seam)
    for name, times in parts.items():
        print(
            f"{name}: p50 {quantile(times, 0.5) * 1000:.0f} ms, p99 {quantile(times, 0.99) * 1000:.0f} ms (four at once)"
        )
    print(f"sheets of a sealed day of {POINTS:,} points, a sample each 5 s: {size / 1e6:.0f} MB")
    said = f"{PEOPLE} people, {POINTS:,} points, {ZONES:,} zones, {DAYS} d"
    return [
        Row(f"a second of a {kind} day opens, {said}, {name}", "s", quantile(times, share), None, "goal of the issue", "lower", 1.0)
        for kind, times in (("hot", hot), ("sealed", sealed))
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]  # fmt: skip


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), datetime.min.time(), UTC)


def _ask(
    port: int, secret: str, seconds: Sequence[datetime], seam: datetime
) -> tuple[list[float], list[float], dict[str, list[float]]]:
    """How long each second took to open, by kind of day, and each question among them; s."""
    head = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "gzip"}
    clients, parts = {path: Client(port, head) for path in PARTS}, {path: list[float]() for path in PARTS}
    kinds: tuple[list[float], list[float]] = ([], [])

    def get(path: str, at: datetime) -> tuple[float, bytes]:
        begun = time.perf_counter()
        body = clients[path].get(f"{path}?at={quote(at.isoformat())}")
        return time.perf_counter() - begun, body

    with ThreadPoolExecutor(len(PARTS)) as pool:
        for n, at in enumerate(seconds):
            begun = time.perf_counter()
            answers = dict(zip(PARTS, pool.map(get, PARTS, [at] * len(PARTS)), strict=True))
            took = time.perf_counter() - begun
            _check(at, {path: json.loads(body) for path, (_, body) in answers.items()}, at < seam)
            if n >= 2:
                kinds[at < seam].append(took)
                for path, (alone, _) in answers.items():
                    parts[path].append(alone)
    return kinds[0], kinds[1], parts


def _check(at: datetime, answers: dict[str, Any], sealed: bool) -> None:
    """Everything is there, of that second."""
    assert len(answers["/api/risk/at"]["levels"]) == ZONES
    assert len(answers["/api/positions/at"]["items"]) == PEOPLE
    points = answers["/api/points/at"]["items"]
    ages = [(at - datetime.fromisoformat(p["ts"])).total_seconds() for p in points]
    assert len(points) == POINTS and min(ages) >= 0 and max(ages) <= (5 if sealed else 600), (at, min(ages), max(ages))
    assert answers["/api/alarms/at"]["total"] >= 0


async def _people() -> str:
    """An enterprise; a token of its manager."""
    import httpx

    from tests.support import make_enterprise
    from twin.app import create_app

    enterprise = await make_enterprise("demo")
    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers={"X-Twin": "1"}) as client:
        answer = await client.post("/api/auth/login", json={"username": "manager", "password": enterprise.password})
        answer.raise_for_status()
        made = await client.post(
            "/api/auth/tokens", json={"name": "bench", "scopes": ["map:read", "people:read"], "days": 1}
        )
        made.raise_for_status()
    await uow.dispose()
    secret: str = made.json()["secret"]
    return secret


_ZONES: LiteralString = """
INSERT INTO zone (id, enterprise_id, site_id, code, name, name_en, created_at, updated_at, geom, kind, parent_code,
    z_min, z_max, control_level, static_risk, risk)
SELECT gen_random_uuid(), e.id, e.id, 'Z' || n, '区域 ' || n, 'zone ' || n, %(now)s, %(now)s,
    ST_Force3D(ST_MakeEnvelope(117.78 + n %% 50 * 2e-4, 38.36 + n / 50 * 2e-4, 117.7801 + n %% 50 * 2e-4, 38.3601 + n / 50 * 2e-4, 4326)),
    CASE WHEN n = 0 THEN 'plant' WHEN n < 21 THEN 'area' WHEN n < 221 THEN 'unit' ELSE 'place' END,
    CASE WHEN n = 0 THEN NULL WHEN n < 21 THEN 'Z0' WHEN n < 221 THEN 'Z' || (1 + n %% 20) ELSE 'Z' || (21 + n %% 200) END,
    0, 20, 4, 4, 4
FROM enterprise e, generate_series(0, %(zones)s - 1) n"""
_DEVICES: LiteralString = """
INSERT INTO device (id, enterprise_id, site_id, code, name, name_en, created_at, updated_at, geom, tag, kind, measurand, unit_text,
    range_low, range_high, limit_h, zone_code, safety, source)
SELECT gen_random_uuid(), e.id, e.id, 'P-' || n, '测点 ' || n, 'point ' || n, %(now)s, %(now)s,
    ST_SetSRID(ST_MakePoint(117.78 + n %% 100 * 1e-4, 38.36 + n / 100 * 8e-5, 5), 4326), 'TI-' || n, 'temperature', '', '°C',
    0, 100, 90, 'Z' || (221 + n %% 1700), false, 'DCS'
FROM enterprise e, generate_series(1, %(points)s) n"""
_TAGS: LiteralString = "INSERT INTO tag (enterprise_id, device_id) SELECT enterprise_id, id FROM device ORDER BY code"
_LEVELS: LiteralString = """
INSERT INTO risk_change (enterprise_id, zone, at, before, after, own, causes, child, override)
SELECT e.id, 'Z' || n, %(begin)s - interval '1 hour', 4, 4, 4, '[]'::jsonb, NULL, false FROM enterprise e, generate_series(0, %(zones)s - 1) n
UNION ALL
SELECT e.id, 'Z' || floor(random() * %(zones)s), %(begin)s + n * %(step)s * interval '1 second', 4, 1 + n %% 4, 1 + n %% 4,
    '[{"rule": "alarm_high", "since": "2026-01-01T00:00:00+00:00", "facts": ["0197a0b0-0000-7000-8000-000000000000"], "total": 1}]'::jsonb,
    NULL, false
FROM enterprise e, generate_series(1, %(number)s) n"""
_ALARMS: LiteralString = """
INSERT INTO alarm (id, enterprise_id, key, source, type, grade, status, active, at, raised_at, returned_at, acknowledged_at, handled_at,
    subject_layer, subject_name, zone_code, updated_at)
SELECT gen_random_uuid(), e.id, 'bench ' || n, 'point', 'h', 1 + n %% 4, CASE WHEN over < %(now)s THEN 'closed' ELSE 'unacknowledged' END,
    over >= %(now)s, t, t, CASE WHEN over < %(now)s THEN over END, CASE WHEN over < %(now)s THEN over END,
    CASE WHEN over < %(now)s THEN over END, 'device', 'TI-' || n, 'Z' || (221 + n %% 1700), t
FROM enterprise e, generate_series(1, %(number)s) n,
    LATERAL (SELECT %(begin)s + n * %(step)s * interval '1 second' AS t) a, LATERAL (SELECT t + (n %% 60) * interval '1 minute' AS over) b"""
_BADGES: LiteralString = """
WITH made AS (INSERT INTO badge (id, enterprise_id, code, created_at, updated_at)
    SELECT gen_random_uuid(), e.id, 'B-' || n, %(now)s, %(now)s FROM enterprise e, generate_series(1, %(people)s) n RETURNING *),
bound AS (INSERT INTO badge_binding (id, enterprise_id, badge_id, subject_kind, subject_id, subject_name, class, department, since)
    SELECT gen_random_uuid(), enterprise_id, id, 'person', gen_random_uuid(), code, 'employee', 'D', %(begin)s FROM made RETURNING *)
INSERT INTO track_subject (enterprise_id, subject_id, kind) SELECT enterprise_id, subject_id, 'person' FROM bound"""
_TRACKS: LiteralString = """
INSERT INTO track_point (subject, ts, lon, lat, h, speed, r95, age, state, source, floor, zone)
SELECT s.id, t + s.id * interval '0.1 second', 117.78, 38.36 + s.id * 1e-5, 4, 0.5, 1, 0.5, 0, 1, NULL, 'Z300'
FROM track_subject s, generate_series(%(begin)s, %(end)s, interval '60 seconds') t"""
_SAMPLES: LiteralString = """
INSERT INTO sample (tag_id, ts, received, value, quality)
SELECT g.id, t + g.id * interval '0.01 second', t + g.id * interval '0.01 second', 50 + g.id %% 40, 0
FROM tag g, generate_series(%(begin)s, %(end)s, interval '400 seconds') t"""


def _fill(owner: psycopg.Connection[Any], now: datetime) -> None:
    """The plant and its days: changes, alarms, tracks, and the samples of the days that are not sealed."""
    begin = now - timedelta(days=DAYS)
    seam = datetime.combine(now.date() - timedelta(days=HOT), datetime.min.time(), UTC)
    owner.execute(_ZONES, {"now": now, "zones": ZONES})
    owner.execute(_DEVICES, {"now": now, "points": POINTS})
    owner.execute(_TAGS)
    owner.execute(_LEVELS, {"begin": begin, "zones": ZONES, "number": DAYS * CHANGES, "step": 86_400 / CHANGES})
    owner.execute(_ALARMS, {"begin": begin, "now": now, "number": DAYS * ALARMS, "step": 86_400 / ALARMS})
    owner.execute(_BADGES, {"now": now, "begin": begin, "people": PEOPLE})
    owner.execute("SELECT tracking_partitions(%s, %s)", [begin.date(), now.date()])
    owner.execute("SELECT history_partitions(%s, %s)", [seam.date(), now.date()])
    for n in range(DAYS):
        owner.execute(_TRACKS, {"begin": begin + timedelta(days=n), "end": begin + timedelta(days=n + 1, seconds=-1)})
    at = seam
    while at < now:
        owner.execute(_SAMPLES, {"begin": at, "end": min(now, at + timedelta(days=1, seconds=-1))})
        at += timedelta(days=1)


def _quarter(rng: np.random.Generator, first: int, tags: int, start: int, number: int) -> Samples:
    """A sample each 5 s of some tags, by tag and time."""
    made = np.empty(tags * number, dtype=SAMPLE)
    made["tag"] = np.repeat(np.arange(first, first + tags), number)
    made["ts"] = np.tile(start + np.arange(number, dtype="i8") * 5_000_000, tags) + made["tag"]
    made["received"], made["quality"] = made["ts"], 0
    walk = np.cumsum(rng.normal(0, 0.8, (tags, number)), axis=1)
    made["value"] = np.clip(np.round(2048 + walk), 0, 4095).ravel() * (100 / 4095)
    return made


def _seal(settings: Settings, owner: psycopg.Connection[Any], seconds: Sequence[datetime]) -> float:
    """Days whose sheets of the asked quarters are there, written as a seal writes them; bytes of a whole day's sheets. What else a sealed day
    has nobody opens here."""
    last = owner.execute("SELECT max(id) FROM tag").fetchone()
    assert last is not None
    days: dict[datetime, set[datetime]] = {}  # the quarters of each
    for at in seconds:
        days.setdefault(_midnight(at), set()).add(at.replace(minute=at.minute // 15 * 15, second=0))
    rng, sizes = np.random.default_rng(3), []
    for day, quarters in days.items():
        target = files.folder(settings, day.date(), 1)
        target.mkdir(parents=True)
        names = [sheets.name_of(quarter) for quarter in quarters]
        with sheets.SheetWriter(target, day) as sheet:
            for quarter, name in zip(quarters, names, strict=True):
                begin = max(day, quarter - timedelta(seconds=10))
                number = int((quarter - begin).total_seconds()) // 5 + 180
                for first in range(1, last[0] + 1, files.BLOCK):
                    block = _quarter(rng, first, min(files.BLOCK, last[0] + 1 - first), micros(begin), number)
                    sheet.put(name, sheets.cut(block, micros(day))[quarter.hour * 4 + quarter.minute // 15])
            sheet.finish([])
        sizes += [(target / name).stat().st_size for name in names]
        owner.execute(
            "INSERT INTO history_day (day, generation, rows, files, sealed_at) VALUES (%s, 1, 1, %s, %s)",
            [day.date(), json.dumps(dict.fromkeys([*names, sheets.NEWEST], "")), day],
        )
    return sheets.QUARTERS * float(np.mean(sizes))


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
