"""The risk process (``python -m realtime.risk.server``): facts in, levels on the map, each change with its cause.

It starts from the log of facts, asks every input what holds now (what began or ended meanwhile), then follows the outbox from the very
place where it asked. Whatever goes wrong, it builds itself anew from the log: memory is never the only place where something is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import structlog

from realtime.hub.ingest import Publisher, Value, socket_path
from realtime.risk import repository
from realtime.risk.inputs import RiskInput, inputs
from realtime.risk.living import EngineTime, LivingEngine
from realtime.risk.streams import RISK
from realtime.risk.types import Change, Fact
from twin import clock
from twin.db import features, outbox
from twin.db.uow import ALL_ENTERPRISES, UnitOfWork, dispose, unit_of_work
from twin.ops.lifeline import run_service, until_stopped
from twin.registry.layer import layers
from twin.settings import Settings

log = structlog.get_logger("realtime.risk")

#: Facts that were over longer ago than this matter to no rule (windows and releases are at most 30 days).
KEPT = timedelta(days=31)
#: Topics that change the tree, the rules or people's decisions.
ZONES, RULES, OVERRIDES = "layer.zone", "risk.rule", "risk.override"
#: A clock that is corrected smoothly may be behind the engine's time by less than this.
_SMOOTH = timedelta(seconds=1)
_BEAT = 1.0
_RETRY = 2.0


class PlantRisk:
    """The zones of one enterprise."""

    def __init__(self, enterprise: UUID, publisher: Publisher | None, time: EngineTime) -> None:
        self.enterprise = enterprise
        self._publisher = publisher
        self._time = time
        self.living: LivingEngine | None = None
        self._told: dict[str, float] = {}

    async def start(self, known: Sequence[RiskInput]) -> None:
        """Build the engine from the log and from what holds now."""
        now = clock.now()
        async with unit_of_work(self.enterprise) as uow:
            await repository.add_first_rules(uow.session, self.enterprise, now)
            zones = await repository.zones(uow.session)
            rules = await repository.rules(uow.session)
            past = await repository.log(uow.session, now - KEPT, self._time)
            decided = await repository.overrides(uow.session, now)
            before = await repository.shown(uow.session)
            living = LivingEngine(zones, rules, past, self._time)
            living.decide({row.zone: (row.level, row.until.timestamp()) for row in decided})
            fresh: list[Fact] = []
            for one in known:
                fresh += self._reconcile(living, one.kind, await one.current(uow))
            living.advance()
            await self._mark_set_back(uow, living)
            # what differs from the colours on the map changed while nobody watched
            unsaid = await repository.unsaid(uow.session)
            changes = [
                living.state(zone.code)._replace(before=before.get(zone.code, zone.static))
                for zone in zones
                if zone.code in unsaid or before.get(zone.code) != living.engine.level(zone.code)
            ]
            await self._write(uow, fresh, changes)
        self.living = living
        self.show([living.state(zone.code) for zone in zones])

    @staticmethod
    def _reconcile(living: LivingEngine, kind: str, current: Sequence[Fact]) -> list[Fact]:
        """Tell the engine what holds now; what it believed and no longer holds is over."""
        names = {fact.key for fact in current}
        made = [living.end(kind, key) for key in living.engine.keys(kind) if key not in names]
        made += [living.put(fact._replace(until=None)) for fact in current]
        return [fact for fact in made if fact is not None]

    async def take(self, events: Sequence[outbox.Event], by_topic: dict[str, list[RiskInput]]) -> None:
        """Work through events of the outbox, then let time go on; one transaction."""
        living = self.living
        assert living is not None
        made: list[Fact] = []
        repaint: set[str] = set()
        async with unit_of_work(self.enterprise) as uow:
            for event in events:
                if event.topic == ZONES:
                    self._zone(living, event, repaint)
                elif event.topic == OVERRIDES:
                    level, until = event.payload["level"], event.payload["until"]
                    living.override(event.key, level, until)
                else:
                    for one in by_topic.get(event.topic, ()):
                        for fact in await one.facts(event, uow):
                            kept = living.put(fact)
                            if kept is not None:
                                made.append(kept)
            changes = living.advance()
            if made or changes or repaint:
                await self._write(uow, made, changes, {code: living.engine.level(code) for code in repaint})
        self.show(changes)

    async def decide(self) -> None:
        """The wall clock was set: what people decided holds until the instant that they named, by the clock as it is now."""
        assert self.living is not None
        async with unit_of_work(self.enterprise) as uow:
            rows = await repository.overrides(uow.session, clock.now())
            await self._mark_set_back(uow, self.living)
        self.living.decide({row.zone: (row.level, row.until.timestamp()) for row in rows})

    async def _mark_set_back(self, uow: UnitOfWork, living: LivingEngine) -> None:
        """When the wall clock was set back, a time is gone through again: from here on the later pass counts, beginning with what every zone
        shows now."""
        now = clock.now()
        if not await repository.changes_ahead(uow.session, now + _SMOOTH):
            return
        await repository.mark_set_back(uow.session, self.enterprise, now)
        states = [living.state(code)._replace(at=now.timestamp()) for code in living.engine.levels()]
        await repository.add_changes(uow.session, self.enterprise, states)

    @staticmethod
    def _zone(living: LivingEngine, event: outbox.Event, repaint: set[str]) -> None:
        properties: dict[str, Any] = event.payload.get("properties") or {}
        code = str(properties.get("code", ""))
        if event.kind != "put" or not living.engine.knows(
            code, properties.get("parent_code"), str(properties.get("kind"))
        ):
            raise Anew("the zones changed")
        living.engine.set_static(code, int(properties["static_risk"]))
        if int(properties["risk"]) != living.engine.level(code):
            repaint.add(code)  # an edit of the static level has put the colour back

    async def _write(
        self,
        uow: UnitOfWork,
        made: Sequence[Fact],
        changes: Sequence[Change],
        repaint: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        await repository.add_log(uow.session, self.enterprise, made, self._time)
        await repository.add_changes(uow.session, self.enterprise, changes)
        levels = {**repaint, **{change.zone: change.after for change in changes}}
        painted = await repository.paint(uow.session, levels)
        layer = layers()["zone"]
        shown = await features.features(uow.session, layer, painted) if painted else []
        facts = [(layer.topic, "put", str(f["id"]), f) for f in shown]
        facts += [(RISK, "changed", change.zone, self._value(change)) for change in changes]
        await uow.emit_all(facts)

    @staticmethod
    def _value(change: Change) -> dict[str, object]:
        return {
            "id": change.zone,
            "level": change.after,
            "before": change.before,
            "own": change.own,
            "causes": repository.causes_json(change),
            "child": change.child,
            "override": change.override,
            "at": repository.instant(change.at).isoformat(),
        }

    def show(self, changes: Sequence[Change]) -> None:
        """Publish the last change of each zone. The hub keeps what is newest by time, and two changes may have the same time: then
        the later one is told as a microsecond newer."""
        if self._publisher is None:
            return
        items: list[Value] = []
        for change in {c.zone: c for c in changes}.values():
            at = self._told[change.zone] = max(change.at, self._told.get(change.zone, 0.0) + 1e-6)
            items.append((change.zone, at, self._value(change)))
        self._publisher.publish(self.enterprise, RISK, items)


class Anew(Exception):
    """The engine has to be built again: its zones or its rules are others now."""


class Risk:
    """All enterprises of the installation; :meth:`run` until cancelled."""

    def __init__(self, publisher: Publisher | None = None) -> None:
        self._publisher = publisher
        self.plants: dict[UUID, PlantRisk] = {}
        self.started = asyncio.Event()

    async def run(self) -> None:
        """Work for ever; outages of the database are waited out."""
        while True:
            try:
                await self._follow()
            except Anew as reason:
                log.info("risk engine is built anew", reason=str(reason))
            except Exception as error:
                if not outbox.is_outage(error):
                    log.exception("risk engine stumbled; it is built anew from the log")
                await asyncio.sleep(_RETRY)

    async def _follow(self) -> None:
        known = list(inputs().values())
        by_topic: dict[str, list[RiskInput]] = {}
        for one in known:
            for topic in one.topics:
                by_topic.setdefault(topic, []).append(one)
        place = await outbox.position()
        async with unit_of_work(ALL_ENTERPRISES) as uow:
            present = await repository.enterprises(uow.session)
        time = EngineTime()
        self.plants = {e: PlantRisk(e, self._publisher, time) for e in present}
        for plant in self.plants.values():
            await plant.start(known)
        self.started.set()
        topics = [ZONES, RULES, OVERRIDES, *by_topic]
        follower = outbox.follow(topics, place)
        try:
            pending = asyncio.ensure_future(anext(follower))
            while True:
                await asyncio.wait([pending], timeout=self._pause())
                events: Sequence[outbox.Event] = ()
                if pending.done():
                    events = pending.result()
                    pending = asyncio.ensure_future(anext(follower))
                if time.look():
                    for plant in self.plants.values():
                        await plant.decide()
                await self._take(events, by_topic)
        finally:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)

    def _pause(self) -> float:
        """Until something happens by itself, but no longer than a beat."""
        pauses = [plant.living.pause() for plant in self.plants.values() if plant.living]
        return min([_BEAT, *(pause for pause in pauses if pause is not None)])

    async def _take(self, events: Sequence[outbox.Event], by_topic: dict[str, list[RiskInput]]) -> None:
        groups: dict[UUID, list[outbox.Event]] = {}
        for event in events:
            if event.topic == RULES:
                raise Anew("the rules changed")
            groups.setdefault(event.enterprise_id, []).append(event)
        if any(e not in self.plants for e in groups):
            raise Anew("a new enterprise")
        for enterprise, plant in self.plants.items():
            mine = groups.get(enterprise, [])
            if mine or (plant.living and plant.living.pause() == 0.0):
                await plant.take(mine, by_topic)


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run until ``stop`` is set, or until it fails (then the supervisor starts it anew)."""
    async with Publisher(socket_path(settings)) as publisher:
        try:
            await until_stopped(Risk(publisher).run(), stop)
        finally:
            await dispose()


def main() -> None:
    """Entry point."""
    run_service(serve)


if __name__ == "__main__":
    main()
