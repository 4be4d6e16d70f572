"""Field sources: what there is and how it fares, adding, changing, testing, starting and stopping (``/api/sources``).

Nothing here needs a restart: the gateway hears of every change by the outbox and takes it over within a second.
"""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from realtime.history.samples import Verdict, instant, verdict
from realtime.ingest import forms, probe, repository, service, vault
from realtime.ingest.endpoints_list import router as list_router
from realtime.ingest.endpoints_points import router as points_router
from realtime.ingest.plugin import SourceError
from realtime.ingest.repository import PointRow
from twin.db.uow import unit_of_work
from twin.errors import Unavailable
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

api = APIRouter(prefix="/api/sources", tags=["sources"], route_class=TwinRoute)

Name = Annotated[str, Field(min_length=1, max_length=100)]
BadAfter = Annotated[float, Field(gt=0, le=86_400, description="seconds of silence after which points are bad")]
Settings = Annotated[dict[str, Any], Field(description="as the form of the kind says")]


class SourceUnreachable(Unavailable):
    """The source does not answer."""

    code = "source_unreachable"


class Source(BaseModel):
    """A source. ``connected``: at least one of its points is known now; ``at``: when the gateway last said so;
    ``rate``: samples a second; ``last_at``: receipt of the newest sample; ``lag_s``: from its source time to its
    receipt; ``counts``: samples taken, late, repeated, ahead of time, points unknown, bytes that wait on disk, lost."""

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
    rate: float
    last_at: datetime | None
    lag_s: float | None


class SourceDetail(BaseModel):
    """A source as it is set. Secrets are never given out; ``secrets`` names those that are set."""

    id: UUID
    name: str
    kind: str
    enabled: bool
    bad_after_s: float
    settings: Settings
    secrets: list[str]
    updated_at: datetime


class SourceIn(BaseModel):
    """A new source."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: str = Field(max_length=60)
    settings: Settings
    bad_after_s: BadAfter = 10.0
    enabled: bool = True


class SourceChange(BaseModel):
    """What is to change. Settings that are left out stay, secrets above all."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    settings: Settings | None = None
    bad_after_s: BadAfter | None = None


class TestIn(BaseModel):
    """Settings to try. With ``id``, secrets that are left out are those of that source."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(max_length=60)
    settings: Settings
    addresses: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(default=[], max_length=20)
    id: UUID | None = None
    seconds: float = Field(default=8.0, gt=0, le=30)


class TestValue(BaseModel):
    """What an address gave. ``quality`` null: nothing came in time."""

    address: str
    value: float | None = None
    quality: Verdict | None = None
    ts: datetime | None = None


class TestOut(BaseModel):
    """How the test went. ``error``: ``timeout`` when the source said nothing in time, else its own words."""

    ok: bool
    error: str
    values: list[TestValue]


class Point(BaseModel):
    """A point of a source: value * scale + shift is what the device shows."""

    model_config = ConfigDict(from_attributes=True)

    device_id: UUID
    address: str = Field(min_length=1, max_length=500)
    scale: float = Field(default=1.0, allow_inf_nan=False)
    shift: float = Field(default=0.0, allow_inf_nan=False)


class BrowseIn(BaseModel):
    """Where to look; "" is the root."""

    node: str = Field(default="", max_length=500)


class Branch(BaseModel):
    """A node of a source's tree."""

    model_config = ConfigDict(from_attributes=True)

    node: str
    address: str
    name: str
    variable: bool
    value: float | None


@api.get("", summary="Field sources and how they fare")
async def sources(uow: Uow, principal: CurrentPrincipal) -> list[Source]:
    """All field sources by name."""
    principal.require("system:read")
    return [Source.model_validate(row) for row in await repository.views(uow.session)]


@api.get("/kinds", summary="Kinds of sources and their forms")
async def source_kinds(principal: CurrentPrincipal, language: Language) -> list[forms.KindOut]:
    """Every kind with its settings as JSON Schema, titled in the reader's language."""
    principal.require("system:read")
    return forms.forms(language)


@api.post("", status_code=201, summary="Add a source")
async def create(body: SourceIn, uow: Uow, principal: CurrentPrincipal) -> SourceDetail:
    """Add a source; the gateway starts it at once."""
    principal.require("system:write")
    id_ = await service.create(uow, body.name, body.kind, body.settings, body.bad_after_s, body.enabled)
    return await _detail(uow, id_)


@api.post("/test", summary="Read one value now")
async def test(body: TestIn, principal: CurrentPrincipal) -> TestOut:
    """Connect with these settings and wait for a value of every address; nothing is stored or changed."""
    principal.require("system:write")
    kind = service.kind_of(body.kind)
    stored = None
    if body.id is not None:
        async with unit_of_work(principal.enterprise_id) as uow:  # not held while the source is awaited
            row, _ = await service.get(uow, body.id)
            stored = row.settings if row.kind == body.kind else None
    heard, error = await probe.read_once(
        kind, service.checked(kind, body.settings, stored), body.addresses, body.seconds
    )
    values = []
    for n, address in enumerate(body.addresses):
        if n not in heard.values:
            values.append(TestValue(address=address))
            continue
        ts, value, quality = heard.values[n]
        values.append(
            TestValue(
                address=address,
                value=value if quality >= 0 and math.isfinite(value) else None,
                quality=verdict(quality),
                ts=None if ts is None else instant(ts),
            )
        )
    return TestOut(ok=not error and all(v.value is not None for v in values), error=error, values=values)


@api.get("/opcua/certificate", summary="The product's OPC UA certificate", response_class=Response)
async def opcua_certificate(principal: CurrentPrincipal) -> Response:
    """The certificate (DER) that an OPC UA server must trust before it lets this product in by a security policy."""
    principal.require("system:read")
    from realtime.ingest import certificates  # loads the OPC UA library

    certificate, _ = await asyncio.to_thread(certificates.own)
    return Response(
        certificate.read_bytes(),
        media_type="application/pkix-cert",
        headers={"Content-Disposition": 'attachment; filename="plant-twin.der"'},
    )


@api.get("/{id}", summary="A source as it is set")
async def detail(id: UUID, uow: Uow, principal: CurrentPrincipal) -> SourceDetail:
    """Its settings without the secrets."""
    principal.require("system:read")
    return await _detail(uow, id)


@api.patch("/{id}", summary="Change a source")
async def patch(id: UUID, body: SourceChange, uow: Uow, principal: CurrentPrincipal) -> SourceDetail:
    """Change what is given; the gateway starts the source anew at once."""
    principal.require("system:write")
    await service.change(uow, id, service.Change(body.name, body.settings, body.bad_after_s))
    return await _detail(uow, id)


@api.delete("/{id}", status_code=204, summary="Remove a source")
async def delete(id: UUID, uow: Uow, principal: CurrentPrincipal) -> None:
    """Remove a source; what it measured stays in the history."""
    principal.require("system:write")
    await service.delete(uow, id)


@api.post("/{id}/start", summary="Start a source")
async def start(id: UUID, uow: Uow, principal: CurrentPrincipal) -> SourceDetail:
    """Let the gateway run it."""
    return await _switch(id, uow, principal, True)


@api.post("/{id}/stop", summary="Stop a source")
async def stop(id: UUID, uow: Uow, principal: CurrentPrincipal) -> SourceDetail:
    """Stop it on purpose: its points are unknown from now on, and no communication alarm is raised."""
    return await _switch(id, uow, principal, False)


@api.get("/{id}/points", summary="Points of a source")
async def points(id: UUID, uow: Uow, principal: CurrentPrincipal) -> list[Point]:
    """Devices and their addresses."""
    principal.require("system:read")
    await service.get(uow, id)
    return [Point.model_validate(row) for row in await repository.points(uow.session, id)]


@api.put("/{id}/points", summary="Set the points of a source")
async def put_points(
    id: UUID, body: Annotated[list[Point], Field(max_length=50_000)], uow: Uow, principal: CurrentPrincipal
) -> list[Point]:
    """Let the source measure exactly these points; a point that another source had moves to this one."""
    principal.require("system:write")
    await service.put_points(uow, id, [PointRow(p.device_id, id, p.address, p.scale, p.shift) for p in body])
    return [Point.model_validate(row) for row in await repository.points(uow.session, id)]


@api.post("/{id}/browse", summary="Look into a source's tree of points")
async def browse(id: UUID, body: BrowseIn, principal: CurrentPrincipal) -> list[Branch]:
    """What lies under a node, e.g. to pick OPC UA variables. 503 when the source does not answer."""
    principal.require("system:write")
    async with unit_of_work(principal.enterprise_id) as uow:
        row, _ = await service.get(uow, id)
    kind = service.kind_of(row.kind)
    try:
        found = await kind.browse(kind.probe(_open(row)), body.node)
    except (SourceError, OSError) as error:
        raise SourceUnreachable(reason=str(error)) from error
    return [Branch.model_validate(branch) for branch in found]


def _open(row: repository.SourceRow) -> BaseModel:
    made: BaseModel = service.kind_of(row.kind).model.model_validate(vault.opened(row.settings))
    return made


async def _switch(id_: UUID, uow: Uow, principal: CurrentPrincipal, enabled: bool) -> SourceDetail:
    principal.require("system:write")
    await service.change(uow, id_, service.Change(enabled=enabled))
    return await _detail(uow, id_)


async def _detail(uow: Uow, id_: UUID) -> SourceDetail:
    row, enabled = await service.get(uow, id_)
    settings, secrets = vault.shown(service.kind_of(row.kind).model, row.settings)
    return SourceDetail(
        id=row.id, name=row.name, kind=row.kind, enabled=enabled, bad_after_s=row.bad_after_s, settings=settings,
        secrets=secrets, updated_at=row.updated_at,
    )  # fmt: skip


router = APIRouter()
router.include_router(api)
router.include_router(points_router)
router.include_router(list_router)
