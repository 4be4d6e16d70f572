"""What happened while somebody was tracked: fences, alarms, later permits. Modules add theirs by a submodule ``track_moments``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from twin.db.uow import UnitOfWork
from twin.registry import discover


@dataclass(frozen=True)
class Moment:
    """Something on the time line of playback.

    Attributes:
        kind: ``enter`` and ``leave`` (a fence), ``alarm``, or what the module calls it. grade: of an alarm, 1 red to 4 blue.
        text: in words, in the reader's language. subject_id: whom it concerns, None where it concerns nobody in particular.
    """

    id: UUID
    at: datetime
    kind: str
    text: str
    subject_id: UUID | None = None
    grade: int | None = None


#: Moments of [start, end) that concern these subjects or nobody in particular, at most ``limit``, the newest when there are more; language.
Load = Callable[[UnitOfWork, Sequence[UUID], datetime, datetime, int, str], Awaitable[list[Moment]]]


@cache
def _loads() -> tuple[Load, ...]:
    return tuple(load for module in discover.submodules("track_moments") for load in module.MOMENTS)


async def moments(
    uow: UnitOfWork, subjects: Sequence[UUID], start: datetime, end: datetime, limit: int, language: str
) -> list[Moment]:
    """What every module knows of a period, in order of time; the newest ``limit`` of all."""
    found = [m for load in _loads() for m in await load(uow, subjects, start, end, limit, language)]
    return sorted(found, key=lambda m: (m.at, m.id))[-limit:]
