"""Factors that the demo begins with, told as another system would: their zones are raised by the rules until somebody ends them."""

from __future__ import annotations

import asyncio
from typing import Any

from domain.factors import service
from twin.auth.demo import act
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork

#: kind, key, zone, what it says
FACTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("work", "demo-work", "Z-53", {"subject": "DH-2026-0117 一级动火：货架支腿补焊", "type": "动火", "grade": 2}),
    ("equipment", "demo-equipment", "Z-41", {"subject": "安全阀 PSV-4102（离线校验）", "type": "安全阀"}),
    ("interlock", "demo-interlock", "Z-32", {"subject": "LSLL-3203 污油泵低低液位联锁", "type": "液位计校验"}),
    ("weather", "demo-weather", "Z-43", {"subject": "高温橙色预警（室外作业）", "type": "高温", "grade": 2}),
)


async def tell(uow: UnitOfWork, control: Principal) -> None:
    """As the control room would."""
    for kind, key, zone, attributes in FACTS:
        await service.tell(uow, control, kind, key, ([zone], False), attributes, None)


def main() -> None:
    """Do it once, outside of any event loop."""
    asyncio.run(act("control", tell))
