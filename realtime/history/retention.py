"""How long each class of data is kept, and the oldest that there is of it (clause S3.1).

A module that keeps data of its own (alarms, tracks) registers its classes in ``<package>/retention.py`` as ``CLASSES``;
it asks :func:`keep_days_of` before it deletes anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from realtime.history import repository
from realtime.history import repository_archive as archive
from realtime.history.config import history_settings
from realtime.history.errors import KeepTooShort, RetentionClassNotFound
from realtime.history.repository_archive import SealedDay
from realtime.history.samples import instant
from twin import clock
from twin.db.uow import UnitOfWork
from twin.registry import discover

LONGEST = 36_500


@dataclass(frozen=True)
class Kept:
    """What there is of a class: the instant of the oldest entry, days that hold any, bytes on disk (0: not counted)."""

    oldest: datetime | None
    days: int
    bytes: int


@dataclass(frozen=True)
class RetentionClass:
    """A class of data.

    Attributes:
        minimum_days: what the clause demands; nobody can set less.
        default_days: what holds while nobody has set anything.
        kept: what there is of it in the enterprise of a unit of work.
    """

    key: str
    minimum_days: int
    default_days: Callable[[], int]
    kept: Callable[[UnitOfWork], Awaitable[Kept]]


async def _measured(uow: UnitOfWork) -> Kept:
    from realtime.history.service import reader

    await archive.hold(uow.session)
    hot = dict(await repository.kept(uow.session))
    today = clock.now().astimezone(UTC).date()
    cold = {day.day: day for day in await archive.sealed_days(uow.session, date.min, today)}
    tags = await archive.tags_of_enterprise(uow.session)
    oldest: datetime | None = None
    for day in sorted({*hot, *cold}):
        found = [await repository.oldest(uow.session, day)] if day in hot else []
        sealed: SealedDay | None = cold.get(day)
        if sealed is not None and (at := reader().oldest(sealed, tags)) is not None:
            found.append(instant(at))
        known = [at for at in found if at is not None]
        if known:
            oldest = min(known)
            break
    size = sum(hot.values()) + sum(day.bytes for day in cold.values())
    return Kept(oldest, len({*hot, *cold}), size)


MEASURED = RetentionClass("measured", 30, lambda: history_settings().keep_days, _measured)
CLASSES = (MEASURED,)


def classes() -> dict[str, RetentionClass]:
    """Every class that a module has registered, by key."""
    return {found.key: found for module in discover.submodules("retention") for found in module.CLASSES}


async def keep_days_of(uow: UnitOfWork, class_: RetentionClass) -> int:
    """How many days the unit's enterprise keeps a class."""
    return (await archive.keep_days(uow.session)).get(class_.key, class_.default_days())


@dataclass(frozen=True)
class ClassReport:
    """The rule of a class and the proof that it is obeyed."""

    key: str
    minimum_days: int
    keep_days: int
    oldest: datetime | None
    days: int
    bytes: int


async def report(uow: UnitOfWork) -> list[ClassReport]:
    """Every class with its rule and its oldest entry."""
    made = []
    for class_ in classes().values():
        kept = await class_.kept(uow)
        days = await keep_days_of(uow, class_)
        made.append(ClassReport(class_.key, class_.minimum_days, days, kept.oldest, kept.days, kept.bytes))
    return made


async def keep(uow: UnitOfWork, key: str, days: int) -> None:
    """Set how long the enterprise keeps a class.

    Raises:
        RetentionClassNotFound: no module has such a class.
        KeepTooShort: fewer days than the clause demands (or more than a century).
    """
    class_ = classes().get(key)
    if class_ is None:
        raise RetentionClassNotFound(name=key[:100])
    if not class_.minimum_days <= days <= LONGEST:
        raise KeepTooShort(minimum=class_.minimum_days, maximum=LONGEST)
    before = await keep_days_of(uow, class_)
    await archive.set_keep_days(uow.session, uow.enterprise_id, key, days)
    await uow.audit("set", "retention", key, before={"keep_days": before}, after={"keep_days": days})
