"""Measurements in (``/api/positions``), tracks out (``/api/tracks``), and how good positions are (``/api/positioning``)."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import numpy as np
import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from realtime.positioning.types import Kind
from realtime.tracking import demo, moments, past, playback, raw, repository_health, repository_tracks, routes_maps
from realtime.tracking.config import tracking_settings
from realtime.tracking.frame import SiteFrame
from realtime.tracking.messages import LARGEST, Report, schema
from realtime.tracking.planning import plan
from realtime.tracking.sources.sockets import hand_over
from twin import clock
from twin.errors import Invalid, NotFound, TooLarge
from twin.settings import get_settings
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(tags=["positions"], route_class=TwinRoute)
router.include_router(demo.router)
router.include_router(past.router)
router.include_router(routes_maps.router)

From = Annotated[AwareDatetime, Query(alias="from")]
To = Annotated[AwareDatetime, Query(alias="to")]
Subjects = Annotated[str, Query(max_length=20_000, pattern=r"^[0-9A-Fa-f,\- ]*$", description="ids, comma-separated")]


class FloorNotFound(NotFound):
    """There is no such floor."""

    code = "floor_not_found"


class PlanTooLarge(Invalid):
    """The map would have too many cells, or none."""

    code = "plan_too_large"


class Taken(BaseModel):
    """How many badges of a report were handed to the engine."""

    badges: int


@router.post("/api/positions/batch", status_code=202, summary="Measurements of badges over HTTP")
async def batch(report: Report, principal: CurrentPrincipal) -> Taken:
    """Hand a report to the engine; it answers before the positions are computed."""
    principal.require("positioning:write")
    await hand_over(get_settings(), principal.enterprise_id, orjson.dumps(report.model_dump(exclude_none=True)))
    return Taken(badges=len(report.badges))


@router.post("/api/positions/raw", status_code=202, summary="A message in a vendor's own form, or a binary frame")
async def vendor(request: Request, principal: CurrentPrincipal) -> Taken:
    """Hand a message over as it is; the mapping file of the installation reads it."""
    principal.require("positioning:write")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise TooLarge(limit=LARGEST)
    await hand_over(get_settings(), principal.enterprise_id, bytes(body))
    return Taken(badges=0)


@router.get("/api/positions/schema", summary="JSON Schema of the messages that gateways send")
async def message_schema(principal: CurrentPrincipal) -> dict[str, Any]:
    """The schema; the same for MQTT, UDP, TCP and HTTP."""
    return schema()


Format = Literal["json", "mfjson", "geojson", "csv"]
_MEDIA = {
    "json": "application/json",
    "mfjson": "application/json",
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
}


def _ids(subjects: str) -> list[UUID]:
    try:
        return [UUID(part) for part in subjects.split(",") if part.strip()]
    except ValueError as error:
        raise Invalid(errors=[{"where": "subjects", "message": str(error)}]) from error


@router.get("/api/tracks", summary="Where people and vehicles were", response_class=Response)
async def tracks(
    uow: Uow,
    principal: CurrentPrincipal,
    start: From,
    end: To,
    subjects: Subjects = "",
    zone: Annotated[str | None, Query(max_length=64, description="everybody who was in this zone")] = None,
    form: Annotated[Format, Query(alias="format")] = "json",
) -> Response:
    """Tracks of [from, to) as JSON, OGC Moving Features JSON, GeoJSON or CSV. The look is audited."""
    principal.require("people:read")
    ids = _ids(subjects)
    if not ids and zone is None:
        raise Invalid(errors=[{"where": "subjects", "message": "subjects or zone"}])
    found = await playback.tracks(uow, ids, zone, start, end, form)
    if form == "csv":
        content = ("\ufeff" + playback.as_csv(found)).encode()
    else:
        made = {"mfjson": playback.moving_features, "geojson": playback.geojson}.get(form)
        content = orjson.dumps(made(found) if made is not None else playback.as_json(found, start, end))
    headers = {} if form == "json" else {"Content-Disposition": f'attachment; filename="tracks.{form}"'}
    return Response(content, media_type=_MEDIA[form], headers=headers)


class MomentOut(BaseModel):
    """Something that happened while somebody was tracked: ``enter`` and ``leave`` (a fence), ``alarm`` (with its grade) and what modules add."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    kind: str
    text: str
    subject_id: UUID | None
    grade: int | None


@router.get("/api/tracks/moments", summary="What happened meanwhile")
async def what_happened(
    uow: Uow, principal: CurrentPrincipal, language: Language, start: From, end: To, subjects: Subjects = "",
    limit: Annotated[int, Query(ge=1, le=2000)] = 400,
) -> list[MomentOut]:  # fmt: skip
    """Fence passages and alarms of the subjects in [from, to), with the plant's alarms of that time: the time line of playback."""
    principal.require("people:read")
    playback.check_period(start, end)
    return [
        MomentOut.model_validate(m) for m in await moments.moments(uow, _ids(subjects), start, end, limit, language)
    ]


@router.get(
    "/api/tracks/raw", summary="Every measurement of a badge within the forensic window", response_class=Response
)
async def measurements(
    uow: Uow, principal: CurrentPrincipal, start: From, end: To, badge: Annotated[str, Query(max_length=64)]
) -> Response:
    """CSV of the measurements as they came: event time, arrival time, kind, anchors, value. The look is audited."""
    principal.require("people:read")
    if not start < end or end - start > timedelta(days=1):
        raise playback.TrackPeriodInvalid(days=1)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["t", "arrived", "kind", "anchor", "anchor2", "value", "x", "y", "sigma"])
    place, count = raw.folder(get_settings(), uow.enterprise_id), 0
    for rows, arrived, codes in raw.read(place, badge, start, end):
        for row, at in zip(rows, arrived.tolist(), strict=True):
            names = [str(codes[row[c]]) if 0 <= row[c] < codes.size else "" for c in ("anchor", "anchor2")]
            kind = Kind(int(row["kind"])).name.lower() if int(row["kind"]) in list(Kind) else str(row["kind"])
            writer.writerow([row["time"], at, kind, *names, row["value"], row["x"], row["y"], row["sigma"]])
            count += 1
    await uow.audit(
        "track.raw", "badge", badge, after={"from": start.isoformat(), "to": end.isoformat(), "rows": count}
    )
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8")


class TrackRetention(BaseModel):
    """How long tracks are kept, and the oldest day that there is."""

    keep_days: int
    raw_hours: int
    oldest: datetime | None
    days: int
    bytes: int


@router.get("/api/tracks/retention", summary="How long tracks are kept")
async def retention(uow: Uow, principal: CurrentPrincipal) -> TrackRetention:
    """The rule and what there is."""
    principal.require("people:read")
    settings = tracking_settings()
    parts = [p for p in await repository_tracks.kept(uow.session) if p[1].startswith("track_point_")]
    oldest = datetime.combine(parts[0][0], datetime.min.time(), tzinfo=clock.now().tzinfo) if parts else None
    return TrackRetention(
        keep_days=settings.keep_days, raw_hours=settings.raw_hours, oldest=oldest, days=len(parts),
        bytes=sum(p[2] for p in parts),
    )  # fmt: skip


class ZoneAccuracy(BaseModel):
    """One zone over the period. ``share``: of fixes with r95 within ``limit_m``; ``holds``: it and the delay suffice."""

    zone: str
    name: str
    name_en: str
    fixes: int
    share: float
    limit_m: float
    r95: float
    delay_p50: float
    delay_p99: float
    holds: bool
    at: datetime


class AccuracyReport(BaseModel):
    """The promise of clause S2 as measured: ``goal`` share of fixes within 3 m or 5 m, delays up to ``delay_s``."""

    start: datetime
    end: datetime
    goal: float
    delay_s: float
    at: datetime | None
    counts: dict[str, Any]
    zones: list[ZoneAccuracy]


@router.get("/api/positioning/accuracy", summary="Measured accuracy and delay by zone")
async def accuracy(
    uow: Uow,
    principal: CurrentPrincipal,
    start: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to")] = None,
) -> AccuracyReport:
    """Figures of [from, to); without a period the last ten minutes."""
    principal.require("positioning:read")
    settings = tracking_settings()
    end = end or clock.now() + timedelta(seconds=1)
    start = start or end - timedelta(minutes=10)
    rows = await repository_health.zones(uow.session, start, end)
    state = await repository_health.state(uow.session)
    zones = []
    for row in rows:
        share = row.within / row.fixes
        holds = share >= settings.share and row.delay_p99 <= settings.delay_s
        zones.append(
            ZoneAccuracy(
                zone=row.zone, name=row.name or "", name_en=row.name_en or "", fixes=row.fixes, share=share,
                limit_m=row.limit_m, r95=row.r95, delay_p50=row.delay_p50, delay_p99=row.delay_p99, holds=holds,
                at=row.at,
            )
        )  # fmt: skip
    return AccuracyReport(
        start=start, end=end, goal=settings.share, delay_s=settings.delay_s, at=state.at if state else None,
        counts=state.counts if state else {}, zones=zones,
    )  # fmt: skip


class AccuracyStep(BaseModel):
    """A step of the history of one zone."""

    at: datetime
    fixes: int
    share: float
    r95: float
    delay_p99: float


@router.get("/api/positioning/accuracy/history", summary="History of one zone's accuracy")
async def accuracy_history(
    uow: Uow,
    principal: CurrentPrincipal,
    start: From,
    end: To,
    zone: Annotated[str, Query(max_length=64)] = "",
    step_s: Annotated[int, Query(ge=60, le=86_400)] = 300,
) -> list[AccuracyStep]:
    """Steps that have fixes, oldest first; ``zone`` empty: outside of all zones."""
    principal.require("positioning:read")
    if not start < end or (end - start).total_seconds() / step_s > 5000:
        raise playback.TrackPeriodInvalid(days=31)
    rows = await repository_health.series(uow.session, zone, start, end, step_s)
    return [
        AccuracyStep(at=r.at, fixes=r.fixes, share=r.within / r.fixes, r95=r.r95, delay_p99=r.delay_p99) for r in rows
    ]


class Limit(BaseModel):
    """A zone's own limit of r95 in m; null: the rule (3 m in key explosion-hazard areas, else 5 m)."""

    model_config = ConfigDict(extra="forbid")

    limit_m: float | None = Field(gt=0.0, le=50.0)


@router.put("/api/positioning/limits/{zone}", summary="Set a zone's limit of accuracy")
async def limit(zone: str, given: Limit, uow: Uow, principal: CurrentPrincipal) -> Limit:
    """Set or take back a limit; the engine follows within seconds."""
    principal.require("spatial:write")
    if not await repository_health.set_limit(uow.session, uow.enterprise_id, zone, given.limit_m, clock.now()):
        raise playback.TrackZoneNotFound(code=zone)
    await uow.audit("positioning.limit", "zone", zone, after=given.model_dump())
    return given


class AnchorHealth(BaseModel):
    """An anchor and how it does; figures null while it was not heard within the hour."""

    id: UUID
    code: str
    name: str
    name_en: str
    kind: str
    floor: str | None
    zone: str | None
    lon: float
    lat: float
    state: str | None
    count: int | None
    reject_share: float | None
    residual_mean: float | None
    residual_rms: float | None
    silent: float | None
    at: datetime | None


class GatewayHealth(BaseModel):
    """A sender: ``skew`` s of its clock (positive: ahead), ``correction`` s that are taken off its times."""

    gateway: str
    skew: float
    correction: float
    messages: int
    last: datetime


class AnchorReport(BaseModel):
    """Anchors and gateways."""

    anchors: list[AnchorHealth]
    gateways: list[GatewayHealth]


@router.get("/api/positioning/anchors", summary="Health of anchors and gateways")
async def anchors(uow: Uow, principal: CurrentPrincipal) -> AnchorReport:
    """Residual and reject rate of each anchor, clock skew of each gateway."""
    principal.require("positioning:read")
    rows = await repository_health.anchors(uow.session, clock.now() - timedelta(hours=1))
    return AnchorReport(
        anchors=[
            AnchorHealth(
                id=r.id, code=r.code, name=r.name, name_en=r.name_en, kind=r.kind, floor=r.floor_code, zone=r.zone_code,
                lon=r.lon, lat=r.lat, state=r.state, count=r.count, reject_share=r.reject_share,
                residual_mean=r.residual_mean, residual_rms=r.residual_rms, silent=r.silent, at=r.ts,
            )
            for r in rows
        ],
        gateways=[
            GatewayHealth(gateway=g.gateway, skew=g.skew, correction=g.correction, messages=g.messages, last=g.last)
            for g in await repository_health.gateways(uow.session)
        ],
    )  # fmt: skip


class PlannedAnchor(BaseModel):
    """An anchor that may be hung: degrees, height above the floor in m."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    height: float = Field(default=3.0, ge=0.0, le=50.0)


class PlanRequest(BaseModel):
    """A floor, anchors to try (besides those that hang there, unless ``only_these``), and what ranges are like there."""

    model_config = ConfigDict(extra="forbid")

    floor: str = Field(max_length=64)
    anchors: list[PlannedAnchor] = Field(default=[], max_length=200)
    only_these: bool = False
    cell: float = Field(default=1.0, ge=0.25, le=20.0)
    reach: float = Field(default=40.0, gt=0.0, le=200.0)
    sigma: float = Field(default=0.3, gt=0.0, le=5.0)
    limit: float = Field(default=3.0, gt=0.0, le=50.0)


class PlanMap(BaseModel):
    """Expected r95 in m over a grid of ``cell`` m, first index along ``lon`` (null: no fix); anchors in reach."""

    floor: str
    cell: float
    limit: float
    lon: list[float]
    lat: list[float]
    r95: list[list[float | None]]
    anchors: list[list[int]]
    within: float


@router.post("/api/positioning/plan", summary="Expected accuracy over a floor with these anchors")
async def planning(wanted: PlanRequest, uow: Uow, principal: CurrentPrincipal) -> PlanMap:
    """Geometric dilution and coverage; walls are not looked at."""
    principal.require("positioning:read")
    floor, hung = await repository_health.floor_anchors(uow.session, wanted.floor)
    if floor is None:
        raise FloorNotFound(code=wanted.floor)
    frame = SiteFrame(floor.crs, floor.origin_lon, floor.origin_lat, floor.origin_h)
    places = [] if wanted.only_these else [(a.lon, a.lat, a.h) for a in hung]
    places += [(a.lon, a.lat, floor.z + a.height) for a in wanted.anchors]
    try:
        made = plan(
            frame, (floor.w, floor.s, floor.e, floor.n), floor.z, np.array(places, np.float64).reshape(-1, 3),
            cell=wanted.cell, reach=wanted.reach, sigma=wanted.sigma, limit=wanted.limit,
        )  # fmt: skip
    except ValueError as error:
        raise PlanTooLarge from error
    return PlanMap(floor=wanted.floor, **made.__dict__)
