"""What feeds the risk engine. A module declares its inputs in ``<pkg>/risk_inputs.py`` as ``INPUTS``; nothing here names a module.

The engine asks ``current`` when it starts (facts that began or ended while it was away are told then) and ``facts`` for every event of
the input's topics.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from realtime.risk.types import Fact
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork
from twin.registry import discover


class RiskInput(Protocol):
    """A source of facts.

    Attributes:
        kind: of all its facts; unique.
        title_zh, title_en: what people call it.
        attributes: names that a rule may test, with what they mean (Chinese, English).
        topics: of the outbox.
    """

    kind: str
    title_zh: str
    title_en: str
    attributes: dict[str, tuple[str, str]]
    topics: Sequence[str]

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        """Every fact that holds now."""
        ...

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        """What an event says: facts that hold (``until`` None) and facts that are over."""
        ...


@cache
def inputs() -> dict[str, RiskInput]:
    """Every declared input by kind.

    Raises:
        ValueError: two modules declare the same kind.
    """
    return discover.declared("risk_inputs", "INPUTS", "kind")
