"""Statistics and analysis (``/api/alarms/statistics``, ``/api/alarms/analysis``)."""

from __future__ import annotations

import datetime as dt
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel

from domain.alarms import analysis
from twin import clock
from twin.errors import Invalid
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)
From = Annotated[AwareDatetime | None, Query(alias="from")]
To = Annotated[AwareDatetime | None, Query(alias="to")]
_LONGEST = timedelta(days=400)


class Count(BaseModel):
    """A key and how many alarms."""

    key: str
    n: int


class Day(BaseModel):
    """A day on the site's clock."""

    day: dt.date
    n: int
    handled: int


class Sensor(BaseModel):
    """A point with many alarms."""

    subject_id: UUID | None
    name: str
    zone: str | None
    n: int
    last: datetime


class Times(BaseModel):
    """Seconds from the alarm to its acknowledgement and to its handling result."""

    grade: int
    acknowledged: int
    ack_mean: float | None
    ack_p50: float | None
    ack_p95: float | None
    handled: int
    handle_mean: float | None
    handle_p50: float | None
    handle_p95: float | None


class Statistics(BaseModel):
    """``levels``: hh, h, l, ll, switch."""

    start: datetime
    end: datetime
    total: int
    handled: int
    unhandled: int
    levels: dict[str, int]
    types: list[Count]
    grades: dict[int, int]
    zones: list[Count]
    daily: list[Day]
    top: list[Sensor]
    times: list[Times]


class Bad(BaseModel):
    """A bad actor: its condition, how often, and the alarms. ``seconds``: how long (standing, fleeting)."""

    key: str
    name: str
    n: int
    ids: list[UUID]
    first: datetime
    last: datetime
    seconds: float | None


class Pair(BaseModel):
    """``second`` follows ``first``: ``n`` of its ``first_n`` activations; ``lag`` in seconds (median)."""

    first: str
    second: str
    first_name: str
    second_name: str
    n: int
    first_n: int
    second_n: int
    share: float
    lift: float
    lag: float
    first_ids: list[UUID]
    second_ids: list[UUID]


class Cause(BaseModel):
    """A probable first cause: a condition that others follow and that follows none."""

    key: str
    name: str
    n: int
    follows: list[str]
    ids: list[UUID]


class Flood(BaseModel):
    """More than ten alarms in ten minutes (EEMUA 191), until fewer than five."""

    start: datetime
    end: datetime
    n: int
    peak: int


class Period(BaseModel):
    """Ten minutes."""

    start: datetime
    n: int


class Rates(BaseModel):
    """Against ISA-18.2: acceptable (<= 1 per ten minutes), manageable (<= 2), overloaded."""

    mean_per_ten_minutes: float
    peak_per_ten_minutes: int
    per_day: float
    flood_share: float
    verdict: str
    floods: list[Flood]
    periods: list[Period]


class Suggestion(BaseModel):
    """What to do, and the alarms that it rests on."""

    kind: str
    text: str
    ids: list[UUID]


class Analysis(BaseModel):
    """The analysis of a span."""

    start: datetime
    end: datetime
    standing: list[Bad]
    chattering: list[Bad]
    fleeting: list[Bad]
    repeating: list[Bad]
    pairs: list[Pair]
    rates: Rates
    causes: list[Cause]
    suggestions: list[Suggestion]


def _span(start: datetime | None, end: datetime | None, days: int) -> tuple[datetime, datetime]:
    end = end or clock.now()
    start = start or end - timedelta(days=days)
    if not timedelta() < end - start <= _LONGEST:
        raise Invalid(errors=[{"where": "from", "code": "period"}])
    return start, end


@router.get("/statistics", summary="Alarm statistics")
async def statistics(uow: Uow, principal: CurrentPrincipal, start: From = None, end: To = None) -> Statistics:
    """The last 30 days unless a span is given."""
    principal.require("map:read")
    return Statistics.model_validate(await analysis.statistics(uow, *_span(start, end, 30)))


@router.get("/analysis", summary="Alarm analysis")
async def analyse(
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    start: From = None,
    end: To = None,
    window_s: Annotated[float, Query(gt=0, le=3600)] = 120.0,
) -> Analysis:
    """The last seven days unless a span is given; pairs within ``window_s`` seconds."""
    principal.require("map:read")
    return Analysis.model_validate(await analysis.analysis(uow, *_span(start, end, 7), window_s, language))
