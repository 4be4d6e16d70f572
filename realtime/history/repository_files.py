"""Sealed days as Parquet files: how they are written, checked and read.

``<archive_dir>/history/<day>/g<generation>/t<block>.parquet``: one file per 32 tags, rows by tag and time, zstd. Source
times are delta-coded, receipt times stand as their distance from the source time, values and qualities by dictionary:
what changes slowly costs little. Which generation of a day holds is said by the database (``history_day``); a folder
that it does not name counts for nothing. DuckDB reads; a row group tells which tags it holds, so one tag reads little.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from realtime.history.repository_archive import SealedDay
from realtime.history.samples import SAMPLE, Samples, micros
from twin.errors import Unavailable
from twin.settings import Settings

#: Tags in one file; a day of them at 1 Hz takes half a gigabyte of memory while it is sealed.
BLOCK = 32
_GROUP = 65_536


class ArchiveDamaged(Unavailable):
    """A file of a sealed day is missing or is not what was written."""

    code = "archive_damaged"


def folder(settings: Settings, day: date, generation: int) -> Path:
    """Where a generation of a day lies."""
    return settings.archive_dir / "history" / day.isoformat() / f"g{generation}"


def name_of(tag: int) -> str:
    """The file of a day that holds a tag."""
    return f"t{tag // BLOCK:06d}.parquet"


def write_file(path: Path, samples: Samples) -> None:
    """Write samples (by tag and time) and bring them to the disk."""
    columns = {
        "tag": samples["tag"],
        "ts": samples["ts"],
        "lag": samples["received"] - samples["ts"],
        "value": samples["value"],
        "quality": samples["quality"],
    }
    table = pa.table({name: pa.array(np.ascontiguousarray(column)) for name, column in columns.items()})
    with path.open("wb") as stream:
        pq.write_table(
            table,
            stream,
            compression="zstd",
            compression_level=5,
            row_group_size=_GROUP,
            use_dictionary=["tag", "value", "quality"],
            column_encoding={"ts": "DELTA_BINARY_PACKED", "lag": "DELTA_BINARY_PACKED"},
            write_statistics=["tag", "ts"],
        )
        stream.flush()
        os.fsync(stream.fileno())


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def flush_folder(path: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Archive:
    """Reads sealed days; one per process is enough, any thread may use it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                self._connection = duckdb.connect(
                    config={"threads": 2, "memory_limit": "1GB", "autoinstall_known_extensions": False}
                )
            return self._connection.cursor()

    def _paths(self, days: Iterable[SealedDay], tag: int) -> list[str]:
        found = []
        for day in days:
            if name_of(tag) in day.files:
                path = folder(self._settings, day.day, day.generation) / name_of(tag)
                if not path.is_file():
                    raise ArchiveDamaged(file=str(path))
                found.append(str(path))
        return found

    def read(self, days: Sequence[SealedDay], tag: int, start: datetime, end: datetime) -> Samples:
        """A tag's samples of [start, end) in these days, oldest first.

        Raises:
            ArchiveDamaged: a file is missing or cannot be read.
        """
        where = f"tag = {int(tag)} AND ts >= {micros(start)} AND ts < {micros(end)}"
        return self._samples(self._paths(days, tag), f"WHERE {where} ORDER BY ts")

    def newest(self, days: Sequence[SealedDay], tag: int, before: datetime) -> Samples:
        """At most one sample: a tag's newest one before an instant in these days."""
        where = f"tag = {int(tag)} AND ts < {micros(before)}"
        return self._samples(self._paths(days, tag), f"WHERE {where} ORDER BY ts DESC LIMIT 1")

    def file(self, path: Path) -> Samples:
        """All samples of a file, by tag and time."""
        return self._samples([str(path)], "ORDER BY tag, ts")

    def oldest(self, day: SealedDay, tags: Sequence[int]) -> int | None:
        """The source time (microseconds) of the oldest sample of these tags in a day."""
        paths = [str(self._path(day.day, day.generation, name)) for name in day.files if name.startswith("t")]
        if not paths or not tags:
            return None
        wanted = ",".join(str(int(tag)) for tag in tags)
        found = self._run(f"SELECT min(ts) AS ts FROM read_parquet($1) WHERE tag IN ({wanted})", paths).fetchone()
        return None if found is None or found[0] is None else int(found[0])

    def newest_of_all(
        self, files: Sequence[tuple[date, int, str]], before: datetime
    ) -> list[tuple[int, int, float, int]]:
        """The newest row before an instant of every tag in some sheets (day, generation, name): tag, microseconds, value, quality."""
        paths = [str(self._path(*file)) for file in files]
        query = (
            "SELECT tag, max(ts), arg_max(value, ts), arg_max(quality, ts) FROM read_parquet($1)"
            f" WHERE ts < {micros(before)} GROUP BY tag"
        )
        return list(self._run(query, paths).fetchall()) if paths else []

    def _path(self, day: date, generation: int, name: str) -> Path:
        return folder(self._settings, day, generation) / name

    def _samples(self, paths: list[str], rest: str) -> Samples:
        if not paths:
            return np.empty(0, dtype=SAMPLE)
        columns = self._run(f"SELECT tag, ts, lag, value, quality FROM read_parquet($1) {rest}", paths).fetchnumpy()
        made = np.empty(len(columns["ts"]), dtype=SAMPLE)
        for name in ("tag", "ts", "value", "quality"):
            made[name] = columns[name]
        made["received"] = columns["ts"] + columns["lag"]
        return made

    def _run(self, query: str, paths: list[str]) -> Any:
        try:
            return self._cursor().execute(query, [paths])
        except duckdb.Error as error:
            raise ArchiveDamaged(file=", ".join(paths[:3]), reason=str(error).splitlines()[0]) from error


def strays(settings: Settings, known: Iterable[SealedDay]) -> Iterator[Path]:
    """Folders that count for nothing: generations that the database does not name."""
    named = {folder(settings, day.day, day.generation) for day in known}
    for path in sorted((settings.archive_dir / "history").glob("*/*")):
        if path.is_dir() and path not in named:
            yield path


def remove(path: Path) -> None:
    """Remove a generation, and its day's folder when that was the last one."""
    shutil.rmtree(path, ignore_errors=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
