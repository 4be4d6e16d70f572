"""What the gateway knows about one source's points: the order of their samples, and when they are no longer known.

Rules (design.md, "Correctness"): late or repeated samples never overwrite newer ones; what a source has not confirmed
for ``bad_after_s`` is bad, never frozen-normal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from realtime.history.samples import BAD_NO_COMMUNICATION, UNCERTAIN, UNCERTAIN_SUBSTITUTE, Row, micros
from realtime.ingest.plugin import FieldPoint
from twin import clock

#: Microseconds by which a source's clock may run ahead before the receipt time stands for its times.
AHEAD = 60_000_000
_TICK = 1000


@dataclass(frozen=True, slots=True)
class Live:
    """The newest state of a point for the hub: source time (None: never heard), receipt time, value, quality."""

    tag: int
    ts: int | None
    received: int
    value: float
    quality: int


@dataclass(slots=True)
class _State:
    point: FieldPoint
    ts: int = 0  # newest stored sample, marks included; 0: none
    received: int = 0
    alive: float = -math.inf  # monotonic
    alive_at: int = 0  # wall clock, microseconds
    heard: int | None = None  # source time of the newest sample of the source itself
    marked: bool = True  # bad by the gateway: nothing has been heard yet, or not for too long
    behind: bool = False  # the last sample was older than one before: the source's clock may have been set back


@dataclass
class Counts:
    """What happened to a source's samples."""

    taken: int = 0
    late: int = 0
    repeated: int = 0
    ahead: int = 0
    replayed: int = 0


@dataclass
class Feed:
    """Takes a source's samples (it is its :class:`realtime.ingest.plugin.Sink`) and passes them on in good order.

    Attributes:
        store: gets every sample that is new, late ones included.
        show: gets what becomes the point's newest state.
    """

    points: Sequence[FieldPoint]
    bad_after_s: float
    store: Callable[[Row], None]
    show: Callable[[Live], None]
    counts: Counts = field(default_factory=Counts)
    last: int = 0  # receipt of the newest sample, microseconds since 1970; 0: none yet
    lag: int | None = None  # microseconds from its source time to its receipt; None: the source gives no times
    _states: dict[int, _State] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._states = {point.tag: _State(point) for point in self.points}

    def resume(self, newest: Iterable[tuple[int, int, int, int]], last_alive: int) -> None:
        """Go on after the gateway was down: the newest stored samples (tag, source time, receipt time, quality) and
        when a gateway was last alive, in microseconds. What was known then is not known now."""
        for tag, ts, received, quality in newest:
            state = self._states.get(tag)
            if state is None:
                continue
            state.ts, state.received, state.alive_at, state.heard = ts, received, last_alive, ts
            if quality >= 0:
                self._mark(state)
        self.show_unknown()

    def show_unknown(self) -> None:
        """Tell the hub about all points that nothing is known of now."""
        now = micros(clock.now())
        for state in self._states.values():
            if state.marked:
                self.show(Live(state.point.tag, state.ts or None, now, math.nan, BAD_NO_COMMUNICATION))

    def sample(self, tag: int, ts: int | None, value: float, quality: int) -> None:
        """A sample of the source."""
        state = self._states[tag]
        now = micros(clock.now())
        value = value * state.point.scale + state.point.shift
        # Our own clock may be set back, too; what is read now is newer all the same.
        shown = max(now, state.ts + _TICK) if ts is None else ts
        if ts is not None and ts > now + AHEAD:
            self.counts.ahead += 1
            shown = now
            quality = UNCERTAIN_SUBSTITUTE if 0 <= quality < UNCERTAIN else quality
        elif ts is not None:
            state.heard = max(ts, state.heard or 0)
        stored = shown
        if stored <= state.ts:
            if not state.marked:
                if stored == state.ts:
                    self.counts.repeated += 1
                else:
                    self.counts.late += 1
                    state.behind = True
                    self.store((tag, stored, now, value, quality))
                return
            # First word after a silence: the value did not change meanwhile, so its own time lies before the mark.
            # It stands again from now on, on the source's clock.
            stored = state.ts + max(_TICK, now - state.received)
        self.counts.taken += 1
        self.last, self.lag = now, None if ts is None else now - ts
        state.ts, state.received, state.marked, state.behind = stored, now, False, False
        self._confirm(state, now)
        self.store((tag, stored, now, value, quality))
        self.show(Live(tag, shown, now, value, quality))

    def since(self, tag: int) -> int | None:
        """Source time of the newest sample of the source itself."""
        return self._states[tag].heard

    def replay(self, tag: int, ts: int, value: float, quality: int) -> None:
        """A sample out of the source's memory: into the history at its own time. It never stands for the present unless
        it is newer than all there is."""
        state = self._states[tag]
        now = micros(clock.now())
        if ts > now + AHEAD:
            return
        self.counts.replayed += 1
        if ts > state.ts and not state.marked:
            self.sample(tag, ts, value, quality)
        else:
            self.store((tag, ts, now, value * state.point.scale + state.point.shift, quality))

    def alive(self, tags: Sequence[int] | None = None) -> None:
        """The source has confirmed the last values of these points."""
        now = micros(clock.now())
        for tag in self._states if tags is None else tags:
            state = self._states[tag]
            # A point that only sends older samples is not confirmed: it turns bad, and its next word stands again.
            if not (state.marked or state.behind):
                self._confirm(state, now)

    @staticmethod
    def _confirm(state: _State, now: int) -> None:
        state.alive = clock.monotonic()
        state.alive_at = now

    def check(self) -> int:
        """Turn bad what has not been confirmed in time; how many points were."""
        limit = clock.monotonic() - self.bad_after_s
        stale = [state for state in self._states.values() if not state.marked and state.alive < limit]
        for state in stale:
            self._mark(state)
            self.show(Live(state.point.tag, state.ts, micros(clock.now()), math.nan, BAD_NO_COMMUNICATION))
        return len(stale)

    def give_up(self) -> None:
        """The source stops on purpose: nothing is known of its points from now on."""
        for state in self._states.values():
            if not state.marked:
                self._mark(state)
        self.show_unknown()

    def _mark(self, state: _State) -> None:
        """Bad from the moment after the last confirmation, told on the source's own clock: its next sample is newer."""
        state.ts += max(_TICK, state.alive_at - state.received)
        state.received = micros(clock.now())
        state.marked = True
        self.store((state.point.tag, state.ts, state.received, math.nan, BAD_NO_COMMUNICATION))

    @property
    def unknown(self) -> int:
        """How many points are marked bad by the gateway now."""
        return sum(state.marked for state in self._states.values())
