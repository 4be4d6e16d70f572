"""Names of the simulators as field sources."""

from __future__ import annotations

DCS, GDS, WAREHOUSE = "demo-dcs", "demo-gds", "demo-warehouse"
