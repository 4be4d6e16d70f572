"""The open alarms on the hub: topic ``alarms``, fed by the outbox topic ``alarm``."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from realtime.alarms import repository
from realtime.alarms.raising import TOPIC, view
from realtime.hub.topic import Stream

ALARMS = "alarms"
#: Newest open alarms that a screen starts with; older ones are paged over HTTP.
SHOWN = 2000


async def open_alarms(session: AsyncSession) -> list[dict[str, Any]]:
    """Alarms that are not closed, oldest first."""
    return [view(row) for row in reversed(await repository.opened(session, SHOWN))]


def shown(payload: dict[str, Any]) -> dict[str, Any] | None:
    """What screens see of an alarm: nothing once it is closed."""
    return None if payload["status"] == "closed" else payload


_TEXT = {"type": "string"}
_NUMBER = {"type": ["number", "null"]}
_TIME = {"type": ["string", "null"], "format": "date-time"}
STREAMS = (
    Stream(
        ALARMS,
        "Open alarms (not closed), as GET /api/alarms gives them; null once an alarm is closed",
        "map:read",
        {
            "type": "object",
            "required": ["id", "key", "type", "grade", "status", "active", "at", "title"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "key": _TEXT, "source": _TEXT, "type": _TEXT, "status": _TEXT, "title": _TEXT, "title_en": _TEXT,
                "grade": {"type": "integer", "minimum": 1, "maximum": 4},
                "stage": {"type": "integer"}, "active": {"type": "boolean"}, "version": {"type": "integer"},
                "at": _TIME, "raised_at": _TIME, "returned_at": _TIME, "acknowledged_at": _TIME, "handled_at": _TIME,
                "escalated_at": _TIME,
                "value": _NUMBER, "limit": _NUMBER, "lon": _NUMBER, "lat": _NUMBER, "h": _NUMBER,
                "subject_layer": {"type": ["string", "null"]}, "subject_id": {"type": ["string", "null"]},
                "subject_name": _TEXT, "zone_code": {"type": ["string", "null"]},
            },
        },
        outbox=TOPIC,
        snapshot=open_alarms,
        shown=shown,
    ),
)  # fmt: skip
