"""What a zone's cards can begin with: modules tell hazards, limits, measures and first aid by a submodule ``card_sources`` with ``SOURCES``.

A person edits what comes of it and answers for it: nothing here is shown on a card by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from twin.db.uow import UnitOfWork
from twin.registry import discover


@dataclass(frozen=True)
class CardPart:
    """Lines of a card by their heading, the most important first."""

    hazards: Sequence[str] = field(default=())
    limits: Sequence[str] = field(default=())
    measures: Sequence[str] = field(default=())
    first_aid: Sequence[str] = field(default=())


#: What a module knows for these zones (codes: the zone and all below it) and a post in them (empty: for everybody there), in the
#: language ``zh-CN`` or ``en``.
Load = Callable[[UnitOfWork, Sequence[str], str, str], Awaitable[CardPart]]


@dataclass(frozen=True)
class CardSource:
    """A module's part of a card.

    Attributes:
        key: unique. order: parts with a low one come first.
        scope: right that the writer needs; without it the part is left out.
    """

    key: str
    order: int
    scope: str
    load: Load


@cache
def card_sources() -> tuple[CardSource, ...]:
    """Every declared source in order.

    Raises:
        ValueError: two modules declare the same key.
    """
    found: dict[str, CardSource] = discover.declared("card_sources", "SOURCES")
    return tuple(sorted(found.values(), key=lambda source: (source.order, source.key)))
