"""What the risk register adds to the answer about a zone (clause M8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.risks import repository_zones as repository
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection

_SHOWN = 20


async def _checklist(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """Risk events of the units in the zones."""
    total, items = await repository.events_in(uow.session, zones, _SHOWN)
    return {"total": total, "items": items}


async def _controls(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """Control measures of these events."""
    total, items = await repository.measures_in(uow.session, zones, _SHOWN)
    return {"total": total, "items": items}


SECTIONS = (ZoneSection("risks", "risk:read", _checklist), ZoneSection("checklist", "risk:read", _controls))
