"""The hub as a process of ``twin up``."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (Service("hub", "realtime.hub.server", order=0),)
