"""What alarms tell the early-warning index (clauses M8.1, S6)."""

from __future__ import annotations

from datetime import timedelta

from domain.alarms import repository_indicators as rows
from twin.registry.indicator import Indicator
from twin.registry.layer import Text

_DAY = timedelta(days=1)
INDICATORS = (
    Indicator(
        "alarms_rate", "alarms", Text("24 小时报警数", "Alarms in 24 hours"),
        Text(
            "Σ 24 小时内报警次数；超过 120 次的部分扣分（EEMUA 191）",
            "Σ alarms in 24 hours; what exceeds 120 costs points (EEMUA 191)",
        ),
        "alarm", "", "sum", rows.rate, 120, "manager", coefficient=0.05, best=120, window=_DAY,
    ),
    Indicator(
        "alarms_standing", "alarms", Text("常驻报警（超过 24 小时）", "Standing alarms (over 24 hours)"),
        Text("Σ 持续超过 24 小时未恢复的报警数", "Σ alarms whose condition has stood for more than 24 hours"),
        "alarm", "", "sum", rows.standing, 5, "manager", coefficient=2,
    ),
    Indicator(
        "alarms_unhandled", "alarms", Text("超时未处置报警（7 天）", "Alarms not handled in time (7 days)"),
        Text("Σ 7 天内发生、超过 2 小时仍未处置的报警数", "Σ alarms of 7 days that have waited for more than 2 hours"),
        "alarm", "", "sum", rows.unhandled, 0, "manager", coefficient=0.5, window=timedelta(days=7),
    ),
    Indicator(
        "alarms_acknowledgement", "alarms", Text("报警平均确认时间（24 小时）", "Mean time to acknowledge (24 hours)"),
        Text(
            "Σ 确认用时 ÷ 报警数；未确认的计至统计时刻；超过 10 分钟的部分扣分",
            "Σ time to acknowledge / alarms; those not acknowledged count up to the instant; what exceeds 10 min costs points",
        ),
        "alarm", "min", "mean", rows.acknowledgement, 10, "control", coefficient=0.2, best=10, window=_DAY,
    ),
    Indicator(
        "alarms_red_zone", "alarms", Text("红区未处置一级报警", "Grade 1 alarms open in red zones"),
        Text("Σ 重大风险区域内未处置的一级报警数", "Σ alarms of grade 1 not handled in zones of major static risk"),
        "alarm", "", "sum", rows.red_zone, 0, "leader", coefficient=20, veto=True,
    ),
)  # fmt: skip
