"""The layer of the hazards: they are written by their workflow alone, never by the spatial editor."""

from __future__ import annotations

from domain.hazards.models import Hazard
from twin.registry.layer import Field, Layer, Style, Text

STATUS = (
    ("reported", Text("待评估", "To evaluate")),
    ("dismissed", Text("非隐患", "No hazard")),
    ("to_assign", Text("待派发", "To assign")),
    ("rectifying", Text("整改中", "Rectifying")),
    ("extension_asked", Text("延期审批", "Extension asked")),
    ("to_accept", Text("待验收", "To accept")),
    ("closed", Text("已验收", "Closed")),
)
LEVEL = ((0, Text("一般隐患", "General")), (1, Text("重大隐患", "Major")))
TYPE = (
    (1, Text("安全", "Safety")), (2, Text("工艺", "Process")), (3, Text("电气", "Electrical")),
    (4, Text("仪表", "Instruments")), (5, Text("消防", "Fire protection")), (6, Text("总图", "Layout")),
    (7, Text("设备", "Equipment")), (8, Text("其他", "Other")),
)  # fmt: skip
SOURCE = (
    (1, Text("日常排查", "Daily")), (2, Text("综合性排查", "Comprehensive")), (3, Text("专业性排查", "Professional")),
    (4, Text("季节性排查", "Seasonal")), (5, Text("节假日排查", "Holiday")), (6, Text("事故类比排查", "Analogy")),
    (7, Text("复产复工排查", "Resumption")), (8, Text("外聘专家诊断", "Experts")), (9, Text("管控措施失效", "Failed measure")),
    (10, Text("其他", "Other")),
)  # fmt: skip

LAYERS = (
    Layer(
        "hazard",
        Text("隐患", "Hazards"),
        Text("隐患位置、状态与剩余天数", "Hazards with their state and days left"),
        Hazard,
        "Point",
        (
            Field("status", Text("状态", "State"), codes=STATUS, tile=True, writable=False),
            Field("level", Text("等级", "Grade"), "integer", LEVEL, tile=True, writable=False),
            Field("hazard_type", Text("类型", "Class"), "integer", TYPE, tile=True, writable=False),
            Field("source", Text("来源", "Source"), "integer", SOURCE, tile=True, writable=False),
            Field("zone_code", Text("所属区域", "Zone"), tile=True, writable=False),
            Field("department", Text("责任部门", "Department"), tile=True, writable=False),
            Field("owner_name", Text("整改责任人", "Owner"), tile=True, writable=False),
            Field("deadline", Text("整改期限", "Deadline"), "datetime", writable=False),
            Field("days_left", Text("剩余天数", "Days left"), "integer", tile=True, writable=False),
            Field("overdue", Text("超期", "Overdue"), "boolean", tile=True, writable=False),
        ),
        Style(
            "hue-sand",
            by="status",
            colours=(
                ("reported", "risk-2"), ("to_assign", "risk-2"), ("rectifying", "risk-3"), ("extension_asked", "risk-3"),
                ("to_accept", "risk-4"), ("closed", "line-neutral"), ("dismissed", "line-neutral"),
            ),
            icon="hazard",
        ),
        identify=9,
        editable=False,
    ),
)  # fmt: skip
