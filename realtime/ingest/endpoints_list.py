"""The live list of measuring points (``GET /api/points``): the server filters and pages, so ten thousand are as usable as ten."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from realtime.history import repository_archive as archive
from realtime.history.samples import Verdict
from realtime.ingest import repository_list
from realtime.ingest.repository_list import Wanted
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/points", tags=["history"], route_class=TwinRoute)

PointState = Literal["good", "uncertain", "bad", "none", "alarm"]


class ListedPoint(BaseModel):
    """A measuring point with its newest sample and the gravest of its active alarms (1 red .. 4 blue, null: none).

    ``quality`` none: nothing was ever heard. ``value`` is null while the quality is bad.
    """

    id: UUID
    tag: str
    code: str
    name: str
    name_en: str
    kind: str
    zone_code: str | None
    unit: str
    value: float | None
    quality: Verdict | Literal["none"]
    ts: datetime | None
    grade: int | None


class PointsPage(BaseModel):
    """A page. ``total`` and the numbers by state are of all that the other filters leave; ``found``: in the asked states."""

    total: int
    found: int
    good: int
    uncertain: int
    bad: int
    none: int
    alarm: int
    page: int
    items: list[ListedPoint]


@router.get("", summary="Measuring points with their newest values, filtered")
async def listed(
    uow: Uow,
    principal: CurrentPrincipal,
    zone: Annotated[list[str] | None, Query(max_length=200, description="codes; zones in them count too")] = None,
    kind: Annotated[str | None, Query(max_length=60)] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of tag, code or name")] = None,
    state: Annotated[list[PointState] | None, Query(max_length=5, description="alternatives")] = None,
    sort: Annotated[
        Literal["tag", "name", "kind", "zone", "state"], Query(description="state: what needs eyes first")
    ] = "tag",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PointsPage:
    """Live from then on: subscribe to the hub's ``values`` with the ids of the page."""
    principal.require("map:read")
    await archive.hold(uow.session)
    counts, rows = await repository_list.points(uow.session, Wanted(zone, kind, q or None, state, sort, page, limit))
    items = [
        ListedPoint(
            **{
                k: row[k]
                for k in ("id", "tag", "code", "name", "name_en", "kind", "zone_code", "quality", "ts", "grade")
            },
            unit=row["unit_text"] or "",
            value=row["value"] if row["value"] is not None and math.isfinite(row["value"]) else None,
        )
        for row in rows
    ]
    return PointsPage(**counts, page=page, items=items)
