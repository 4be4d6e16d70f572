"""Where everybody was at one instant (``/api/positions/at``): what the time machine shows in place of the live stream."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from realtime.tracking import repository_tracks as repository
from realtime.tracking.batch import SOURCES, STATES
from realtime.tracking.config import tracking_settings
from realtime.tracking.repository_tracks import Around
from twin.past import check_past
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)

#: A kept track has a point at least this often (viewer/packages/ui/src/track.ts says the same): a longer silence is not bridged.
HEARTBEAT = timedelta(seconds=75)
#: A silence after which even the last known place is not shown.
FORGOTTEN = timedelta(seconds=600)


class PositionThen(BaseModel):
    """A person or vehicle at an instant, as the stream ``positions`` gives it now: degrees (EPSG:4326), ``h`` m above the ellipsoid
    at the feet, ``speed`` m/s, ``r95`` m, ``age`` s, ``t`` s since 1970."""

    id: UUID
    kind: str
    klass: str = Field(serialization_alias="class")
    name: str
    department: str
    badge: str
    floor: str | None
    zone: str | None
    state: str
    source: str
    lon: float
    lat: float
    h: float
    speed: float
    r95: float
    age: float
    t: float


class PositionsThen(BaseModel):
    """Everybody of whom anything was known; ``stale``: silent for longer than the heartbeat, the last known place."""

    at: datetime
    items: list[PositionThen]


def place(found: Around, at: datetime) -> PositionThen:
    """Where somebody was: on the line between two kept points that belong together, else at the last one, which is old when nothing
    was heard within the heartbeat."""
    a, b, now, who = found.before, found.after, at.timestamp(), found.subject
    gap = b[0] - a[0] if b is not None else 0.0
    bridged = b is not None and 0 < gap <= HEARTBEAT.total_seconds() and a[9] == b[9]
    share = (now - a[0]) / gap if bridged else 0.0
    lon, lat, h = (a[i] + (b[i] - a[i]) * share if bridged and b is not None else a[i] for i in (1, 2, 3))
    silent = not bridged and now - a[0] > HEARTBEAT.total_seconds()
    return PositionThen(
        id=who.id, kind=who.kind, klass=who.klass, name=who.name, department=who.department, badge=found.badge,
        floor=a[9], zone=a[10], state="stale" if silent else STATES[a[7]], source=SOURCES[a[8]],
        lon=lon, lat=lat, h=h, speed=a[4], r95=a[5], age=a[6] if bridged else a[6] + now - a[0],
        t=now if bridged else a[0],
    )  # fmt: skip


@router.get("/api/positions/at", summary="Where everybody was at an instant")
async def positions_at(uow: Uow, principal: CurrentPrincipal, at: Annotated[AwareDatetime, Query()]) -> PositionsThen:
    """People and vehicles from the kept points of their tracks. The look is audited.

    Raises:
        PastInstantInvalid: in the future, or older than tracks are kept.
    """
    principal.require("people:read")
    check_past(at, tracking_settings().keep_days)
    items = [place(found, at) for found in await repository.around(uow.session, at, HEARTBEAT, FORGOTTEN)]
    await uow.audit("track.at", "positions", at.isoformat(), after={"at": at.isoformat(), "subjects": len(items)})
    return PositionsThen(at=at, items=items)
