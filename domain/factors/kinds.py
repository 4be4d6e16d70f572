"""The kinds of facts that are told from outside, and what each says (issue 7: weather, equipment, interlocks, violations, special operations).

A module that measures or keeps one of these later declares the kind itself (``<pkg>/risk_inputs.py``) and takes it out here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["weather", "work", "equipment", "interlock", "violation"]

_SUBJECT = ("名称", "Name")


@dataclass(frozen=True)
class FactKind:
    """A kind, its names, and what its facts may say: name of the attribute to what it means and, if they are few, its values."""

    kind: Kind
    title_zh: str
    title_en: str
    attributes: dict[str, tuple[str, str]]
    grades: tuple[int, ...] = ()


#: Kinds of measuring points that measure the weather, and what an alarm above and below their limits is a sign of.
WEATHER_POINTS = {"wind": ("wind", ""), "rain": ("rain", ""), "air_temperature": ("heat", "cold")}

KINDS: dict[str, FactKind] = {
    one.kind: one
    for one in (
        FactKind(
            "weather", "天气", "Weather",
            {
                "grade": ("预警级别（1 红至 4 蓝）", "Grade of the warning (1 red to 4 blue)"),
                "type": (
                    "现象（大风、高温、雷暴等；测点报警为 wind、rain、heat、cold）",
                    "Phenomenon (as told; of measuring points wind, rain, heat or cold)",
                ),
                "subject": _SUBJECT,
            },
            (1, 2, 3, 4),
        ),
        FactKind(
            "work", "特殊作业", "Special operation",
            {
                "grade": ("级别（1 特级或受限空间，2 一级，3 二级，4 其他）", "Grade (1 special or confined space, 2 first, 3 second, 4 other)"),
                "type": ("作业种类", "Kind of work"),
                "subject": ("作业票编号和内容", "Number of the permit and what is done"),
            },
            (1, 2, 3, 4),
        ),
        FactKind("equipment", "安全设施停用", "Safety equipment out of service", {"type": ("种类", "Kind"), "subject": _SUBJECT}),
        FactKind("interlock", "联锁摘除", "Interlock bypassed", {"type": ("原因", "Reason"), "subject": ("联锁位号", "Tag of the interlock")}),
        FactKind("violation", "违章", "Violation", {"type": ("违章种类", "Kind of violation"), "subject": ("摄像机或地点", "Camera or place")}),
    )
}  # fmt: skip
