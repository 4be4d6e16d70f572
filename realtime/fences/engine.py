"""The fence engine: membership with dwell, hysteresis and an accuracy test, and the rules on top.

Only pairs of badge and fence that matter are kept (inside, or about to change), so the cost follows the people, not the
product of people and fences. A stale fix changes nothing: *stale* is not *left*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.fences import index
from realtime.fences.types import EVENT, Fence, Happening, Manner, Rule
from realtime.positioning.types import Records, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_PAIR = np.dtype([("key", np.int64), ("inside", np.bool_), ("since", np.float64), ("entered", np.float64)])


class FenceEngine:
    """Fences over ``count`` badge rows; ``person`` gives the person of each row (default: one badge, one person)."""

    def __init__(
        self, count: int, fences: Sequence[Fence] = (), person: Ints | None = None, manner: Manner | None = None
    ) -> None:
        self.count, self.manner = count, manner or Manner()
        self.person: Ints = np.arange(count) if person is None else person
        self._pairs: Records = np.zeros(0, _PAIR)
        self._last = {name: np.full(count, np.nan) for name in ("x", "y", "z")}
        self._known: Bools = np.zeros(count, np.bool_)
        self._rest_x, self._rest_y, self._rest = (np.full(count, np.nan) for _ in range(3))
        self._alarms: dict[tuple[str, Rule, int], float] = {}
        self._define(tuple(fences))

    def _define(self, fences: tuple[Fence, ...]) -> None:
        self.fences = fences
        self._index = index.build(fences, self.manner.level_slack)
        self._watched: Bools = np.array([bool(f.rules) for f in fences], np.bool_)
        self._counted: Bools = np.array([Rule.OVER_COUNT in f.rules for f in fences], np.bool_)
        self._each: Bools = np.array([bool(set(f.rules) - {Rule.OVER_COUNT}) for f in fences], np.bool_)
        self._limit: Ints = np.array([f.limit_count for f in fences], np.int64)

    def replace(self, fences: Sequence[Fence], now: float) -> Records:
        """Put an edited set of fences in force; members of changed fences are found anew at once, from the last places.

        Unchanged fences keep their members without an event. Returns the events of the edit, marked ``initial``.
        """
        old, new = {f.id: f for f in self.fences}, {f.id: f for f in fences}
        same = {i for i, f in new.items() if old.get(i) == f}
        row = {f.id: i for i, f in enumerate(fences)}
        badge, fence = self._split(self._pairs["key"])
        before = {
            self.fences[i].id: set(badge[(fence == i) & self._pairs["inside"]].tolist())
            for i in range(len(self.fences))
        }
        where = np.array([row[f.id] if f.id in same else -1 for f in self.fences] or [-1], np.int64)
        kept = self._pairs[where[fence] >= 0] if len(self.fences) else self._pairs
        moved = kept.copy()
        if kept.size:
            b, f = self._split(kept["key"])
            moved["key"] = b * len(fences) + where[f]
        self._define(tuple(fences))
        self._pairs = _sorted(moved)
        placed = np.flatnonzero(self._known)
        hits = self._hits(placed)
        _, f = self._split(hits)
        fresh = hits[~np.isin(f, [row[i] for i in same])]
        added = np.zeros(fresh.size, _PAIR)
        added["key"], added["inside"], added["since"], added["entered"] = fresh, True, np.nan, now
        self._pairs = _sorted(np.concatenate([self._pairs, added]))
        out: list[tuple[Any, ...]] = []
        counts = self.counts()
        for i, spec in enumerate(fences):
            members = set(self.members(i).tolist())
            had = before.get(spec.id, set())
            out += [(now, Happening.ENTER, 0, i, b, counts[i], True) for b in sorted(members - had)]
            out += [(now, Happening.LEAVE, 0, i, b, counts[i], True) for b in sorted(had - members)]
        # Alarms of fences that are gone or changed end silently with the old definition; the new one is judged below.
        self._alarms = {key: since for key, since in self._alarms.items() if key[0] in same}
        return np.concatenate([np.array(out, EVENT) if out else np.zeros(0, EVENT), self._judge(now, initial=True)])

    def evaluate(self, fixes: Records) -> Records:
        """Fold in published fixes (dtype ``FIX``) of one instant; the events (dtype ``EVENT``) that follow.

        A badge seen for the first time is inside at once where it is ("already inside" fires at start); later changes
        wait for their dwell.
        """
        if not fixes.size:
            return np.zeros(0, EVENT)
        now = float(fixes["published"].max())
        fresh = (fixes["state"] <= State.DEGRADED) & (fixes["r95"] <= self.manner.r95_limit)
        fixes = fixes[fresh]
        badge = fixes["badge"].astype(np.int64)
        first = ~self._known[badge]
        for name in ("x", "y", "z"):
            self._last[name][badge] = fixes[name]
        self._known[badge] = True
        self._note_rest(badge, fixes["x"], fixes["y"], now)
        events = self._update(badge, first, now) if len(self.fences) else np.zeros(0, EVENT)
        return np.concatenate([events, self._judge(now, initial=False)])

    def _split(self, key: Ints) -> tuple[Ints, Ints]:
        return key // max(1, len(self.fences)), key % max(1, len(self.fences))

    def _hits(self, badge: Ints) -> Ints:
        """Sorted keys of pairs whose badge lies in the fence, height included."""
        return index.hits(self._index, np.sort(badge), self._last["x"], self._last["y"], self._last["z"])

    def _beyond(self, key: Ints) -> Bools:
        """Which pairs are clearly out."""
        return index.beyond(self._index, key, self._last["x"], self._last["y"], self._last["z"], self.manner.hysteresis)

    def _update(self, badge: Ints, first: Bools, now: float) -> Records:
        hits, pairs, m = self._hits(badge), self._pairs, self.manner
        new = hits[~_in_sorted(hits, pairs["key"])]
        added = np.zeros(new.size, _PAIR)
        starters = np.zeros(self.count, np.bool_)
        starters[badge[first]] = True
        at_once = starters[self._split(new)[0]]
        added["key"], added["inside"], added["entered"] = new, at_once, now
        added["since"] = np.where(at_once, np.nan, now)
        seen = np.zeros(self.count, np.bool_)
        seen[badge] = True
        heard = seen[self._split(pairs["key"])[0]]
        hit = _in_sorted(pairs["key"], hits)
        inside, since = pairs["inside"], pairs["since"].copy()
        waiting = heard & ~inside
        enters = waiting & hit & (now - since >= m.enter_dwell)
        drop = waiting & ~hit
        out = heard & inside & ~hit
        out[out] = self._beyond(pairs["key"][out])
        since[heard & inside & ~out] = np.nan
        since[out & np.isnan(since)] = now
        leaves = out & (now - since >= m.leave_dwell)
        since[enters] = np.nan
        entered = np.where(enters, now, pairs["entered"])
        updated = pairs.copy()
        updated["inside"], updated["since"], updated["entered"] = inside | enters, since, entered
        self._pairs = _sorted(np.concatenate([updated[~(drop | leaves)], added]))
        came = [(pairs["key"][enters], Happening.ENTER, False), (new[at_once], Happening.ENTER, True)]
        return self._events([*came, (pairs["key"][leaves], Happening.LEAVE, False)], now)

    def _events(self, groups: list[tuple[Ints, Happening, bool]], now: float) -> Records:
        total = sum(keys.size for keys, _, _ in groups)
        out = np.zeros(total, EVENT)
        if not total:
            return out
        counts, at = self.counts(), 0
        for keys, happening, initial in groups:
            part = out[at : at + keys.size]
            part["badge"], part["fence"] = self._split(keys)
            part["happening"], part["initial"], part["time"] = happening, initial, now
            part["count"] = counts[part["fence"]]
            at += keys.size
        return out

    def members(self, fence: int) -> Ints:
        """Badge rows inside a fence."""
        badge, of = self._split(self._pairs["key"])
        return np.asarray(badge[(of == fence) & self._pairs["inside"]], np.int64)

    def counts(self) -> Ints:
        """(fences,) unique persons inside each fence."""
        badge, fence = self._split(self._pairs["key"][self._pairs["inside"]])
        span = int(self.person.max(initial=0)) + 1
        unique = np.unique(fence * span + self.person[badge])
        return np.bincount(unique // span, minlength=len(self.fences)).astype(np.int64)

    def _note_rest(self, badge: Ints, x: Floats, y: Floats, now: float) -> None:
        moved = ~(np.hypot(x - self._rest_x[badge], y - self._rest_y[badge]) <= self.manner.rest_radius)
        self._rest_x[badge[moved]], self._rest_y[badge[moved]], self._rest[badge[moved]] = x[moved], y[moved], now

    def _judge(self, now: float, initial: bool) -> Records:
        """Raise and clear the alarms of all rules."""
        out: list[tuple[Any, ...]] = []
        if not self._watched.any():
            return np.zeros(0, EVENT)
        keep = self._pairs["inside"]
        badge, of = self._split(self._pairs["key"][keep])
        order = np.argsort(of, kind="stable")
        badge, entered = badge[order], self._pairs["entered"][keep][order]
        edge = np.searchsorted(of[order], np.arange(len(self.fences) + 1))
        counts = self.counts()
        # Only fences where something can be wrong, or was: members under a rule about each, too many, or an open alarm.
        open_alarms = {key[0] for key in self._alarms}
        due = (self._each & (np.diff(edge) > 0)) | (self._counted & (counts > self._limit))
        for i in np.flatnonzero(due | np.array([f.id in open_alarms for f in self.fences])).tolist():
            mine = slice(edge[i], edge[i + 1])
            found = self._broken(i, badge[mine], entered[mine], int(counts[i]), now)
            out += self._settle(i, found, int(counts[i]), now, initial)
        return np.array(out, EVENT) if out else np.zeros(0, EVENT)

    def _broken(self, i: int, members: Ints, entered: Floats, count: int, now: float) -> set[tuple[Rule, int]]:
        """Rules of fence ``i`` that are broken now, each with its badge (-1: all)."""
        fence, found = self.fences[i], set[tuple[Rule, int]]()
        if Rule.TRESPASS in fence.rules:
            found |= {(Rule.TRESPASS, b) for b in members.tolist() if b not in fence.allowed}
        if Rule.CALL in fence.rules:
            found |= {(Rule.CALL, b) for b in members.tolist()}
        if Rule.STATIC_TIMEOUT in fence.rules:
            rests = now - np.fmax(self._rest[members], entered) >= fence.limit_seconds
            found |= {(Rule.STATIC_TIMEOUT, b) for b in members[rests].tolist()}
        if Rule.OVER_COUNT in fence.rules and count > fence.limit_count:
            found.add((Rule.OVER_COUNT, -1))
        return found

    def _settle(
        self, i: int, found: set[tuple[Rule, int]], count: int, now: float, initial: bool
    ) -> list[tuple[Any, ...]]:
        """Events for what newly breaks, and for what has been right again for long enough."""
        out: list[tuple[Any, ...]] = []
        name = self.fences[i].id
        for rule, badge in sorted(found):
            if (name, rule, badge) not in self._alarms:
                out.append((now, Happening.ALARM, rule, i, badge, count, initial))
            self._alarms[name, rule, badge] = np.nan
        for key in [k for k in self._alarms if k[0] == name and (k[1], k[2]) not in found]:
            _, rule, badge = key
            since = self._alarms[key] = now if np.isnan(self._alarms[key]) else self._alarms[key]
            if now - since >= (self.manner.clear_dwell if rule is Rule.OVER_COUNT else 0.0):
                del self._alarms[key]
                out.append((now, Happening.CLEAR, rule, i, badge, count, initial))
        return out


def _sorted(pairs: Records) -> Records:
    """Pairs ascending by key."""
    return pairs[np.argsort(pairs["key"], kind="stable")]


def _in_sorted(values: Ints, table: Ints) -> Bools:
    """Which of ``values`` are in the sorted ``table``."""
    if not table.size:
        return np.zeros(values.size, np.bool_)
    at = np.minimum(np.searchsorted(table, values), table.size - 1)
    return np.asarray(table[at] == values)
