"""The simulators as a process of ``twin up``, in the demo only."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (
    Service("simulators", "realtime.simulators.server", order=2, demo_only=True),
    Service("crowd", "realtime.simulators.crowd_server", order=2, demo_only=True),
)
