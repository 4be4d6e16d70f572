"""What the spatial model adds to the answer about a zone (clause M8.4): cameras and the ways out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection, in_language
from twin.spatial import repository_zones as repository

_SHOWN, _NEAREST = 20, 3


async def _cameras(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """Cameras in the zones or within their range of them, nearest first."""
    total, items = await repository.cameras(uow.session, zones, _SHOWN)
    return {"total": total, "items": in_language(items, language)}


async def _exits(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """The nearest gates and assembly points in a straight line."""
    items = await repository.exits(uow.session, zones, _NEAREST)
    return {"total": len(items), "items": in_language(items, language)}


SECTIONS = (ZoneSection("cameras", "map:read", _cameras), ZoneSection("exits", "map:read", _exits))
