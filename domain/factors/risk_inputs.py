"""Told facts as facts of the risk engine (clause M8.3)."""

from __future__ import annotations

from collections.abc import Sequence

from domain.factors import repository
from domain.factors.kinds import KINDS, FactKind
from domain.factors.service import TOPIC
from realtime.risk.types import Fact
from twin.db.outbox import Event
from twin.db.uow import UnitOfWork


class ToldInput:
    """Told facts of one kind: one fact in each of its zones."""

    topics: Sequence[str] = (TOPIC,)

    def __init__(self, kind: FactKind) -> None:
        self.kind: str = kind.kind
        self.title_zh, self.title_en, self.attributes = kind.title_zh, kind.title_en, kind.attributes

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        """Every fact of the kind that holds."""
        return [
            Fact(self.kind, f"{row.key}/{zone}", zone, row.since.timestamp(), None, row.attributes)
            for row in await repository.holding(uow.session, self.kind)
            for zone in row.zones
        ]

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        """A fact was told, or is over."""
        told = event.payload
        if told["kind"] != self.kind:
            return []
        at, name, attributes = event.at.timestamp(), told["name"], told["attributes"]
        return [
            *[Fact(self.kind, f"{name}/{zone}", zone, at, at, attributes) for zone in told["over"]],
            *[Fact(self.kind, f"{name}/{zone}", zone, at, None, attributes) for zone in told["holds"]],
        ]


INPUTS = tuple(ToldInput(kind) for kind in KINDS.values())
