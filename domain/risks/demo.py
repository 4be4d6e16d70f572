"""The demo plant's register: two units for every unit and place of the map, whose levels agree with its colours."""

from __future__ import annotations

import asyncio
from typing import Any

from domain.risks.columns import CONTROLS, KEYS, LEVELS, headings
from domain.risks.transfer import run
from twin.auth.demo import act
from twin.auth.principal import Principal
from twin.db.features import features
from twin.db.uow import UnitOfWork
from twin.documents import workbook
from twin.errors import Invalid
from twin.registry.layer import layers

#: L and S that give the level.
_FACTORS = {1: "L=5;S=5", 2: "L=3;S=5", 3: "L=3;S=3", 4: "L=2;S=2"}
_EVENTS = (
    ("设备设施", "设备", "密封失效泄漏", "密封失效，介质泄漏", "2-2", "按班巡检密封点并测漏", "法兰、阀门、机泵密封无泄漏"),
    ("设备设施", "仪表", "安全仪表失效", "检测失灵，超限不报警", "1-4", "按周期校验安全仪表并做联锁试验", "仪表示值正常，联锁投用"),
    ("作业活动", "特殊作业", "作业引发火灾爆炸", "特殊作业控制不当", "3-1", "作业票审批、气体分析与专人监护", "作业票、监护人、气体分析结果"),
)  # fmt: skip


def rows(zones: list[dict[str, Any]]) -> list[list[str]]:
    """Rows of the import template for zones of kind unit and place."""
    made = []
    for zone in zones:
        p = zone["properties"]
        if p["kind"] not in ("unit", "place"):
            continue
        types = "火灾;中毒和窒息" if p["static_risk"] < 4 else "机械伤害"
        for n, (category, subject, name, text, group, measure, check) in enumerate(_EVENTS):
            level = p["static_risk"] if n == 0 else min(4, p["static_risk"] + n)
            control = min(level, p["control_level"]) if n == 0 else level
            device = n < 2
            cells = {
                "object_code": f"D-{p['parent_code'] or p['code']}", "object_name": f"分析对象 {p['parent_code'] or p['code']}",
                "hazard_code": "130900001" if p["static_risk"] == 1 else "", "main_person": "王立新",
                "technical_person": "林海燕", "operation_person": p["owner"] or "刘洋",
                "unit_code": f"D-{p['code']}-{'S' if device else 'Z'}", "unit_name": f"{p['name']}{'设备' if device else '作业'}单元",
                "unit_department": p["department"] or "", "liable_person": p["owner"] or "", "zones": p["code"],
                "event_name": f"{p['name']}{name}", "category": category, "subject": f"{p['name']}{subject}", "content": text,
                "accident_types": types, "method": "LS", "factors": _FACTORS[level], "level": LEVELS[level],
                "control_level": CONTROLS[control], "department": p["department"] or "", "owner": p["owner"] or "",
                "data_src": "自动化监控" if n == 1 else "隐患排查", "classify2": group, "description": measure, "check_content": check,
            }  # fmt: skip
            made.append([cells[key] for key in KEYS])
    return made


async def enter(uow: UnitOfWork, manager: Principal) -> None:
    """Import the register as a manager would."""
    zones = await features(uow.session, layers()["zone"])
    data = workbook.table("demo", headings("zh-CN"), rows(zones))
    report = await run(uow, manager, data, "zh-CN", apply=True)
    if not report.applied:
        raise Invalid(errors=[fault.model_dump() for fault in report.errors[:20]])


async def load() -> None:
    """Enter it."""
    await act("manager", enter)


def main() -> None:
    """Run it outside of any event loop."""
    asyncio.run(load())
