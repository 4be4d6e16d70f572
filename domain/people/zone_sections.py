"""What people add to the answer about a zone (clause M8.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from domain.people import repository
from domain.people.counts import CLASSES, STALE_AFTER
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection


async def _people(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """People inside by class; ``stale`` more were seen there last and are not known to be there now."""
    inside = [row for row in await repository.headcount(uow.session, clock.now() - STALE_AFTER) if row.zone in zones]
    fresh = Counter(row.klass for row in inside if not row.stale)
    items = [{"class": name, "count": fresh[name]} for name in CLASSES]
    return {"total": fresh.total(), "stale": sum(row.stale for row in inside), "items": items}


SECTIONS = (ZoneSection("people", "people:read", _people),)
