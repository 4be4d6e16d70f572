"""Samples on disk while the database is away: segments of checked records, drained in order, removed when drained.

A record is its length and CRC-32 (4 bytes each, little-endian) and the bytes of a sample array. A record that a crash
cut short is recognised and left out. Draining a record twice (a crash before its segment was removed) doubles nothing,
because the history knows a sample by its tag and time.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import structlog

from realtime.history.samples import SAMPLE, Samples

log = structlog.get_logger("realtime.ingest")

_HEAD = struct.Struct("<II")
SEGMENT = 8 * 1024 * 1024
#: Rows in one record at most.
BATCH = 50_000


class SpoolFull(OSError):
    """The disk or the quota is full: the batch was not kept."""


class Spool:
    """A queue of sample arrays in a folder, for one process.

    Args:
        quota: bytes that it may take on disk.
    """

    def __init__(self, folder: Path, quota: int = 4 * 1024**3, segment: int = SEGMENT) -> None:
        self._folder = folder
        self._quota = quota
        self._segment = segment
        folder.mkdir(parents=True, exist_ok=True)
        self._offset = 0  # how far the oldest segment has been drained
        names = self._names()
        # A new process never appends to a file that the last one may have left half-written.
        self._next = int(names[-1].stem) + 1 if names else 1
        self._current: Path | None = None
        self._size = sum(name.stat().st_size for name in names)

    def _names(self) -> list[Path]:
        return sorted(self._folder.glob("*.seg"))

    def __bool__(self) -> bool:
        return self._size > 0

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._size

    def append(self, samples: Samples) -> None:
        """Keep an array; it is on disk when this returns.

        Raises:
            SpoolFull: it could not be kept; what was kept before is whole.
        """
        body = samples.tobytes()
        record = _HEAD.pack(len(body), zlib.crc32(body)) + body
        if self._size + len(record) > self._quota:
            raise SpoolFull("quota")
        if self._current is None or self._current.stat().st_size >= self._segment:
            self._current = self._folder / f"{self._next:012d}.seg"
            self._next += 1
        before = self._current.stat().st_size if self._current.exists() else 0
        try:
            with self._current.open("ab") as out:
                out.write(record)
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            if self._current.exists():
                os.truncate(self._current, before)
            raise SpoolFull(str(error)) from error
        self._size += len(record)

    def peek(self) -> Samples | None:
        """The oldest array that has not been drained; None when there is none left."""
        while names := self._names():
            found = self._read(names[0], self._offset)
            if found is not None:
                return found
            self._drop(names[0])
        self._size = 0
        return None

    def pop(self) -> None:
        """The array that :meth:`peek` gave is in the database."""
        oldest = self._names()[0]
        with oldest.open("rb") as source:
            source.seek(self._offset)
            length, _ = _HEAD.unpack(source.read(_HEAD.size))
        self._offset += _HEAD.size + length
        if self._offset >= oldest.stat().st_size:
            self._drop(oldest)

    def _drop(self, path: Path) -> None:
        left = path.stat().st_size - self._offset
        if left > 0:
            log.error("the spool ends in a damaged record; it is left out", file=path.name, bytes=left)
        self._size = max(0, self._size - path.stat().st_size)
        path.unlink()
        self._offset = 0
        if path == self._current:
            self._current = None

    @staticmethod
    def _read(path: Path, offset: int) -> Samples | None:
        with path.open("rb") as source:
            source.seek(offset)
            head = source.read(_HEAD.size)
            if len(head) < _HEAD.size:
                return None
            length, check = _HEAD.unpack(head)
            body = source.read(length)
        if len(body) < length or zlib.crc32(body) != check or length % SAMPLE.itemsize:
            return None
        return np.frombuffer(body, dtype=SAMPLE)

    def drain(self) -> Iterator[Samples]:
        """The arrays in order; each is removed when the next one is asked for."""
        while (found := self.peek()) is not None:
            yield found
            self.pop()
