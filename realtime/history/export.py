"""Raw samples as a stream of CSV or as Parquet, for as long a period as is kept; memory holds a day of one point."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import IO, Literal
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from realtime.history import service
from realtime.history.repository import Point
from realtime.history.samples import Samples
from twin.db.uow import UnitOfWork, unit_of_work

Format = Literal["csv", "parquet"]
_PIECE = 1 << 18
_TIME = pa.timestamp("us", tz="UTC")
_SCHEMA = pa.schema(
    [
        ("tag", pa.string()), ("unit", pa.string()), ("ts", _TIME), ("received", _TIME), ("value", pa.float64()),
        ("status", pa.int32()),
    ]
)  # fmt: skip


def _table(point: Point, samples: Samples) -> pa.Table:
    """``status`` is the upper half of the OPC UA code; a value that is no number is empty."""
    n = len(samples)
    values = pa.array(np.ascontiguousarray(samples["value"]), from_pandas=True)
    times = [pa.array(np.ascontiguousarray(samples[name])).cast(_TIME) for name in ("ts", "received")]
    status = pa.array(samples["quality"].astype("i4") & 0xFFFF)
    tag, unit = (pa.array([text]).take(pa.array(np.zeros(n, "i4"))) for text in (point.tag, point.unit))
    return pa.table([tag, unit, *times, values, status], schema=_SCHEMA)


async def _tables(uow: UnitOfWork, points: Sequence[Point], start: datetime, end: datetime) -> AsyncIterator[pa.Table]:
    for point in points:
        if point.tag_id is None:
            continue
        async for samples in service.samples(uow, point.tag_id, start, end):
            if len(samples):
                yield _table(point, samples)


async def stream(
    enterprise: UUID, points: Sequence[Point], start: datetime, end: datetime, format_: Format
) -> AsyncIterator[bytes]:
    """The pieces of the file. It has a transaction of its own: the request's is over when the answer begins."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    async with unit_of_work(enterprise) as uow:
        if format_ == "csv":
            yield ("\ufeff" + ",".join(_SCHEMA.names) + "\r\n").encode()  # the mark lets Excel read Chinese tags
            async for table in _tables(uow, points, start, end):
                yield await asyncio.to_thread(_csv, table)
            return
        with tempfile.TemporaryFile() as file:  # a Parquet file begins to be readable at its end
            with pq.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
                async for table in _tables(uow, points, start, end):
                    await asyncio.to_thread(writer.write_table, table)
            file.seek(0)
            while piece := await asyncio.to_thread(_piece, file):
                yield piece


def _piece(file: IO[bytes]) -> bytes:
    return file.read(_PIECE)


def _csv(table: pa.Table) -> bytes:
    out = pa.BufferOutputStream()
    pa.csv.write_csv(table, out, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))
    found: bytes = out.getvalue().to_pybytes()
    return found
