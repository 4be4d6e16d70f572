"""Entries into fences and exits, for the time line of playback."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from realtime.fences import repository_facts as repository
from realtime.tracking.moments import Moment
from twin.db.uow import UnitOfWork
from twin.i18n import t


async def _passages(
    uow: UnitOfWork, subjects: Sequence[UUID], start: datetime, end: datetime, limit: int, language: str
) -> list[Moment]:
    """What was so already when the engine began to look is no event; rules that were broken are alarms."""
    return [
        Moment(row.id, row.at, row.kind, t(f"track.moment.{row.kind}", language, name=row.subject_name, fence=row.fence_name), row.subject_id)
        for row in await repository.passages(uow.session, subjects, start, end, limit)
    ]  # fmt: skip


MOMENTS = (_passages,)
