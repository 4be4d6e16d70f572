"""The simulators as a process of ``twin up``, in the demo only."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (
    # the field is there before the product: a gateway that finds none for ten seconds raises alarms
    Service("simulators", "realtime.simulators.server", order=0, demo_only=True),
    Service("crowd", "realtime.simulators.crowd_server", order=2, demo_only=True),
)
