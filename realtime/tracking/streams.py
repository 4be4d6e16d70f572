"""Live positions on the hub."""

from __future__ import annotations

from realtime.hub.topic import Stream
from realtime.tracking.batch import KINDS, SOURCES, STATES

POSITIONS = "positions"

_NUMBER = {"type": "number"}

STREAMS = (
    Stream(
        POSITIONS,
        "Where every person and vehicle is: half a second after a measurement, and about once a second without; id is the subject's",
        "people:read",
        {
            "type": "object",
            "required": ["id", "kind", "class", "lon", "lat", "h", "floor", "r95", "state", "source", "age", "t"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "kind": {"type": "string", "enum": list(KINDS)},
                "class": {"type": "string", "description": "employee, contractor, visitor, or the vehicle's class"},
                "name": {"type": "string"},
                "department": {"type": "string"},
                "badge": {"type": "string"},
                "lon": _NUMBER,
                "lat": _NUMBER,
                "h": {"type": "number", "description": "ellipsoidal height of the feet, m"},
                "floor": {"type": ["string", "null"], "description": "code of the floor; null outdoors"},
                "zone": {"type": ["string", "null"], "description": "code of the smallest zone there"},
                "speed": {"type": "number", "description": "m/s"},
                "r95": {"type": "number", "description": "m; the true place is this near with 95 %"},
                "state": {"type": "string", "enum": list(STATES[1:])},
                "source": {"type": "string", "enum": list(SOURCES)},
                "age": {"type": "number", "description": "s between the last measurement and this fix"},
                "t": {"type": "number", "description": "event time of the last measurement, s since 1970 UTC"},
            },
        },
    ),
)
