"""Live counts on the hub: of every fence, and of people by area and class."""

from __future__ import annotations

from typing import Any

from realtime.hub.topic import Stream

FENCES, HEADCOUNT = "fences", "headcount"

_COUNT = {"type": "integer", "minimum": 0}
_CLASSES: dict[str, Any] = {"employee": _COUNT, "contractor": _COUNT, "visitor": _COUNT}

STREAMS = (
    Stream(
        FENCES,
        "Who is in each fence: persons by class, vehicles, stale ones, and the rules that are broken; id is the fence's",
        "people:read",
        {
            "type": "object",
            "required": ["id", "count", "stale", "vehicles", "active", "alarms"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "code": {"type": "string"},
                "name": {"type": "string"},
                "kind": {"type": "string"},
                "count": {**_COUNT, "description": "persons inside, those whose position is stale included"},
                "stale": {**_COUNT, "description": "of them those whose position is stale: stale is not left"},
                "vehicles": _COUNT,
                **_CLASSES,
                "limit": {"type": ["integer", "null"]},
                "active": {"type": "boolean", "description": "whether its schedule holds now"},
                "alarms": {"type": "array", "items": {"type": "string"}},
            },
        },
    ),
    Stream(
        HEADCOUNT,
        "Persons by area and class, counted from the fixes of stream positions; id is all, zone:CODE or floor:CODE",
        "people:read",
        {
            "type": "object",
            "required": ["id", "total", "stale"],
            "properties": {
                "id": {"type": "string"},
                **_CLASSES,
                "total": {**_COUNT, "description": "sum of the classes; stale ones are not counted"},
                "stale": {**_COUNT, "description": "last seen here, but not known to be here now"},
            },
        },
    ),
)
