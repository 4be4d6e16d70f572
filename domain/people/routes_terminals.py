"""The terminal ledger (``/api/people/terminals``)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from domain.people import repository_terminals as repository
from domain.people import terminals as service
from domain.people.schemas import PRINTABLE, CarriedOut, TerminalIn, TerminalOut, Terminals
from realtime.tracking import repository_bindings as bindings
from twin import clock
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(prefix="/terminals", route_class=TwinRoute)

Kind = Literal["badge", "vehicle_unit", "anchor", "handheld"]
Flag = Literal["any", "low_battery", "battery_due", "expired", "expiring", "unsuitable"]
CodePath = Annotated[str, Path(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]+$")]


@router.get("", summary="Ledger of terminals")
async def find(
    uow: Uow,
    principal: CurrentPrincipal,
    kind: Kind | None = None,
    flag: Flag | None = None,
    q: Annotated[
        str | None, Query(max_length=60, pattern=PRINTABLE, description="part of the code or of the holder's name")
    ] = None,
    after: Annotated[str, Query(max_length=60, pattern=PRINTABLE)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Terminals:
    """Badges, vehicle units, anchors and handhelds with certificate, expiry, battery and what flags them."""
    principal.require("people:read")
    terms = service.terms(clock.now())
    rows = await repository.page(uow.session, terms, kind, flag, q, after, limit + 1)
    return Terminals(
        items=[TerminalOut.model_validate(dict(row._mapping)) for row in rows[:limit]],
        next=rows[limit - 1].code if len(rows) > limit else None,
        counts=await repository.counts(uow.session, terms),
    )


@router.put("/{code}", summary="Make or change a line of the ledger")
async def put(code: CodePath, body: TerminalIn, uow: Uow, principal: CurrentPrincipal) -> TerminalOut:
    """A badge or vehicle unit that is put here can be issued and located from then on."""
    principal.require("people:write")
    row = await service.put(uow, code, body.model_dump())
    return TerminalOut.model_validate(dict(row._mapping))


@router.get("/{code}/carriers", summary="Who has carried a badge")
async def carriers(code: CodePath, uow: Uow, principal: CurrentPrincipal) -> list[CarriedOut]:
    """Newest first."""
    principal.require("people:read")
    return [CarriedOut.model_validate(row) for row in await bindings.carriers(uow.session, code)]
