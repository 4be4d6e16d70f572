"""The risk engine: factor events on one core, a full recomputation from a month of log, a storm of events up to 200 browsers."""

from __future__ import annotations

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from realtime.hub.ingest import Publisher
from realtime.risk.book import RuleBody, first_rules
from realtime.risk.engine import RiskEngine, recompute
from realtime.risk.living import EngineTime
from realtime.risk.server import PlantRisk
from realtime.risk.types import Fact, Rule, Zone
from tests.bench.bench_hub import Process
from tests.bench.harness import Row, quantile
from tests.bench.hub_processes import ENTERPRISE

ZONES, EVENTS = 2000, 200_000
#: Facts of the log: 4,000 a day, above what ten operators can work through (EEMUA 191: at most one alarm in ten minutes each is 1,440).
DAYS, A_DAY = 30, 4000
#: Of the storm up to the clients: s between steps of the engine.
PER_SECOND, SECONDS, STEP, CLIENTS = 20_000, 4, 0.02, 200
_DAY = 86_400.0
_START = 1_700_000_000.0


def plant() -> list[Zone]:
    """One plant, 20 areas, 200 units, and the rest places in the units."""
    zones = [Zone("P", None, 4, "plant")]
    zones += [Zone(f"A{n}", "P", 4, "area") for n in range(20)]
    zones += [Zone(f"U{n}", f"A{n % 20}", 3 + n % 2, "unit") for n in range(200)]
    return zones + [Zone(f"Z{n}", f"U{n % 200}", 2 + n % 3, "place") for n in range(ZONES - len(zones))]


def rules() -> list[Rule]:
    """The rules that a new enterprise gets."""
    return [RuleBody.model_validate(row["body"]).rule(row["key"]) for row in first_rules()]


_KINDS: tuple[tuple[str, Callable[[random.Random], dict[str, Any]]], ...] = (
    (
        "alarm",
        lambda r: {"grade": r.randint(1, 4), "type": r.choice(("hh", "h", "over_count")), "device_kind": "pressure"},
    ),
    ("alarm", lambda r: {"grade": r.randint(2, 4), "type": "h", "device_kind": r.choice(("gas_toxic", "level"))}),
    ("hazard", lambda r: {"grade": r.choice(("general", "major")), "overdue": r.random() < 0.3}),
    ("work", lambda r: {"grade": r.randint(1, 3)}),
    ("violation", lambda r: {}),
)


def storm(number: int, per_second: float, begin: float) -> list[Fact]:
    """Beginnings and ends in order of time, as the outbox tells them; some 4,000 facts hold at any time."""
    draw, codes = random.Random(7), [zone.code for zone in plant()]
    open_: list[Fact] = []
    told: list[Fact] = []
    for n in range(number):
        at = begin + n / per_second
        if len(open_) > 4000 or (open_ and draw.random() < 0.45):
            spot = draw.randrange(len(open_))
            open_[spot], open_[-1] = open_[-1], open_[spot]
            told.append(open_.pop()._replace(until=at))
        else:
            kind, attributes = draw.choice(_KINDS)
            fact = Fact(kind, f"k{n}", draw.choice(codes), at, None, attributes(draw))
            open_.append(fact)
            told.append(fact)
    return told


def alone() -> Row:
    """Events per second of CPU, causes of every change included."""
    best = 0.0
    events = storm(EVENTS, 20_000, _START)
    for _ in range(3):
        engine = RiskEngine(plant(), rules(), _START)
        start, changes = time.process_time(), 0
        for n in range(0, len(events), 1000):
            for fact in events[n : n + 1000]:
                engine.put(fact)
            changes += len(engine.drain())
        best = max(best, len(events) / (time.process_time() - start))
        assert changes
    return Row(f"factor events, {ZONES} zones", "events/s of CPU", best, None, "goal of the issue", "higher", 50_000.0)


def again() -> Row:
    """CPU seconds until an engine stands again from the log of a month."""
    log = storm(2 * DAYS * A_DAY, 2 * A_DAY / _DAY, _START)
    zones, book, now = plant(), rules(), _START + DAYS * _DAY
    start = time.process_time()
    engine = recompute(zones, book, log, now)
    spent = time.process_time() - start
    assert min(engine.levels().values()) == 1
    return Row(
        f"full recomputation, {ZONES} zones, {len(log):,} rows of {DAYS} d", "s of CPU", spent, None,
        "goal of the issue", "lower", 5.0,
    )  # fmt: skip


async def _burst(path: Path, hub: Process, clients: Process) -> dict[str, Any]:
    """Tell the engine a storm in real time and publish each step, as the process does; what the clients saw in the end."""
    events = storm(PER_SECOND * SECONDS, PER_SECOND, 0.0)
    async with Publisher(path) as publisher:
        plant_risk = PlantRisk(ENTERPRISE, publisher, EngineTime())
        engine = RiskEngine(plant(), rules(), time.time())
        await asyncio.sleep(1.0)
        begin, told = time.time(), 0
        while told < len(events):
            await asyncio.sleep(STEP)
            due = min(len(events), int((time.time() - begin) * PER_SECOND))
            for fact in events[told:due]:
                until = None if fact.until is None else fact.until + begin
                engine.put(fact._replace(since=fact.since + begin, until=until))
            told = due
            plant_risk.show(engine.drain())
        late = time.time() - begin - SECONDS
        seen, before = {}, -1
        while not seen or sum(seen["sizes"]) != before:  # until nothing comes any more
            before = sum(seen["sizes"]) if seen else -1
            await asyncio.sleep(1.0)
            seen = await asyncio.to_thread(clients)
        wrong = {c for c, level in seen["levels"].items() if engine.level(c) != level}
        static = RiskEngine(plant(), [], 0.0).levels()
        unseen = {c for c, level in engine.levels().items() if level != static[c]} - seen["levels"].keys()
        assert not wrong and not unseen, (wrong, unseen)
    return {**seen, "late": late, "hub": await asyncio.to_thread(hub)}


def burst() -> list[Row]:
    """From an event to 200 subscribed clients: how old changes are there, and who got other bytes than the client whose colours were
    compared with the engine's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.sock"
        module = "tests.bench.risk_processes"
        with Process("hub", os.fspath(path), module=module) as hub:
            with Process("clients", str(hub.port), str(CLIENTS), module=module) as clients:
                seen = asyncio.run(_burst(path, hub, clients))
    sizes = seen["sizes"]
    missed = sum(size != sizes[0] for size in sizes)
    print(
        f"{sizes[0] / 1e6:.1f} MB and {len(seen['ages'])} values per client; engine behind at the end {seen['late']:.2f} s;"
        f" CPU hub {seen['hub']['cpu']:.1f} s, clients {seen['cpu']:.1f} s"
    )
    name = f"{PER_SECOND:,} events/s for {SECONDS} s, {CLIENTS} clients"
    return [
        Row(
            f"{name}: event to client, p99", "s", quantile(seen["ages"], 0.99), None, "goal of the issue", "lower", 1.0
        ),
        Row(f"{name}: clients without the final colours", "clients", missed, None, "goal of the issue", "lower", 0.0),
    ]


def rows() -> list[Row]:
    """All figures of the risk engine."""
    return [alone(), again(), *burst()]


if __name__ == "__main__":
    for row in rows():
        print(json.dumps(row.as_json(), ensure_ascii=False))
