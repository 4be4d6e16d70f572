"""The tracking process of ``twin up``."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (Service("tracking", "realtime.tracking.server", order=1),)
"""Starts after the API answers, like the gateway of measured values."""
