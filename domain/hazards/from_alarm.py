"""A hazard out of an alarm: what the desk saw goes into the loop, once (``POST /api/hazards/from-alarm/{alarm_id}``)."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.hazards import repository, service
from realtime.alarms import raising
from realtime.alarms import repository as alarms
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.errors import NotFound
from twin.i18n import t
from twin.ids import uuid7
from twin.spatial import service as spatial
from twin.spatial.repository import SiteRow

ORIGIN = "alarm"
_OTHER_SOURCE = 10
_TITLE = 300


class AlarmGone(NotFound):
    """No such alarm."""

    code = "alarm_not_found"


async def find(uow: UnitOfWork, alarm_id: UUID) -> UUID | None:
    """The hazard that an alarm became, None when it became none."""
    return await repository.by_origin(uow.session, ORIGIN, str(alarm_id))


async def report(uow: UnitOfWork, principal: Principal, alarm_id: UUID) -> tuple[UUID, bool]:
    """Report the alarm as a hazard in the caller's name, at the alarm's place; no photo is asked, for nobody was there.

    Returns:
        The hazard, and whether it is new: a second call, also one at the same instant, gives the first one's.

    Raises:
        Forbidden: without ``hazard:report`` and ``map:read``. AlarmGone: no such alarm.
    """
    principal.require("hazard:report")
    principal.require("map:read")
    row = await alarms.one(uow.session, alarm_id)
    if row is None:
        raise AlarmGone(id=str(alarm_id))
    if (known := await find(uow, alarm_id)) is not None:
        return known, False
    site = await spatial.site_of(uow)
    values = {
        "origin": ORIGIN,
        "origin_key": str(alarm_id),
        "source": _OTHER_SOURCE,
        "department": await repository.zone_department(uow.session, row["zone_code"]),
        "description": _description(row, site.timezone),
        "reporter_id": principal.account_id,
        "reporter_name": principal.name,
    }
    hazard_id = uuid7()
    try:
        number = await service.next_number(uow)
        title = raising.view(row)["title"][:_TITLE]
        await service.create(uow, hazard_id, number, title, await _place(uow, row, site), [], values)
    except service.HazardTaken:
        # Somebody else reported the same alarm while this call was under way.
        if (known := await find(uow, alarm_id)) is None:
            raise
        return known, False
    return hazard_id, True


async def _place(uow: UnitOfWork, row: dict[str, Any], site: SiteRow) -> tuple[float, float, float | None]:
    if row["lon"] is not None and row["lat"] is not None:
        return row["lon"], row["lat"], row["h"]
    if row["zone_code"] and (centre := await repository.zone_centre(uow.session, [row["zone_code"]])) is not None:
        return *centre, None
    return site.origin[0], site.origin[1], None


def _description(row: dict[str, Any], timezone: str) -> str:
    """In the language of the records, as all of a hazard's own text is; what was measured stands in the title."""
    at = row["at"].astimezone(ZoneInfo(timezone))
    return t("hazard.from_alarm", "zh-CN", at=f"{at:%Y-%m-%d %H:%M:%S}", grade=row["grade"])
