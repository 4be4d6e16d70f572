"""What chemicals add to the answer about a zone (clause M8.4): safety data of what is stored, and major hazards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.chemicals import assess, repository
from domain.chemicals.roles import READ
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection, in_language

_SHOWN = 20
_SAFETY = (
    "name",
    "name_en",
    "cas",
    "flash_point",
    "lel",
    "uel",
    "oel",
    "hazards",
    "first_aid",
    "fire_fighting",
    "leak",
)


async def _chemicals(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    ids = {UUID(line["chemical_id"]) for unit in await repository.units(uow.session, zones) for line in unit.lines}
    found = sorted((await repository.by_ids(uow.session, ids)).values(), key=lambda row: row.name)
    items = [{"id": row.id, **{name: getattr(row, name) for name in _SAFETY}} for row in found[:_SHOWN]]
    return {"total": len(found), "items": in_language(items, language)}


async def _units(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    found = await repository.units(uow.session, zones)
    items = []
    for unit in found[:_SHOWN]:
        result, _ = await assess.assess(uow, unit)
        row = {
            "id": unit.id,
            "name": unit.name,
            "name_en": unit.name_en,
            "kind": unit.kind,
            "zone_code": unit.zone_code,
        }
        figures = {"level": None, "s": None, "r": None} if result is None else result.design.model_dump()
        items.append({**row, **figures, "computed": result is not None})
    return {"total": len(found), "items": in_language(items, language)}


SECTIONS = (ZoneSection("chemicals", READ, _chemicals), ZoneSection("major_hazards", READ, _units))
