"""What a signature under a hazard's acceptance covers: the hazard as assessed and assigned, what was done, all photos."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.hazards import repository
from domain.hazards.models import HazardRectification
from twin.photos import repository as photos
from twin.photos.service import facts
from twin.signature.port import SignedKind

_HAZARD = ("id", "code", "name", "description", "level", "hazard_type", "source", "zone_code", "department", "lon", "lat",
           "reporter_name", "created_at", "owner_id", "owner_name", "acceptor_ids", "criteria", "plan")  # fmt: skip
_ROUND = ("id", "round", "cause", "measures", "cost", "permit", "by_id", "by_name", "at")


async def content(session: AsyncSession, key: str, meaning: str) -> dict[str, Any] | None:
    """Facts of the rectification ``key`` and its hazard."""
    done = await session.get(HazardRectification, UUID(key))
    hazard = await repository.one(session, done.hazard_id) if done is not None else None
    if done is None or hazard is None:
        return None
    pictures = await photos.taken(session, [*hazard["photos"], *done.photos])
    return {
        "hazard": {name: hazard[name] for name in _HAZARD},
        "rectification": {name: getattr(done, name) for name in _ROUND},
        "photos": facts([pictures[i] for i in [*hazard["photos"], *done.photos] if i in pictures]),
    }


SIGNED = (SignedKind("hazard_rectification", content),)
