"""What hazards tell the early-warning index (clauses M8.1, S6)."""

from __future__ import annotations

from datetime import timedelta

from domain.hazards import repository_indicators as rows
from twin.registry.indicator import Indicator
from twin.registry.layer import Text

INDICATORS = (
    Indicator(
        "hazards_overdue", "hazards", Text("逾期未治理隐患", "Hazards past their deadline"),
        Text("Σ 截止时间已过、未按期整改且未验收的隐患数", "Σ hazards past the deadline, not put right in time and not accepted"),
        "hazard", "", "sum", rows.overdue, 0, "manager", coefficient=5,
    ),
    Indicator(
        "hazards_major_open", "hazards", Text("未销号重大隐患", "Open major hazards"),
        Text("Σ 已评估为重大且未验收销号的隐患数", "Σ hazards evaluated as major that are not closed"),
        "hazard", "", "sum", rows.major, 0, "leader", coefficient=20, veto=True,
    ),
    Indicator(
        "hazards_on_time", "hazards", Text("隐患按期整改率（30 天）", "Hazards put right in time (30 days)"),
        Text(
            "30 天内到期的隐患中按期完成整改的比例",
            "share of the hazards whose deadline lies in the last 30 days that were put right by then",
        ),
        "hazard", "%", "share", rows.on_time, 90, "manager", coefficient=0.3, best=100, higher=True,
        window=timedelta(days=30),
    ),
)  # fmt: skip
