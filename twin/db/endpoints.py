"""The audit trail (``/api/audit``) and the events that no subscriber could handle (``/api/system/parked``)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel

from twin.db import audit, deliver
from twin.registry import discover
from twin.web import CurrentPrincipal, TwinRoute, Uow

router = APIRouter(route_class=TwinRoute)

Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


class AuditRow(BaseModel):
    """Who did what. ``n`` is the number in the sealed chain; null until the row is sealed (about a second)."""

    id: int
    n: int | None
    at: datetime
    actor_id: UUID | None
    actor: str
    origin: str
    action: str
    kind: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    before_digest: str | None
    after_digest: str | None


class AuditPage(BaseModel):
    """Newest first; ``next`` goes on from there (``before``), null at the end."""

    items: list[AuditRow]
    next: int | None


class AuditFault(BaseModel):
    """Something wrong with the trail; ``reason`` as in ``twin.db.audit.Fault``."""

    reason: str
    n: int | None
    audit_id: int | None


class AuditReport(BaseModel):
    """Outcome of checking the chain."""

    ok: bool
    checked: int
    faults: list[AuditFault]


class ParkedEvent(BaseModel):
    """An event that a subscriber could not handle."""

    subscriber: str
    seq: int
    topic: str
    kind: str
    key: str
    event_at: datetime
    error: str
    attempts: int
    parked_at: datetime


@router.get("/api/audit", tags=["audit"], summary="Audit trail")
async def audit_rows(
    uow: Uow,
    principal: CurrentPrincipal,
    before: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    kind: Word = None,
    key: Word = None,
    action: Word = None,
    actor_id: UUID | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditPage:
    """A page of the enterprise's audit trail."""
    principal.require("audit:read")
    rows = await audit.page(
        uow.session,
        before=before,
        limit=limit + 1,
        kind=kind,
        key=key,
        action=action,
        actor_id=actor_id,
        since=since,
        until=until,
    )
    names = [name for name in AuditRow.model_fields if name != "n"]
    items = [AuditRow(n=n, **{name: getattr(row, name) for name in names}) for row, n in rows[:limit]]
    return AuditPage(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/api/audit/verify", tags=["audit"], summary="Check the audit trail")
async def verify(principal: CurrentPrincipal) -> AuditReport:
    """Recompute the enterprise's chain and name every row that was changed, removed or moved."""
    principal.require("audit:read")
    report = await audit.verify(principal.enterprise_id)
    faults = [AuditFault(reason=f.reason, n=f.n, audit_id=f.audit_id) for f in report.faults]
    return AuditReport(ok=report.ok, checked=report.checked, faults=faults)


@router.get("/api/system/parked", tags=["system"], summary="Parked events")
async def parked(uow: Uow, principal: CurrentPrincipal) -> list[ParkedEvent]:
    """Events that a subscriber could not handle after several tries."""
    principal.require("system:read")
    return [ParkedEvent(**row) for row in await deliver.parked(uow)]


@router.post(
    "/api/system/parked/{subscriber}/{seq}/retry", tags=["system"], summary="Retry a parked event", status_code=204
)
async def retry(
    subscriber: Annotated[str, Path(max_length=200, pattern=r"^[^\x00]*$")],
    seq: Annotated[int, Path(ge=0, lt=2**63)],
    uow: Uow,
    principal: CurrentPrincipal,
) -> None:
    """Let the subscriber try once more; the event leaves the list when that works."""
    principal.require("system:write")
    known = {s.name: s for module in discover.submodules("subscribers") for s in module.SUBSCRIBERS}
    if subscriber not in known:
        raise deliver.ParkedNotFound(subscriber=subscriber, seq=seq)
    await deliver.retry(uow, known[subscriber], seq)
