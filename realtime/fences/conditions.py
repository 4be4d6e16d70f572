"""What an alarm of a fence, or about somebody, says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realtime.alarms.raising import AlarmFact
from realtime.fences.facts import GRADES, instant
from realtime.fences.rules import Row
from realtime.tracking.batch import Subject

#: Types that concern a fence as a whole, whoever is in it.
WHOLE = ("over_count", "under_count", "leave_post", "gathering", "call")


@dataclass(frozen=True)
class Where:
    """A place: degrees, m above the ellipsoid, codes of floor and zone; speed in m/s."""

    lon: float | None = None
    lat: float | None = None
    h: float | None = None
    floor: str | None = None
    zone: str | None = None
    speed: float = 0.0


def at_fence(
    key: str, row: Row, kind: str, subject: Subject | None, who: Sequence[Subject], count: int, where: Where, at: float
) -> AlarmFact:
    """A rule of a fence is broken: by ``subject``, or by all in it (``who``)."""
    whole = kind in WHOLE or subject is None
    limits: dict[str, float | None] = {
        "over_count": row.limit_count, "under_count": row.limit_count, "gathering": row.limit_count,
        "leave_post": max(1, row.limit_count or 0), "speeding": row.limit_speed_kmh,
    }  # fmt: skip
    limit = limits.get(kind, row.limit_seconds)
    value = float(count) if whole else round(where.speed * 3.6, 1) if kind == "speeding" else None
    title: dict[str, Any] = {
        "fence": row.name, "name": subject.name if subject else "", "count": count, "limit": limit, "value": value,
        "department": subject.department if subject else "", "zone": row.zone_code or "",
    }  # fmt: skip
    layer, id_, name = "geofence", row.id, row.name
    if not whole and subject is not None:
        layer, id_, name = subject.kind, subject.id, subject.name
    return AlarmFact(
        key, "fence", kind, row.grade or GRADES[kind], instant(at), title, value, limit, layer, id_, name,
        row.zone_code, where.lon, where.lat, where.h, where.floor or row.floor_code,
        tuple(s.id for s in who if s.kind == "person"),
    )  # fmt: skip


def about(
    key: str, subject: Subject, kind: str, value: float | None, limit: float | None, where: Where, at: float
) -> AlarmFact:
    """Something about somebody that has to do with no fence."""
    title: dict[str, Any] = {
        "name": subject.name, "department": subject.department, "badge": subject.badge,
        "value": None if value is None else round(value), "limit": limit, "zone": where.zone or "",
    }  # fmt: skip
    return AlarmFact(
        key, subject.kind, kind, GRADES[kind], instant(at), title, value, limit, subject.kind, subject.id, subject.name,
        where.zone, where.lon, where.lat, where.h, where.floor, (subject.id,) if subject.kind == "person" else (),
    )  # fmt: skip
