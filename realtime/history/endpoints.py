"""Latest values and trends of measuring points (``/api/points``), and the proof of retention (``/api/history``)."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from realtime.history import export, past, retention, service
from realtime.history.compress import DeadBand
from realtime.history.repository import Point
from realtime.history.samples import Verdict, verdict
from realtime.history.trend import Bucket, Step
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


def _trend(point: Point, found: list[Bucket], step: Step) -> Trend:
    items = [
        TrendStep(start=b.start, count=b.count, bad=b.bad, min=b.low, max=b.high, avg=b.mean, last=b.last)
        for b in found
    ]
    return Trend(id=point.device_id, tag=point.tag, unit=point.unit, step=step, timezone=point.timezone, items=items)


From = Annotated[AwareDatetime, Query(alias="from")]
To = Annotated[AwareDatetime, Query(alias="to")]
Ids = Annotated[list[UUID], Query(min_length=1, max_length=20)]


@router.get("/api/points/{device_id}/trend", summary="Trend of a measuring point")
async def trend(
    device_id: UUID, uow: Uow, principal: CurrentPrincipal, start: From, end: To, step: Step = "minute"
) -> Trend:
    """Steps of [from, to) with smallest, largest, mean and last value; gaps stay gaps."""
    principal.require("map:read")
    return _trend(*await service.trend(uow, device_id, start, end, step), step)


@router.get("/api/points/trends", summary="Trends of several measuring points")
async def trends(
    uow: Uow, principal: CurrentPrincipal, ids: Ids, start: From, end: To, step: Step = "minute"
) -> list[Trend]:
    """The same steps for each of ``ids`` (repeated), in their order."""
    principal.require("map:read")
    return [_trend(*await service.trend(uow, id_, start, end, step), step) for id_ in ids]


class PointThen(BaseModel):
    """A point at an instant. ``ts``: source time of its newest sample then, null without any; its age is the reader's to judge.
    ``value`` is null while the quality is bad."""

    id: UUID
    value: float | None
    quality: Verdict
    ts: datetime | None


class PointsThen(BaseModel):
    """Measuring points as they stood."""

    at: datetime
    items: list[PointThen]


@router.get("/api/points/at", summary="Values of measuring points at an instant", response_model=PointsThen)
async def points_at(
    uow: Uow,
    principal: CurrentPrincipal,
    at: Annotated[AwareDatetime, Query()],
    ids: Annotated[list[UUID], Query(alias="id", max_length=past.MOST)] = [],  # noqa: B006
) -> Response:
    """The newest sample at or before the instant of the points named by ``id`` (repeated), or of all of them. All points of a sealed day: of
    what speaks more than twice in 10 s a sample less than 10 s older, under its own time."""
    principal.require("map:read")
    items: list[dict[str, object]] = []
    for device, told in await past.values_at(uow, at, ids):
        if told is None:
            items.append({"id": device, "value": None, "quality": "bad", "ts": None})
            continue
        value = told.value if told.quality >= 0 and math.isfinite(told.value) else None
        items.append({"id": device, "value": value, "quality": verdict(told.quality), "ts": told.ts})
    # ten thousand models would take longer than everything before
    return Response(orjson.dumps({"at": at, "items": items}), media_type="application/json")


@router.get(
    "/api/points/export",
    summary="Raw samples as a file",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/vnd.apache.parquet": {}}}},
)
async def export_samples(
    uow: Uow, principal: CurrentPrincipal, ids: Ids, start: From, end: To, format: export.Format = "csv"
) -> StreamingResponse:
    """Every stored sample of [from, to) of these points, by point and source time."""
    principal.require("map:read")
    service.check_period(start, end)
    points = [await service.point(uow, id_) for id_ in ids]
    media = "text/csv; charset=utf-8" if format == "csv" else "application/vnd.apache.parquet"
    return StreamingResponse(
        export.stream(principal.enterprise_id, points, start, end, format),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="samples.{format}"'},
    )


class PointSettings(BaseModel):
    """How often screens get the values of points: milliseconds between two values of one point."""

    refresh_ms: int


@router.get("/api/points/settings", summary="How often live values are refreshed")
async def settings(uow: Uow, principal: CurrentPrincipal) -> PointSettings:
    """The rate that the server obeys."""
    principal.require("map:read")
    return PointSettings(refresh_ms=await service.refresh_ms(uow))


@router.put("/api/points/settings", summary="Set how often live values are refreshed")
async def set_settings(body: PointSettings, uow: Uow, principal: CurrentPrincipal) -> PointSettings:
    """Takes effect within seconds, on every screen."""
    principal.require("system:write")
    await service.set_refresh_ms(uow, body.refresh_ms)
    return body


class RetentionClassReport(BaseModel):
    """A class of data: what the clause demands, what is set, and the proof."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    minimum_days: int
    keep_days: int
    oldest: datetime | None
    days: int
    bytes: int


class RetentionReport(BaseModel):
    """Measured values (as before there were classes) and every class."""

    keep_days: int
    oldest: datetime | None
    days: int
    bytes: int
    classes: list[RetentionClassReport]


@router.get("/api/history/retention", summary="How long data are kept")
async def get_retention(uow: Uow, principal: CurrentPrincipal) -> RetentionReport:
    """The rule and the oldest entry of each class."""
    principal.require("map:read")
    rows = [RetentionClassReport.model_validate(row) for row in await retention.report(uow)]
    own = next(row for row in rows if row.key == retention.MEASURED.key)
    return RetentionReport(keep_days=own.keep_days, oldest=own.oldest, days=own.days, bytes=own.bytes, classes=rows)


class Keep(BaseModel):
    """Whole days."""

    keep_days: int


@router.put("/api/history/retention/{key}", summary="Set how long a class of data is kept")
async def put_retention(key: str, body: Keep, uow: Uow, principal: CurrentPrincipal) -> RetentionReport:
    """Never below what the clause demands."""
    principal.require("system:write")
    await retention.keep(uow, key, body.keep_days)
    return await get_retention(uow, principal)


class Compression(BaseModel):
    """A point's dead-band in its unit (null: every sample is kept) and the longest time without a sample, seconds."""

    deviation: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    longest_s: float = Field(default=600.0, ge=1, le=86_400)


class SetCompression(Compression):
    """``even_for_safety``: also for a safety-critical point."""

    even_for_safety: bool = False


@router.get("/api/points/{device_id}/compression", summary="Dead-band of a measuring point")
async def compression(device_id: UUID, uow: Uow, principal: CurrentPrincipal) -> Compression:
    """What is left out of the history."""
    principal.require("map:read")
    band = await service.dead_band(uow, device_id)
    return Compression() if band is None else Compression(deviation=band.deviation, longest_s=band.longest_s)


@router.put("/api/points/{device_id}/compression", summary="Set the dead-band of a measuring point")
async def set_compression(device_id: UUID, body: SetCompression, uow: Uow, principal: CurrentPrincipal) -> Compression:
    """Takes effect within seconds; the held value differs from what was said by at most the dead-band."""
    principal.require("system:write")
    band = None if body.deviation is None else DeadBand(body.deviation, body.longest_s)
    await service.set_dead_band(uow, device_id, band, body.even_for_safety)
    return Compression(deviation=body.deviation, longest_s=body.longest_s)
