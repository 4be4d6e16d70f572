"""The dynamic risk engine: facts come and go, rules lift zones, and every level returns by itself when its cause ends.

Pure and deterministic: what it says depends only on the zones, the rules and the facts with their times, so a fresh engine that is told
the same facts in order of their times says the same (that is how a restart goes on). Work per fact does not grow with the number of zones.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, islice
from typing import Any

from realtime.risk.nodes import Cell, Node
from realtime.risk.types import Cause, Change, Fact, Rule, Zone

_NAMED = 20
#: Sorts of facts whose rules are kept in mind.
_SORTS = 10_000
#: What a timer is for.
_MATURE, _EXPIRE, _HOLD, _RELEASE, _OVERRIDE = range(5)


class RiskEngine:
    """Levels of all zones of one plant.

    Args:
        zones: the tree; a parent that is not there counts as none.
        rules: the factors in force.
        now: where its time starts, s. Time only goes forward: an older time counts as the present one.
    """

    def __init__(self, zones: Iterable[Zone], rules: Sequence[Rule], now: float) -> None:
        self.now = now
        self.rules = {rule.key: rule for rule in rules}
        self._by_kind: dict[str, list[Rule]] = {}
        for rule in rules:
            self._by_kind.setdefault(rule.kind, []).append(rule)
        #: names of the attributes that rules of a kind test, and which rules concerned what had such values
        self._tested = {kind: sorted({c.name for rule in of for c in rule.where}) for kind, of in self._by_kind.items()}
        self._matches: dict[tuple[Any, ...], list[Rule]] = {}
        self._facts: dict[tuple[str, str], Fact] = {}
        #: where a fact counts until it is over
        self._counts: dict[tuple[str, str], list[Cell]] = {}
        self._quiet = False
        self._timers: list[tuple[float, int, int, Any, Any]] = []
        self._order = count()
        self._touched: dict[str, Node] = {}
        self._changes: list[Change] = []
        self._nodes: dict[str, Node] = {}
        for zone in zones:
            self._nodes[zone.code] = Node(zone)
        for zone in zones:
            self._hang(self._nodes[zone.code], zone.parent)
        for node in self._nodes.values():
            if node.parent is None:
                self._first(node)
        for rule in rules:
            for code in rule.zones & self._nodes.keys():
                self._name(self._nodes[code], rule.key)

    # ---- facts

    def put(self, fact: Fact) -> Fact | None:
        """A fact begins (or is told again, or is told to be over). Returns it with the times that count: never before the
        engine's present. None when nothing changed. A fact of a zone that is not there is kept and counts for none."""
        if fact.until is not None:
            return self.end(fact.kind, fact.key, fact.until)
        self.advance(fact.since)
        name = (fact.kind, fact.key)
        known = self._facts.get(name)
        if known is not None:
            if known.zone == fact.zone and known.attributes == fact.attributes:
                return None
            self._end(name, self.now)
        kept = Fact(fact.kind, fact.key, fact.zone, self.now, None, fact.attributes)
        self._facts[name] = kept
        self._begin(name, kept)
        self._settle()
        return kept

    def end(self, kind: str, key: str, at: float) -> Fact | None:
        """A fact is over; the fact as it was, None when it was not known."""
        self.advance(at)
        ended = self._end((kind, key), self.now)
        self._settle()
        return ended

    def _begin(self, name: tuple[str, str], fact: Fact) -> None:
        node = self._nodes.get(fact.zone)
        if node is None:
            return
        counts: list[Cell] = []
        for rule in self._concerned(fact.kind, node, fact.attributes):
            cell = node.cells.get(rule.key)
            if cell is None:
                cell = node.cells[rule.key] = Cell(node, rule)
            if rule.window_s:
                key = f"{fact.key}@{fact.since}"  # a repeat of the same thing counts again
                cell.facts[key] = fact.since
                self._later(fact.since + rule.window_s, _EXPIRE, cell, key)
                self._count(cell)
                continue
            counts.append(cell)
            if rule.standing_s:
                cell.pending[fact.key] = fact.since
                self._later(fact.since + rule.standing_s, _MATURE, cell, fact.key)
            else:
                cell.facts[fact.key] = fact.since
                self._count(cell)
        if counts:
            self._counts[name] = counts

    def _concerned(self, kind: str, node: Node, attributes: Mapping[str, Any]) -> list[Rule]:
        """The rules for such a fact in such a zone. Facts of few sorts come in thousands, so the answer is kept."""
        tested = self._tested.get(kind)
        if tested is None:
            return []
        sort = (kind, node.kind, node.rules, *[attributes.get(name) for name in tested])
        try:
            found = self._matches.get(sort)
        except TypeError:  # a list is no key
            return self._matching(kind, node, attributes)
        if found is None:
            if len(self._matches) >= _SORTS:
                self._matches.clear()
            found = self._matches[sort] = self._matching(kind, node, attributes)
        return found

    def _matching(self, kind: str, node: Node, attributes: Mapping[str, Any]) -> list[Rule]:
        return [
            rule
            for rule in self._by_kind[kind]
            if (not rule.zone_kinds or node.kind in rule.zone_kinds)
            and (not rule.zones or rule.key in node.rules)
            and rule.concerns(attributes)
        ]

    def _end(self, name: tuple[str, str], at: float) -> Fact | None:
        fact = self._facts.pop(name, None)
        if fact is None:
            return None
        for cell in self._counts.pop(name, ()):
            cell.pending.pop(fact.key, None)
            if cell.facts.pop(fact.key, None) is not None:
                self._count(cell)
        return Fact(fact.kind, fact.key, fact.zone, fact.since, at, fact.attributes)

    # ---- conditions and lifts

    def _count(self, cell: Cell) -> None:
        raw = len(cell.facts) >= cell.rule.count
        if raw == cell.raw:
            return
        cell.raw = raw
        cell.stamp += 1
        if raw and not cell.lifted:
            if cell.rule.hold_s:
                self._later(self.now + cell.rule.hold_s, _HOLD, cell, cell.stamp)
            else:
                self._lift(cell, True)
        elif not raw and cell.lifted:
            if cell.rule.release_s:
                self._later(self.now + cell.rule.release_s, _RELEASE, cell, cell.stamp)
            else:
                self._lift(cell, False)

    def _lift(self, cell: Cell, lifted: bool) -> None:
        cell.lifted = lifted
        node = cell.zone
        if lifted:
            cell.since = self.now
            node.lifts[cell.rule.key] = cell
        else:
            node.lifts.pop(cell.rule.key, None)
        self._level(node)

    def _level(self, node: Node) -> None:
        """Take the node's own level anew and carry the difference up the tree."""
        if node.override is not None:
            node.own = node.override[0]
        else:
            node.own = min([cell.level for cell in node.lifts.values()], default=node.static)
        self._touched[node.code] = node
        at: Node | None = node
        while at is not None:
            worst = at.worst()
            shown = at.own if at.own < worst else worst
            if shown == at.shown:
                break
            if at.parent is not None:
                at.parent.below[at.shown] -= 1
                at.parent.below[shown] += 1
            at.shown = shown
            self._touched[at.code] = at
            at = at.parent

    # ---- time

    def _later(self, at: float, what: int, subject: Any, detail: Any) -> None:
        heapq.heappush(self._timers, (at, next(self._order), what, subject, detail))

    @property
    def next_due(self) -> float | None:
        """When something will happen by itself, s; None when nothing will."""
        return self._timers[0][0] if self._timers else None

    def advance(self, now: float) -> None:
        """Let time go on: what stood long enough counts, what was released returns."""
        timers = self._timers
        if not timers or timers[0][0] > now:
            self.now = max(self.now, now)
            return
        while timers and timers[0][0] <= now:
            at, _, what, subject, detail = heapq.heappop(timers)
            if at > self.now:
                self._settle()
                self.now = at
            if what == _OVERRIDE:
                if subject.override is not None and subject.override[2] == detail:
                    subject.override = None
                    self._level(subject)
            elif what == _EXPIRE:
                if subject.facts.pop(detail, None) is not None:
                    self._count(subject)
            elif what == _MATURE:
                since = subject.pending.get(detail)
                if since is not None and since + subject.rule.standing_s <= at:
                    subject.facts[detail] = subject.pending.pop(detail)
                    self._count(subject)
            elif subject.stamp == detail:
                self._lift(subject, what == _HOLD)
        self._settle()
        self.now = max(self.now, now)

    # ---- zones and people's decisions

    def set_static(self, code: str, static: int) -> None:
        """The register gives a zone another static level."""
        node = self._nodes.get(code)
        if node is not None and node.static != static:
            node.static = static
            for cell in node.cells.values():
                cell.level = cell.rule.lifted(static)
            self._level(node)
            self._settle()

    def override(self, code: str, level: int | None, at: float, until: float) -> None:
        """A person sets a zone's own level until then; ``level`` None takes that back."""
        self.advance(at)
        node = self._nodes.get(code)
        if node is None:
            return
        if level is None or until <= self.now:
            node.override = None
        else:
            stamp = next(self._order)
            node.override = (level, until, stamp)
            self._later(until, _OVERRIDE, node, stamp)
        self._level(node)
        self._settle()

    def overridden(self) -> list[str]:
        """Codes of the zones whose level a person has set."""
        return [node.code for node in self._nodes.values() if node.override is not None]

    def _hang(self, node: Node, parent: str | None) -> None:
        above = self._nodes.get(parent) if parent else None
        at = above
        while at is not None and at is not node:
            at = at.parent
        if above is not None and at is None:  # a loop in the register's parents hangs from nothing
            node.parent = above
            above.children.append(node)

    def _name(self, node: Node, rule: str) -> None:
        node.rules |= {rule}
        for child in node.children:
            self._name(child, rule)

    def _first(self, node: Node) -> None:
        for child in node.children:
            self._first(child)
            node.below[child.shown] += 1
        node.shown = min(node.own, node.worst())
        node.said = (node.shown, frozenset(), False)

    # ---- what it says

    def quiet(self, quiet: bool) -> None:
        """While told the past, say nothing: what changed meanwhile is no news afterwards."""
        self._quiet = quiet
        if not quiet:
            for node in self._touched.values():
                node.said = (node.shown, frozenset(node.lifts), node.override is not None)
            self._touched.clear()

    def _settle(self) -> None:
        if self._quiet or not self._touched:
            return
        for node in self._touched.values():
            said = (node.shown, frozenset(node.lifts), node.override is not None)
            before = node.said
            if before == said:
                continue
            node.said = said
            self._changes.append(self._change(node, before[0]))
        self._touched.clear()

    def _change(self, node: Node, before: int) -> Change:
        child = None
        if node.shown < node.own:
            child = next(c.code for c in node.children if c.shown == node.shown)
        return Change(
            node.code, self.now, before, node.shown, node.own, self.causes(node.code), child, node.override is not None
        )

    def keys(self, kind: str) -> list[str]:
        """Keys of the facts of a kind that hold now."""
        return [key for of, key in self._facts if of == kind]

    def knows(self, code: str, parent: str | None, kind: str) -> bool:
        """Whether the zone is there, of this kind and below this parent."""
        node = self._nodes.get(code)
        return node is not None and node.kind == kind and node.above == (parent or None)

    def drain(self) -> list[Change]:
        """The changes since the last call, in order."""
        changes, self._changes = self._changes, []
        return changes

    def level(self, code: str) -> int:
        """The level that a zone shows now.

        Raises:
            KeyError: no such zone.
        """
        return self._nodes[code].shown

    def levels(self) -> Mapping[str, int]:
        """The level of every zone."""
        return {code: node.shown for code, node in self._nodes.items()}

    def state(self, code: str) -> Change:
        """A zone as it is now, in the form of a change."""
        node = self._nodes[code]
        return self._change(node, node.shown)

    def causes(self, code: str) -> tuple[Cause, ...]:
        """The rules that lift a zone now, the worst first."""
        node = self._nodes[code]
        if not node.lifts:
            return ()
        cells = sorted(node.lifts.values(), key=lambda c: (c.level, c.rule.key))
        return tuple([Cause(c.rule.key, c.since, tuple(islice(c.facts, _NAMED)), len(c.facts)) for c in cells])


def recompute(zones: Sequence[Zone], rules: Sequence[Rule], log: Iterable[Fact], now: float) -> RiskEngine:
    """A fresh engine that was told the log: the state after a restart. It has no changes to tell.

    ``log`` is what :meth:`RiskEngine.put` and :meth:`RiskEngine.end` returned, in that order: beginnings (``until`` None) and ends. Pairs
    that ended longer ago than the longest window, hold and release may be left out.
    """
    engine: RiskEngine | None = None
    for fact in log:
        at = fact.since if fact.until is None else fact.until
        if engine is None:
            engine = RiskEngine(zones, rules, min(at, now))
            engine.quiet(True)
        if fact.until is None:
            engine.put(fact)
        else:
            engine.end(fact.kind, fact.key, at)
    engine = engine or RiskEngine(zones, rules, now)
    engine.advance(now)
    engine.quiet(False)
    return engine
