"""Roll-ups and sealed days give what a recomputation gives, whatever comes late, twice or out of order; a seal that is
killed at any step loses nothing."""

from __future__ import annotations

import math
import os
import random
from bisect import bisect_left
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest
import pytest_asyncio

from realtime.history import past, service
from realtime.history import repository_files as files
from realtime.history.config import HistorySettings
from realtime.history.errors import PointsUnnamed
from realtime.history.samples import BAD, GOOD, UNCERTAIN, Row, instant, micros, pack
from realtime.history.seal import Sealer, SealFailed
from realtime.history.trend import Step, aggregate, starts
from realtime.history.writer import Writer
from tests.bench.process import process_like
from tests.conftest import SignIn
from tests.history.conftest import Points
from twin import clock
from twin.db.cluster import owner_url
from twin.db.uow import ALL_ENTERPRISES, unit_of_work
from twin.settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEEP = HistorySettings(keep_days=30, hot_days=2, _env_file=None)


class Killed(Exception):
    """Stands for the process that is gone."""


@pytest_asyncio.fixture
async def seal(database: Settings) -> AsyncIterator[Sealer]:
    async with Sealer(database, KEEP) as sealer:
        yield sealer


class Truth:
    """What was ever said; the first word on a time counts, as received."""

    def __init__(self) -> None:
        self.said: dict[int, dict[int, Row]] = {}

    def take(self, rows: list[Row]) -> None:
        for row in sorted(rows, key=lambda row: row[2]):  # in order of receipt
            self.said.setdefault(row[0], {}).setdefault(row[1], row)

    def rows(self, tag: int) -> list[Row]:
        return sorted(self.said[tag].values(), key=lambda row: row[1])


def storm(rng: random.Random, tags: tuple[int, ...], begin: datetime, hours: int, count: int) -> list[Row]:
    """Samples in any order, some at times that were there before, some bad, some uncertain."""
    made = []
    for _ in range(count):
        at = begin + timedelta(seconds=rng.randrange(hours * 3600 // 7) * 7)
        quality = rng.choices([GOOD, UNCERTAIN, BAD], [8, 1, 1])[0]
        value = math.nan if quality == BAD and rng.random() < 0.5 else round(rng.gauss(50, 9), 1)
        made.append((rng.choice(tags), micros(at), micros(at) + rng.randrange(1_000_000), value, quality))
    return made


def same(a: float | None, b: float | None) -> bool:
    return a == b if a is None or b is None else math.isclose(a, b, rel_tol=1e-12)


async def compare(truth: Truth, points: Points, tags: tuple[int, ...], begin: datetime, end: datetime) -> None:
    """Every step of every kind beside a plain recomputation from what was said."""
    for tag in tags:
        rows = truth.rows(tag)
        times = [row[1] for row in rows]
        device = points.devices[points.tags.index(tag)]
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            kept = [s async for s in service.samples(uow, tag, begin, end)]
            raw = [r for r in rows if micros(begin) <= r[1] < micros(end)]
            assert np.concatenate(kept).tobytes() == pack(raw).tobytes()
            step: Step
            for step in ("minute", "hour", "day", "month") if tag == tags[0] else ("hour",):
                _, found = await service.trend(uow, device, begin, end, step)
                cuts = [bisect_left(times, micros(at)) for at in (*(b.start for b in found), end)]
                for bucket, a, b in zip(found, cuts, cuts[1:], strict=False):
                    inside = rows[a:b]
                    good = [r[3] for r in inside if r[4] >= 0]
                    assert (bucket.count, bucket.bad) == (len(good), len(inside) - len(good)), (step, bucket)
                    if good:
                        told = (bucket.low, bucket.high, bucket.mean, bucket.last)
                        wanted = (min(good), max(good), sum(good) / len(good), good[-1])
                        assert all(same(a, b) for a, b in zip(told, wanted, strict=True)), (step, bucket, wanted)


@pytest.mark.req("M9.2", "M9.5")
async def test_late_and_repeated_samples_give_what_a_recomputation_gives(
    points: Points, database: Settings, writer: Writer, seal: Sealer
) -> None:
    rng, truth, tags = random.Random(4), Truth(), points.tags[:2]
    today = datetime.combine(clock.now().date(), datetime.min.time(), UTC)
    begin, end = today - timedelta(days=4), today - timedelta(hours=1)
    hours = int((end - begin).total_seconds() // 3600)
    for turn in range(4):
        rows = storm(rng, tags, begin, hours, 1500)
        truth.take(rows)
        await writer.write(pack(rows))
        if turn == 1:
            assert await seal.roll() > 0
            await compare(truth, points, tags, begin, end)
        if turn == 2:
            assert len(await seal.seal()) == 2  # two days are older than two whole ones
    await compare(truth, points, tags, begin, end)
    assert await seal.roll() > 0 and await seal.roll() == 0
    await compare(truth, points, tags, begin, end)
    await seal.seal()
    await compare(truth, points, tags, begin, end)


@pytest.mark.req("M8.2", "M9.5")
async def test_all_points_of_a_sealed_second_are_what_was_said_by_then(
    points: Points, database: Settings, writer: Writer, seal: Sealer
) -> None:
    rng, truth, tags = random.Random(7), Truth(), points.tags[6:9]
    today = datetime.combine(clock.now().date(), datetime.min.time(), UTC)
    begin = today - timedelta(days=8)

    async def tell(rows: list[Row]) -> None:
        truth.take(rows)
        await writer.write(pack(rows))

    async def check() -> None:
        for _ in range(40):
            at = begin + timedelta(seconds=rng.randrange(5 * 86_400))
            async with unit_of_work(ALL_ENTERPRISES) as uow:
                told = {p.device_id: p.told for p in await past.values_at(uow, at, [])}
            for tag in tags:
                by_then = [r for r in truth.rows(tag) if r[1] <= micros(at)]
                found = told[points.devices[points.tags.index(tag)]]
                if not by_then:
                    assert found is None
                    continue
                assert found is not None
                said = next(r for r in by_then if r[1] == micros(found.ts))
                assert (said[4], str(said[3])) == (found.quality, str(found.value))
                assert by_then[-1][1] - said[1] < 10_000_000
                if by_then[-1][1] // 10_000_000 < micros(at) // 10_000_000:
                    assert said == by_then[-1]  # its 10 s were over

    await tell(storm(rng, tags[:2], begin, 5 * 24, 3000))
    at = micros(begin + timedelta(hours=5))  # says two words, then nothing for days
    await tell([(tags[2], at, at, 1.0, GOOD), (tags[2], at + 4_000_000, at, 2.0, GOOD)])
    await seal.seal()
    await check()
    await tell(storm(rng, tags[:2], begin, 5 * 24, 300))  # waits in the database until the next seal
    await check()
    await seal.seal()
    await check()
    # what was sealed before there were sheets: by name only, until the next seal
    async with await psycopg.AsyncConnection.connect(owner_url(database), autocommit=True) as owner:
        bare = "UPDATE history_day SET files = files - 'newest.parquet' WHERE day = %s"
        await owner.execute(bare, [begin.date() + timedelta(days=1)])
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        with pytest.raises(PointsUnnamed):
            await past.values_at(uow, begin + timedelta(days=1, hours=3), [])
    assert begin.date() + timedelta(days=1) in [done.day for done in await seal.seal()]
    await check()


async def test_a_seal_killed_at_any_step_loses_nothing(
    points: Points, database: Settings, writer: Writer, sign_in: SignIn
) -> None:
    truth, tags, rng = Truth(), points.tags[2:4], random.Random(5)
    begin = datetime.combine(clock.now().date() - timedelta(days=9), datetime.min.time(), UTC)
    end = begin + timedelta(days=1)
    rows = storm(rng, tags, begin, 24, 800)
    truth.take(rows)
    await writer.write(pack(rows))
    http = await sign_in("employee")

    async def whole() -> None:
        for tag in tags:
            async with unit_of_work(ALL_ENTERPRISES) as uow:
                kept = np.concatenate([s async for s in service.samples(uow, tag, begin, end)])
            assert kept.tobytes() == pack(truth.rows(tag)).tobytes()

    for again in range(2):
        for fatal in ("begin", "write", "count", "rename", "commit"):

            def die(step: str, fatal: str = fatal) -> None:
                if step == fatal:
                    raise Killed

            async with Sealer(database, KEEP, die) as sealer:
                with pytest.raises(Killed):
                    await sealer.seal()
            await whole()
        async with Sealer(database, KEEP) as sealer:
            assert begin.date() in [done.day for done in await sealer.seal()]
        await whole()
        if not again:  # then the same over a day that is sealed already
            more = storm(rng, tags, begin, 24, 300)
            truth.take(more)
            await writer.write(pack(more))
            await whole()
    told = (await http.get(f"/api/points/{points.devices[points.tags.index(tags[0])]}/latest")).json()
    newest = truth.rows(tags[0])[-1]
    assert datetime.fromisoformat(told["ts"]) == instant(newest[1])  # though no partition holds it


async def test_a_write_during_the_seal_puts_it_off(points: Points, database: Settings, writer: Writer) -> None:
    tag = points.tags[4]
    at = datetime.combine(clock.now().date() - timedelta(days=12), datetime.min.time(), UTC)
    await writer.write(pack([(tag, micros(at), micros(at), 1.0, GOOD)]))
    steps: list[str] = []
    async with Sealer(database, KEEP, steps.append) as sealer:
        await sealer.seal_day(at.date(), None)
    assert steps == ["begin", "write", "count", "rename", "commit"]
    await writer.write(pack([(tag, micros(at) + 1, micros(at) + 1, 2.0, GOOD)]))

    class Intruder(Sealer):
        async def _write(self, *args: object) -> object:  # type: ignore[override]
            made = await super()._write(*args)  # type: ignore[arg-type]
            await writer.write(pack([(tag, micros(at) + 2, micros(at) + 2, 3.0, GOOD)]))
            return made

    async with Intruder(database, KEEP) as intruder:
        assert at.date() not in [done.day for done in await intruder.seal()]
    async with Sealer(database, KEEP) as sealer:
        assert at.date() in [done.day for done in await sealer.seal()]
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        kept = np.concatenate([s async for s in service.samples(uow, tag, at, at + timedelta(hours=1))])
    assert kept["value"].tolist() == [1.0, 2.0, 3.0]


async def test_files_that_do_not_hold_what_was_read_change_nothing(
    points: Points, database: Settings, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = points.tags[5]
    at = datetime.combine(clock.now().date() - timedelta(days=15), datetime.min.time(), UTC)
    await writer.write(pack([(tag, micros(at), micros(at), 1.0, GOOD)]))
    honest = files.write_file

    def bent(path: object, samples: np.ndarray) -> None:  # type: ignore[type-arg]
        wrong = samples.copy()
        wrong["value"] += 1e-9
        honest(path, wrong)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "write_file", bent)
    async with Sealer(database, KEEP) as sealer:
        with pytest.raises(SealFailed):
            await sealer.seal_day(at.date(), None)
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        kept = [s async for s in service.samples(uow, tag, at, at + timedelta(hours=1))]
    assert [len(s) for s in kept] == [1]


async def test_what_counts_for_nothing_goes_a_day_later(points: Points, database: Settings, seal: Sealer) -> None:
    stray = database.archive_dir / "history" / "2020-01-01" / "g1"
    stray.mkdir(parents=True)
    await seal.seal()
    assert [path.name for path in stray.iterdir()] == ["forgotten"]
    os.utime(stray / "forgotten", (0, 0))
    await seal.seal()
    assert not stray.parent.exists()


def test_process_like_samples_take_four_bytes_at_most(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "day.parquet"
    samples = process_like(np.random.default_rng(1), tags=4, seconds=43_200)
    files.write_file(path, samples)
    assert path.stat().st_size <= 4 * len(samples)


def test_steps_of_samples() -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [(1, micros(begin) + n * 400_000, 0, float(n), BAD if n == 2 else GOOD) for n in range(6)]
    edges = list(starts(begin, begin + timedelta(seconds=3), "second", SHANGHAI))
    found = aggregate(pack(rows), edges)
    assert [(p.n, p.usable, p.low, p.high, p.total, p.last, p.state) for p in found.values()] == [
        (3, 2, 0.0, 1.0, 1.0, 1.0, BAD),
        (2, 2, 3.0, 4.0, 7.0, 4.0, GOOD),
        (1, 1, 5.0, 5.0, 5.0, 5.0, GOOD),
    ]
