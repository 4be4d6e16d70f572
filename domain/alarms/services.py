"""Escalation as a process of ``twin up``."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (Service("alarms", "domain.alarms.server", order=1),)
