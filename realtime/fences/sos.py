"""A call for help (clause M10.6): the alarm, the last good place with its age, and those in charge, in one transaction.

Used by the handheld (domain.people) and by the button of a badge (the tracking process): both end in the same alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from realtime.alarms.raising import AlarmFact, raise_alarm
from realtime.fences import repository
from twin import clock
from twin.auth.repository import accounts_with_role
from twin.db.uow import UnitOfWork
from twin.notify.service import notify

#: Roles that are told of every call for help, beside those in charge of the zone.
ROLES = ("control", "manager", "leader")


@dataclass(frozen=True)
class InNeed:
    """Who calls for help: person id, name, department, badge code and phone as far as they are known."""

    id: UUID
    name: str
    department: str = ""
    badge: str = ""
    phone: str = ""
    account_id: UUID | None = None


@dataclass(frozen=True)
class LastFix:
    """The last good place: degrees (EPSG:4326), m above the ellipsoid, its time, and where that is."""

    lon: float
    lat: float
    h: float | None
    at: datetime
    r95: float | None = None
    floor: str | None = None
    zone: str | None = None
    source: str = "badge"


async def raise_sos(uow: UnitOfWork, who: InNeed, fix: LastFix | None, note: str = "") -> tuple[UUID, int]:
    """Raise the alarm (or find it still open) and tell those in charge; the alarm and how many are newly told."""
    now = clock.now()
    age = None if fix is None else max(0.0, (now - fix.at).total_seconds())
    zone = fix.zone if fix is not None else None
    if fix is not None and zone is None:
        zone = await repository.zone_at(uow.session, fix.lon, fix.lat)
    place = await repository.zone_name(uow.session, zone)
    title: dict[str, Any] = {
        "name": who.name, "department": who.department, "badge": who.badge, "phone": who.phone, "place": place or "-",
        "floor": (fix.floor if fix else None) or "-", "age": "-" if age is None else round(age),
        "accuracy": "-" if fix is None or fix.r95 is None else round(fix.r95, 1), "note": note,
    }  # fmt: skip
    alarm = await raise_alarm(
        uow,
        AlarmFact(
            key=f"sos:{who.id}", source="person", type="sos", grade=1, at=now, title=title, value=age,
            subject_layer="person", subject_id=who.id, subject_name=who.name, zone_code=zone,
            lon=fix.lon if fix else None, lat=fix.lat if fix else None, h=fix.h if fix else None,
            floor_code=fix.floor if fix else None, persons=(who.id,),
        ),
    )  # fmt: skip
    accounts = await repository.in_charge(uow.session, zone)
    for role in ROLES:
        accounts |= set(await accounts_with_role(uow.session, role))
    accounts -= {who.account_id}
    told = await notify(
        uow, accounts, "sos", title | {"alarm": str(alarm), "person": str(who.id)},
        level="alarm", link=f"/console/people?person={who.id}", dedupe=f"sos:{alarm}",
    )  # fmt: skip
    return alarm, len(told)
