"""What the tracking process raises at the alarm desk: calls for help, zones where positions are not good enough, and that
no positions come in at all."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from realtime.tracking.health import Verdict
from realtime.tracking.tracker import Call
from twin.db.uow import unit_of_work

_FEED, _ACCURACY = "tracking:feed", "accuracy:"


def _desk() -> Any:
    """The alarm desk's raising end; loaded when first needed, so that positions run without it."""
    return importlib.import_module("realtime.alarms.raising")


async def sos(enterprise: UUID, call: Call) -> UUID:
    """Raise a call for help with the last good place and its age; the alarm's id."""
    from realtime.fences.sos import InNeed, LastFix, raise_sos

    who, at = call.subject, datetime.fromtimestamp(call.t, UTC)
    async with unit_of_work(enterprise) as uow:
        if who.kind == "person":
            fix = None
            if call.lon is not None and call.lat is not None:
                found = datetime.fromtimestamp(call.t - (call.age or 0.0), UTC)
                fix = LastFix(call.lon, call.lat, call.h, found, None, call.floor, call.zone)
            alarm, _ = await raise_sos(uow, InNeed(who.id, who.name, who.department, who.badge), fix)
            return alarm
        desk = _desk()
        made: UUID = await desk.raise_alarm(
            uow,
            desk.AlarmFact(
                key=f"sos:{who.id}", source="vehicle", type="sos", grade=1, at=at, value=call.age,
                title={"name": who.name, "department": who.department, "badge": who.badge, "place": call.zone or "-",
                       "floor": call.floor or "-", "age": "-" if call.age is None else round(call.age), "note": ""},
                subject_layer="vehicle", subject_id=who.id, subject_name=who.name, zone_code=call.zone,
                lon=call.lon, lat=call.lat, h=call.h, floor_code=call.floor,
            ),
        )  # fmt: skip
        return made


async def feed(enterprise: UUID, lost: bool, at: datetime, seconds: float = 0.0) -> None:
    """Raise or clear the one alarm that no positions come in; ``seconds`` without any."""
    desk = _desk()
    async with unit_of_work(enterprise) as uow:
        if lost:
            title = {"seconds": round(seconds)}
            await desk.raise_alarm(uow, desk.AlarmFact(_FEED, "system", "positions_lost", 2, at, title, value=seconds))
        else:
            await desk.clear_alarm(uow, _FEED, at)


async def short_zones(enterprise: UUID) -> set[str]:
    """Zones whose alarm of accuracy stands: an earlier process left it."""
    from realtime.alarms import repository_points

    async with unit_of_work(enterprise) as uow:
        keys = await repository_points.active_system_keys(uow.session, _ACCURACY)
    return {key.removeprefix(_ACCURACY) for _, key in keys}


async def accuracy(enterprise: UUID, verdict: Verdict, at: datetime) -> None:
    """Raise or clear the alarm of a zone that falls short of clause S2."""
    desk = _desk()
    one = verdict.figures
    key = f"{_ACCURACY}{one.zone}"
    async with unit_of_work(enterprise) as uow:
        if not verdict.short:
            await desk.clear_alarm(uow, key, at)
            return
        title = {"zone": one.zone or "-", "share": round(one.share * 100.0, 1), "limit": one.limit,
                 "r95": round(one.r95, 1), "delay": round(one.delay_p99, 1)}  # fmt: skip
        await desk.raise_alarm(
            uow,
            desk.AlarmFact(
                key=key, source="system", type="accuracy", grade=3, at=at, title=title, value=one.r95,
                limit=one.limit, zone_code=one.zone or None,
            ),
        )  # fmt: skip
