"""PostgreSQL is stopped for 60 s under load, once with room on disk and once with a spool whose disk is full: what the field said meanwhile
is in the history afterwards, once. Points by OPC UA from a real server, the product's own gateway, a real stop and start of the database.

The full disk is a small tmpfs, for which the bench must run as root; else that part is left out and says so.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import bench_field
from tests.bench.bench_field import Field, Stored, _plant, _until, free_port, product
from tests.bench.harness import Row
from tests.bench.scratch import database
from twin.db.cluster import Cluster
from twin.settings import Settings, child_environment

POINTS, AWAY, AROUND = 500, 60, 5


def rows() -> list[Row]:
    """Samples lost and doubled (goal 0 each)."""
    made = []
    for name, small in (("room on disk", False), ("disk full", True)):
        if small and os.geteuid() != 0:
            print("a full disk: left out, it takes root to make one")
            continue
        before = bench_field.OPCUA, bench_field.MODBUS
        bench_field.OPCUA, bench_field.MODBUS = POINTS, 0
        try:
            with database() as settings, _disk(settings.var_dir / "spool", small):
                made += _run(settings, name)
        finally:
            bench_field.OPCUA, bench_field.MODBUS = before
    return made


@contextmanager
def _disk(folder: Path, small: bool) -> Iterator[None]:
    """The spool's folder, on a disk of 512 KiB where that is wanted."""
    folder.mkdir(parents=True)
    if not small:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _run(settings: Settings, name: str) -> list[Row]:
    ports = [free_port() for _ in range(4)]
    asyncio.run(_plant(ports))
    stored = Stored(settings)
    with (
        Field("opcua", ports[0], POINTS) as server,
        product("realtime.ingest.gateway", child_environment(settings)) as gateway,
    ):
        server.ask(run=1)
        _until(lambda: stored.tags(f"< {POINTS}") == POINTS, 120, "all points to be stored once")
        first = server.ask(run=AROUND)["first"]
        cluster = Cluster(settings)
        cluster.stop()
        server.ask(run=AWAY)
        spooled = sum(file.stat().st_size for file in (settings.var_dir / "spool").rglob("*.seg"))
        cluster.start()
        last = server.ask(run=AROUND)["last"]
        wanted = POINTS * (last - first + 1)
        where = f"< {POINTS} AND s.quality >= 0 AND s.value BETWEEN {first} AND {last}"
        begun = time.monotonic()
        _until(lambda: stored.ask("count(DISTINCT (s.tag_id, s.value))", where) == wanted, 60, "")
        drained = time.monotonic() - begun
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(60)
        kept, every = (stored.ask(what, where) for what in ("count(DISTINCT (s.tag_id, s.value))", "count(*)"))
    print(
        f"{name}: {wanted} samples, {spooled / 1000:.0f} kB on disk at the end of the outage, all there {drained:.1f} s after"
    )
    return [
        Row(f"outage.lost, {name}", "samples", float(wanted - kept), None, "", "lower", goal=0.0),
        Row(f"outage.doubled, {name}", "samples", float(every - kept), None, "", "lower", goal=0.0),
    ]


if __name__ == "__main__":
    for row in rows():
        print(f"{row.name:40} {row.ours:10.1f} {row.unit:8} {row.holds}")
