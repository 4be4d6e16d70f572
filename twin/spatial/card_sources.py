"""What measuring points give to a zone's card: the limits at which they alarm."""

from __future__ import annotations

from collections.abc import Sequence

from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.registry.card_source import CardPart, CardSource
from twin.spatial import repository_zones as repository
from twin.spatial.codes import DEVICE

_MOST = 15


async def _limits(uow: UnitOfWork, zones: Sequence[str], post: str, language: str) -> CardPart:
    """One line for points of one kind with the same limits."""
    kinds = {key: name.en if language == "en" else name.zh for key, name in DEVICE}
    lines = []
    for row in await repository.limits(uow.session, zones, _MOST):
        name = (row["name_en"] or row["name"]) if language == "en" else row["name"]
        if row["n"] > 1:
            name = t("card.points", language, kind=kinds.get(row["kind"], row["kind"]), n=row["n"])
        parts = [
            t(f"card.{key}", language, value=f"{row[key]:g} {row['unit_text'] or ''}".strip())
            for key in ("limit_ll", "limit_l", "limit_h", "limit_hh")
            if row[key] is not None
        ]
        lines.append(t("card.limits", language, name=name, limits=t("card.comma", language).join(parts)))
    return CardPart(limits=lines)


SOURCES = (CardSource("points", 30, "map:read", _limits),)
