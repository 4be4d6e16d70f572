"""The gateway as a process of ``twin up``."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (Service("gateway", "realtime.ingest.gateway", order=1),)
