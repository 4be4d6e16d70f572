"""The risk map API (``/api/risk`` and ``/api/zones``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from domain.risk import cards, led, service
from domain.risk.schemas import (
    CardDraft,
    CardIn,
    CardKind,
    CardOut,
    CardPage,
    InputOut,
    LedOut,
    LevelChange,
    LevelsAt,
    OverrideIn,
    OverrideOut,
    RiskRuleIn,
    RiskRuleOut,
    Timeline,
    TrialIn,
    TrialOut,
    ZoneOut,
    ZoneState,
)
from realtime.risk import repository as engine_rows
from realtime.risk.book import RuleBody
from realtime.risk.inputs import inputs
from realtime.risk.repository import OverrideRow, RuleRow
from twin import clock
from twin.web import CurrentPrincipal, Language, TwinRoute, Uow

router = APIRouter(tags=["risk map"], route_class=TwinRoute)

Code = Annotated[str, Path(min_length=1, max_length=60)]
Key = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,59}$")]
Post = Annotated[str, Query(max_length=60, pattern=r"^[^\x00-\x1f]*$")]


def _rule(row: RuleRow, language: str) -> RiskRuleOut:
    return RiskRuleOut(
        key=row.key,
        title=row.title_en if language == "en" else row.title_zh,
        title_zh=row.title_zh,
        title_en=row.title_en,
        icon=row.icon,
        body=RuleBody.model_validate(row.body),
        enabled=row.enabled,
        version=row.version,
        updated_at=row.updated_at,
        fed=row.body["kind"] in inputs(),
    )


def _override(row: OverrideRow) -> OverrideOut:
    return OverrideOut(zone=row.zone, level=row.level, reason=row.reason, at=row.at, until=row.until, by=row.by_name)


@router.get("/api/risk/inputs", summary="What rules may ask for")
async def list_inputs(principal: CurrentPrincipal, language: Language) -> list[InputOut]:
    """Kinds of facts that modules feed."""
    principal.require(service.READ)
    n = 1 if language == "en" else 0
    return [
        InputOut(
            kind=one.kind,
            title=one.title_en if n else one.title_zh,
            attributes={name: texts[n] for name, texts in one.attributes.items()},
        )
        for one in inputs().values()
    ]


@router.get("/api/risk/rules", summary="Rules of the dynamic risk")
async def list_rules(uow: Uow, principal: CurrentPrincipal, language: Language) -> list[RiskRuleOut]:
    """Every rule."""
    principal.require(service.READ)
    return [_rule(row, language) for row in await engine_rows.rule_rows(uow.session)]


@router.put("/api/risk/rules/{key}", summary="Change or add a rule (signed)")
async def put_rule(
    key: Key, body: RiskRuleIn, uow: Uow, principal: CurrentPrincipal, language: Language
) -> RiskRuleOut:
    """The engine takes the rule at once."""
    return _rule(await service.put_rule(uow, principal, key, body), language)


@router.post("/api/risk/trial", summary="What a rule would have changed")
async def trial(body: TrialIn, uow: Uow, principal: CurrentPrincipal) -> TrialOut:
    """Runs the facts of the last days through the rules with this one changed; nothing is kept."""
    return await service.trial(uow, principal, body)


@router.get("/api/risk/at", summary="Levels of all zones at a time")
async def levels_at(uow: Uow, principal: CurrentPrincipal, at: datetime | None = None) -> LevelsAt:
    """The map of any second that is kept; now without ``at``."""
    principal.require("map:read")
    moment = at or clock.now()
    return LevelsAt(at=moment, levels=await engine_rows.levels_at(uow.session, moment))


@router.get("/api/risk/changes", summary="Changes of level")
async def list_changes(
    uow: Uow,
    principal: CurrentPrincipal,
    zone: Annotated[str | None, Query(max_length=60)] = None,
    start: Annotated[datetime | None, Query(alias="from")] = None,
    end: Annotated[datetime | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 200,
    recoloured: Annotated[bool, Query(description="leave out changes of the cause alone")] = False,
    oldest: Annotated[bool, Query(description="oldest first")] = False,
) -> list[LevelChange]:
    """Newest first; the last day without ``from``."""
    principal.require("map:read")
    to = end or clock.now()
    period = (start or to - timedelta(days=1), to)
    rows = await engine_rows.changes(uow.session, zone, *period, limit, recoloured=recoloured, oldest=oldest)
    return [service.change_out(row) for row in rows]


@router.get("/api/risk/timeline", summary="When levels changed and alarms came")
async def timeline(
    uow: Uow,
    principal: CurrentPrincipal,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to")],
    parts: Annotated[int, Query(ge=1, le=1000)] = 300,
) -> Timeline:
    """Of the whole plant, counted in ``parts`` equal steps: for a line that is short however much happened."""
    principal.require("map:read")
    return await service.timeline(uow, start, end, parts)


@router.get("/api/risk/overrides", summary="Levels that people have set")
async def list_overrides(uow: Uow, principal: CurrentPrincipal) -> list[OverrideOut]:
    """Decisions in force."""
    principal.require(service.READ)
    return [_override(row) for row in await engine_rows.overrides(uow.session, clock.now())]


@router.get("/api/zones/{code}", summary="Everything about a zone")
async def zone(code: Code, uow: Uow, principal: CurrentPrincipal, language: Language) -> ZoneOut:
    """State, cause, last day, responsible persons, cards, and what every module knows about it."""
    principal.require("map:read")
    return await service.zone(uow, principal, code, language)


@router.get("/api/zones/{code}/why", summary="Why a zone has its level")
async def why(
    code: Code, uow: Uow, principal: CurrentPrincipal, language: Language, at: datetime | None = None
) -> ZoneState:
    """The level at a time (now without ``at``), with rules and facts."""
    principal.require("map:read")
    return await service.state(uow, code, at or clock.now(), language)


@router.get(
    "/api/zones/{code}/qr.svg",
    summary="QR code of a zone",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
)
async def zone_qr(code: Code, uow: Uow, principal: CurrentPrincipal, request: Request, post: Post = "") -> Response:
    """The handheld's page of the zone (or of a post's cards in it), under the address that this request came to; for cards and signs."""
    principal.require("map:read")
    drawing = await cards.zone_qr(uow, code, str(request.base_url), post)
    return Response(drawing, media_type="image/svg+xml")


Width = Annotated[int, Query(ge=8, le=200, description="half-width cells of a line; a Chinese character takes two")]
Lines = Annotated[int, Query(ge=3, le=40)]


@router.get("/api/zones/{code}/led", summary="A zone for an LED screen")
async def zone_led(
    code: Code, uow: Uow, principal: CurrentPrincipal, language: Language, width: Width = 16, lines: Lines = 8
) -> LedOut:
    """Name, level, causes and the time, in lines that fit, with the colour. For a controller with a bearer token of the right ``map:read``."""
    principal.require("map:read")
    return await led.feed(uow, code, language, width, lines)


@router.get(
    "/api/zones/{code}/led.txt",
    summary="A zone for an LED screen, as plain text",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def zone_led_text(
    code: Code,
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    width: Width = 16,
    lines: Lines = 8,
    encoding: Literal["utf-8", "gb18030"] = "utf-8",
) -> Response:
    """The lines alone; many controllers want them in GB 18030. The level is in the header ``X-Risk-Level``."""
    principal.require("map:read")
    made = await led.feed(uow, code, language, width, lines)
    return Response(
        "\n".join(made.lines).encode(encoding),
        media_type=f"text/plain; charset={encoding}",
        headers={"X-Risk-Level": str(made.level), "Cache-Control": "no-store"},
    )


@router.put("/api/zones/{code}/override", summary="Set a zone's level (signed)")
async def set_override(code: Code, body: OverrideIn, uow: Uow, principal: CurrentPrincipal) -> OverrideOut:
    """Holds until the given time or until it is taken back."""
    return _override(await service.override(uow, principal, code, body))


@router.delete("/api/zones/{code}/override", summary="Take the decision back", status_code=204)
async def end_override(code: Code, uow: Uow, principal: CurrentPrincipal) -> None:
    """The zone returns to what the facts say."""
    await service.end_override(uow, principal, code)


@router.get("/api/risk/cards", summary="Cards of zones and posts")
async def list_cards(
    uow: Uow,
    principal: CurrentPrincipal,
    language: Language,
    kind: CardKind | None = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> CardPage:
    """Without their content."""
    principal.require("map:read")
    return await cards.page(uow, kind, after, limit, language)


@router.get("/api/zones/{code}/cards/{kind}", summary="A card")
async def get_card(code: Code, kind: CardKind, uow: Uow, principal: CurrentPrincipal, post: Post = "") -> CardOut:
    """The card of the zone, or of a post in it."""
    principal.require("map:read")
    return await cards.card(uow, code, kind, post)


@router.get("/api/zones/{code}/cards/{kind}/draft", summary="What a card can begin with")
async def draft_card(
    code: Code, kind: CardKind, uow: Uow, principal: CurrentPrincipal, language: Language, post: Post = ""
) -> CardDraft:
    """Hazards, limits, measures, first aid and phones as the registers have them; nothing is kept."""
    principal.require(service.WRITE)
    return await cards.draft(uow, principal, code, kind, post, language)


@router.put("/api/zones/{code}/cards/{kind}", summary="Write a card")
async def put_card(
    code: Code, kind: CardKind, body: CardIn, uow: Uow, principal: CurrentPrincipal, post: Post = ""
) -> CardOut:
    """``version`` is the one it is based on, 0 for a new card."""
    return await cards.put(uow, principal, code, kind, post, body)
