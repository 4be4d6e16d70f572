"""What measuring points said at one instant, wherever that lies: what the time machine shows in place of live values."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from realtime.history import repository_archive as archive
from realtime.history import repository_past, service, sheets
from realtime.history.errors import PointsUnnamed
from realtime.history.repository_past import Told
from realtime.history.retention import MEASURED, keep_days_of
from realtime.history.samples import instant
from twin.db.uow import UnitOfWork
from twin.past import check_past

#: Points that one question names at most.
MOST = 500
#: Who said nothing on the day is looked for on the days before, so many at first, then more.
_BACK = (timedelta(days=7), timedelta(days=60), timedelta(days=4000))


class PointThen(NamedTuple):
    """A point and its newest sample at the instant, None when there was none."""

    device_id: UUID
    told: Told | None


async def values_at(uow: UnitOfWork, at: datetime, ids: Sequence[UUID]) -> list[PointThen]:
    """The newest sample at or before an instant of these points, or of all points of the enterprise.

    A sample is given however old it is, with its source time: nothing is made up for a point that was silent. All points of a sealed day
    come from its sheets: of one that speaks more than twice in 10 s the sample may be less than 10 s older than the newest.

    Raises:
        PastInstantInvalid: in the future, or older than samples are kept.
        PointsUnnamed: no points are named and the day was sealed before there were sheets.
    """
    at = at.astimezone(UTC)
    check_past(at, await keep_days_of(uow, MEASURED))
    until = at + timedelta(microseconds=1)
    session = uow.session
    await archive.hold(session)
    points = await repository_past.tags(session, ids)
    if not ids:
        found = await _all(session, until, {tag for _, tag in points if tag is not None})
        return [PointThen(device, None if tag is None else found.get(tag)) for device, tag in points]
    made = []
    for device, tag in points:
        stored = None if tag is None else await service.newest_before(session, tag, until)
        made.append(PointThen(device, None if stored is None else Told(stored.ts, stored.value, stored.quality)))
    return made


async def _all(session: AsyncSession, until: datetime, tags: set[int]) -> dict[int, Told]:
    """The newest sample of every tag before an instant, from the database and the sheets."""
    found = await repository_past.newest(session, until)
    newest, day = await archive.newest_sealed(session, date.max), until.date()
    if newest is None or newest < day:  # the database knows the last words of the sealed days before it
        return found
    await _look(session, found, tags, day, day, sheets.name_of(until), until)
    for back in _BACK:
        last, day = day - timedelta(days=1), until.date() - back
        silent = {tag for tag in tags if tag not in found or found[tag].ts.date() <= last}
        if not silent:
            break
        await _look(session, found, silent, day, last, sheets.NEWEST, until)
    return found


async def _look(
    session: AsyncSession, found: dict[int, Told], tags: set[int], first: date, last: date, name: str, until: datetime
) -> None:
    """Take what the sheets of this name on the days [first, last] say of these tags, where it is newer."""
    files = []
    for day, generation, there, sheeted in await repository_past.sealed(session, first, last, name):
        if not sheeted:
            raise PointsUnnamed(limit=MOST)
        if there:  # a quarter has none while nobody has spoken that day
            files.append((day, generation, name))
    for tag, ts, value, quality in await asyncio.to_thread(service.reader().newest_of_all, files, until):
        if tag in tags and (tag not in found or found[tag].ts < instant(ts)):
            found[tag] = Told(instant(ts), value, quality)
