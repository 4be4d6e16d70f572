"""The database goes and comes back: nothing lost, nothing doubled, order kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import text

from realtime.history.config import HistorySettings
from realtime.history.samples import GOOD, micros
from realtime.history.writer import Writer
from realtime.ingest import recorder as module
from realtime.ingest.recorder import Recorder
from realtime.ingest.spool import Spool
from tests.history.conftest import Points
from tests.ingest.support import Line
from twin import clock
from twin.db.uow import unit_of_work
from twin.settings import Settings

S = 1_000_000


@pytest_asyncio.fixture(loop_scope="session")
async def line(database: Settings) -> AsyncIterator[Line]:
    """A line to the database that can be cut."""
    assert database.app_database_url is not None
    parts = urlsplit(database.app_database_url.get_secret_value())
    async with Line(str(parts.hostname), int(parts.port or 5432)).laid() as laid:
        yield laid


def through(line: Line, database: Settings) -> Settings:
    """The settings with the line in between."""
    assert database.app_database_url is not None
    url = urlsplit(database.app_database_url.get_secret_value())
    changed = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{line.port}"))
    return database.model_copy(update={"app_database_url": SecretStr(changed.geturl())})


async def stored(tag: int) -> list[float]:
    async with unit_of_work("*") as uow:
        rows = await uow.session.execute(text(f"SELECT value FROM history_sample WHERE tag_id = {tag} ORDER BY ts"))
        return [row.value for row in rows]


def add(recorder: Recorder, tag: int, start: int, values: range) -> None:
    for n in values:
        recorder.add((tag, start + n * S, start + n * S, float(n), GOOD))


@pytest.mark.req("M9.2")
async def test_an_outage_loses_and_doubles_nothing(
    points: Points, database: Settings, line: Line, tmp_path: Path
) -> None:
    tag, start = points.tags[0], micros(clock.now()) - 3600 * S
    writer = Writer(through(line, database), "t", HistorySettings(_env_file=None))
    recorder = Recorder(writer, Spool(tmp_path))
    add(recorder, tag, start, range(100))
    await recorder.flush()
    line.cut()
    for n in range(1, 4):
        add(recorder, tag, start, range(n * 100, n * 100 + 100))
        await recorder.flush()
    assert await stored(tag) == list(range(100)) and recorder.counts.spooled == 300
    await recorder.close()  # the gateway is stopped meanwhile and starts again
    recorder = Recorder(Writer(through(line, database), "t", HistorySettings(_env_file=None)), Spool(tmp_path))
    add(recorder, tag, start, range(400, 500))
    await recorder.flush()
    line.whole = True
    add(recorder, tag, start, range(500, 600))
    await recorder.flush()
    assert await stored(tag) == list(range(600))
    assert (recorder.counts.written, recorder.counts.lost, recorder.spooled_bytes) == (500, 0, 0)
    await recorder.close()


async def test_a_drain_that_was_cut_off_is_repeated_without_doubles(
    points: Points, database: Settings, line: Line, tmp_path: Path
) -> None:
    tag, start = points.tags[1], micros(clock.now()) - 3600 * S
    spool = Spool(tmp_path)
    recorder = Recorder(Writer(through(line, database), "t", HistorySettings(_env_file=None)), spool)
    line.cut()
    for n in range(5):
        add(recorder, tag, start, range(n * 100, n * 100 + 100))
        await recorder.flush()
    line.whole = True
    writer = Writer(database, "u", HistorySettings(_env_file=None))
    for samples, _ in zip(spool.drain(), range(2), strict=False):  # written, but the process dies before it is noted
        await writer.write(samples)
    await writer.close()
    recorder = Recorder(Writer(through(line, database), "t", HistorySettings(_env_file=None)), Spool(tmp_path))
    await recorder.flush()
    assert await stored(tag) == list(range(500)) and recorder.counts.repeated >= 100
    await recorder.close()


async def test_with_neither_database_nor_disk_the_newest_are_kept(
    points: Points, database: Settings, line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEMORY", 250)
    tag, start = points.tags[2], micros(clock.now()) - 3600 * S
    writer = Writer(through(line, database), "t", HistorySettings(_env_file=None))
    recorder = Recorder(writer, Spool(tmp_path, quota=3100))  # room for one batch
    line.cut()
    for n in range(5):
        add(recorder, tag, start, range(n * 100, n * 100 + 100))
        await recorder.flush()
    assert recorder.counts.lost == 150  # counted, and the oldest of those in memory
    line.whole = True
    await recorder.flush()
    assert await stored(tag) == [*range(100), *range(250, 500)]
    await recorder.close()
