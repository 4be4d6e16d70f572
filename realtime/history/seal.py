"""The jobs that keep the history quick and small: roll-ups of finished hours, days sealed to Parquet, retention.

Sealing a day has four steps, and stopping between any two of them loses nothing: (1) writes into the day are counted
from now on; (2) files are written beside everything else and brought to the disk; (3) they are read back and compared
bit by bit with what the database holds, and the counts must agree; (4) one transaction names the files and drops the
partition, unless a write came in after (1). Samples that come for a sealed day get a partition again, and the next
seal merges them into a new generation; the old one goes a day later, so that a backup or a reader that is under way
still finds it.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import structlog

from realtime.history import repository_archive as archive
from realtime.history import repository_files as files
from realtime.history import sheets
from realtime.history.config import HistorySettings, history_settings
from realtime.history.repository_archive import SealedDay
from realtime.history.samples import Row, Samples
from twin import clock
from twin.db.cluster import app_url
from twin.errors import Conflict
from twin.settings import Settings

log = structlog.get_logger("realtime.history")

#: An hour is rolled up this long after its end (a late sample takes the roll-up back).
SETTLED = timedelta(minutes=2)
#: Folders that count for nothing stay this long after that was noted in them (seconds of the file system's clock).
STRAY = 86_400
_NOTE = "forgotten"


class SealFailed(Conflict):
    """What was read back from the files is not what the database holds; nothing was changed."""

    code = "seal_failed"


@dataclass(frozen=True)
class Sealed:
    """A day that was sealed: its samples and the bytes of its files."""

    day: date
    rows: int
    bytes: int


class Sealer:
    """Rolls up, seals and cleans over a connection of its own; use it as an async context."""

    def __init__(
        self,
        settings: Settings,
        history: HistorySettings | None = None,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        """``step`` is told the name of each step before it begins."""
        self._settings = settings
        self._history = history or history_settings()
        self._step = step
        self._reader = files.Archive(settings)
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def __aenter__(self) -> Sealer:
        self._connection = await psycopg.AsyncConnection.connect(
            app_url(self._settings), autocommit=True, connect_timeout=5, application_name="history seal"
        )
        await archive.see_all(self._connection)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close()

    @property
    def _db(self) -> psycopg.AsyncConnection[Any]:
        assert self._connection is not None, "use the sealer as a context"
        return self._connection

    async def roll(self) -> int:
        """Roll up the finished hours of the days in the database; how many roll-ups were made."""
        now = clock.now()
        first = datetime.combine(now.date() - timedelta(days=self._history.hot_days + 1), datetime.min.time(), UTC)
        last = await archive.largest_tag(self._db)
        made = 0
        try:
            hours = await archive.mark_hours(self._db, first, now - SETTLED)
        except psycopg.errors.LockNotAvailable:  # a writer is at it for long: next time
            return 0
        for hour in hours:
            # A writer that comes meanwhile says again that the hour is not done.
            await archive.call_done(self._db, hour, True)
            try:
                for tag in range(0, last + 1, files.BLOCK):
                    made += await archive.roll(self._db, hour, tag, tag + files.BLOCK - 1)
            except BaseException:
                if not self._db.closed:
                    await archive.call_done(self._db, hour, False)
                raise
        return made

    async def seal(self) -> list[Sealed]:
        """Seal every day that is old enough; those that could not be locked or were written to come next time."""
        limit = clock.now().date() - timedelta(days=self._history.hot_days)
        hot, cold = await archive.days_known(self._db)
        # what was sealed before there were sheets is sealed once more
        bare = [day for day, known in cold.items() if known.files and sheets.NEWEST not in known.files]
        done = []
        for day in sorted({*hot, *bare}):
            if day < limit and (sealed := await self.seal_day(day, cold.get(day))):
                done.append(sealed)
        await self._clean()
        return done

    async def seal_day(self, day: date, known: SealedDay | None) -> Sealed | None:
        """Seal one day (again); None when somebody reads for long or wrote into it meanwhile.

        Raises:
            SealFailed: the files do not hold what the database holds.
            ArchiveDamaged: the files of the generation before cannot be read.
        """
        self._step("begin")
        try:
            seen = await archive.seal_begin(self._db, day)
        except psycopg.errors.LockNotAvailable:
            return None
        generation = 1 + (known.generation if known else 0)
        made, newest = await self._write(SealedDay(day, generation, False, 0, 0, {}, clock.now()), known)
        self._step("commit")
        try:
            if not await archive.seal(self._db, made, seen, newest):
                log.info("a day was written to while it was sealed", day=str(day))
                return None
        except psycopg.errors.LockNotAvailable:
            return None
        log.info("a day was sealed", day=str(day), rows=made.rows, bytes=made.bytes, generation=generation)
        return Sealed(day, made.rows, made.bytes)

    async def _write(self, made: SealedDay, known: SealedDay | None) -> tuple[SealedDay, list[Row]]:
        """Write and check all files of a generation; the day as it is then, and the newest sample of each tag."""
        start = datetime.combine(made.day, datetime.min.time(), UTC)
        target = files.folder(self._settings, made.day, made.generation)
        part = target.with_name(target.name + ".part")
        for leftover in (part, target):
            shutil.rmtree(leftover, ignore_errors=True)
        part.mkdir(parents=True)
        names: dict[str, str] = {}
        newest: list[Row] = []
        counted = rows = 0
        self._step("write")
        last = await archive.largest_tag(self._db)
        with sheets.SheetWriter(part, start) as sheet:
            for tag in range(0, last + 1, files.BLOCK):
                hot = await archive.dump(self._db, start, tag, tag + files.BLOCK - 1)
                counted += len(hot)
                name = files.name_of(tag)
                whole = await asyncio.to_thread(self._merged, hot, known, name)
                if not len(whole):
                    continue
                await asyncio.to_thread(self._checked, part / name, whole)
                await asyncio.to_thread(sheet.add, whole)
                names[name], rows = "", rows + len(whole)
                ends = np.flatnonzero(np.r_[whole["tag"][1:] != whole["tag"][:-1], True])
                newest += [tuple(row) for row in whole[ends].tolist()]
            names |= dict.fromkeys(await asyncio.to_thread(sheet.finish, newest), "")
        for name in names:
            names[name] = await asyncio.to_thread(files.digest, part / name)
        size = sum((part / name).stat().st_size for name in names)
        self._step("count")
        if counted != await archive.count(self._db, start, start + timedelta(days=1)):
            raise SealFailed(day=str(made.day), reason="count")
        files.flush_folder(part)
        self._step("rename")
        part.rename(target)
        files.flush_folder(target.parent)
        return replace(made, files=names, rows=rows, bytes=size), newest

    def _merged(self, hot: Samples, known: SealedDay | None, name: str) -> Samples:
        """What lies in the files already, and what is new beside it; what was there first stays."""
        if known is None or name not in known.files:
            return hot
        before = self._reader.file(files.folder(self._settings, known.day, known.generation) / name)
        if not len(hot):
            return before
        both = np.concatenate([before, hot])
        order = np.lexsort((np.r_[np.zeros(len(before), "i1"), np.ones(len(hot), "i1")], both["ts"], both["tag"]))
        both = both[order]
        same = (both["tag"][1:] == both["tag"][:-1]) & (both["ts"][1:] == both["ts"][:-1])
        return both[np.r_[True, ~same]]

    def _checked(self, path: Path, samples: Samples) -> None:
        files.write_file(path, samples)
        back = self._reader.file(path)
        if back.tobytes() != np.ascontiguousarray(samples).tobytes():
            raise SealFailed(file=str(path), reason="content")

    async def _clean(self) -> None:
        _, cold = await archive.days_known(self._db)
        for path in files.strays(self._settings, cold.values()):
            note = path / _NOTE
            if not note.exists():  # what is read or backed up just now still finds it
                note.touch()
            elif time.time() - note.stat().st_mtime > STRAY:
                await asyncio.to_thread(files.remove, path)
