"""What people and their terminals tell the early-warning index and the library (clauses M8.1, S6)."""

from __future__ import annotations

from datetime import timedelta

from domain.people import repository_indicators as rows
from twin.registry.indicator import PERFORMANCE, Indicator
from twin.registry.layer import Text

INDICATORS = (
    Indicator(
        "layout_people_red", "layout", Text("重大风险区域内人数", "People in red zones"),
        Text(
            "Σ 重大风险区域内人数（5 分钟内有定位）；超过 9 人的部分扣分",
            "Σ people in zones of major static risk (located within 5 minutes); those beyond 9 cost points",
        ),
        "place_latest", "", "sum", rows.in_red_zones, 9, "manager", coefficient=0.5, best=9, timed=False,
    ),
    Indicator(
        "people_accuracy", PERFORMANCE, Text("人员定位精度达标率（1 小时）", "Positions within the limit (1 hour)"),
        Text("Σ 误差在区域限值内的定位 ÷ Σ 定位，1 小时", "Σ fixes within the zone's limit / Σ fixes, over 1 hour"),
        "accuracy_history", "%", "share", rows.accuracy, 95, "system_admin", best=100, higher=True,
        window=timedelta(hours=1),
    ),
    Indicator(
        "people_terminals_flagged", PERFORMANCE, Text("有问题的定位终端", "Terminals with a fault"),
        Text("Σ 电量低、到期、不适用的终端数", "Σ terminals with low battery, expired or unsuitable"),
        "terminal", "", "sum", rows.flagged_terminals, 0, "system_admin", timed=False,
    ),
)  # fmt: skip
