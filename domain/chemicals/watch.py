"""What a unit holds moves with its level points: when the level of what is there changes, the result is kept."""

from __future__ import annotations

import structlog

from domain.chemicals import repository, service
from twin.db.uow import ALL_ENTERPRISES, unit_of_work

log = structlog.get_logger(__name__)


async def watch() -> int:
    """Look at the units with level points; how many results were kept."""
    async with unit_of_work(ALL_ENTERPRISES) as uow:
        found = await repository.units_by_enterprise(uow.session)
    kept = 0
    for enterprise_id, unit_ids in found.items():
        async with unit_of_work(enterprise_id, origin="levels") as uow:
            kept += await service.reassess(uow, unit_ids, "stored", live=True)
    if kept:
        log.info("what is stored changed levels", units=kept)
    return kept
