"""What safety data give to a zone's card: dangers and limits of what is stored there, first aid, fire and leak."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.chemicals import repository
from domain.chemicals.models import Chemical
from domain.chemicals.roles import READ
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.registry.card_source import CardPart, CardSource


def _limits(row: Chemical, language: str) -> str:
    parts = []
    if row.flash_point is not None:
        parts.append(t("card.flash_point", language, value=f"{row.flash_point:g}"))
    if row.lel is not None and row.uel is not None:
        parts.append(t("card.explosive", language, lel=f"{row.lel:g}", uel=f"{row.uel:g}"))
    if row.oel:
        parts.append(t("card.oel", language, value=row.oel))
    return t("card.comma", language).join(parts)


async def _safety(uow: UnitOfWork, zones: Sequence[str], post: str, language: str) -> CardPart:
    """Of every chemical that is stored in the zones, by name."""
    ids = {UUID(line["chemical_id"]) for unit in await repository.units(uow.session, zones) for line in unit.lines}
    rows = sorted((await repository.by_ids(uow.session, ids)).values(), key=lambda row: row.name)
    part: dict[str, list[str]] = {"hazards": [], "limits": [], "first_aid": []}
    for row in rows:
        name = (row.name_en or row.name) if language == "en" else row.name
        said = (
            ("hazards", "card.chemical", row.hazards), ("limits", "card.chemical", _limits(row, language)),
            ("first_aid", "card.first_aid_of", row.first_aid), ("first_aid", "card.fire_of", row.fire_fighting),
            ("first_aid", "card.leak_of", row.leak),
        )  # fmt: skip
        for heading, key, text in said:
            if text:
                part[heading].append(t(key, language, name=name, text=text))
    return CardPart(**part)


SOURCES = (CardSource("chemicals", 20, READ, _safety),)
