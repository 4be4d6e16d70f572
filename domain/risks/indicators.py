"""What the risk register and the layout of the plant tell the early-warning index (clauses M8.1, S6)."""

from __future__ import annotations

from domain.risks import repository_indicators as rows
from twin.registry.indicator import Indicator
from twin.registry.layer import Text

INDICATORS = (
    Indicator(
        "risk_zone_levels", "static_risk", Text("区域固有风险加权平均", "Mean static risk of the zones"),
        Text(
            "各装置单元、部位的风险分值之平均：重大 100、较大 50、一般 20、低 0",
            "mean over units and places: major 100, considerable 50, moderate 20, low 0",
        ),
        "zone", "", "mean", rows.zone_levels, 40, "leader", coefficient=0.5, timed=False,
    ),
    Indicator(
        "risk_uncontrolled", "static_risk", Text("无管控措施的风险事件", "Risk events without a measure"),
        Text("Σ 没有任何管控措施的风险事件数", "Σ events of the register without any control measure"),
        "risk_event", "", "sum", rows.uncontrolled, 0, "manager", coefficient=2, timed=False,
    ),
    Indicator(
        "layout_buildings_near", "layout", Text("重大风险区域 50 m 内有人建筑", "Occupied buildings within 50 m of red zones"),
        Text(
            "Σ 距重大风险区域边界 50 m 以内的有人建筑数（按轮廓计算距离）",
            "Σ buildings with people in them within 50 m of a zone of major static risk, by footprint",
        ),
        "building", "", "sum", rows.buildings_near, 0, "leader", coefficient=3, timed=False,
    ),
)  # fmt: skip
