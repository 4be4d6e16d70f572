"""The fences of one enterprise at work: batches of fixes in, outcomes out. No input or output of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import structlog

from realtime.fences import counts
from realtime.fences.conditions import WHOLE, Where, about, at_fence
from realtime.fences.engine import FenceEngine, Floats, Presence
from realtime.fences.facts import BY_TYPE, TYPES, Outcome, instant
from realtime.fences.repository_facts import FenceFact, Place
from realtime.fences.repository_rules import Ground, Standing
from realtime.fences.roster import Entry
from realtime.fences.rules import Row, corridor, fence_of, group_of, ring
from realtime.fences.types import Fence, Happening, Manner, Rule
from realtime.fences.watch import Watch
from realtime.positioning.types import Records
from realtime.tracking.batch import SOURCES, STATES, FixBatch, Subject

log = structlog.get_logger("realtime.fences")

_TOGETHER = {Rule.OVER_COUNT, Rule.UNDER_COUNT, Rule.LEAVE_POST, Rule.GATHERING}
#: A place is written anew when it moved this far (m), but not before the first time (s), and always after the second.
_MOVED, _SOON, _AGAIN = 0.5, 2.0, 5.0


class PlantFences:
    """Rules, members and open alarms of one enterprise."""

    def __init__(self, enterprise: UUID, manner: Manner | None = None) -> None:
        self.enterprise = enterprise
        self.engine = FenceEngine(0, (), np.zeros(0, np.int64), manner)
        self.watch = Watch()
        self.ground: Ground | None = None
        self._rows: dict[str, Row] = {}
        self._subjects: tuple[Subject, ...] = ()
        self._row_of: dict[UUID, int] = {}
        self._present: set[int] = set()
        self._bound: set[UUID] | None = None
        self._entries: Mapping[UUID, Entry] = {}
        #: key -> fence id (empty: about a subject), type, subjects under it (fence-wide ones: none or those called)
        self.open: dict[str, tuple[str, str, set[UUID]]] = {}
        #: (subjects, 6) when and what was last written of each place: time, x, y, state, floor, zone
        self._written: Floats = np.full((0, 6), np.nan)
        self._counts = counts.Live()
        self._deaf, self._shifted = 0.0, False  # s in which nobody could be heard; whether that is not written down yet
        self._batch: FixBatch | None = None

    # ---- rules -------------------------------------------------------------------------------------------------

    def change(self, ground: Ground, at: float) -> Outcome:
        """Put edited rules in force; state is evaluated at once."""
        self.ground = ground
        self._rows = {str(row.id): row for row in ground.fences}
        codes = {row.code: str(row.id) for row in ground.fences}
        self._entries = {
            id_: replace(entry, parking=tuple(codes.get(code, f"zone:{code}") for code in entry.parking))
            for id_, entry in ground.entries.items()
        }
        return self._define(at)

    def _define(self, at: float) -> Outcome:
        out = Outcome()
        if self.ground is None:
            return out
        events = self.engine.replace(self._fences(self.ground), at)
        self._tell(out, events)
        true = self._true_keys()
        for key in [k for k, (fence, _, _) in self.open.items() if fence and k not in true]:
            fence, _, who = self.open.pop(key)
            out.alarms.append((key, instant(at)))
            for subject in who or {UUID(fence)}:
                self._stand(out, fence, subject)
        return out

    def _fences(self, ground: Ground) -> list[Fence]:
        made = []
        for row in ground.fences:
            try:
                made.append(fence_of(row, ground.frame, ground.timezone, self._subjects, self._entries))
            except ValueError as error:
                log.error("a fence cannot be used", fence=row.code, error=str(error))
        for road in ground.roads if any(e.roads for e in self._entries.values()) else ():
            lane = corridor(road.code, ground.frame, road.line, road.width)
            made += [lane] if lane else []
        for code in sorted({p[5:] for e in self._entries.values() for p in e.parking if p.startswith("zone:")}):
            if code in ground.zones:
                made.append(Fence(f"zone:{code}", ring(ground.frame, ground.zones[code][2]), groups=8))
        return made

    # ---- restart -----------------------------------------------------------------------------------------------

    def restore(self, standing: Sequence[Standing], batch: FixBatch) -> Outcome:
        """Take up what was true before a restart: nobody enters or leaves by it and no alarm comes twice."""
        out = Outcome()
        self._follow(batch, out)
        members, together = [], []
        for row in standing:
            fence, at = str(row.fence), self._row_of.get(row.subject, -1)
            if row.inside and fence in self._rows and at >= 0:
                rules = tuple(BY_TYPE[name] for name in row.rules if name in BY_TYPE)
                x, y = (np.nan if v is None else v for v in (row.x, row.y))
                members.append(Presence(at, fence, row.entered.timestamp(), rules, x, y))
                for name in row.rules:
                    self.open.setdefault(_key(fence, name, row.subject), (fence, name, set()))[2].add(row.subject)
            elif not row.inside and fence in self._rows:
                together += [(fence, BY_TYPE[name]) for name in row.rules if name in BY_TYPE]
                self.open |= {_key(fence, name, None): (fence, name, set()) for name in row.rules}
            elif not row.inside and at >= 0:
                for name in row.rules:
                    self.watch.open.add((row.subject, name))
                    self.open[f"{name}:{row.subject}"] = ("", name, {row.subject})
            else:  # the fence, or the badge in somebody's hand, is gone
                self._gone(out, row, batch.at)
        self.engine.restore(members, together)
        return out

    def _gone(self, out: Outcome, row: Standing, at: float) -> None:
        fence = str(row.fence)
        for name in row.rules:
            key = _key(fence, name, row.subject if row.inside else None)
            if row.fence == row.subject and fence not in self._rows and not row.inside:
                out.alarms.append((f"{name}:{row.subject}", instant(at)))
            if name != "call":
                out.alarms.append((key, instant(at)))
        out.standing[row.fence, row.subject] = None

    # ---- batches -----------------------------------------------------------------------------------------------

    def take(self, batch: FixBatch) -> Outcome:
        """Evaluate a batch."""
        out = Outcome()
        self._follow(batch, out)
        self._batch = batch
        self._pause(out, batch)
        rows = batch.index.astype(np.int64)
        present = set(rows.tolist())
        gone = self._present - present
        if self._bound is not None:
            # Restored and never heard of since: whether the badge was given back meanwhile, the database knows.
            held = set(self.engine.inside()[0].tolist()) - present
            gone |= {row for row in held if self._subjects[row].id not in self._bound}
        self._present = present
        if gone:
            self._leave(out, sorted(gone), batch.at)
        events = self.engine.feed(batch.at, rows, batch.x, batch.y, batch.h, batch.speed, batch.r95, batch.state)
        self._tell(out, events)
        for finding in self.watch.judge(batch, self.engine, self._entries):
            self._about(out, finding.row, finding.type, finding.broken, finding.value, finding.limit, batch.at)
        self._places(out, batch)
        if self.ground is not None:
            out.fences = self._counts.fences(self, batch)
            out.headcount = self._counts.headcount(self.ground, batch)
        return out

    def _pause(self, out: Outcome, batch: FixBatch) -> None:
        """Time in which nothing at all came in counts for no rule; since when somebody is inside is written down anew after it."""
        by, self._deaf = batch.deaf - self._deaf, batch.deaf
        if by > 0.0:
            self.engine.pause(by, batch.at)
            self.watch.pause(by)
        elif self._shifted:
            for badge, f in zip(*self.engine.inside(), strict=True):
                if (fence := self.engine.fences[f].id) in self._rows:
                    self._stand(out, fence, self._subjects[badge].id)
        self._shifted = by > 0.0

    def bound(self, subjects: Iterable[UUID], batteries: Mapping[UUID, float]) -> None:
        """Who carries a badge as the database has it, and how full the badges are."""
        self._bound, self.watch.batteries = set(subjects), dict(batteries)

    def _follow(self, batch: FixBatch, out: Outcome) -> None:
        """Take over a new tuple of subjects: who they are decides whom fences concern and who may enter."""
        if batch.subjects == self._subjects:
            return
        self._subjects = batch.subjects
        self._row_of = {subject.id: i for i, subject in enumerate(batch.subjects)}
        groups = np.array([group_of(subject) for subject in batch.subjects], np.int64)
        self.engine.people(np.arange(len(batch.subjects)), groups)
        made = self._define(batch.at)
        out.alarms += made.alarms
        out.facts += made.facts
        out.standing |= made.standing

    def _leave(self, out: Outcome, rows: list[int], at: float) -> None:
        self._tell(out, self.engine.forget(rows, at))
        for row in rows:
            subject = self._subjects[row].id
            for kind in self.watch.forget(subject):
                self._about(out, row, kind, False, None, None, at)
            self._written[row] = np.nan
            out.places[subject] = None

    def _places(self, out: Outcome, batch: FixBatch) -> None:
        rows, was = batch.index.astype(np.int64), self._written
        if was.shape[0] < len(self._subjects):
            was = np.full((len(self._subjects), 6), np.nan)
            was[: self._written.shape[0]] = self._written
            self._written = was
        now = np.column_stack(
            [np.full(rows.size, batch.at), batch.x, batch.y, batch.state, batch.floor, batch.zone]
        ).astype(np.float64)  # fmt: skip
        before = was[rows]
        waited = ~(now[:, 0] - before[:, 0] < _SOON)
        moved = ~(np.hypot(now[:, 1] - before[:, 1], now[:, 2] - before[:, 2]) < _MOVED)
        due = (now[:, 3:] != before[:, 3:]).any(axis=1) | (moved & waited) | ~(now[:, 0] - before[:, 0] < _AGAIN)
        was[rows[due]] = now[due]
        alt = batch.alt
        for i in np.flatnonzero(due).tolist():
            subject, floor, zone = batch.subjects[int(rows[i])], int(batch.floor[i]), int(batch.zone[i])
            out.places[subject.id] = Place(
                subject.id, subject.kind, instant(float(batch.t[i])), float(batch.lon[i]), float(batch.lat[i]),
                float(alt[i]), batch.floors[floor] if floor >= 0 else None, batch.zones[zone] if zone >= 0 else None,
                float(batch.r95[i]), float(batch.speed[i]), STATES[int(batch.state[i])], SOURCES[int(batch.source[i])],
            )  # fmt: skip

    # ---- what is told ------------------------------------------------------------------------------------------

    def _tell(self, out: Outcome, events: Records) -> None:
        for event in events:
            fence = self.engine.fences[int(event["fence"])].id
            row = self._rows.get(fence)
            if row is None:
                continue  # a road's or zone's own: no fence of the layer
            badge, rule = int(event["badge"]), Rule(int(event["rule"]))
            subject = self._subjects[badge] if badge >= 0 else None
            what, at = Happening(int(event["happening"])), float(event["time"])
            self._fact(out, event, row, subject, badge)
            if what in (Happening.ALARM, Happening.CLEAR):
                self._alarm(out, what is Happening.ALARM, row, rule, subject, badge, int(event["count"]), at)
            self._stand(out, fence, subject.id if subject else row.id)

    def _fact(self, out: Outcome, event: Any, row: Row, subject: Subject | None, badge: int) -> None:
        what, rule = Happening(int(event["happening"])), Rule(int(event["rule"]))
        where = self._where(badge)
        fact = FenceFact(
            instant(float(event["time"])), what.name.lower(), TYPES.get(rule, ""), row.id, row.name, row.zone_code,
            subject.id if subject else None, subject.kind if subject else "", subject.name if subject else "",
            int(event["count"]), bool(event["initial"]), where.lon, where.lat, where.h,
        )  # fmt: skip
        out.facts.append(fact)

    def _where(self, badge: int) -> Where:
        """Where a badge row is as of the last batch."""
        batch = self._batch
        at = np.flatnonzero(batch.index == badge) if batch is not None and badge >= 0 else np.zeros(0, np.int64)
        if batch is None or not at.size:
            return Where()
        i = int(at[0])
        floor, zone = int(batch.floor[i]), int(batch.zone[i])
        return Where(
            float(batch.lon[i]), float(batch.lat[i]), float(batch.alt[i]),
            batch.floors[floor] if floor >= 0 else None, batch.zones[zone] if zone >= 0 else None, float(batch.speed[i]),
        )  # fmt: skip

    def _alarm(
        self, out: Outcome, on: bool, row: Row, rule: Rule, subject: Subject | None, badge: int, count: int, at: float
    ) -> None:
        kind, fence = TYPES[rule], str(row.id)
        key = _key(fence, kind, subject.id if subject else None)
        if not on:
            known = self.open.get(key)
            if known is not None and subject is not None:
                known[2].discard(subject.id)
            if known is None or not known[2]:  # a call ends with the last who was called
                self.open.pop(key, None)
                out.alarms.append((key, instant(at)))
            return
        known = self.open.setdefault(key, (fence, kind, set()))
        again = bool(known[2])
        if subject is not None:
            known[2].add(subject.id)
        if rule is Rule.CALL and again:
            return  # one alarm for all who are called
        who = self._members(row) if kind in WHOLE else [subject] if subject else []
        out.alarms.append(at_fence(key, row, kind, subject, who, count, self._where(badge), at))

    def _members(self, row: Row) -> list[Subject]:
        at = [f.id for f in self.engine.fences].index(str(row.id))
        return [self._subjects[i] for i in self.engine.members(at).tolist()]

    def _about(
        self, out: Outcome, row: int, kind: str, on: bool, value: float | None, limit: float | None, at: float
    ) -> None:
        """A condition that is about somebody and no fence."""
        subject = self._subjects[row]
        key = f"{kind}:{subject.id}"
        if on:
            self.open[key] = ("", kind, {subject.id})
            out.alarms.append(about(key, subject, kind, value, limit, self._where(row), at))
        else:
            self.open.pop(key, None)
            out.alarms.append((key, instant(at)))
        self._stand(out, str(subject.id), subject.id)

    # ---- what is kept ------------------------------------------------------------------------------------------

    def _stand(self, out: Outcome, fence: str, subject: UUID) -> None:
        """Note what is to be kept of a pair: a member, or (a thing with itself) what concerns it as a whole."""
        pair = (UUID(fence), subject)
        if pair[0] == pair[1]:
            own = {k for f, k, _ in self.open.values() if f == fence and BY_TYPE.get(k) in _TOGETHER}
            own |= {k for f, k, who in self.open.values() if not f and subject in who}
            now = instant(self._batch.at if self._batch is not None else 0.0)
            out.standing[pair] = Standing(*pair, now, False, tuple(sorted(own)), None, None) if own else None
            return
        row = self._row_of.get(subject, -1)
        member = self.engine.presence(row, fence) if row >= 0 else None
        out.standing[pair] = None
        if member is not None:
            x, y = (None if np.isnan(v) else v for v in (member.x, member.y))
            rules = tuple(TYPES[rule] for rule in member.alarms)
            out.standing[pair] = Standing(*pair, instant(member.entered), True, rules, x, y)

    def _true_keys(self) -> set[str]:
        return {
            _key(fence, TYPES[rule], self._subjects[badge].id if badge >= 0 else None)
            for fence, rule, badge in self.engine.alarms()
        }

    def alarms_of(self, fence: str) -> list[str]:
        """Types of the alarms that are open at a fence."""
        return sorted({kind for f, kind, _ in self.open.values() if f == fence})

    @property
    def rows(self) -> Mapping[str, Row]:
        """Rows of the layer by fence id."""
        return self._rows

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Subjects by row."""
        return self._subjects


def _key(fence: str, kind: str, subject: UUID | None) -> str:
    """The alarm's key. A call is one alarm, however many are called."""
    return f"fence:{fence}:{kind}" if subject is None or kind == "call" else f"fence:{fence}:{kind}:{subject}"
