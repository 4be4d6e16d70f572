"""Samples in memory: one structured array from the field to the database.

A sample is what a source said at a time: tag, source time, receipt time, value, quality. Times are whole microseconds
since 1970 UTC. ``quality`` is the upper half of an OPC UA StatusCode (OPC 10000-4, 7.39) as a signed 16-bit number, so
good codes are 0..0x3FFF, uncertain ones 0x4000..0x7FFF and bad ones negative; every kind of source is mapped on it.
A value that is no number (NaN) never has a usable quality.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

SAMPLE = np.dtype([("tag", "<i4"), ("ts", "<i8"), ("received", "<i8"), ("value", "<f8"), ("quality", "<i2")])
Samples = npt.NDArray[np.void]
#: Tag, source time and receipt time (microseconds since 1970), value, quality.
Row = tuple[int, int, int, float, int]

GOOD = 0x0000
UNCERTAIN = 0x4000
#: Signed upper halves of OPC UA status codes.
BAD = 0x8000 - 0x10000
BAD_NO_COMMUNICATION = 0x8031 - 0x10000
BAD_OUT_OF_RANGE = 0x803C - 0x10000
BAD_SENSOR_FAILURE = 0x808D - 0x10000
#: The source's clock runs ahead: the receipt time stands for the source time (UncertainSubstituteValue).
UNCERTAIN_SUBSTITUTE = 0x4091

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Verdict = Literal["good", "uncertain", "bad"]


def quality_of(status: int) -> int:
    """The stored quality of a 32-bit OPC UA StatusCode."""
    upper = (status >> 16) & 0xFFFF
    return upper - 0x10000 if upper >= 0x8000 else upper


def verdict(quality: int) -> Verdict:
    """What a quality means to people."""
    return "bad" if quality < 0 else "uncertain" if quality >= UNCERTAIN else "good"


def micros(at: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """The instant of microseconds since 1970 UTC."""
    return _EPOCH + timedelta(microseconds=at)


def settle(samples: Samples) -> Samples:
    """The samples with every usable quality of a value that is no finite number turned into BadOutOfRange."""
    wrong = ~np.isfinite(samples["value"])
    if wrong.any():
        samples = samples.copy()
        samples["value"][wrong] = np.nan
        samples["quality"][wrong & (samples["quality"] >= 0)] = BAD_OUT_OF_RANGE
    return samples


def pack(rows: Iterable[Row]) -> Samples:
    """Rows as an array."""
    return np.array(list(rows), dtype=SAMPLE)


# PostgreSQL's binary COPY (docs, "COPY", Binary Format): no sample has a null, so every row has the same layout and the
# whole block is filled column by column.
_COPY = np.dtype(
    [
        ("n", ">i2"),
        ("tag_", ">i4"), ("tag", ">i4"),
        ("ts_", ">i4"), ("ts", ">i8"),
        ("received_", ">i4"), ("received", ">i8"),
        ("value_", ">i4"), ("value", ">f8"),
        ("quality_", ">i4"), ("quality", ">i2"),
    ]
)  # fmt: skip
#: Microseconds between 1970 and 2000, PostgreSQL's epoch.
_PG_EPOCH = 946_684_800_000_000
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"


def copy_block(samples: Samples) -> bytes:
    """The rows of a binary COPY, without header and trailer."""
    block = np.empty(len(samples), dtype=_COPY)
    block["n"] = 5
    for name, size in (("tag", 4), ("ts", 8), ("received", 8), ("value", 8), ("quality", 2)):
        block[f"{name}_"] = size
        block[name] = samples[name] - _PG_EPOCH if size == 8 and name != "value" else samples[name]
    return block.tobytes()


def unpack_copy(block: memoryview) -> Samples:
    """The samples of a binary COPY of the same columns, header cut off."""
    rows = np.frombuffer(block[: len(block) - len(COPY_TRAILER)], dtype=_COPY)
    made = np.empty(len(rows), dtype=SAMPLE)
    for name, size in (("tag", 4), ("ts", 8), ("received", 8), ("value", 8), ("quality", 2)):
        made[name] = rows[name] + _PG_EPOCH if size == 8 and name != "value" else rows[name]
    return made
