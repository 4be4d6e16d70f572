"""10,000 points at 1 Hz through gateway, history and hub to 50 browsers: nothing lost, how late, at what cost; and, beside
that, how long an alarm takes from the source's change to a screen.

3,000 points come by OPC UA and 7,000 by Modbus TCP from real servers; gateway and hub are the product's own processes.
The peer is asyncua's client alone on the same OPC UA server.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import psutil
import psycopg
from sqlalchemy import text

from tests.bench import alarm_latency
from tests.bench.field_processes import PER_UNIT, URI
from tests.bench.harness import Row
from tests.bench.scratch import database
from twin import clock
from twin.db import cluster as pg
from twin.db import uow
from twin.ids import uuid7
from twin.settings import Settings, child_environment

OPCUA, MODBUS, BROWSERS, SECONDS = 3000, 7000, 50, 30
_CODE = "B-"


def rows() -> list[Row]:
    """Loss (goal 0), age at the browser (goal 1 s), our share of asyncua's item rate (goal 0.9), CPU per part."""
    with database() as settings:
        ports = [free_port() for _ in range(5)]
        token = asyncio.run(_plant(ports[:4]))
        return _measure(settings, token, ports)


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Field:
    """A process of ``field_processes``."""

    def __init__(self, *arguments: object, module: str = "tests.bench.field_processes") -> None:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    def tell(self, **command: Any) -> None:
        """Send a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next answer."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.tell(**command)
        return self.answer()

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def product(module: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the product; it may end in order."""
    process = subprocess.Popen([sys.executable, "-m", module], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def _plant(ports: Sequence[int]) -> str:
    """An enterprise with 10,000 devices on two sources and those of the alarms on two more; a token of its screens."""
    from gis_assets.sites.demo.build import features

    from realtime.history import repository_archive as archive
    from realtime.ingest import repository
    from realtime.ingest.repository import PointRow, SourceRow
    from twin.auth import service
    from twin.auth.accounts import create_account, create_enterprise
    from twin.auth.principal import Principal
    from twin.spatial.site import load_site

    async with uow.unit_of_work(uow.ALL_ENTERPRISES) as unit:
        enterprise = await create_enterprise(unit, code="bench", name="bench")
    data = features()
    async with uow.unit_of_work(enterprise) as unit:
        await load_site(unit, {"site": data["site"], "zone": data["zone"], "device": data["device"][:1]}, [])
        account = await create_account(
            unit, username="screen", name="screen", password="Tulip-73-harbour", roles=["control"]
        )
        scopes = frozenset({"map:read"})
        principal = Principal(account, enterprise, "screen", "screen", ("control",), scopes)
        _, token = await service.create_token(unit, principal, "bench", sorted(scopes), 1)
        columns = [
            row[0]
            for row in await unit.session.execute(
                text(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = 'device'"
                    " AND is_generated = 'NEVER' AND column_name NOT IN ('id', 'code', 'tag')"
                    # with the limits of the device that they are made from all 10,000 would be in alarm
                    " AND column_name NOT LIKE 'limit_%'"
                )
            )
        ]
        names = ", ".join(f'"{name}"' for name in columns)
        await alarm_latency.plan(unit, names, *ports[2:])
        await unit.session.execute(
            text(
                f"INSERT INTO device (id, code, tag, {names}) SELECT gen_random_uuid(), '{_CODE}' || n, '{_CODE}' || n,"
                f" {names} FROM (SELECT * FROM device WHERE tag NOT LIKE 'A-%') d"
                f" CROSS JOIN generate_series(0, {OPCUA + MODBUS - 1}) n"
            )
        )
        found = await unit.session.execute(text("SELECT tag, id FROM device WHERE tag LIKE 'B-%'"))
        ids = {int(row.tag[len(_CODE) :]): row.id for row in found}
        await archive.set_refresh_rate(unit.session, enterprise, 250)
        opcua = {
            "url": f"opc.tcp://127.0.0.1:{ports[0]}/",
            "publishing_ms": 200,
            "sampling_ms": 100,
            "timeout_s": 30,
            "silent_s": 30,  # the machine also runs the field
        }
        modbus = {"host": "127.0.0.1", "port": ports[1], "period_s": 1.0}
        wired = [f"nsu={URI};s=p{n}" for n in range(OPCUA)]
        read = [f"{1 + n // PER_UNIT}:holding:{n % PER_UNIT * 2}:float32" for n in range(MODBUS)]
        sources: Sequence[tuple[str, dict[str, Any], list[str], int]]
        sources = (("opcua", opcua, wired, 0), ("modbus_tcp", modbus, read, OPCUA))
        for kind, settings, addresses, first in sources:
            row = SourceRow(uuid7(), enterprise, kind, kind, settings, 10.0, clock.now())
            source = await repository.put_source(unit.session, row)
            points = [PointRow(ids[first + n], source, address, 1.0, 0.0) for n, address in enumerate(addresses)]
            await repository.put_points(unit.session, enterprise, source, points)
    await uow.dispose()
    return token


class Stored:
    """What lies in the history, by the owner's eyes."""

    def __init__(self, settings: Settings) -> None:
        self._url = pg.owner_url(settings)
        self._from = (
            " FROM sample s JOIN tag t ON t.id = s.tag_id JOIN device d ON d.id = t.device_id"
            f" WHERE d.tag LIKE 'B-%' AND substr(d.tag, {len(_CODE) + 1})::integer"
        )

    def ask(self, what: str, where: str) -> Any:
        """One figure."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            row = connection.execute(f"SELECT {what}{self._from} {where}").fetchone()
        return row[0] if row else None

    def devices(self, code: str) -> list[UUID]:
        """Devices whose codes begin so, in the order of the numbers behind it."""
        query = "SELECT id FROM device WHERE tag LIKE %s ORDER BY substr(tag, %s)::integer"
        with psycopg.connect(self._url, autocommit=True) as connection:
            return [row[0] for row in connection.execute(query, (f"{code}%", len(code) + 1))]

    def tags(self, where: str) -> int:
        """How many points have a usable sample."""
        return int(self.ask("count(DISTINCT s.tag_id)", f"{where} AND s.quality >= 0"))


def _cpu(processes: dict[str, list[psutil.Process]]) -> dict[str, float]:
    used = {}
    for name, members in processes.items():
        total = 0.0
        for member in members:
            try:
                times = member.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        used[name] = total
    return used


def _measure(settings: Settings, token: str, ports: Sequence[int]) -> list[Row]:
    opcua_port, modbus_port, *alarm_ports, hub_port = ports
    stored = Stored(settings)
    environment = {**child_environment(settings), "TWIN_HUB_PORT": str(hub_port)}
    with ExitStack() as stack:
        server = stack.enter_context(Field("opcua", opcua_port, OPCUA))
        with Field("peer", opcua_port, OPCUA) as peer:
            server.ask(run=2)
            peer.ask()
            ran = server.ask(run=10)
            time.sleep(0.5)
            alone = peer.ask()["values"] / ran["seconds"]
        units = stack.enter_context(Field("modbus", modbus_port, MODBUS))
        alarms = stack.enter_context(Field(*alarm_ports, module=alarm_latency.__name__))
        hub = stack.enter_context(product("realtime.hub.server", environment))
        gateway = stack.enter_context(product("realtime.ingest.gateway", environment))
        _until(lambda: stored.tags(f"< {OPCUA + MODBUS}") == OPCUA + MODBUS, 120, "all points to be stored once")
        screens = stack.enter_context(Field("browsers", hub_port, BROWSERS, token))
        server.ask(run=3)
        screens.ask()
        parts = {
            "gateway": [psutil.Process(gateway.pid)], "hub": [psutil.Process(hub.pid)],
            "opcua server": [psutil.Process(server.process.pid)], "modbus server": [psutil.Process(units.process.pid)],
            "50 browsers": [psutil.Process(screens.process.pid)], "database": _postgres(settings),
        }  # fmt: skip
        before, began = _cpu(parts), time.monotonic()
        ran = server.ask(run=SECONDS)
        took = time.monotonic() - began
        used = {name: (after - before[name]) / took for name, after in _cpu(parts).items()}
        seen = screens.ask()
        numbers = f"s.value BETWEEN {ran['first']} AND {ran['last']}"
        wanted = OPCUA * (ran["last"] - ran["first"] + 1)
        count = "count(DISTINCT (s.tag_id, s.value))"
        where = f"< {OPCUA} AND s.quality >= 0 AND {numbers}"
        _until(lambda: stored.ask(count, where) == wanted, 10, "")
        server.tell(run=SECONDS + 10)
        late = asyncio.run(alarm_latency.ages(alarms, stored.devices("A-"), hub_port, token))
        server.answer()
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(120)
        reads = units.ask()["reads"]
        kept = stored.ask(count, where)
        polled = stored.ask("count(*)", f">= {OPCUA} AND s.quality >= 0")
    # the answer that the end of the gateway cut off may be one per unit
    sizes = [min(PER_UNIT, MODBUS - n * PER_UNIT) for n in range(len(reads))]
    most = sum(size * read for size, read in zip(sizes, reads, strict=True))
    least = sum(size * max(0, read - 1) for size, read in zip(sizes, reads, strict=True))
    lost = (wanted - kept) + max(0, least - polled) + max(0, polled - most)
    made = [
        Row("field.lost_or_doubled", "samples", float(lost), None, "", "lower", goal=0.0),
        Row("field.source_to_browser_p99", "s", seen["p99"] or 99.0, None, "", "lower", goal=1.0),
        Row("field.source_to_browser_p50", "s", seen["p50"] or 99.0, None, "", "lower"),
        Row("field.opcua_items", "1/s", kept / ran["seconds"], alone, "asyncua client alone", "higher", goal=0.9),
        Row("field.values_to_a_browser", "1/s", seen["values"] / took, None, "", "higher"),
        Row("field.browsers_lost", "clients", float(seen["closed"]), None, "", "lower", goal=0.0),
    ]
    made += alarm_latency.rows(late)
    return made + [Row(f"field.cpu {name}", "cores", share, None, "", "lower") for name, share in used.items()]


def _postgres(settings: Settings) -> list[psutil.Process]:
    pid = int((settings.var_dir / "pg" / "postmaster.pid").read_text().split()[0])
    main = psutil.Process(pid)
    return [main, *main.children(recursive=True)]


def _until(holds: Any, seconds: float, what: str) -> None:
    """Wait for a condition; ``what`` empty: go on without it, for the figures to say."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            if what:
                raise TimeoutError(f"waited in vain for {what}")
            return
        time.sleep(0.5)


if __name__ == "__main__":
    for row in rows():
        print(f"{row.name:34} {row.ours:10.3f} {row.unit:8} {row.ratio or '':8} {row.holds}", os.linesep, end="")
