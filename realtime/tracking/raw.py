"""The forensic window: every measurement as it came, in one compressed file a minute, gone after some hours.

A file holds arrays (``np.savez_compressed``): the measurements (dtype ``MEASUREMENT``), their arrival times, and the
codes of the badge and anchor rows that they name.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.types import MEASUREMENT, Floats, Records
from twin.settings import Settings

#: Of the microsecond: a process that restarts within a second must not write over its own last file.
_NAME = "%Y%m%dT%H%M%S.%f"


def folder(settings: Settings, enterprise: UUID) -> Path:
    """Where an enterprise's measurements lie."""
    return settings.var_dir / "tracking" / str(enterprise) / "raw"


def write(
    place: Path, at: datetime, batch: Records, arrived: Floats, badges: tuple[str, ...], anchors: tuple[str, ...]
) -> Path:
    """Write a minute's measurements; the file."""
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{at.astimezone(UTC).strftime(_NAME)}.npz"
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        np.savez_compressed(
            out, batch=batch, arrived=arrived, badges=np.array(badges, "U64"), anchors=np.array(anchors, "U64")
        )
    part.replace(path)
    return path


def _started(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.stem, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def read(place: Path, badge: str, start: datetime, end: datetime) -> Iterator[tuple[Records, Floats, NDArray[np.str_]]]:
    """A badge's measurements with event times in [start, end): rows, arrival times, and the codes of all anchors."""
    since, until = start.timestamp(), end.timestamp()
    for path in sorted(place.glob("*.npz")):
        at = _started(path)
        # A file is named by its end; measurements come at most minutes late.
        if at is None or at < start or at > end + timedelta(minutes=10):
            continue
        with contextlib.suppress(OSError), np.load(path) as data:
            rows = np.flatnonzero(data["badges"] == badge)
            batch = data["batch"]
            if rows.size and batch.dtype == MEASUREMENT:
                mine = (batch["badge"] == rows[0]) & (batch["time"] >= since) & (batch["time"] < until)
                if mine.any():
                    yield batch[mine], data["arrived"][mine], data["anchors"]


def drop(place: Path, before: datetime) -> int:
    """Remove files older than an instant; how many."""
    gone = 0
    for path in place.glob("*.npz"):
        at = _started(path)
        if at is not None and at < before:
            path.unlink(missing_ok=True)
            gone += 1
    return gone
