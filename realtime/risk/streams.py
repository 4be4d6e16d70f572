"""Why zones have their levels, live on the hub; the levels themselves come with the layer ``zone``."""

from __future__ import annotations

from realtime.hub.topic import Stream

RISK = "risk"

STREAMS = (
    Stream(
        RISK,
        "What lifts each zone now; id is the zone's code",
        "map:read",
        {
            "type": "object",
            "required": ["id", "level", "own", "causes", "child", "override", "at"],
            "properties": {
                "id": {"type": "string"},
                "level": {"type": "integer", "minimum": 1, "maximum": 4},
                "own": {"type": "integer", "minimum": 1, "maximum": 4},
                "causes": {"type": "array", "items": {"type": "object"}},
                "child": {"type": ["string", "null"], "description": "code of the child that decides the level"},
                "override": {"type": "boolean"},
                "at": {"type": "string", "format": "date-time"},
            },
        },
    ),
)
