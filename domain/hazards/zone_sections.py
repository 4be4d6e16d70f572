"""What hazards add to the answer about a zone (clause M8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.hazards import repository_zones as repository
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection

_SHOWN = 20


async def _hazards(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """Open hazards with their state and the days left."""
    total, items = await repository.open_in(uow.session, zones, _SHOWN)
    return {"total": total, "items": items}


SECTIONS = (ZoneSection("hazards", "hazard:read", _hazards),)
