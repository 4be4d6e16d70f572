"""Emergency, knowledge and post cards (应急卡, 应知卡, 岗位风险卡): written by people, begun from the registers, found by QR."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from domain.risk import repository
from domain.risk.errors import CardNeedsPost, CardNotFound, RiskRuleChanged, ZoneNotFound
from domain.risk.schemas import PHONE, CardDraft, CardIn, CardOut, CardPage, CardPhone, CardRef, CardSection
from domain.risk.service import WRITE, named
from twin import clock
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.registry.card_source import card_sources

#: Headings of a card that is begun from the registers: who acts in an emergency reads first what to do.
_HEADINGS = {
    "emergency": ("hazards", "first_aid", "measures"),
    "knowledge": ("hazards", "limits", "measures", "first_aid"),
    "post": ("hazards", "limits", "measures", "first_aid"),
}
_LINES, _PHONES = 30, 12


async def zone_qr(uow: UnitOfWork, code: str, base: str, post: str = "") -> bytes:
    """QR code (SVG, error correction M, quiet zone of 4 modules) of the handheld's page of a zone, or of a post's cards in it.

    Args:
        base: address of the product as the reader sees it, ending in ``/``; the scanner opens pages of its own address only.

    Raises:
        ZoneNotFound: no such zone.
    """
    import segno

    if await repository.zone(uow.session, code) is None:
        raise ZoneNotFound(code=code)
    out = io.BytesIO()
    page = f"cards/{quote(code, safe='')}/{quote(post, safe='')}" if post else f"zone/{quote(code, safe='')}"
    segno.make_qr(f"{base}m/{page}", error="m").save(out, kind="svg", border=4, light="#fff", omitsize=True)
    return out.getvalue()


async def card(uow: UnitOfWork, code: str, kind: str, post: str) -> CardOut:
    """One card.

    Raises:
        CardNotFound: there is none yet.
    """
    for row in await repository.cards(uow.session, [code]):
        if row["kind"] == kind and row["post"] == post:
            return CardOut(**row)
    raise CardNotFound(code=code)


async def page(uow: UnitOfWork, kind: str | None, after: UUID | None, limit: int, language: str) -> CardPage:
    """Cards of the whole plant without their content, in the order in which they were first written."""
    rows = await repository.card_page(uow.session, kind, after, limit + 1)
    items = [CardRef(**{**row, "zone_name": named(row, language)}) for row in rows[:limit]]
    return CardPage(items=items, next=items[-1].id if len(rows) > limit else None)


async def draft(uow: UnitOfWork, principal: Principal, code: str, kind: str, post: str, language: str) -> CardDraft:
    """What a card can begin with: what the registers say about the zone and what lies in it, and whom to call. Nothing is kept.

    Raises:
        ZoneNotFound; CardNeedsPost: a post card without a post.
    """
    zone = await _zone(uow, code, kind, post)
    codes = await repository.below(uow.session, code)
    lines: dict[str, list[str]] = {heading: [] for heading in _HEADINGS[kind]}
    for source in card_sources():
        if source.scope not in principal.scopes:
            continue
        part = await source.load(uow, codes, post, language)
        for heading, known in lines.items():
            known.extend(str(line)[:500] for line in getattr(part, heading))
    sections = [
        CardSection(heading=t(f"card.heading.{heading}", language), lines=list(dict.fromkeys(known))[:_LINES])
        for heading, known in lines.items()
    ]
    name = f"{named(zone, language)} {post}".strip()
    return CardDraft(
        title=t(f"card.title.{kind}", language, name=name)[:100],
        sections=sections,
        phones=_phones(await repository.above(uow.session, code), language),
    )


def _phones(people: Sequence[dict[str, Any]], language: str) -> list[CardPhone]:
    """Who answers for the zone and those above it, then the public numbers."""
    found = {row["owner_phone"]: row["owner"] for row in reversed(people) if row["owner"] and row["owner_phone"]}
    kept = [CardPhone(name=name, phone=phone) for phone, name in reversed(found.items()) if re.match(PHONE, phone)]
    public = [
        CardPhone(name=t(f"card.{key}", language), phone=no) for key, no in (("fire_call", "119"), ("ambulance", "120"))
    ]
    return [*kept[: _PHONES - len(public)], *public]


async def put(uow: UnitOfWork, principal: Principal, code: str, kind: str, post: str, body: CardIn) -> CardOut:
    """Write a card.

    Raises:
        ZoneNotFound; CardNeedsPost: a post card without a post. RiskRuleChanged: somebody else changed it first.
    """
    principal.require(WRITE)
    principal.require_zone(code)
    await _zone(uow, code, kind, post)
    row = await repository.put_card(
        uow.session, uow.enterprise_id, principal.account_id, (code, kind, post), body.model_dump(), clock.now()
    )
    if row is None:
        raise RiskRuleChanged()
    await uow.audit(
        "card", "zone_card", f"{code}/{kind}/{post}", after={"title": body.title, "version": row["version"]}
    )
    return CardOut(**row)


async def _zone(uow: UnitOfWork, code: str, kind: str, post: str) -> dict[str, Any]:
    zone = await repository.zone(uow.session, code)
    if zone is None:
        raise ZoneNotFound(code=code)
    if kind == "post" and not post:
        raise CardNeedsPost()
    return zone
