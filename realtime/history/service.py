"""The one reader of the history, which hides the seam between database and files: latest values, trends, raw samples."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history import repository
from realtime.history import repository_archive as archive
from realtime.history.compress import DeadBand
from realtime.history.errors import PeriodInvalid, PointNotFound, RefreshInvalid, SafetyPointKept
from realtime.history.repository import Point, Stored
from realtime.history.repository_archive import SealedDay
from realtime.history.repository_files import Archive
from realtime.history.samples import Samples, instant
from realtime.history.trend import Bucket, Part, Step, aggregate, fill, floor, merge, starts
from twin import clock
from twin.db.uow import UnitOfWork
from twin.settings import get_settings

#: Steps that one answer holds, at most: a week by minute.
LIMIT = 10_080
FIRST_YEAR, LAST_YEAR = 1971, 2199
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "month": 2_419_200}


async def point(uow: UnitOfWork, device_id: UUID) -> Point:
    """A measuring point.

    Raises:
        PointNotFound: it is not there, or another enterprise's.
    """
    found = await repository.point(uow.session, device_id)
    if found is None:
        raise PointNotFound(id=str(device_id))
    return found


async def latest(uow: UnitOfWork, device_id: UUID) -> tuple[Point, Stored | None]:
    """The newest sample of a point by source time, None when there never was one.

    Raises:
        PointNotFound: as in :func:`point`.
    """
    found = await point(uow, device_id)
    if found.tag_id is None:
        return found, None
    await archive.hold(uow.session)
    return found, await repository.latest(uow.session, found.tag_id)


async def trend(
    uow: UnitOfWork, device_id: UUID, start: datetime, end: datetime, step: Step
) -> tuple[Point, list[Bucket]]:
    """A point's steps over [start, end), days and months on the site's clock; nothing lies in the future.

    Raises:
        PointNotFound: as in :func:`point`.
        PeriodInvalid: ``end`` is not after ``start``, or there are more than ``LIMIT`` steps.
    """
    check_period(start, end, step)
    found = await point(uow, device_id)
    zone = ZoneInfo(found.timezone)
    end = min(end, clock.now())
    if found.tag_id is None or end <= start:
        return found, fill({}, start, end, step, zone, None, start)
    begin = floor(start, step, zone)
    await archive.hold(uow.session)
    parts = await _parts(uow.session, found.tag_id, begin, end, step, zone)
    before = await newest_before(uow.session, found.tag_id, begin)
    alive = await repository.writer_alive(uow.session)
    held = before.value if before is not None and before.quality >= 0 else None
    return found, fill(parts, begin, end, step, zone, held, alive or begin)


def check_period(start: datetime, end: datetime, step: Step | None = None) -> None:
    """Refuse what no calendar holds and, with a step, what is more than one answer.

    Raises:
        PeriodInvalid: ``end`` is not after ``start``, or there are more than ``LIMIT`` steps.
    """
    if end <= start:
        raise PeriodInvalid(reason="order", limit=LIMIT)
    if start.year < FIRST_YEAR or end.year > LAST_YEAR:  # calendars and time zones end somewhere
        raise PeriodInvalid(reason="years", limit=LIMIT)
    if step is not None and ceil((end - start).total_seconds() / _SECONDS[step]) > LIMIT:
        raise PeriodInvalid(reason="steps", limit=LIMIT)


async def _parts(
    session: AsyncSession, tag: int, begin: datetime, end: datetime, step: Step, zone: ZoneInfo
) -> dict[datetime, Part]:
    """The steps that have samples, over the seam between the database and the files. The caller holds partitions."""
    stretches = []
    for stretch in await _stretches(session, begin, end):
        if stretch.days or step == "second":
            samples = await _read(session, tag, stretch)
            edges = list(starts(stretch.start, stretch.end, step, zone))
            stretches.append(aggregate(samples, edges))
            continue
        # Steps are counted from the start of one; a stretch may begin in the middle of a long step.
        rows = await repository.steps(session, tag, stretch.start, stretch.end, _exact(stretch, step, zone), zone.key)
        stretches.append({row[0]: Part._make(row[1:]) for row in rows})
    return stretches[0] if len(stretches) == 1 else merge(stretches)


def _exact(stretch: Stretch, step: Step, zone: ZoneInfo) -> str:
    """The step by which the database may count: from the stretch's start, or (``trunc hour``) by the clock."""
    return step if step != "hour" or floor(stretch.start, "hour", zone) == stretch.start else "trunc hour"


@dataclass(frozen=True)
class Stretch:
    """A stretch of time of which the samples lie in files (``days``) or, without any, in the database."""

    start: datetime
    end: datetime
    days: tuple[SealedDay, ...]


async def _stretches(session: AsyncSession, begin: datetime, end: datetime) -> list[Stretch]:
    """[begin, end) cut at the seams, files by the week."""
    last = (end - timedelta(microseconds=1)).astimezone(UTC).date()
    made: list[Stretch] = []
    at = begin
    for day in await archive.sealed_days(session, begin.astimezone(UTC).date(), last):
        opens = max(begin, datetime.combine(day.day, datetime.min.time(), UTC))
        closes = min(end, datetime.combine(day.day + timedelta(days=1), datetime.min.time(), UTC))
        if opens > at:
            made.append(Stretch(at, opens, ()))
        if made and made[-1].end == opens and 0 < len(made[-1].days) < 7:
            made[-1] = Stretch(made[-1].start, closes, (*made[-1].days, day))
        else:
            made.append(Stretch(opens, closes, (day,)))
        at = closes
    if at < end:
        made.append(Stretch(at, end, ()))
    return made


async def _read(session: AsyncSession, tag: int, stretch: Stretch) -> Samples:
    """All samples of a stretch, oldest first; what lies in a file stands before what came again later."""
    hot: Samples | None = None
    if not stretch.days or any(day.waiting for day in stretch.days):
        hot = await archive.rows_of(session, tag, stretch.start, stretch.end)
        if not stretch.days:
            return hot
    cold = await asyncio.to_thread(reader().read, stretch.days, tag, stretch.start, stretch.end)
    if hot is None or not len(hot):
        return cold
    both = np.concatenate([cold, hot[~np.isin(hot["ts"], cold["ts"])]])
    return both[np.argsort(both["ts"], kind="stable")]


async def newest_before(session: AsyncSession, tag: int, before: datetime) -> Stored | None:
    """A tag's newest sample before an instant, wherever it lies. The caller holds partitions; the tag must be in sight."""
    found = await repository.latest(session, tag, before=before)
    day = (before - timedelta(microseconds=1)).astimezone(UTC).date() + timedelta(days=1)
    some = 1  # a tag that speaks has its last word in the newest file
    while True:
        last = await archive.newest_sealed(session, day)
        if last is None or (found is not None and found.ts.astimezone(UTC).date() > last):
            return found
        first = last - timedelta(days=some - 1)
        days = await archive.sealed_days(session, first, last)
        sealed = await asyncio.to_thread(reader().newest, days, tag, before)
        if len(sealed):
            at = instant(int(sealed["ts"][0]))
            if found is not None and found.ts > at:
                return found
            row = sealed[0]
            return Stored(at, instant(int(row["received"])), float(row["value"]), int(row["quality"]))
        day, some = first, min(2 * some, 7)


async def samples(uow: UnitOfWork, tag: int, start: datetime, end: datetime) -> AsyncIterator[Samples]:
    """A tag's samples of [start, end) as they came, oldest first, a day at a time. The tag must be in sight."""
    await archive.hold(uow.session)
    for stretch in await _stretches(uow.session, start, end):
        at = stretch.start
        while at < stretch.end:
            today = at.astimezone(UTC).date()
            until = min(stretch.end, datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC))
            days = tuple(day for day in stretch.days if day.day == today)
            yield await _read(uow.session, tag, Stretch(at, until, days))
            at = until


def reader() -> Archive:
    """This process's reader of sealed days."""
    return _reader(get_settings().archive_dir)


@lru_cache(maxsize=1)
def _reader(_: Path) -> Archive:
    return Archive(get_settings())


#: Milliseconds between two values of a point on screens while no administrator has set anything.
REFRESH_MS = 500
REFRESH_LIMITS = (100, 60_000)


async def refresh_ms(uow: UnitOfWork) -> int:
    """How often the enterprise's screens get a point's value, at most."""
    rate = (await archive.refresh_rates(uow.session)).get(uow.enterprise_id)
    return REFRESH_MS if rate is None else round(rate * 1000)


async def set_refresh_ms(uow: UnitOfWork, milliseconds: int) -> None:
    """Set it.

    Raises:
        RefreshInvalid: outside ``REFRESH_LIMITS``.
    """
    low, high = REFRESH_LIMITS
    if not low <= milliseconds <= high:
        raise RefreshInvalid(low=low, high=high)
    before = await refresh_ms(uow)
    await archive.set_refresh_rate(uow.session, uow.enterprise_id, milliseconds)
    await uow.audit(
        "set", "point_settings", str(uow.enterprise_id),
        before={"refresh_ms": before}, after={"refresh_ms": milliseconds},
    )  # fmt: skip


async def dead_band(uow: UnitOfWork, device_id: UUID) -> DeadBand | None:
    """A point's dead-band, None without one.

    Raises:
        PointNotFound: as in :func:`point`.
    """
    await point(uow, device_id)
    return await archive.dead_band(uow.session, device_id)


async def set_dead_band(uow: UnitOfWork, device_id: UUID, band: DeadBand | None, even_for_safety: bool) -> None:
    """Give a point a dead-band or, with None, keep every sample again.

    Raises:
        PointNotFound: as in :func:`point`.
        SafetyPointKept: the point is safety-critical and ``even_for_safety`` was not said.
    """
    before = await dead_band(uow, device_id)
    if band is not None and not even_for_safety and await archive.is_safety(uow.session, device_id):
        raise SafetyPointKept()
    await archive.set_dead_band(uow.session, uow.enterprise_id, device_id, band)
    await uow.audit(
        "set", "point_compression", str(device_id),
        before=asdict(before) if before else None, after=asdict(band) if band else None,
    )  # fmt: skip
