"""Playback: tracks of people, vehicles or a zone over any kept period, and their export. Every look is audited."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from realtime.tracking import repository_tracks as repository
from realtime.tracking.batch import SOURCES, STATES
from realtime.tracking.repository_tracks import Row, TrackSubject
from twin.db.uow import UnitOfWork
from twin.errors import Invalid, NotFound

#: Tracks in one answer at most; longest period in days.
MOST, DAYS = 500, 31


class TrackPeriodInvalid(Invalid):
    """The period ends before it begins, or is too long."""

    code = "track_period_invalid"


class TrackTooMany(Invalid):
    """More subjects than one answer holds."""

    code = "track_too_many"


class TrackZoneNotFound(NotFound):
    """There is no such zone."""

    code = "track_zone_not_found"


@dataclass(frozen=True)
class Track:
    """A subject and its kept points: s since 1970, lon, lat, h, speed, r95, age, state, source, floor, zone."""

    subject: TrackSubject
    points: Sequence[Row]


def check_period(start: datetime, end: datetime) -> None:
    """Refuse a period that playback does not show.

    Raises:
        TrackPeriodInvalid: as its name says.
    """
    if not start < end or (end - start).days > DAYS:
        raise TrackPeriodInvalid(days=DAYS)


async def tracks(
    uow: UnitOfWork, subjects: Sequence[UUID], zone: str | None, start: datetime, end: datetime, purpose: str
) -> list[Track]:
    """Tracks of some subjects, or of everybody who was in a zone (then only people and vehicles seen there).

    Who looked at whose track is written to the audit trail, one row for each subject.

    Raises:
        TrackPeriodInvalid, TrackTooMany, TrackZoneNotFound: as their names say.
    """
    check_period(start, end)
    if len(subjects) > MOST:
        raise TrackTooMany(limit=MOST)
    found = await repository.subjects(uow.session, subjects) if subjects else []
    if zone is not None:
        codes = await repository.zone_tree(uow.session, zone)
        if not codes:
            raise TrackZoneNotFound(code=zone)
        there = await repository.in_zones(uow.session, codes, start, end, MOST + 1)
        if len(there) > MOST:
            raise TrackTooMany(limit=MOST)
        found = [s for s in there if not subjects or s.id in set(subjects)]
    out = []
    for subject in found:
        out.append(Track(subject, await repository.points(uow.session, subject.number, start, end)))
        await uow.audit(
            "track.read", subject.kind, str(subject.id),
            after={"from": start.isoformat(), "to": end.isoformat(), "zone": zone, "as": purpose,
                   "points": len(out[-1].points)},
        )  # fmt: skip
    return out


def as_json(found: Sequence[Track], start: datetime, end: datetime) -> dict[str, Any]:
    """The answer of the API: points as arrays, in the order that ``columns`` names."""
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "columns": ["t", "lon", "lat", "h", "speed", "r95", "age", "state", "source", "floor", "zone"],
        "items": [
            {
                "id": str(t.subject.id), "kind": t.subject.kind, "name": t.subject.name, "class": t.subject.klass,
                "department": t.subject.department,
                "points": [(*p[:7], STATES[p[7]], SOURCES[p[8]], *p[9:]) for p in t.points],
            }
            for t in found
        ],
    }  # fmt: skip


def _instant(t: float) -> str:
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moving_features(found: Sequence[Track]) -> dict[str, Any]:
    """OGC Moving Features JSON (19-045r3): a MovingPoint per subject with its floor, state and radius over time."""
    crs = {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84h"}}
    trs = {"type": "Name", "properties": {"name": "urn:ogc:data:time:iso8601"}}
    features = []
    for t in found:
        if not t.points:
            continue
        times = [_instant(p[0]) for p in t.points]
        features.append(
            {
                "type": "Feature", "id": str(t.subject.id), "crs": crs, "trs": trs,
                "properties": {"kind": t.subject.kind, "name": t.subject.name, "class": t.subject.klass},
                "temporalGeometry": {
                    "type": "MovingPoint", "datetimes": times, "interpolation": "Linear",
                    "coordinates": [[p[1], p[2], round(p[3], 2)] for p in t.points],
                },
                "temporalProperties": [
                    {
                        "datetimes": times,
                        "r95": {"type": "Measure", "form": "MTR", "values": [p[5] for p in t.points],
                                "interpolation": "Linear"},
                        "state": {"type": "Text", "values": [STATES[p[7]] for p in t.points], "interpolation": "Step"},
                        "floor": {"type": "Text", "values": [p[9] or "" for p in t.points], "interpolation": "Step"},
                    }
                ],
            }
        )  # fmt: skip
    return {"type": "FeatureCollection", "crs": crs, "trs": trs, "features": features}


def geojson(found: Sequence[Track]) -> dict[str, Any]:
    """GeoJSON: a LineString per subject (a Point when there is just one place), instants in ``properties.times``."""
    features = []
    for t in found:
        if not t.points:
            continue
        line = [[p[1], p[2], round(p[3], 2)] for p in t.points]
        geometry = (
            {"type": "LineString", "coordinates": line} if len(line) > 1 else {"type": "Point", "coordinates": line[0]}
        )
        features.append(
            {
                "type": "Feature", "id": str(t.subject.id), "geometry": geometry,
                "properties": {
                    "kind": t.subject.kind, "name": t.subject.name, "class": t.subject.klass,
                    "times": [_instant(p[0]) for p in t.points], "r95": [p[5] for p in t.points],
                    "state": [STATES[p[7]] for p in t.points], "floor": [p[9] for p in t.points],
                },
            }
        )  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def as_csv(found: Sequence[Track]) -> str:
    """One row for each point; a cell that would be read as a formula is made plain text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["id", "name", "time", "lon", "lat", "h", "speed", "r95", "age", "state", "source", "floor", "zone"]
    )
    for t in found:
        name = "'" + t.subject.name if t.subject.name[:1] in ("=", "+", "-", "@") else t.subject.name
        for p in t.points:
            writer.writerow(
                [t.subject.id, name, _instant(p[0]), *p[1:7], STATES[p[7]], SOURCES[p[8]], p[9] or "", p[10] or ""]
            )
    return out.getvalue()
