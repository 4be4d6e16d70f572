"""Latest values and trends of measuring points (``/api/points``), and the proof of retention (``/api/history``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from realtime.history import service
from realtime.history.samples import Verdict, verdict
from realtime.history.trend import Step
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(tags=["history"], route_class=TwinRoute)


class Latest(BaseModel):
    """The newest sample. ``value`` is null while the quality is bad; ``status``: upper half of its OPC UA code."""

    id: UUID
    tag: str
    unit: str
    value: float | None
    quality: Verdict
    status: int
    ts: datetime | None
    received: datetime | None


class TrendStep(BaseModel):
    """One step. All figures null: a gap. ``count`` 0 with figures: the value stood still. ``bad``: unusable samples."""

    start: datetime
    count: int
    bad: int
    min: float | None
    max: float | None
    avg: float | None
    last: float | None


class Trend(BaseModel):
    """Steps without holes, oldest first; days and months on the clock of ``timezone``."""

    id: UUID
    tag: str
    unit: str
    step: Step
    timezone: str
    items: list[TrendStep]


class RetentionReport(BaseModel):
    """How long measured values are kept and the oldest that there is."""

    keep_days: int
    first_day: datetime | None
    oldest: datetime | None
    days: int
    bytes: int


#: A point without any sample: OPC UA BadWaitingForInitialData, upper half.
_NEVER = 0x8032


@router.get("/api/points/{device_id}/latest", summary="Latest value of a measuring point")
async def latest(device_id: UUID, uow: Uow, principal: CurrentPrincipal) -> Latest:
    """The newest sample by source time."""
    principal.require("map:read")
    point, stored = await service.latest(uow, device_id)
    head = {"id": point.device_id, "tag": point.tag, "unit": point.unit}
    if stored is None:
        return Latest(**head, value=None, quality="bad", status=_NEVER, ts=None, received=None)
    return Latest(
        **head,
        value=stored.value if stored.quality >= 0 else None,
        quality=verdict(stored.quality),
        status=stored.quality & 0xFFFF,
        ts=stored.ts,
        received=stored.received,
    )


@router.get("/api/points/{device_id}/trend", summary="Trend of a measuring point")
async def trend(
    device_id: UUID,
    uow: Uow,
    principal: CurrentPrincipal,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to")],
    step: Step = "minute",
) -> Trend:
    """Steps of [from, to) with smallest, largest, mean and last value; gaps stay gaps."""
    principal.require("map:read")
    point, found = await service.trend(uow, device_id, start, end, step)
    items = [
        TrendStep(start=b.start, count=b.count, bad=b.bad, min=b.low, max=b.high, avg=b.mean, last=b.last)
        for b in found
    ]
    return Trend(id=point.device_id, tag=point.tag, unit=point.unit, step=step, timezone=point.timezone, items=items)


@router.get("/api/history/retention", summary="How long measured values are kept")
async def retention(uow: Uow, principal: CurrentPrincipal) -> RetentionReport:
    """The rule and the oldest sample that is kept."""
    principal.require("map:read")
    report = await service.retention(uow)
    return RetentionReport(**report.__dict__)
