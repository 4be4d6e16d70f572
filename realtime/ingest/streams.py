"""Live values of measuring points on the hub."""

from __future__ import annotations

from realtime.hub.topic import Stream

VALUES = "values"

STREAMS = (
    Stream(
        VALUES,
        "Newest value of every measuring point, each as often as is set (/api/points/settings); id is the device's",
        "map:read",
        {
            "type": "object",
            "required": ["id", "v", "q", "ts"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "v": {
                    "type": ["number", "null"],
                    "description": "value in the unit of the device; null while q is bad",
                },
                "q": {"type": "string", "enum": ["good", "uncertain", "bad"]},
                "ts": {
                    "type": ["number", "null"],
                    "description": "source time, seconds since 1970 UTC; null when nothing was ever heard",
                },
            },
        },
    ),
)
