"""The one reader of the history: latest values, trends and the proof of retention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID
from zoneinfo import ZoneInfo

from realtime.history import repository
from realtime.history.config import history_settings
from realtime.history.errors import PeriodInvalid, PointNotFound
from realtime.history.repository import Point, Stored
from realtime.history.trend import Bucket, Step, fill, floor
from twin import clock
from twin.db.uow import UnitOfWork

#: Steps that one answer holds, at most: a week by minute.
LIMIT = 10_080
FIRST_YEAR, LAST_YEAR = 1971, 2199
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "month": 2_419_200}


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
    return found, await repository.latest(uow.session, found.tag_id)


async def trend(
    uow: UnitOfWork, device_id: UUID, start: datetime, end: datetime, step: Step
) -> tuple[Point, list[Bucket]]:
    """A point's steps over [start, end), days and months on the site's clock; nothing lies in the future.

    Raises:
        PointNotFound: as in :func:`point`.
        PeriodInvalid: ``end`` is not after ``start``, or there are more than ``LIMIT`` steps.
    """
    if end <= start:
        raise PeriodInvalid(reason="order", limit=LIMIT)
    if start.year < FIRST_YEAR or end.year > LAST_YEAR:  # calendars and time zones end somewhere
        raise PeriodInvalid(reason="years", limit=LIMIT)
    if ceil((end - start).total_seconds() / _SECONDS[step]) > LIMIT:
        raise PeriodInvalid(reason="steps", limit=LIMIT)
    found = await point(uow, device_id)
    zone = ZoneInfo(found.timezone)
    end = min(end, clock.now())
    if found.tag_id is None or end <= start:
        return found, fill([], start, end, step, zone, None, start)
    begin = floor(start, step, zone)
    rows = await repository.buckets(uow.session, found.tag_id, begin, end, step, found.timezone)
    before = await repository.latest(uow.session, found.tag_id, before=begin)
    alive = await repository.writer_alive(uow.session)
    held = before.value if before is not None and before.quality >= 0 else None
    return found, fill(rows, begin, end, step, zone, held, alive or begin)


@dataclass(frozen=True)
class Retention:
    """What is kept: the rule, and the proof that it is obeyed.

    ``oldest`` is the source time of the oldest sample there is; ``bytes`` what the history takes on disk.
    """

    keep_days: int
    first_day: datetime | None
    oldest: datetime | None
    days: int
    bytes: int


async def retention(uow: UnitOfWork) -> Retention:
    """How long samples are kept, and the oldest one of this enterprise."""
    days = await repository.kept(uow.session)
    oldest = None
    for day, _ in days:
        oldest = await repository.oldest(uow.session, day)
        if oldest is not None:
            break
    first = datetime.combine(days[0][0], datetime.min.time(), tzinfo=clock.now().tzinfo) if days else None
    return Retention(history_settings().keep_days, first, oldest, len(days), sum(size for _, size in days))
