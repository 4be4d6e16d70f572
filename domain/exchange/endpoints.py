"""The exchange with regulators (``/api/exchange``)."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from domain.exchange import repository, service, wire
from domain.exchange.schemas import Preview, RunOut, SentOut, TargetIn, TargetOut
from twin.registry.exports import exports
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/api/exchange", tags=["exchange"], route_class=TwinRoute)
Kind = Literal["riskUnit", "riskEvent", "riskMeasure", "checkTask", "checkRecord", "hiddenDanger", "stopRecord"]


@router.get("/schema", summary="JSON Schema of the exchange form")
async def schema(principal: CurrentPrincipal) -> dict[str, Any]:
    """Every kind under ``$defs``."""
    principal.require("exchange:manage")
    return wire.schema()


@router.get("/preview/{kind}", summary="Rows as they would be sent")
async def preview(
    kind: Kind, uow: Uow, principal: CurrentPrincipal, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> Preview:
    """The first ones, in the form's own spelling."""
    principal.require("exchange:manage")
    export = next(e for e in exports() if e.kind == kind)
    rows = [wire.spell(row, "000000000", "compact") for row in await export.rows(uow.session, None, limit)]
    return Preview(kind=kind, rows=rows, faults=[f"{r['id']} {f}" for r in rows for f in wire.faults(kind, r)])


@router.get("/targets", summary="Targets")
async def targets(uow: Uow, principal: CurrentPrincipal) -> list[TargetOut]:
    """Without their keys."""
    principal.require("exchange:manage")
    return [TargetOut.model_validate(t, from_attributes=True) for t in await repository.targets(uow.session)]


@router.post("/targets", summary="New target", status_code=201)
async def add_target(body: TargetIn, uow: Uow, principal: CurrentPrincipal) -> TargetOut:
    """Its first run sends everything."""
    return TargetOut.model_validate(await service.add(uow, principal, body), from_attributes=True)


@router.post("/targets/{target_id}/send", summary="Send what is new")
async def send(target_id: UUID, principal: CurrentPrincipal) -> list[SentOut]:
    """Parents first; stops at the first kind that the target does not take."""
    principal.require("exchange:manage")
    done = await service.send(principal.enterprise_id, target_id)
    return [SentOut.model_validate(s, from_attributes=True) for s in done]


@router.get("/targets/{target_id}/runs", summary="What was sent")
async def runs(target_id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[RunOut]:
    """The newest 200."""
    principal.require("exchange:manage")
    await service.get(uow, target_id)
    return [RunOut.model_validate(r, from_attributes=True) for r in await repository.runs(uow.session, target_id, 200)]
