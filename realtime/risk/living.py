"""An engine that lives among real clocks: spans are measured by the monotonic clock, instants are written down by the wall clock.

Somebody sets the server's clock, or a time server corrects it. An engine that counted by the wall clock would then hold every raise and
every release up for as long as the clock was set back, and would release too early when it was set forward. So the engine's own time goes
on by the monotonic clock, whatever the wall clock does, and everything that leaves the process is converted to the wall clock's present
idea of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog

from realtime.risk.engine import recompute
from realtime.risk.types import Change, Fact, Rule, Zone
from twin import clock

log = structlog.get_logger("realtime.risk")


#: Seconds by which an instant of the log may be beside the present idea of time without anybody having set the clock.
_TOLERANCE = 0.5


class EngineTime:
    """Engine time: the wall clock at the start, carried on by the monotonic clock, s."""

    def __init__(self) -> None:
        self.boot = clock.boot()
        self._base = clock.timestamp() - clock.monotonic()
        self._watch = clock.SetWatch()
        #: wall clock minus engine time, s
        self.skew = 0.0

    def now(self) -> float:
        """The present in engine time."""
        return clock.monotonic() + self._base

    def look(self) -> bool:
        """Look at the wall clock; whether it was set since the last look."""
        by = self._watch.jump()
        if by:
            log.warning("the wall clock was set", by_s=round(by, 3))
            self.skew += by
        return by != 0.0

    def engine(self, wall: float) -> float:
        """An instant of the wall clock in engine time; what lies ahead counts from now."""
        return min(wall - self.skew, self.now())

    def monotonic(self, fact: Fact) -> float:
        """When a fact that is written down now counted (its beginning, or its end), by the monotonic clock."""
        return self.engine(_counted(fact)) - self._base

    def retold(self, fact: Fact, monotonic: float) -> Fact:
        """A fact of the log that counted at a reading of this boot's monotonic clock, in the wall clock's present time: whoever set that
        clock since, before this process or in it, moved no span."""
        by = monotonic + self._base + self.skew - _counted(fact)
        if abs(by) < _TOLERANCE:
            return fact
        return fact._replace(since=fact.since + by, until=None if fact.until is None else fact.until + by)


def _counted(fact: Fact) -> float:
    return fact.since if fact.until is None else fact.until


class LivingEngine:
    """An engine from the log of facts, told and heard in the wall clock's time.

    Args:
        past: the log (see :func:`realtime.risk.engine.recompute`); what a clock that was set back since has put into the future counts from
            now, so a hold or a release may begin again, and is never waited for longer than its rule says.
    """

    def __init__(self, zones: Sequence[Zone], rules: Sequence[Rule], past: Iterable[Fact], time: EngineTime) -> None:
        self.time = time
        now = time.now()
        self.engine = recompute(zones, rules, [self._told(fact) for fact in past], now)

    def _told(self, fact: Fact) -> Fact:
        until = None if fact.until is None else self.time.engine(fact.until)
        return fact._replace(since=self.time.engine(fact.since), until=until)

    def _kept(self, fact: Fact | None) -> Fact | None:
        skew = self.time.skew
        if fact is None or not skew:
            return fact
        return fact._replace(since=fact.since + skew, until=None if fact.until is None else fact.until + skew)

    def put(self, fact: Fact) -> Fact | None:
        """As :meth:`RiskEngine.put`."""
        return self._kept(self.engine.put(self._told(fact)))

    def end(self, kind: str, key: str) -> Fact | None:
        """As :meth:`RiskEngine.end`, at this moment."""
        return self._kept(self.engine.end(kind, key, self.time.now()))

    def override(self, code: str, level: int | None, until: float) -> None:
        """As :meth:`RiskEngine.override`, from this moment until an instant of the wall clock."""
        self.engine.override(code, level, self.time.now(), until - self.time.skew)

    def decide(self, decided: Mapping[str, tuple[int, float]]) -> None:
        """Take these decisions (zone: level, until), and no others, as those in force."""
        for code in self.engine.overridden():
            if code not in decided:
                self.override(code, None, 0.0)
        for code, (level, until) in decided.items():
            self.override(code, level, until)

    def advance(self) -> list[Change]:
        """Let time go on to the present; the changes since the last call."""
        self.engine.advance(self.time.now())
        return [self._said(change) for change in self.engine.drain()]

    def state(self, code: str) -> Change:
        """A zone as it is now, in the form of a change."""
        return self._said(self.engine.state(code))

    def _said(self, change: Change) -> Change:
        skew = self.time.skew
        if not skew:
            return change
        causes = tuple([cause._replace(since=cause.since + skew) for cause in change.causes])
        return change._replace(at=change.at + skew, causes=causes)

    def pause(self) -> float | None:
        """Seconds until something happens by itself; None when nothing will."""
        due = self.engine.next_due
        return None if due is None else max(0.0, due - self.time.now())
