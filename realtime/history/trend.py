"""Turning what the database aggregated into an unbroken row of steps, in which a gap is a gap.

A source that reports on change says nothing while a value stands still, so a step without samples is not yet a gap:
the last usable value holds until the source is marked bad (the gateway writes such a sample when a source stops, and
when it starts again after having been down) and never past the time up to which a writer was known to be alive.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from realtime.history.samples import Samples, micros

Step = Literal["second", "minute", "hour", "day", "month"]


#: Steps that are as long on every clock.
_EVEN: dict[Step, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}


@dataclass(slots=True)
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


class Part(NamedTuple):
    """What some samples add to a step: how many, how many usable, figures of those (None without any), and the quality
    of the last one."""

    n: int
    usable: int
    low: float | None
    high: float | None
    total: float | None
    last: float | None
    state: int


def floor(at: datetime, step: Step, zone: ZoneInfo) -> datetime:
    """The start of the step around ``at``, on the clock of ``zone``."""
    if step == "second":
        return at.astimezone(UTC).replace(microsecond=0)
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
    if step in _EVEN:
        return start + _EVEN[step]
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


def aggregate(samples: Samples, edges: Sequence[datetime]) -> dict[datetime, Part]:
    """The steps that begin at ``edges`` (rising; the last one has no end) out of samples in order of time."""
    if not len(samples):
        return {}
    slot = np.searchsorted(np.array([micros(edge) for edge in edges]), samples["ts"], side="right") - 1
    firsts = np.flatnonzero(np.r_[True, slot[1:] != slot[:-1]])
    ends = np.r_[firsts[1:], len(slot)]
    usable = samples["quality"] >= 0
    value = samples["value"]
    counts = np.add.reduceat(usable.astype("i8"), firsts)
    low = np.minimum.reduceat(np.where(usable, value, np.inf), firsts)
    high = np.maximum.reduceat(np.where(usable, value, -np.inf), firsts)
    total = np.add.reduceat(np.where(usable, value, 0.0), firsts)
    newest = np.maximum.reduceat(np.where(usable, np.arange(len(slot)), -1), firsts)
    last, state = value[newest], samples["quality"][ends - 1]
    return {
        edges[s]: Part(e - f, u, lo, hi, su, la, q) if u else Part(e - f, 0, None, None, None, None, q)
        for s, f, e, u, lo, hi, su, la, q in zip(
            slot[firsts].tolist(), firsts.tolist(), ends.tolist(), counts.tolist(), low.tolist(), high.tolist(),
            total.tolist(), last.tolist(), state.tolist(), strict=True,
        )
    }  # fmt: skip


def merge(stretches: Iterable[Mapping[datetime, Part]]) -> dict[datetime, Part]:
    """The steps of stretches of time that follow one another; a step may begin in one and end in the next."""
    found: dict[datetime, Part] = {}
    for stretch in stretches:
        for at, part in stretch.items():
            known = found.get(at)
            found[at] = part if known is None else _joined(known, part)
    return found


def _joined(a: Part, b: Part) -> Part:
    if not a.usable or not b.usable:
        some = a if a.usable else b
        return Part(a.n + b.n, some.usable, some.low, some.high, some.total, some.last, b.state)
    assert a.low is not None and a.high is not None and a.total is not None
    assert b.low is not None and b.high is not None and b.total is not None
    return Part(
        a.n + b.n, a.usable + b.usable, min(a.low, b.low), max(a.high, b.high), a.total + b.total, b.last, b.state
    )


def fill(
    found: Mapping[datetime, Part],
    begin: datetime,
    end: datetime,
    step: Step,
    zone: ZoneInfo,
    held: float | None,
    alive: datetime,
) -> list[Bucket]:
    """All steps of [begin, end).

    Args:
        found: the steps that have samples, by their starts.
        held: the value that held when the first step began, if one did.
        alive: until when a value that did not change is known to hold.
    """
    result = []
    for at in starts(begin, end, step, zone):
        part = found.get(at)
        if part is None:
            keep = held if at < alive else None
            result.append(Bucket(at, 0, 0, keep, keep, keep, keep))
            continue
        # Only bad samples: what held at its start is shown as no figure of this step.
        mean = None if part.total is None else part.total / part.usable
        result.append(Bucket(at, part.usable, part.n - part.usable, part.low, part.high, mean, part.last))
        held = part.last if part.state >= 0 else None
    return result
