"""Rules, facts and changes of the dynamic risk (clauses M8.2, M8.3, M8.5).

Levels are those of the four colours: 1 red (重大), 2 orange (较大), 3 yellow (一般), 4 blue (低). Times are seconds since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Operator = Literal["eq", "ne", "le", "ge", "in", "has"]


class Condition(NamedTuple):
    """A test on one attribute of a fact; an attribute that is not there fails every test but ``ne``."""

    name: str
    op: Operator
    value: Any

    def holds(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the fact passes."""
        have = attributes.get(self.name)
        if self.op == "ne":
            return bool(have != self.value)
        if have is None:
            return False
        try:
            if self.op == "eq":
                return bool(have == self.value)
            if self.op == "le":
                return bool(have <= self.value)
            if self.op == "ge":
                return bool(have >= self.value)
            if self.op == "in":
                return have in self.value
            return self.value in have
        except TypeError:
            return False


@dataclass(frozen=True)
class Rule:
    """A factor: when enough facts of its kind hold in a zone, the zone's level is lifted.

    Attributes:
        key: name of the rule, unique.
        kind: of the facts that count (``alarm``, ``hazard``, ``inspection``, ``work``, ``people`` ...).
        where: tests that a fact must pass.
        count: how many facts it takes.
        window_s: 0 counts the facts that hold now; else those that began within so many seconds, over or not.
        standing_s: a fact counts only once it has held so long (without a window).
        level: lifts to this level at least; None lifts by ``steps`` from the static level.
        steps: how many levels it lifts when ``level`` is None.
        hold_s: the condition must hold so long before it lifts.
        release_s: and be over for so long before the lift ends.
        zone_kinds: kinds of zones that it is for; empty means all.
        zones: codes of the zones that it is for, each with all below; empty means all. Codes that are not there are for none.
    """

    key: str
    kind: str
    where: tuple[Condition, ...] = ()
    count: int = 1
    window_s: float = 0.0
    standing_s: float = 0.0
    level: int | None = None
    steps: int = 1
    hold_s: float = 0.0
    release_s: float = 0.0
    zone_kinds: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.count < 1 or self.window_s < 0 or self.standing_s < 0 or self.hold_s < 0 or self.release_s < 0:
            raise ValueError(f"rule {self.key}: counts and times must be positive")
        if self.level is not None and self.level not in (1, 2, 3):
            raise ValueError(f"rule {self.key}: a rule lifts to level 1, 2 or 3")
        if self.level is None and not 1 <= self.steps <= 3:
            raise ValueError(f"rule {self.key}: a rule lifts by 1 to 3 levels")
        if self.window_s and self.standing_s:
            raise ValueError(f"rule {self.key}: a window counts beginnings, so nothing has to stand")

    def concerns(self, attributes: Mapping[str, Any]) -> bool:
        """Whether a fact of the rule's kind with these attributes counts."""
        return all(condition.holds(attributes) for condition in self.where)

    def lifted(self, static: int) -> int:
        """The level of a zone with this static level while the rule lifts it."""
        return max(1, min(static, self.level if self.level is not None else static - self.steps))


class Fact(NamedTuple):
    """Something that holds at a zone for a time.

    Attributes:
        kind, key: together name it; a second fact with the same name replaces the first.
        zone: code of the zone.
        since: when it began, s.
        until: when it was over, s; None while it holds.
    """

    kind: str
    key: str
    zone: str
    since: float
    until: float | None = None
    attributes: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Zone:
    """A zone of the tree. ``parent`` is another zone's code; ``static`` its level by the register."""

    code: str
    parent: str | None
    static: int
    kind: str = "unit"


class Cause(NamedTuple):
    """Why a zone is lifted: the rule, since when, and the facts that count now (at most twenty are named)."""

    rule: str
    since: float
    facts: tuple[str, ...]
    total: int


class Change(NamedTuple):
    """A zone's level (or only its causes) changed.

    Attributes:
        before, after: level shown; equal when only the causes changed.
        own: the zone's own level, without its children.
        child: code of the child that decides the level, or None.
        override: whether a person has set the level.
    """

    zone: str
    at: float
    before: int
    after: int
    own: int
    causes: tuple[Cause, ...]
    child: str | None
    override: bool
