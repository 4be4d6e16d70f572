"""What measuring points said at one instant, wherever that lies: what the time machine shows in place of live values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from realtime.history import repository_archive as archive
from realtime.history import repository_past, service
from realtime.history.errors import PointsUnnamed
from realtime.history.repository import Stored
from realtime.history.retention import MEASURED, keep_days_of
from twin.db.uow import UnitOfWork
from twin.past import check_past

#: Points that one question names at most.
MOST = 500


@dataclass(frozen=True)
class PointThen:
    """A point and its newest sample at the instant, None when there was none."""

    device_id: UUID
    stored: Stored | None


async def values_at(uow: UnitOfWork, at: datetime, ids: Sequence[UUID]) -> list[PointThen]:
    """The newest sample at or before an instant of these points, or of all points of the enterprise.

    A sample is given however old it is, with its source time: nothing is made up for a point that was silent.

    Raises:
        PastInstantInvalid: in the future, or older than samples are kept.
        PointsUnnamed: no points are named and the day lies in files, where each point costs a look.
    """
    check_past(at, await keep_days_of(uow, MEASURED))
    until = at + timedelta(microseconds=1)
    await archive.hold(uow.session)
    sealed = await archive.newest_sealed(uow.session, date.max)
    hot = sealed is None or sealed < at.date()
    if hot:
        return [PointThen(*row) for row in await repository_past.newest(uow.session, until, ids)]
    if not ids:
        raise PointsUnnamed(limit=MOST)
    found = []
    for device, tag in await repository_past.tags(uow.session, ids):
        found.append(PointThen(device, None if tag is None else await service.newest_before(uow.session, tag, until)))
    return found
