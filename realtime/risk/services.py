"""The risk process of ``twin up``."""

from __future__ import annotations

from twin.ops.service import Service

SERVICES = (Service("risk", "realtime.risk.server", order=1),)
"""Starts after the API answers: it reads what every module holds."""
