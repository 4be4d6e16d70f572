"""What measuring points add to the answer about a zone (clause M8.4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from realtime.history import repository_zones as repository
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.registry.zone_section import ZoneSection, in_language

_SHOWN = 50


async def _points(uow: UnitOfWork, principal: Principal, zones: Sequence[str], language: str) -> dict[str, Any]:
    """Points with their newest value and its source time; ``bad`` of them have none that can be used now."""
    total, items = await repository.points_in(uow.session, zones, _SHOWN)
    for row in items:
        value, quality = row["value"], row.pop("quality")
        usable = quality is not None and quality >= 0 and value is not None and math.isfinite(value)
        row["value"] = value if usable else None
        row["state"] = "good" if usable else "bad"
    return {"total": total, "bad": sum(row["state"] == "bad" for row in items), "items": in_language(items, language)}


SECTIONS = (ZoneSection("points", "map:read", _points),)
