"""What comes out of a batch: alarms to raise and clear, events to keep, presences, places, and live counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from realtime.alarms.raising import AlarmFact
from realtime.fences.repository_facts import FenceFact, Place
from realtime.fences.repository_rules import Standing
from realtime.fences.types import Rule
from realtime.hub.ingest import Value

#: The alarm type of each rule.
TYPES: Mapping[Rule, str] = {
    Rule.TRESPASS: "trespass",
    Rule.OVER_COUNT: "over_count",
    Rule.UNDER_COUNT: "under_count",
    Rule.LEAVE_POST: "leave_post",
    Rule.GATHERING: "gathering",
    Rule.STATIC_TIMEOUT: "static",
    Rule.STAY: "stay",
    Rule.CALL: "call",
    Rule.SPEEDING: "speeding",
    Rule.PARKING: "parking",
}
BY_TYPE: Mapping[str, Rule] = {kind: rule for rule, kind in TYPES.items()}
#: 1 red .. 4 blue, where the fence does not say.
GRADES: Mapping[str, int] = {
    "trespass": 2, "over_count": 2, "under_count": 3, "leave_post": 3, "gathering": 3, "static": 2, "stay": 3,
    "call": 4, "speeding": 3, "parking": 4, "off_route": 3, "low_battery": 4, "lost_badge": 4,
}  # fmt: skip


@dataclass
class Outcome:
    """Everything that a batch leads to. ``alarms`` are in order: a condition, or a key with the time it ended."""

    alarms: list[AlarmFact | tuple[str, datetime]] = field(default_factory=list)
    facts: list[FenceFact] = field(default_factory=list)
    standing: dict[tuple[UUID, UUID], Standing | None] = field(default_factory=dict)
    places: dict[UUID, Place | None] = field(default_factory=dict)
    fences: list[Value] = field(default_factory=list)
    headcount: list[Value] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.alarms or self.facts or self.standing or self.places)

    def then(self, later: Outcome) -> Outcome:
        """This and what came after it, as one."""
        return Outcome(
            self.alarms + later.alarms, self.facts + later.facts, self.standing | later.standing,
            self.places | later.places, later.fences, later.headcount,
        )  # fmt: skip


def instant(seconds: float) -> datetime:
    """A time from seconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
