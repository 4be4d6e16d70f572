"""Names of the simulators as field sources."""

from __future__ import annotations

DCS, GDS = "demo-dcs", "demo-gds"
