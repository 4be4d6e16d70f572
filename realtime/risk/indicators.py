"""What the dynamic risk tells the library (clause S6). Its causes are in the index already, so it is not counted twice."""

from __future__ import annotations

from realtime.risk import repository_indicators as rows
from twin.registry.indicator import PERFORMANCE, Indicator
from twin.registry.layer import Text

INDICATORS = (
    Indicator(
        "risk_zones_lifted", PERFORMANCE, Text("动态升级的区域（级数）", "Zones lifted (steps)"),
        Text("Σ 当前风险高于固有风险的级数，按区域", "Σ steps by which zones are above their static level"),
        "risk_change", "", "sum", rows.lifted, 0, "control",
    ),
)  # fmt: skip
