"""Alarms, for the time line of playback."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from realtime.alarms import repository
from realtime.alarms.raising import view
from realtime.tracking.moments import Moment
from twin.db.uow import UnitOfWork


async def _alarms(
    uow: UnitOfWork, subjects: Sequence[UUID], start: datetime, end: datetime, limit: int, language: str
) -> list[Moment]:
    """Alarms of the plant in that time; of those about persons only the subjects' own."""
    wanted = {str(subject) for subject in subjects}
    found = []
    for row in await repository.page(uow.session, {"start": start, "end": end}, limit):
        alarm = view(row)
        about = set(alarm["persons"]) | (
            {alarm["subject_id"]} if alarm["subject_layer"] in ("person", "vehicle") else set()
        )
        if about and not about & wanted:
            continue
        title = alarm["title_en"] if language == "en" else alarm["title"]
        own = next((subject for subject in subjects if str(subject) in about), None)
        found.append(Moment(row["id"], row["at"], "alarm", title, own, row["grade"]))
    return found


MOMENTS = (_alarms,)
