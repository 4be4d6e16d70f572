"""Pages of features beside TiPg, vector tiles beside the bare ``ST_AsMVT`` query, on one table of 10,000 measuring points.

Both servers are uvicorn with one worker on the same database; rounds alternate. Ours signs in, obeys row-level security and looks the
data's version up for every answer; the peers do none of that.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.harness import Row, interleave, quantile
from twin.db import cluster as pg
from twin.db import migrate
from twin.settings import ROOT, Settings, child_environment, get_settings

POINTS = 10_000
ROUNDS = 5
TIPG = ROOT / "var" / "bench-venv" / "bin" / "python"
LON, LAT = 117.78, 38.36


def rows() -> list[Row]:
    """Items of 1,000 features, an uncached and a cached tile."""
    with ExitStack() as stack:
        settings = stack.enter_context(_database())
        secret = asyncio.run(_load(settings))
        ours = stack.enter_context(_server([sys.executable, "-m", "uvicorn", "--factory", "twin.app:create_app"], {}))
        token = {"Authorization": f"Bearer {secret}", "Accept-Encoding": "identity"}
        owner = stack.enter_context(psycopg.connect(pg.owner_url(settings), autocommit=True))
        environment = {"DATABASE_URL": pg.owner_url(settings), "TIPG_DB_SCHEMAS": '["public"]'}
        peer = stack.enter_context(_server([str(TIPG), "-m", "uvicorn", "tipg.main:app"], environment))
        return [_items(ours, token, peer), *_tiles(ours, token, owner)]


class Client:
    """One kept connection."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = headers

    def get(self, path: str) -> bytes:
        """The body of an answer that must be 200."""
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return body


def _items(ours: int, token: dict[str, str], peer: int) -> Row:
    from twin.registry.layer import layers

    a, b = Client(ours, token), Client(peer, {"Accept": "application/geo+json", "Accept-Encoding": "identity"})
    names = ",".join(f.name for f in layers()["device"].all_fields)
    columns = urllib.parse.urlencode({"limit": 1000, "geom-column": "geom", "properties": names})
    mine, theirs = "/ogc/collections/device/items?limit=1000", f"/collections/public.device/items?{columns}"
    pages = [json.loads(client.get(path))["features"] for client, path in ((a, mine), (b, theirs))]
    assert [len(page) for page in pages] == [1000, 1000]
    assert set(pages[0][0]["properties"]) == set(pages[1][0]["properties"])

    def rate(client: Client, path: str, count: int = 15) -> float:
        start = time.perf_counter()
        for _ in range(count):
            client.get(path)
        return count / (time.perf_counter() - start)

    best = interleave(lambda: rate(a, mine), lambda: rate(b, theirs), rounds=ROUNDS, of=max)
    return Row("page of 1,000 features", "pages/s", best[0], best[1], "TiPg", "higher", 3.0)


def _tiles(ours: int, token: dict[str, str], owner: psycopg.Connection[Any]) -> list[Row]:
    from tests.contract.conftest import tile_of
    from tiles.vector.repository import tile_sql
    from twin.registry.layer import layers

    z = 13
    x, y = tile_of(LON, LAT, z)
    client = Client(ours, token)
    path = f"/ogc/collections/device/tiles/WebMercatorQuad/{z}/{y}/{x}"
    query, place = tile_sql(layers()["device"]), {"z": z, "x": x, "y": y}
    (enterprise,) = owner.execute("SELECT id FROM enterprise").fetchone() or (None,)

    def fresh() -> float:
        # A change that has not got its number yet: the version is new, so nothing kept fits.
        owner.execute(
            "INSERT INTO outbox (enterprise_id, topic, kind, key, payload, at)"
            " VALUES (%s, 'layer.device', 'put', '', '{}', clock_timestamp())",
            [enterprise],
        )
        start = time.perf_counter()
        client.get(path)
        return (time.perf_counter() - start) * 1000

    def bare() -> float:
        start = time.perf_counter()
        cursor = owner.execute(query, place, binary=True, prepare=True)
        assert cursor.fetchone()
        return (time.perf_counter() - start) * 1000

    body = owner.execute(query, place, binary=True).fetchone()
    assert body is not None and client.get(path) == bytes(body[0]) and len(body[0]) > 100_000
    uncached, naked = interleave(fresh, bare, rounds=4 * ROUNDS)

    def kept() -> float:
        times = []
        for _ in range(40):
            start = time.perf_counter()
            client.get(path)
            times.append((time.perf_counter() - start) * 1000)
        return quantile(times, 0.5)

    (median,) = interleave(kept, rounds=2 * ROUNDS)
    return [
        Row("vector tile of 10,000 points, not kept", "ms", uncached, naked, "ST_AsMVT alone", "lower", 1.15),
        Row("vector tile of 10,000 points, kept (median)", "ms", median, None, "", "lower", 3.0),
    ]


@contextmanager
def _database() -> Iterator[Settings]:
    """A private cluster in a folder of its own, to which this process's settings point meanwhile."""
    folder = Path(tempfile.mkdtemp(prefix="twin-bench-"))
    folder.chmod(0o755)
    settings = Settings(var_dir=folder / "var", _env_file=None)
    settings.var_dir.mkdir()
    before = dict(os.environ)
    server = pg.Cluster(settings)
    try:
        server.start()
        migrate.upgrade(pg.owner_url(settings))
        os.environ.update(child_environment(settings))
        get_settings.cache_clear()
        yield settings
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
        get_settings.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)


async def _load(settings: Settings) -> str:
    """An enterprise with the points around one place; a manager's token."""
    from tests.support import make_enterprise
    from twin.db.uow import dispose

    enterprise = await make_enterprise("demo")
    with psycopg.connect(pg.owner_url(settings), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO device (id, enterprise_id, site_id, code, name, name_en, created_at, updated_at, geom, tag, kind,"
            " measurand, unit_text, range_low, range_high, limit_l, limit_h, zone_code, safety, source)"
            " SELECT gen_random_uuid(), %s, %s, 'P-' || n, '测点 ' || n, 'point ' || n, clock_timestamp(), clock_timestamp(),"
            " ST_SetSRID(ST_MakePoint(%s + (n %% 100) * 2e-5, %s + (n / 100) * 1e-5, 5 + n %% 20), 4326), 'TI-' || n,"
            " 'temperature', '反应釜温度', '°C', 0, 300, 20, 250.5, 'Z-21', n %% 7 = 0, 'DCS'"
            " FROM generate_series(1, %s) n",
            [enterprise.id, enterprise.id, LON, LAT, POINTS],
        )
        owner.execute("VACUUM ANALYZE")
    secret = await _token(enterprise.password)
    await dispose()
    return secret


async def _token(password: str) -> str:
    """A bearer token of the manager."""
    import httpx

    from twin.app import create_app

    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://bench", headers={"X-Twin": "1"}) as client:
        answer = await client.post("/api/auth/login", json={"username": "manager", "password": password})
        answer.raise_for_status()
        made = await client.post("/api/auth/tokens", json={"name": "bench", "scopes": ["map:read"], "days": 1})
        made.raise_for_status()
        secret: str = made.json()["secret"]
        return secret


@contextmanager
def _server(command: list[str], environment: dict[str, str]) -> Iterator[int]:
    """A server of our own or the peer's; its port."""
    port = pg.free_port()
    full = [*command, "--port", str(port), "--log-level", "error", "--no-access-log", "--timeout-keep-alive", "600"]
    process = subprocess.Popen(full, cwd=ROOT, env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/")
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command} did not start") from None
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)
