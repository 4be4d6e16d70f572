"""From rows of the layer to fences in the plant's frame, and who may be in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import structlog
from shapely import LineString

from realtime.fences.roster import Entry
from realtime.fences.schedule import Hours, Schedule
from realtime.fences.types import Fence, Rule
from realtime.tracking.batch import Subject
from realtime.tracking.frame import SiteFrame
from realtime.tracking.outline import Corners, one_ring
from twin.spatial import fence_rules

log = structlog.get_logger("realtime.fences")

#: Bits of the groups of subjects.
GROUPS: Mapping[str, int] = {"employee": 1, "contractor": 2, "visitor": 4, "vehicle": 8}
PEOPLE = 7
#: Kinds of the layer and what they watch.
RULES: Mapping[str, tuple[Rule, ...]] = {
    "trespass": (Rule.TRESPASS,),
    "over_count": (Rule.OVER_COUNT,),
    "under_count": (Rule.UNDER_COUNT,),
    "leave_post": (Rule.LEAVE_POST,),
    "gathering": (Rule.GATHERING,),
    "static_timeout": (Rule.STATIC_TIMEOUT,),
    "stay": (Rule.STAY,),
    "call": (Rule.CALL,),
    "speeding": (Rule.SPEEDING,),
    "parking": (Rule.PARKING,),
    "count": (),
}
_FOR_VEHICLES = ("speeding", "parking")
#: Time of kinds without one, s.
_SECONDS = {"static_timeout": 300.0, "stay": 1800.0, "parking": 300.0, "leave_post": 120.0, "gathering": 60.0}
#: Who stands on a floor stands within this of it, m.
_ON_FLOOR = 0.5
#: Beside a road that still counts as on it, m.
_VERGE = 4.0


@dataclass(frozen=True)
class Row:
    """A fence as the layer has it; heights in m above the ellipsoid, ``floor_z`` of its floor."""

    id: UUID
    code: str
    name: str
    kind: str
    outline: Corners
    z_min: float | None
    z_max: float | None
    floor_code: str | None
    floor_z: float | None
    limit_count: int | None
    limit_seconds: float | None
    limit_speed_kmh: float | None
    radius_m: float | None
    classes: str | None
    allowed: str | None
    schedule: str | None
    grade: int | None
    zone_code: str | None
    enabled: bool


def group_of(subject: Subject) -> int:
    """The group bit of a subject."""
    return GROUPS["vehicle"] if subject.kind == "vehicle" else GROUPS.get(subject.klass, GROUPS["employee"])


def schedule_of(row: Row, timezone: str) -> Schedule:
    """When a fence's rules hold; what cannot be read holds always, which is the safe side."""
    try:
        parts = fence_rules.schedule(row.schedule)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("a fence's schedule cannot be read; it holds always", fence=row.code, error=str(error))
        return Schedule()
    hours = tuple(Hours(frozenset(days), begin, end % 1440) for days, begin, end in parts["weekly"])
    return Schedule(hours, tuple(parts["periods"]), frozenset(parts["off"]), timezone)


def allowed_of(row: Row, subjects: Sequence[Subject], entries: Mapping[UUID, Entry]) -> frozenset[int]:
    """Rows of the subjects that may enter; a list that cannot be read lets nobody in."""
    try:
        may = fence_rules.allowed(row.allowed)
    except (ValueError, TypeError, AttributeError) as error:
        log.error("a fence's list cannot be read; nobody may enter", fence=row.code, error=str(error))
        return frozenset()
    found = set()
    for i, subject in enumerate(subjects):
        entry = entries.get(subject.id)
        code, duty = (entry.code, entry.duty) if entry else ("", "")
        named = "vehicles" if subject.kind == "vehicle" else "persons"
        klass = "vehicle" if subject.kind == "vehicle" else subject.klass
        if (
            klass in may["classes"]
            or (subject.department and subject.department in may["departments"])
            or (code and code in may[named])
            or (duty and duty in may["duties"])
        ):
            found.add(i)
    return frozenset(found)


def fence_of(
    row: Row, frame: SiteFrame, timezone: str, subjects: Sequence[Subject], entries: Mapping[UUID, Entry]
) -> Fence:
    """The fence of a row."""
    low = -1000.0 if row.z_min is None else row.z_min - frame.h
    high = 10_000.0 if row.z_max is None else row.z_max - frame.h
    if row.floor_z is not None:
        low, high = row.floor_z - frame.h, row.floor_z - frame.h + _ON_FLOOR
    groups = sum(GROUPS[name] for name in _classes(row)) or (GROUPS["vehicle"] if row.kind in _FOR_VEHICLES else PEOPLE)
    rules = RULES.get(row.kind, ())
    seconds = row.limit_seconds if row.limit_seconds is not None else _SECONDS.get(row.kind, 0.0)
    may = (
        allowed_of(row, subjects, entries)
        if {*rules} & {Rule.TRESPASS, Rule.LEAVE_POST, Rule.PARKING, Rule.STAY}
        else ()
    )
    return Fence(
        str(row.id), ring(frame, row.outline), low, high, rules, frozenset(may), row.limit_count or 0, seconds,
        row.enabled, (row.limit_speed_kmh or 0.0) / 3.6, row.radius_m or 10.0, groups, schedule_of(row, timezone),
    )  # fmt: skip


def _classes(row: Row) -> tuple[str, ...]:
    try:
        return fence_rules.classes(row.classes)
    except ValueError:
        log.error("a fence's classes cannot be read; it concerns all people", fence=row.code)
        return ()


def ring(frame: SiteFrame, outline: Iterable[tuple[float, float]]) -> Corners:
    """Corners in m of the plant's frame from degrees."""
    degrees = np.asarray(tuple(outline), np.float64)
    x, y = frame.to_local(degrees[:, 0], degrees[:, 1])
    return tuple(zip(x.tolist(), y.tolist(), strict=True))


def corridor(code: str, frame: SiteFrame, line: Any, width: float | None) -> Fence | None:
    """A road as a fence for vehicles only, what a ring road goes round left out: ``line`` in degrees, ``width`` in m.

    None for a road without length.
    """
    way = LineString(ring(frame, [(p[0], p[1]) for p in line]))
    if way.length == 0.0:
        return None
    paved = way.buffer((width or 6.0) / 2.0 + _VERGE, quad_segs=2)
    return Fence(f"road:{code}", one_ring(paved), groups=GROUPS["vehicle"])
