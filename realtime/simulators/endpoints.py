"""The demo's scenario console (``/api/simulators/scenarios``); there is nothing here outside the demo."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from realtime.simulators import repository
from realtime.simulators.scenarios import scenarios
from twin import clock
from twin.auth.principal import Principal
from twin.errors import NotFound
from twin.i18n import t
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(prefix="/api/simulators/scenarios", tags=["simulators"], route_class=TwinRoute)


class ScenarioNotFound(NotFound):
    """No such scenario, or this is not the demo."""

    code = "scenario_not_found"


class ScenarioOut(BaseModel):
    """A scenario; ``since``: tripped at (null: it is not); ``tags``: the points that it drives."""

    key: str
    title: str
    what: str
    since: datetime | None
    tags: list[str]


class ScenarioIn(BaseModel):
    """Trip or end a scenario."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=40)
    active: bool


def _allowed(request: Request, principal: Principal) -> None:
    principal.require("demo:scenario")
    if not request.app.state.settings.demo:
        raise ScenarioNotFound


async def _all(uow: Uow, language: str) -> list[ScenarioOut]:
    tripped = await repository.tripped(uow.session)
    return [
        ScenarioOut(
            key=s.key, title=t(f"scenario.{s.key}", language), what=t(f"scenario.{s.key}.what", language),
            since=tripped.get(s.key), tags=list(s.targets),
        )
        for s in scenarios().values()
    ]  # fmt: skip


@router.get("", summary="What can be made to happen in the demo")
async def list_scenarios(
    request: Request, uow: Uow, principal: CurrentPrincipal, language: Language
) -> list[ScenarioOut]:
    """All scenarios. 404 outside the demo."""
    _allowed(request, principal)
    return await _all(uow, language)


@router.post("", summary="Trip or end a scenario")
async def put_scenario(
    body: ScenarioIn, request: Request, uow: Uow, principal: CurrentPrincipal, language: Language
) -> list[ScenarioOut]:
    """The simulators follow within two seconds; values move as a process does."""
    _allowed(request, principal)
    if body.key not in scenarios():
        raise ScenarioNotFound(name=body.key)
    if body.active:
        await repository.trip(uow.session, uow.enterprise_id, body.key, clock.now())
    else:
        await repository.end(uow.session, body.key)
    await uow.audit("scenario.trip" if body.active else "scenario.end", "scenario", body.key)
    return await _all(uow, language)
