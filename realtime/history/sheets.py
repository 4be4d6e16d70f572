"""Sheets of a sealed day: what all points said at any of its seconds, without a look into every point's file.

The files of a sealed day lie by point, so one second of all points would open all of them. Beside them lie ``s00.parquet`` to
``s95.parquet``, one for each quarter of an hour (UTC): the first and the last sample of every 10 s of each tag and, of every tag that
spoke earlier that day, its last sample before the quarter. So one file answers for all points: exactly for whatever speaks at most
twice in 10 s, with a sample less than 10 s older (under its own time) for what is faster. ``newest.parquet`` holds the last sample of
the day of each tag, for those that were silent on the days after. Sheets are made from the checked samples and made again with them
(docs/adr/0010).
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from realtime.history.samples import SAMPLE, Row, Samples, micros

#: The first and the last sample of a tag in so many microseconds are kept.
EVERY = 10_000_000
NEWEST = "newest.parquet"
QUARTERS = 96
_QUARTER = 900_000_000
_GROUP = 16_384
_SCHEMA = pa.schema([("tag", pa.int32()), ("ts", pa.int64()), ("value", pa.float64()), ("quality", pa.int16())])


def name_of(at: datetime) -> str:
    """The sheet that holds an instant (UTC)."""
    return _name(at.hour * 4 + at.minute // 15)


def _name(quarter: int) -> str:
    return f"s{quarter:02d}.parquet"


def cut(samples: Samples, start: int) -> list[Samples]:
    """The rows of the sheets of a day.

    Args:
        samples: of one day, by tag and time.
        start: of the day, microseconds since 1970.
    """
    bucket = samples["ts"] // EVERY
    edge = (samples["tag"][1:] != samples["tag"][:-1]) | (bucket[1:] != bucket[:-1])
    thin = samples[np.r_[True, edge] | np.r_[edge, True]]
    quarters = (thin["ts"] - start) // _QUARTER
    _, first, place = np.unique(thin["tag"], return_index=True, return_inverse=True)
    along = place * QUARTERS + quarters  # rises along the rows: tag by tag, quarter by quarter
    made = []
    for quarter in range(QUARTERS):
        before = np.searchsorted(along, np.arange(len(first)) * QUARTERS + quarter) - 1
        both = np.concatenate([thin[before[before >= first]], thin[quarters == quarter]])
        made.append(both[np.argsort(both["tag"], kind="stable")])
    return made


class SheetWriter:
    """Writes the sheets of one day while its samples come block by block, in memory little more than a block; use it as a context."""

    def __init__(self, folder: Path, start: datetime) -> None:
        self._folder, self._start = folder, micros(start)
        self._waiting: dict[str, list[Samples]] = {}
        self._open: dict[str, tuple[IO[bytes], pq.ParquetWriter]] = {}

    def __enter__(self) -> SheetWriter:
        return self

    def __exit__(self, *_: object) -> None:
        for stream, _writer in self._open.values():
            stream.close()

    def add(self, samples: Samples) -> None:
        """Take the samples of the day of some tags, by tag and time."""
        for quarter, rows in enumerate(cut(samples, self._start)):
            self.put(_name(quarter), rows)

    def finish(self, newest: list[Row]) -> list[str]:
        """Bring everything to the disk; names of the files. ``newest``: the last sample of the day of each tag."""
        self.put(NEWEST, np.array(newest, dtype=SAMPLE))
        for name in self._waiting:
            self._flush(name)
        for stream, writer in self._open.values():
            writer.close()
            stream.flush()
            os.fsync(stream.fileno())
        return sorted(self._open)

    def put(self, name: str, rows: Samples) -> None:
        """Rows for one file."""
        if len(rows):
            waiting = self._waiting.setdefault(name, [])
            waiting.append(rows)
            if sum(map(len, waiting)) >= _GROUP:
                self._flush(name)

    def _flush(self, name: str) -> None:
        waiting = self._waiting[name]
        if not waiting:
            return
        rows = np.concatenate(waiting)
        waiting.clear()
        if name not in self._open:
            stream = (self._folder / name).open("wb")
            options: dict[str, Any] = {"compression": "zstd", "use_dictionary": ["tag", "value", "quality"]}
            writer = pq.ParquetWriter(
                stream, _SCHEMA, column_encoding={"ts": "DELTA_BINARY_PACKED"}, write_statistics=["ts"], **options
            )
            self._open[name] = (stream, writer)
        columns: list[npt.NDArray[Any]] = [np.ascontiguousarray(rows[field.name]) for field in _SCHEMA]
        self._open[name][1].write_table(pa.table(columns, schema=_SCHEMA))
