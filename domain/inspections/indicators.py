"""What inspections tell the early-warning index (clauses M8.1, S6)."""

from __future__ import annotations

from datetime import timedelta

from domain.inspections import repository_indicators as rows
from twin.registry.indicator import Indicator
from twin.registry.layer import Text

INDICATORS = (
    Indicator(
        "inspections_overdue", "hazards", Text("逾期未完成排查任务（7 天）", "Inspections not done (7 days)"),
        Text("Σ 7 天内到期而未完成的排查任务数（停用的不计）", "Σ tasks due in the last 7 days and not done (suspended ones do not count)"),
        "inspection_task", "", "sum", rows.overdue, 0, "manager", coefficient=0.5, window=timedelta(days=7),
    ),
    Indicator(
        "inspections_completion", "hazards", Text("排查任务按期完成率（30 天）", "Inspections done in time (30 days)"),
        Text("Σ 按期完成 ÷ Σ 到期任务，30 天，按计划加权", "Σ done in time / Σ due, over 30 days, plans weighted by their tasks"),
        "inspection_task", "%", "share", rows.completion, 95, "manager", coefficient=0.3, best=100, higher=True,
        window=timedelta(days=30),
    ),
)  # fmt: skip
