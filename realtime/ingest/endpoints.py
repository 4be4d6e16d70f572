"""Field sources and how they fare (``/api/sources``)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from realtime.ingest import repository
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/sources", tags=["sources"], route_class=TwinRoute)


class Source(BaseModel):
    """A source. ``connected``: at least one of its points is known now; ``at``: when the gateway last said so."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    kind: str
    enabled: bool
    points: int
    bad_after_s: float
    connected: bool
    error: str
    counts: dict[str, int]
    at: datetime | None


@router.get("", summary="Field sources and how they fare")
async def sources(uow: Uow, principal: CurrentPrincipal) -> list[Source]:
    """All field sources by name."""
    principal.require("system:read")
    return [Source.model_validate(row) for row in await repository.views(uow.session)]
