"""Columns of the register's workbook and PDF: one list for the template, the import and both exports."""

from __future__ import annotations

#: Key, Chinese heading, English heading, width (share of the page). One row is one measure.
COLUMNS: tuple[tuple[str, str, str, float], ...] = (
    ("object_code", "分析对象编码", "Object code", 3),
    ("object_name", "分析对象", "Object", 4),
    ("hazard_code", "重大危险源编码", "Major hazard code", 3),
    ("main_person", "主要负责人", "Main person", 3),
    ("technical_person", "技术负责人", "Technical person", 3),
    ("operation_person", "操作负责人", "Operation person", 3),
    ("unit_code", "单元编码", "Unit code", 3),
    ("unit_name", "分析单元", "Unit", 4),
    ("unit_department", "单元责任部门", "Unit department", 3),
    ("liable_person", "单元责任人", "Unit liable person", 3),
    ("zones", "所属区域", "Zones", 3),
    ("event_name", "风险事件", "Event", 5),
    ("category", "辨识类别", "Category", 3),
    ("subject", "设备或活动", "Equipment or activity", 4),
    ("content", "风险内容", "Content", 6),
    ("accident_types", "事故类型", "Accident types", 3),
    ("method", "评价方法", "Method", 2),
    ("factors", "评价因子", "Factors", 3),
    ("level", "风险等级", "Level", 2),
    ("control_level", "管控层级", "Control level", 2),
    ("department", "责任部门", "Department", 3),
    ("owner", "责任人", "Owner", 3),
    ("data_src", "管控方式", "Control by", 2),
    ("classify2", "措施分类", "Measure class", 2),
    ("description", "管控措施", "Measure", 6),
    ("check_content", "排查内容", "What to check", 6),
)
KEYS = tuple(key for key, _, _, _ in COLUMNS)
LEVELS = {1: "重大", 2: "较大", 3: "一般", 4: "低"}
CONTROLS = {1: "公司", 2: "部门", 3: "车间", 4: "班组"}
CATEGORIES = {"equipment": "设备设施", "activity": "作业活动", "place": "场所", "material": "物料"}
SOURCES = {1: "自动化监控", 2: "隐患排查"}


def headings(language: str) -> list[str]:
    """Headings in ``zh-CN`` or ``en``."""
    return [en if language == "en" else zh for _, zh, en, _ in COLUMNS]
