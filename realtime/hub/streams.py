"""The hub's own stream: the state of the system."""

from __future__ import annotations

from realtime.hub.topic import Stream

SYSTEM = "system"

STREAMS = (
    Stream(
        SYSTEM,
        "State of the system: counts of the hub (id `hub`), parked events",
        "system:read",
        {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "kind": {"type": "string"}}},
    ),
)
