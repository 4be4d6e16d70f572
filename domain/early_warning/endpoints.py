"""The early-warning index (``/api/index``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from domain.early_warning import ahp, answers, repository, service
from domain.early_warning.errors import IndexAreaNotFound, IndexAspectNotFound, IndexModelFault
from domain.early_warning.model import KEYS, IndexModelBody
from domain.early_warning.roles import READ
from domain.early_warning.schemas import (
    AhpIn,
    AhpOut,
    IndexAspect,
    IndexForecast,
    IndexModelIn,
    IndexModelOut,
    IndexModelVersion,
    IndexNow,
    IndexPointOut,
    IndexRadar,
    IndicatorOut,
    IndicatorRowOut,
    IndicatorRows,
    IndicatorTargetIn,
)
from twin import clock
from twin.db.uow import UnitOfWork
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/index", tags=["early-warning index"], route_class=TwinRoute)

Key = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
Area = Annotated[str, Query(max_length=60, description="code of an area zone; empty: the enterprise")]


async def _area(uow: UnitOfWork, area: str) -> str:
    if area and area not in await repository.areas(uow.session):
        raise IndexAreaNotFound(code=area)
    return area


@router.get("", summary="The index now")
async def index_now(uow: Uow, principal: CurrentPrincipal, language: Language) -> IndexNow:
    """With aspects, what each costs, vetoes, trend, and every area."""
    principal.require(READ)
    return await answers.now(uow, await service.evaluate(uow, clock.now(), present=True), language)


@router.get("/history", summary="Hours that were written down")
async def history(
    uow: Uow,
    principal: CurrentPrincipal,
    start: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    end: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    area: Area = "",
    limit: Annotated[int, Query(ge=1, le=2000)] = 750,
) -> list[IndexPointOut]:
    """The newest ones of the span (by default the last 30 days), oldest first."""
    principal.require(READ)
    until: datetime = end or clock.now()
    since: datetime = start or until - timedelta(days=30)
    rows = await repository.hours(uow.session, await _area(uow, area), since, until, limit)
    return [
        IndexPointOut(**{**row, "aspects": {key: part["score"] for key, part in row["aspects"].items()}})
        for row in rows
    ]


@router.get("/forecast", summary="The last days and the month to come")
async def forecast(
    uow: Uow,
    principal: CurrentPrincipal,
    days: Annotated[int, Query(ge=3, le=366)] = 60,
    ahead: Annotated[int, Query(ge=1, le=31)] = 30,
    area: Area = "",
) -> IndexForecast:
    """Moving average of three days, with a band from the errors that it has made."""
    principal.require(READ)
    return await answers.month(uow, await _area(uow, area), days, ahead)


@router.get("/radar", summary="Aspects now against the month before")
async def radar(uow: Uow, principal: CurrentPrincipal) -> IndexRadar:
    """Aspects without data are in neither."""
    principal.require(READ)
    return await answers.radar(uow, await service.evaluate(uow, clock.now(), present=True))


@router.get("/aspects/{key}", summary="One aspect")
async def one_aspect(key: Key, uow: Uow, principal: CurrentPrincipal, language: Language) -> IndexAspect:
    """With its indicators and what each costs."""
    principal.require(READ)
    if key not in KEYS:
        raise IndexAspectNotFound(name=key)
    found = await service.evaluate(uow, clock.now(), present=True)
    return answers.aspect(next(a for a in found.whole.aspects if a.key == key), language)


@router.get("/indicators", summary="Library of safety indicators")
async def library(uow: Uow, principal: CurrentPrincipal, language: Language) -> list[IndicatorOut]:
    """Formula, source, target, owner, the value now and whether it meets the target."""
    principal.require(READ)
    found = await service.evaluate(uow, clock.now(), present=True)
    return answers.library(found, await repository.targets(uow.session), language)


@router.put("/indicators/{key}", summary="Another target and owner")
async def set_target(
    key: Key, body: IndicatorTargetIn, uow: Uow, principal: CurrentPrincipal, language: Language
) -> IndicatorOut:
    """Every version is kept."""
    row = await service.set_target(uow, principal, key, body.version, body.target, body.owner, body.owner_name)
    found = await service.evaluate(uow, clock.now(), present=True)
    return answers.library_line(service.find(key), found, row, language)


@router.get("/indicators/{key}/rows", summary="The rows behind an indicator")
async def indicator_rows(
    key: Key, uow: Uow, principal: CurrentPrincipal, at: Annotated[AwareDatetime | None, Query()] = None
) -> IndicatorRows:
    """All of them, now or at an instant; ``value`` is what they make."""
    principal.require(READ)
    declared = service.find(key)
    moment, reading = await service.rows(uow, key, at)
    return IndicatorRows(
        indicator=key, at=moment, how=declared.how, value=declared.value(reading), unit=declared.unit,
        basis=reading.basis, rows=[IndicatorRowOut.model_validate(r, from_attributes=True) for r in reading.rows],
    )  # fmt: skip


@router.get("/model", summary="Weights, coefficients, bands, vetoes")
async def get_model(uow: Uow, principal: CurrentPrincipal, language: Language) -> IndexModelOut:
    """The version in force."""
    principal.require(READ)
    return await answers.model(uow, language)


@router.put("/model", summary="A new version of the model")
async def put_model(body: IndexModelIn, uow: Uow, principal: CurrentPrincipal, language: Language) -> IndexModelOut:
    """Refused when the comparisons contradict one another (consistency ratio above its limit)."""
    await service.set_model(uow, principal, body.version, body.model)
    return await answers.model(uow, language)


@router.get("/model/versions", summary="Versions of the model")
async def model_versions(uow: Uow, principal: CurrentPrincipal) -> list[IndexModelVersion]:
    """The newest hundred."""
    principal.require(READ)
    return [
        IndexModelVersion(version=v.version, at=v.at, by=v.by_name, model=IndexModelBody.model_validate(v.body))
        for v in await repository.model_versions(uow.session)
    ]


@router.post("/ahp", summary="Weights of comparisons in pairs")
async def try_ahp(body: AhpIn, principal: CurrentPrincipal) -> AhpOut:
    """Nothing is kept: for the editor."""
    principal.require(READ)
    if fault := ahp.faults(body.matrix, len(KEYS)):
        raise IndexModelFault(where="matrix", reason=fault)
    ratio = ahp.consistency_ratio(body.matrix)
    weights = dict(zip(KEYS, ahp.weights(body.matrix), strict=True))
    return AhpOut(weights=weights, consistency_ratio=ratio, limit=ahp.LIMIT, accepted=ratio <= ahp.LIMIT)
