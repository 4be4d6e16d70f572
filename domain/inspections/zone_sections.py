"""What inspections add to the answer about a zone (clause M8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.inspections import repository_zones as repository
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection

_SHOWN = 20


async def _inspections(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """Tasks that have begun and are not done; ``overdue`` of them are late."""
    total, overdue, items = await repository.due_in(uow.session, zones, clock.now(), _SHOWN)
    return {"total": total, "overdue": overdue, "items": items}


SECTIONS = (ZoneSection("inspections", "inspection:read", _inspections),)
