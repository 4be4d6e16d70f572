"""What the risk engine keeps of each zone."""

from __future__ import annotations

from realtime.risk.types import Rule, Zone


class Cell:
    """One rule at one zone."""

    __slots__ = ("facts", "level", "lifted", "pending", "raw", "rule", "since", "stamp", "zone")

    def __init__(self, zone: Node, rule: Rule) -> None:
        self.zone = zone
        self.rule = rule
        #: the zone's level while the rule lifts it
        self.level = rule.lifted(zone.static)
        #: key -> since, of the facts that count now
        self.facts: dict[str, float] = {}
        #: keys of facts that hold but have not stood long enough
        self.pending: dict[str, float] = {}
        self.raw = False
        self.lifted = False
        self.since = 0.0
        self.stamp = 0


class Node:
    """A zone in the tree."""

    __slots__ = (
        "above",
        "below",
        "cells",
        "children",
        "code",
        "kind",
        "lifts",
        "override",
        "own",
        "parent",
        "rules",
        "said",
        "shown",
        "static",
    )

    def __init__(self, zone: Zone) -> None:
        self.code = zone.code
        self.kind = zone.kind
        self.static = zone.static
        self.above = zone.parent or None
        self.parent: Node | None = None
        self.children: list[Node] = []
        #: rules that name this zone or one above it
        self.rules: frozenset[str] = frozenset()
        #: how many children show each level (index 1 to 4)
        self.below = [0, 0, 0, 0, 0]
        self.cells: dict[str, Cell] = {}
        self.lifts: dict[str, Cell] = {}
        self.override: tuple[int, float, int] | None = None
        self.own = zone.static
        self.shown = zone.static
        self.said: tuple[int, frozenset[str], bool] = (zone.static, frozenset(), False)

    def worst(self) -> int:
        """The worst level that a child shows, 4 without children."""
        below = self.below
        return 1 if below[1] else 2 if below[2] else 3 if below[3] else 4
