"""Head counts by area and class (clause M10.1), from the newest fix of everybody who carries a badge."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from pydantic import BaseModel

from domain.people import repository
from twin import clock
from twin.db.uow import UnitOfWork

#: A position that nothing has confirmed for this long is stale, whatever it was when it was written.
STALE_AFTER = timedelta(seconds=60)
CLASSES = ("employee", "contractor", "visitor")


class HeadCount(BaseModel):
    """People of each class in an area (zones inside it included); ``stale`` of them are not known to be there now.

    ``total`` is the sum over the classes, stale ones not counted.
    """

    code: str | None
    name: str
    name_en: str
    parent_code: str | None
    employee: int
    contractor: int
    visitor: int
    total: int
    stale: int


class HeadCounts(BaseModel):
    """Head counts as of ``at``: everybody, by zone, by floor, and by department (codes; null: none)."""

    at: datetime
    all: HeadCount
    zones: list[HeadCount]
    floors: list[HeadCount]
    departments: list[HeadCount]


async def count(uow: UnitOfWork) -> HeadCounts:
    """HeadCount everybody."""
    now = clock.now()
    rows = await repository.headcount(uow.session, now - STALE_AFTER)
    zones = await repository.zone_tree(uow.session)
    fresh: dict[tuple[str, str | None], Counter[str]] = defaultdict(Counter)
    stale: Counter[tuple[str, str | None]] = Counter()
    for row in rows:
        places: list[tuple[str, str | None]] = [("all", None), ("floor", row.floor), ("department", row.department)]
        zone = row.zone
        while zone in zones:
            places.append(("zone", zone))
            zone = zones[zone][2]
        for place in places:
            if row.stale:
                stale[place] += 1
            else:
                fresh[place][row.klass] += 1

    def made(kind: str, code: str | None, name: str = "", name_en: str = "", parent: str | None = None) -> HeadCount:
        found = fresh[kind, code]
        by = {klass: found[klass] for klass in CLASSES}
        return HeadCount(
            code=code, name=name, name_en=name_en, parent_code=parent, **by, total=sum(by.values()),
            stale=stale[kind, code],
        )  # fmt: skip

    departments = {d.code: (d.name, d.name_en, d.parent_code) for d, _ in await repository.departments(uow.session)}
    floors = sorted({row.floor for row in rows if row.floor})
    return HeadCounts(
        at=now,
        all=made("all", None),
        zones=[made("zone", code, *about) for code, about in zones.items()],
        floors=[made("floor", code) for code in floors],
        departments=[made("department", code, *about) for code, about in departments.items()],
    )
