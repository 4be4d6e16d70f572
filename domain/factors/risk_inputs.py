"""Told facts as facts of the risk engine (clause M8.3)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.factors import repository
from domain.factors.kinds import KINDS, WEATHER_POINTS, FactKind
from domain.factors.service import TOPIC
from realtime.risk.types import Fact
from twin import clock
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


class WeatherInput(ToldInput):
    """Weather that is told, and weather that the plant's own points measure: an alarm at a wind, rain or air temperature point holds for the
    whole site. Its limits, delay and hysteresis are those of the point (alarm desk), its effect is that of the rules."""

    topics: Sequence[str] = (TOPIC, "alarm")

    async def current(self, uow: UnitOfWork) -> Sequence[Fact]:
        """What is told and what is measured now."""
        return [*await super().current(uow), *await self._measured(uow, None)]

    async def facts(self, event: Event, uow: UnitOfWork) -> Sequence[Fact]:
        """As told, or an alarm was raised, has changed, is over."""
        if event.topic == TOPIC:
            return await super().facts(event, uow)
        if event.payload.get("subject_layer") != "device":
            return []
        return await self._measured(uow, UUID(event.key))

    async def _measured(self, uow: UnitOfWork, alarm: UUID | None) -> list[Fact]:
        made = []
        for row in await repository.weather_alarms(uow.session, list(WEATHER_POINTS), alarm):
            above, below = WEATHER_POINTS[row["kind"]]
            sign = above if row["type"] in ("h", "hh") else below
            if not sign:
                continue
            attributes = {"grade": row["grade"], "type": sign, "subject": row["subject_name"]}
            at = row["raised_at"].timestamp()
            until = None if row["holds"] else clock.timestamp()
            made += [
                Fact(self.kind, f"{row['id']}/{zone}", zone, at, until, attributes)
                for zone in await repository.zones_of_site(uow.session, row["site_id"])
            ]
        return made


INPUTS = tuple(WeatherInput(kind) if kind.kind == "weather" else ToldInput(kind) for kind in KINDS.values())
