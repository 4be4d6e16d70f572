"""Chemicals of the demo's tanks and its four tank farms. Categories are this demo's own reading of flash points."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from domain.chemicals import service
from domain.chemicals.schemas import ChemicalIn, MajorUnitIn, StoredLine
from twin.auth.demo import act
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork

_READ = "示范数据：类别按闪点判定，投用前须按安全技术说明书核实"
_OWN = "示范数据：易燃气体临界量 10 t，投用前须按 GB 18218 原文核实"
_LIQUID = (
    "高度易燃液体和蒸气",
    "脱去污染衣物，皮肤和眼睛用大量清水冲洗；吸入者移至新鲜空气处，就医",
    "泡沫、干粉、二氧化碳；用水冷却容器",
)
_GAS = (
    "极易燃气体，受压气体，遇热可能爆炸",
    "移至新鲜空气处；冻伤部位用温水复温，就医",
    "切断气源；不能切断时不熄灭火焰，用水冷却容器",
)
#: name, English name, CAS, roles, named row, class, own Q, density t/m3, flash point, texts, basis
_CHEMICALS: tuple[tuple[Any, ...], ...] = (
    ("石脑油", "Naphtha", "8030-30-6", ["raw"], "", "W5.3", None, 0.72, -20, _LIQUID, _READ),
    ("甲醇", "Methanol", "67-56-1", ["raw"], "methanol", "W5.3", None, 0.792, 11, _LIQUID, _READ),
    ("MTBE", "MTBE", "1634-04-4", ["product"], "", "W5.3", None, 0.741, -28, _LIQUID, _READ),
    ("重整油", "Reformate", "", ["intermediate"], "", "W5.3", None, 0.80, -10, _LIQUID, _READ),
    ("加氢油", "Hydrotreated naphtha", "", ["intermediate"], "", "W5.3", None, 0.73, -20, _LIQUID, _READ),
    ("苯", "Benzene", "71-43-2", ["product"], "benzene", "W5.3", None, 0.879, -11, _LIQUID, _READ),
    ("甲苯", "Toluene", "108-88-3", ["product"], "toluene", "W5.3", None, 0.867, 4, _LIQUID, _READ),
    ("二甲苯", "Xylene", "1330-20-7", ["product"], "", "W5.4", None, 0.864, 27, _LIQUID, _READ),
    ("碳九芳烃", "C9 aromatics", "", ["product"], "", "W5.4", None, 0.875, 42, _LIQUID, _READ),
    ("丙烯", "Propylene", "115-07-1", ["product"], "", "W2", 10, 0.514, None, _GAS, _OWN),
    ("液化石油气", "LPG", "68476-85-7", ["raw"], "lpg", "W2", None, 0.55, None, _GAS, _READ),
    ("异丁烷", "Isobutane", "75-28-5", ["product"], "", "W2", 10, 0.557, None, _GAS, _OWN),
)
#: name, English name, zone, residents within 500 m, filling, tanks: code, medium, level point
_FARMS: tuple[tuple[Any, ...], ...] = (
    ("液化烃球罐区", "Sphere farm", "Z-11", 0, 0.85, "V-50", ["丙烯"] * 3 + ["液化石油气"] * 2 + ["异丁烷"], 4101),
    ("石脑油罐区", "Naphtha farm", "Z-12", 0, 0.9, "T-10", ["石脑油"] * 3, 4201),
    ("芳烃罐区", "Aromatics farm", "Z-13", 12, 0.9, "T-40", ["苯", "苯", "甲苯", "甲苯", "二甲苯", "二甲苯", "二甲苯", "碳九芳烃"], 4301),
    ("中间罐区", "Intermediate farm", "Z-14", 0, 0.9, "T-30", ["甲醇", "甲醇", "MTBE", "MTBE", "重整油", "重整油", "加氢油", "加氢油"], 3101),
)  # fmt: skip


def chemicals() -> list[ChemicalIn]:
    """All of them."""
    return [
        ChemicalIn(
            name=name, name_en=english, cas=cas, roles=roles, entry=entry, category=category, own_q=own, basis=basis,
            density=density, flash_point=flash, hazards=texts[0], first_aid=texts[1], fire_fighting=texts[2],
        )
        for name, english, cas, roles, entry, category, own, density, flash, texts, basis in _CHEMICALS
    ]  # fmt: skip


def farms(ids: dict[str, UUID]) -> list[MajorUnitIn]:
    """The tank farms by dike; ``ids`` are the chemicals by name."""
    return [
        MajorUnitIn(
            name=name, name_en=english, kind="tank_farm", zone_code=zone, residents=residents,
            lines=[
                StoredLine(
                    chemical_id=ids[medium], tank_code=f"{prefix}{n + 1}", filling=filling, level_tag=f"LI-{tag + n}"
                )
                for n, medium in enumerate(media)
            ],
        )
        for name, english, zone, residents, filling, prefix, media, tag in _FARMS
    ]  # fmt: skip


async def enter(uow: UnitOfWork, manager: Principal) -> None:
    """As the manager would."""
    ids = {body.name: (await service.add_chemical(uow, manager, body)).id for body in chemicals()}
    for unit in farms(ids):
        await service.add_unit(uow, manager, unit)


def main() -> None:
    """Do it once, outside of any event loop."""
    asyncio.run(act("manager", enter))
