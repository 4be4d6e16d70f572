"""The fence engine: membership with dwell, hysteresis and an accuracy test, and the rules on top.

A stale fix changes nothing: *stale* is not *left*. Time-based rules run on while a badge rests or is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.fences import index, kernel
from realtime.fences.types import EACH, EVENT, TOGETHER, Fence, Happening, Manner, Rule
from realtime.positioning.types import Records, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SLOTS = 4
_ROOM = 4096
#: s after a gap in which rules about all in a fence only watch: who went elsewhere meanwhile is found there before he has left here.
_SETTLE = 15.0


class Presence(NamedTuple):
    """A member as it is kept over a restart: badge row, fence id, since when (s), rules that it breaks, its place."""

    badge: int
    fence: str
    entered: float
    alarms: tuple[Rule, ...] = ()
    x: float = np.nan
    y: float = np.nan


class FenceEngine:
    """Fences over ``count`` badge rows; ``person`` gives the person of each row (default: one badge, one person) and
    ``group`` the bits of the groups that it belongs to."""

    def __init__(
        self,
        count: int,
        fences: Sequence[Fence] = (),
        person: Ints | None = None,
        manner: Manner | None = None,
        group: Ints | None = None,
    ) -> None:
        self.count, self.manner = 0, manner or Manner()
        self.fences: tuple[Fence, ...] = ()
        self._row: dict[str, int] = {}
        self._stamp = 0
        self._slots = _slots(0, _SLOTS)
        self._out: Floats = np.zeros((_ROOM, 6))
        #: group rules that are broken: (fence id, rule) -> since when right again, NaN while broken
        self._open: dict[tuple[str, Rule], float] = {}
        self._since: dict[tuple[str, Rule], float] = {}
        self._settled = -np.inf
        self._define(tuple(fences))
        self.people(np.arange(count) if person is None else person, group)

    def people(self, person: Ints, group: Ints | None = None) -> None:
        """Who carries each badge row (person numbers) and to which groups it belongs; more rows than before are new.

        Members stay. A badge that no longer belongs to a fence's groups leaves it with its next fix.
        """
        count = person.size
        old: kernel.Badges | None = getattr(self, "_badges", None)
        keep = min(self.count, count)
        bits: Ints = np.full(count, 255, np.int64) if group is None else group.astype(np.int64)
        start = np.cumsum([0, *np.bincount(person, minlength=1)]).astype(np.int64)
        blank = [np.full(count, np.nan) for _ in range(7)]
        blank[3][:] = 0.0
        known = np.zeros(count, np.bool_)
        x, y, z, speed, rest_x, rest_y, rest = blank
        self._badges = kernel.Badges(
            x, y, z, speed, known, rest_x, rest_y, rest, bits, person.astype(np.int64),
            np.argsort(person, kind="stable").astype(np.int64), start,
        )  # fmt: skip
        slots = _slots(count, self._slots.fence.shape[1])
        if old is not None:
            for name in ("x", "y", "z", "speed", "known", "rest_x", "rest_y", "rest"):
                getattr(self._badges, name)[:keep] = getattr(old, name)[:keep]
            for name in kernel.Slots._fields:
                getattr(slots, name)[:keep] = getattr(self._slots, name)[:keep]
        self._slots, self.count = slots, count
        self._allow()
        self._recount()

    def _define(self, fences: tuple[Fence, ...]) -> None:
        self.fences = fences
        self._row = {f.id: i for i, f in enumerate(fences)}
        self._index = index.build(fences, self.manner.level_slack)
        self._counts: Ints = np.zeros(len(fences), np.int64)
        self._each: Ints = np.array([sum(1 << r for r in f.rules if r in EACH) for f in fences], np.int64)
        self._timed = {i for i, f in enumerate(fences) if set(f.rules) & (set(TOGETHER) - {Rule.OVER_COUNT})}
        over = [i for i, f in enumerate(fences) if Rule.OVER_COUNT in f.rules]
        self._over = np.array(over, np.int64), np.array([fences[i].limit_count for i in over], np.int64)
        self._scheduled = [i for i, f in enumerate(fences) if f.schedule.hours or f.schedule.periods or f.schedule.off]
        self._active: Bools = np.ones(len(fences), np.bool_)
        self._until = -np.inf
        self._limits = (
            np.array([f.limit_seconds for f in fences], np.float64),
            np.array([f.limit_speed for f in fences], np.float64),
        )

    def _allow(self) -> None:
        """Who is allowed where, as the kernel wants it."""
        named = [i for i, f in enumerate(self.fences) if f.allowed]
        rows = np.full(len(self.fences), -1, np.int64)
        rows[named] = np.arange(len(named))
        allow = np.zeros((max(1, len(named)), self.count), np.bool_)
        for at, i in enumerate(named):
            allow[at, [b for b in self.fences[i].allowed if b < self.count]] = True
        self._terms = kernel.Terms(self._each, *self._limits, rows, allow)

    def replace(self, fences: Sequence[Fence], now: float) -> Records:
        """Put an edited set of fences in force; members of changed shapes are found anew at once, from the last places.

        Where only the rules changed the members, their times and open alarms stay. Returns the events of the edit,
        marked ``initial``. Alarms of fences that are gone end without an event (:meth:`alarms` no longer has them).
        """
        old = {f.id: f for f in self.fences}
        before = self.fences
        fence, inside = self._slots.fence, self._slots.inside
        had = {f.id: np.flatnonzero(((fence == i) & inside).any(axis=1)) for i, f in enumerate(before)}
        self._define(tuple(fences))
        to = np.array([self._row.get(f.id, -1) for f in before] or [-1], np.int32)
        fence[fence >= 0] = to[fence[fence >= 0]]
        gone = fence < 0
        inside[gone], self._slots.alarms[gone] = False, 0
        ids = set(self._row)
        self._open = {key: since for key, since in self._open.items() if key[0] in ids}
        self._since = {key: since for key, since in self._since.items() if key[0] in ids}
        self._allow()
        moved: list[tuple[Happening, int, int]] = []
        for i, spec in enumerate(fences):
            was = had.get(spec.id, np.zeros(0, np.int64))
            if spec.id in old and old[spec.id].shape == spec.shape:
                continue
            b = self._badges
            now_in = np.flatnonzero(index.members(self._index, i, b.group, b.known, b.x, b.y, b.z))
            self._drop(i, np.setdiff1d(was, now_in))
            for k in np.setdiff1d(now_in, was).tolist():
                self._put(Presence(k, spec.id, now))
            moved += [(Happening.ENTER, i, int(k)) for k in np.setdiff1d(now_in, was)]
            moved += [(Happening.LEAVE, i, int(k)) for k in np.setdiff1d(was, now_in)]
        self._recount()
        out = [(now, what, 0, i, k, self._counts[i], True) for what, i, k in moved]
        judged = self._judge(now)
        judged["initial"] = True
        return np.concatenate([np.array(out, EVENT) if out else np.zeros(0, EVENT), judged])

    def restore(self, members: Iterable[Presence], together: Iterable[tuple[str, Rule]] = ()) -> None:
        """Take up what was true before a restart: no event comes of it. Unknown badges and fences are left out."""
        for member in members:
            if 0 <= member.badge < self.count and member.fence in self._row:
                self._put(member)
                self._badges.known[member.badge] = True
                if set(member.alarms) & {Rule.STATIC_TIMEOUT, Rule.PARKING}:
                    at = self._row[member.fence]
                    self._badges.rest_x[member.badge], self._badges.rest_y[member.badge] = member.x, member.y
                    self._badges.rest[member.badge] = member.entered - self._limits[0][at]
        for key in together:
            if key[0] in self._row:
                self._open[key] = np.nan
        self._recount()

    def pause(self, by: float, now: float) -> None:
        """For ``by`` s until now nobody could be heard: no stay, no rest and no post that is left counts them. Members stay."""
        self._slots.entered[:] += by
        self._badges.rest[:] += by
        self._since = {key: since + by for key, since in self._since.items()}
        self._settled = now + _SETTLE

    def evaluate(self, fixes: Records) -> Records:
        """As :meth:`feed`, for published fixes (dtype ``FIX``) of one instant."""
        if not fixes.size:
            return np.zeros(0, EVENT)
        now = float(fixes["published"].max())
        columns = (np.ascontiguousarray(fixes[name]) for name in ("x", "y", "z", "speed", "r95", "state"))
        return self.feed(now, fixes["badge"].astype(np.int64), *columns)

    def feed(
        self, now: float, badge: Ints, x: Floats, y: Floats, z: Floats, speed: Floats, r95: Floats, state: NDArray[Any]
    ) -> Records:
        """Fold in fixes of one instant: badge rows, m in the plant frame, m/s, m, :class:`State`; the events.

        A badge seen for the first time is inside at once where it is ("already inside" fires at start); later changes
        wait for their dwell. Fixes that are held, stale, lost or too wide change nothing. Call it without fixes too,
        once a second or so: rules about time go on.
        """
        self._badges.speed[badge[state > State.DEGRADED]] = 0.0  # what is not heard of is not said to be fast
        fresh = (state <= State.DEGRADED) & (r95 <= self.manner.r95_limit) & np.isfinite(x) & np.isfinite(y)
        badge = badge[fresh]
        events = self._place(now, badge, x[fresh], y[fresh], z[fresh], speed[fresh])
        return np.concatenate([events, self._judge(now)])

    def _place(self, now: float, badge: Ints, x: Floats, y: Floats, z: Floats, speed: Floats) -> Records:
        m = self.manner
        manner = (m.enter_dwell, m.leave_dwell, m.hysteresis, m.rest_radius)
        at, parts = 0, []
        while True:
            at, n, why = kernel.place(
                self._index, self._slots, self._badges, self._counts, badge, x, y, z, speed, now, manner, at,
                self._stamp, self._out, 0,
            )  # fmt: skip
            parts.append(self._told(n, now))
            if not why:
                break
            if why == 1:
                self._widen()
            elif not n:
                self._out = np.zeros((2 * len(self._out), 6))
        self._stamp += badge.size
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def _judge(self, now: float) -> Records:
        """Raise and clear the alarms of all rules."""
        self._consult_schedules(now)
        m, parts = self.manner, []
        if self._each.any() or self._slots.alarms.any():
            terms = self._terms._replace(each=np.where(self._active, self._each, 0))
            n = -1
            while n < 0:
                n = kernel.judge(
                    terms, self._slots, self._badges, self._counts, now, m.speed_dwell, m.speed_share, self._out
                )
                parts.append(self._told(n if n >= 0 else -1 - n, now))
        return np.concatenate([*parts, self._judge_together(now)])

    def _consult_schedules(self, now: float) -> None:
        if self._scheduled and now >= self._until:
            for i in self._scheduled:
                self._active[i] = self.fences[i].schedule.holds(now)
            self._until = (now // 60.0 + 1.0) * 60.0  # hours are given to the minute

    def _judge_together(self, now: float) -> Records:
        out: list[tuple[Any, ...]] = []
        over, limit = self._over
        # Only fences where something can be wrong, or is.
        due = self._timed | set(over[self._counts[over] > limit].tolist()) | {self._row[f] for f, _ in self._open}
        if not due:
            return np.zeros(0, EVENT)
        posts = any(Rule.LEAVE_POST in self.fences[i].rules for i in due)
        posted = kernel.posted(self._terms, self._slots, self._badges, len(self.fences)) if posts else self._counts
        for i in sorted(due):
            fence, count = self.fences[i], int(self._counts[i])
            for rule in TOGETHER:
                if rule in fence.rules or (fence.id, rule) in self._open:
                    right = rule not in fence.rules or not self._active[i] or not fence.enabled
                    broken = not right and self._broken(rule, i, fence, count, int(posted[i]))
                    change = self._settle((fence.id, rule), broken, fence, now)
                    if change is not None:
                        out.append((now, change, rule, i, -1, count, False))
        return np.array(out, EVENT) if out else np.zeros(0, EVENT)

    def _broken(self, rule: Rule, i: int, fence: Fence, count: int, posted: int) -> bool:
        if rule is Rule.OVER_COUNT:
            return count > fence.limit_count
        if rule is Rule.UNDER_COUNT:
            return count < fence.limit_count
        if rule is Rule.LEAVE_POST:
            return posted < max(1, fence.limit_count)
        if count < max(2, fence.limit_count):
            return False
        who = self.members(i)
        return kernel.gathered(self._badges.x[who], self._badges.y[who], fence.radius, max(2, fence.limit_count))

    def _settle(self, key: tuple[str, Rule], broken: bool, fence: Fence, now: float) -> Happening | None:
        """What a rule about all does now: it breaks after its time and is right again after the dwell."""
        wait = 0.0 if key[1] is Rule.OVER_COUNT else fence.limit_seconds
        if broken:
            since = self._since.setdefault(key, now)
            if key in self._open:
                self._open[key] = np.nan
            elif now - since >= wait and now >= self._settled:
                self._open[key] = np.nan
                return Happening.ALARM
            return None
        self._since.pop(key, None)
        if key in self._open:
            if np.isnan(self._open[key]):
                self._open[key] = now
            if now - self._open[key] >= self.manner.clear_dwell:
                del self._open[key]
                return Happening.CLEAR
        return None

    def forget(self, badges: Iterable[int], now: float) -> Records:
        """Badges that are carried no more leave every fence at once; the events."""
        out: list[tuple[Any, ...]] = []
        for k in badges:
            for s in np.flatnonzero(self._slots.fence[k] >= 0).tolist():
                f, bits = int(self._slots.fence[k, s]), int(self._slots.alarms[k, s])
                was = bool(self._slots.inside[k, s])
                self._slots.fence[k, s], self._slots.inside[k, s], self._slots.alarms[k, s] = -1, False, 0
                self._recount()
                if was:
                    out.append((now, Happening.LEAVE, 0, f, k, self._counts[f], False))
                    out += [(now, Happening.CLEAR, r, f, k, self._counts[f], False) for r in EACH if bits >> r & 1]
            self._badges.known[k] = False
        return np.array(out, EVENT) if out else np.zeros(0, EVENT)

    def presence(self, badge: int, fence: str) -> Presence | None:
        """A member as :meth:`restore` takes it; None when the badge is not in the fence."""
        f = self._row.get(fence, -2)
        for s in np.flatnonzero(self._slots.fence[badge] == f).tolist():
            if self._slots.inside[badge, s]:
                bits = int(self._slots.alarms[badge, s])
                x, y, _ = self.place_of(badge)
                rules = tuple(r for r in EACH if bits >> r & 1)
                return Presence(badge, fence, float(self._slots.entered[badge, s]), rules, x, y)
        return None

    def inside(self) -> tuple[Ints, Ints]:
        """Badge rows and fence rows of all members."""
        k, s = np.nonzero((self._slots.fence >= 0) & self._slots.inside)
        return k.astype(np.int64), self._slots.fence[k, s].astype(np.int64)

    def active(self) -> Bools:
        """(fences,) whose rules hold now."""
        return self._active.copy()

    def members(self, fence: int) -> Ints:
        """Badge rows inside a fence, ascending."""
        slots = self._slots
        return np.flatnonzero(((slots.fence == fence) & slots.inside).any(axis=1)).astype(np.int64)

    def fences_of(self, badge: int) -> set[str]:
        """Ids of the fences that a badge is in."""
        slots = self._slots
        return {self.fences[f].id for f in slots.fence[badge][slots.inside[badge]].tolist()}

    def counts(self) -> Ints:
        """(fences,) unique persons inside each fence."""
        return self._counts.copy()

    def rest_since(self, badge: int) -> float:
        """Since when a badge has not moved, NaN before its first usable fix."""
        return float(self._badges.rest[badge])

    def place_of(self, badge: int) -> tuple[float, float, float]:
        """Last usable place in m, NaN before the first."""
        b = self._badges
        return float(b.x[badge]), float(b.y[badge]), float(b.z[badge])

    def alarms(self) -> set[tuple[str, Rule, int]]:
        """What is broken now: fence id, rule, badge row (-1: all)."""
        found = {(fence, rule, -1) for fence, rule in self._open}
        for k, s in zip(*np.nonzero(self._slots.alarms * (self._slots.fence >= 0)), strict=True):
            bits = int(self._slots.alarms[k, s])
            found |= {(self.fences[self._slots.fence[k, s]].id, r, int(k)) for r in EACH if bits >> r & 1}
        return found

    def _told(self, n: int, now: float) -> Records:
        out = np.zeros(n, EVENT)
        out["time"] = now
        for column, name in enumerate(("happening", "rule", "fence", "badge", "count", "initial")):
            out[name] = self._out[:n, column]
        return out

    def _put(self, member: Presence) -> None:
        f = self._row[member.fence]
        at = kernel.find(self._slots, member.badge, f)
        while at == -1:
            self._widen()
            at = kernel.find(self._slots, member.badge, f)
        k, s = member.badge, at if at >= 0 else -2 - at
        self._slots.fence[k, s], self._slots.inside[k, s] = f, True
        self._slots.since[k, s], self._slots.fast[k, s] = np.nan, np.nan
        self._slots.entered[k, s] = member.entered
        self._slots.alarms[k, s] = sum(1 << rule for rule in member.alarms)

    def _drop(self, fence: int, badges: Ints) -> None:
        rows = np.isin(np.arange(self.count), badges)[:, None] & (self._slots.fence == fence)
        self._slots.fence[rows], self._slots.inside[rows], self._slots.alarms[rows] = -1, False, 0

    def _widen(self) -> None:
        """Twice as many slots: somebody is in more fences than anybody before."""
        width = self._slots.fence.shape[1]
        wide = _slots(self.count, 2 * width)
        for name in kernel.Slots._fields:
            getattr(wide, name)[:, :width] = getattr(self._slots, name)
        self._slots = wide

    def _recount(self) -> None:
        k, s = np.nonzero((self._slots.fence >= 0) & self._slots.inside)
        span = int(self._badges.person.max(initial=0)) + 1
        unique = np.unique(self._slots.fence[k, s].astype(np.int64) * span + self._badges.person[k])
        self._counts[:] = np.bincount(unique // span, minlength=len(self.fences))


def _slots(count: int, width: int) -> kernel.Slots:
    size = (count, width)
    return kernel.Slots(
        np.full(size, -1, np.int32), np.zeros(size, np.bool_), np.full(size, np.nan), np.full(size, np.nan),
        np.full(size, np.nan), np.zeros(size, np.int64), np.full(size, -1, np.int64),
    )  # fmt: skip
