"""What the risk register gives to a card: what can happen, and what is done against it."""

from __future__ import annotations

from collections.abc import Sequence

from domain.risks import dictionaries
from domain.risks import repository_zones as repository
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.registry.card_source import CardPart, CardSource


async def _register(uow: UnitOfWork, zones: Sequence[str], post: str, language: str) -> CardPart:
    """Events and measures that name the post; where none does, those of everybody in the zones."""
    rows = (post and await repository.card_rows(uow.session, zones, post)) or await repository.card_rows(
        uow.session, zones
    )
    names = {
        (d.version, item[0]): item[2 if language == "en" else 1]
        for d in await dictionaries.versions(uow)
        if d.name == "accident_types"
        for item in d.items
    }
    hazards, measures = [], []
    for row in rows:
        types = [names.get((row["dictionary_version"], code), code) for code in row["accident_types"]]
        key = "card.hazard_leads" if types else "card.hazard"
        hazards.append(
            t(key, language, name=row["name"], content=row["content"], types=t("card.and", language).join(types))
        )
        if row["description"]:
            key = "card.measure_check" if row["check_content"] else "card.measure"
            measures.append(t(key, language, measure=row["description"], check=row["check_content"]))
    return CardPart(hazards=hazards, measures=measures)


SOURCES = (CardSource("risks", 10, "risk:read", _register),)
