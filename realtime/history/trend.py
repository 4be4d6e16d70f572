"""Turning what the database aggregated into an unbroken row of steps, in which a gap is a gap.

A source that reports on change says nothing while a value stands still, so a step without samples is not yet a gap:
the last usable value holds until the source is marked bad (the gateway writes such a sample when a source stops, and
when it starts again after having been down) and never past the time up to which a writer was known to be alive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

Step = Literal["minute", "hour", "day", "month"]


@dataclass(frozen=True)
class Bucket:
    """One step. All figures None: a gap. ``count`` 0 with figures: the value stood still.

    ``count`` are usable samples, ``bad`` samples without a usable value.
    """

    start: datetime
    count: int
    bad: int
    low: float | None
    high: float | None
    mean: float | None
    last: float | None


def floor(at: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """The start of the step around ``at``, on the clock of ``zone``."""
    local = at.astimezone(zone)
    local = local.replace(second=0, microsecond=0)
    if step != "minute":
        local = local.replace(minute=0)
    if step in ("day", "month"):
        local = local.replace(hour=0, fold=0)
    if step == "month":
        local = local.replace(day=1)
    return local.astimezone(UTC)


def following(start: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """The start of the next step."""
    if step in ("minute", "hour"):
        return start + timedelta(**{f"{step}s": 1})
    local = start.astimezone(zone)
    if step == "day":
        return (local.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    year, month = (local.year + 1, 1) if local.month == 12 else (local.year, local.month + 1)
    return local.replace(year=year, month=month).astimezone(UTC)


def starts(begin: datetime, end: datetime, step: Step, zone: ZoneInfo) -> Iterator[datetime]:
    """The starts of all steps that overlap [begin, end)."""
    at = floor(begin, step, zone)
    while at < end:
        yield at
        at = following(at, step, zone)


def fill(
    rows: Sequence[Any], begin: datetime, end: datetime, step: Step, zone: ZoneInfo, held: float | None, alive: datetime
) -> list[Bucket]:
    """All steps of [begin, end).

    Args:
        rows: what :func:`realtime.history.repository.buckets` gave.
        held: the value that held when the first step began, if one did.
        alive: until when a value that did not change is known to hold.
    """
    found = {row.bucket: row for row in rows}
    result = []
    for at in starts(begin, end, step, zone):
        row = found.get(at)
        if row is None:
            keep = held if at < alive else None
            result.append(Bucket(at, 0, 0, keep, keep, keep, keep))
            continue
        if row.n:
            result.append(Bucket(at, row.n, row.bad, row.low, row.high, row.mean, row.last))
        else:  # only bad samples: what held at its start is shown as no figure of this step
            result.append(Bucket(at, 0, row.bad, None, None, None, None))
        held = row.last if row.state >= 0 else None
    return result
