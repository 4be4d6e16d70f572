"""The alarm engine of measuring points: pure, over arrays of samples; it knows neither database nor clock.

Times are whole microseconds since 1970. Delays run on receipt times (one clock), the time of an alarm is the source's
time of the sample that crossed the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TYPES = ("ll", "l", "h", "hh", "rate", "switch", "bad")
LL, L, H, HH, RATE, SWITCH, BAD = range(7)
#: Upper half of OPC UA BadNoCommunication: the gateway's own mark.
NO_COMMUNICATION = 0x8031 - 0x10000
#: Rates are taken over at least this long, or noise between two quick samples would look like one.
RATE_WINDOW = 500_000


@dataclass(frozen=True)
class StateLimits:
    """Other limits while another point's value lies in [low, high] (e.g. a pump runs): ll, l, h, hh; NaN: none."""

    device: UUID
    low: float
    high: float
    limits: tuple[float, float, float, float]


@dataclass(frozen=True)
class Setting:
    """How a point is watched. Limits in its unit (NaN: none), ``rate`` in units per second, delays in seconds.

    Attributes:
        switch: the value that is an alarm (0 or 1), NaN when the point is no switch.
        bad: whether bad quality is an alarm, after ``bad_delay`` seconds.
        patience: seconds that the point may take to be heard when its source is back, before its own delay begins.
    """

    device: UUID
    limits: tuple[float, float, float, float]
    deadband: float = 0.0
    on_delay: float = 0.0
    off_delay: float = 0.0
    rate: float = np.nan
    switch: float = np.nan
    bad: bool = True
    bad_delay: float = 10.0
    patience: float = 0.0
    enabled: bool = True
    states: tuple[StateLimits, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A condition that became true (``on``) or ended: time at the source, the value and the limit that it crossed."""

    device: UUID
    type: str
    on: bool
    at: int
    value: float
    limit: float


class Engine:
    """Holds the state of every point; feed it with :meth:`take`, and call :meth:`tick` for the delays."""

    def __init__(self) -> None:
        self.settings: dict[UUID, Setting] = {}
        self.index: dict[UUID, int] = {}
        self._devices: list[UUID] = []
        self._allocate(0)
        self._set([])

    def _allocate(self, n: int) -> None:
        self.active: Flags = np.zeros((n, 7), dtype=np.bool_)
        self._pending: Ints = np.zeros((n, 7), dtype=np.int64)  # receipt time of the crossing; 0: none
        self._cross_at: Ints = np.zeros((n, 7), dtype=np.int64)
        self._cross_value: Floats = np.full((n, 7), np.nan)
        self._ts: Ints = np.zeros(n, dtype=np.int64)  # newest usable sample; 0: none, or bad since
        self._value: Floats = np.full(n, np.nan)
        self._ref_ts: Ints = np.zeros(n, dtype=np.int64)  # from where the rate is measured
        self._ref_value: Floats = np.full(n, np.nan)
        self.down: Flags = np.zeros(n, dtype=np.bool_)
        # Watched by levels only, with nothing active or pending: a value between _low and _high changes nothing.
        self._calm: Flags = np.zeros(n, dtype=np.bool_)

    def configure(self, settings: Sequence[Setting], now: int, active: Sequence[tuple[UUID, str]] = ()) -> list[Change]:
        """Take over what is set. The state of points that stay, stays; conditions of points that are gone end.

        Args:
            active: conditions that were active before a restart.
        """
        old, before = self.index, self.__dict__.copy()
        self._devices = [s.device for s in settings]
        self.index = {device: i for i, device in enumerate(self._devices)}
        gone = [
            Change(device, TYPES[k], False, now, np.nan, np.nan)
            for device, i in old.items()
            if device not in self.index
            for k in np.flatnonzero(self.active[i])
        ]
        self.settings = {s.device: s for s in settings}
        self._allocate(len(settings))
        kept = [device for device in self._devices if device in old]
        here, there = [self.index[d] for d in kept], [old[d] for d in kept]
        for name in (
            "active",
            "_pending",
            "_cross_at",
            "_cross_value",
            "_ts",
            "_value",
            "_ref_ts",
            "_ref_value",
            "down",
        ):
            getattr(self, name)[here] = before[name][there]
        for device, kind in active:
            if device in self.index and kind in TYPES:
                self.active[self.index[device], TYPES.index(kind)] = True
        self._set(settings)
        return gone + self._again(np.arange(len(settings)), now)

    def _set(self, settings: Sequence[Setting]) -> None:
        def column(name: str) -> Any:
            return np.array([getattr(s, name) for s in settings], dtype=np.float64)

        n = len(settings)
        self._base: Floats = np.array([s.limits for s in settings], dtype=np.float64).reshape(n, 4)
        self._limits = self._base.copy()
        self._low: Floats = np.empty(n)
        self._high: Floats = np.empty(n)
        self._deadband, self._rate, self._switch = column("deadband"), column("rate"), column("switch")
        self._enabled = column("enabled").astype(np.bool_)
        self._bad = column("bad").astype(np.bool_)
        self._on_delay: Ints = np.repeat(column("on_delay")[:, None] * 1e6, 7, axis=1).astype(np.int64)
        self._on_delay[:, BAD] = (column("bad_delay") * 1e6).astype(np.int64)
        self._patience: Ints = (column("patience") * 1e6).astype(np.int64)
        self._off_delay: Ints = np.repeat(column("off_delay")[:, None] * 1e6, 7, axis=1).astype(np.int64)
        self._followers: dict[int, list[int]] = {}
        for i, setting in enumerate(settings):
            for state in setting.states:
                if (leader := self.index.get(state.device)) is not None:
                    self._followers.setdefault(leader, []).append(i)
            self._choose(i)
        self._leads = np.zeros(n, dtype=np.bool_)
        self._leads[list(self._followers)] = True
        self._plain = self._enabled & np.isnan(self._rate) & np.isnan(self._switch) & ~self._leads
        self._ref_ts[np.isnan(self._rate)] = 0  # a rate that is set later counts from then on
        self._settle(np.arange(n))

    def _settle(self, i: Ints) -> None:
        """Note which of these points are calm."""
        self._calm[i] = self._plain[i] & ~(self.active[i] | (self._pending[i] > 0)).any(axis=1)

    def _choose(self, i: int) -> None:
        """The limits of a point as the states of other points have it now."""
        for state in self.settings[self._devices[i]].states:
            leader = self.index.get(state.device)
            if leader is not None and state.low <= self._value[leader] <= state.high:
                self._limits[i] = state.limits
                break
        else:
            self._limits[i] = self._base[i]
        self._low[i] = np.fmax(np.fmax(self._limits[i, LL], self._limits[i, L]), -np.inf)
        self._high[i] = np.fmin(np.fmin(self._limits[i, H], self._limits[i, HH]), np.inf)

    def limit(self, i: int, kind: int) -> float:
        """The limit of a condition now; NaN where there is none."""
        if kind <= HH:
            return float(self._limits[i, kind])
        return float({RATE: self._rate, SWITCH: self._switch}.get(kind, np.full(i + 1, np.nan))[i])

    def take(self, index: Ints, ts: Ints, received: Ints, value: Floats, quality: Ints) -> list[Change]:
        """Samples in the order of their arrival; a point may come several times. What became true or ended."""
        changes: list[Change] = []
        for rows in _rounds(index):
            changes += self._round(index[rows], ts[rows], received[rows], value[rows], quality[rows])
        return changes

    def _round(self, i: Ints, ts: Ints, received: Ints, value: Floats, quality: Ints) -> list[Change]:
        quiet = self._calm[i] & (value > self._low[i]) & (value < self._high[i]) & (quality >= 0) & (ts > self._ts[i])
        if quiet.any():  # nearly all samples of a plant that runs well
            at = i[quiet]
            self._ts[at], self._value[at] = ts[quiet], value[quiet]
            rest = ~quiet
            i, ts, received, value, quality = i[rest], ts[rest], received[rest], value[rest], quality[rest]
        usable = (quality >= 0) & np.isfinite(value)
        fresh = ~(usable & (ts <= self._ts[i]))  # late and repeated samples say nothing new
        if not fresh.all():
            i, ts, received, quality = i[fresh], ts[fresh], received[fresh], quality[fresh]
            value, usable = value[fresh], usable[fresh]
        if not len(i):
            return []
        rate = self._rates(i, ts, value, usable)
        on, off = self._conditions(i, value, usable, rate)
        self._judge_quality(i, quality, usable, on, off)
        shown = np.repeat(value[:, None], 7, axis=1)
        shown[:, RATE] = rate
        changes = self._move(i, on, off, received, np.where(ts > 0, ts, received), shown)
        good = i[usable]
        self._ts[good], self._value[good] = ts[usable], value[usable]
        # After bad quality the source's clock counts anew (it may have been set back meanwhile).
        self._ts[i[~usable]] = self._ref_ts[i[~usable]] = 0
        for leader in good[self._leads[good]]:
            for follower in self._followers[int(leader)]:
                self._choose(follower)
                changes += self._again(np.array([follower]), int(received.max()))
        return changes

    def _rates(self, i: Ints, ts: Ints, value: Floats, usable: Flags) -> Floats:
        """Speed of change in units per second; NaN while there is none to tell."""
        span = ts - self._ref_ts[i]
        known = usable & (self._ref_ts[i] > 0) & (span >= RATE_WINDOW)
        rate = np.full(len(i), np.nan)
        rate[known] = np.abs(value[known] - self._ref_value[i[known]]) / (span[known] / 1e6)
        renew = known | (usable & (self._ref_ts[i] == 0))
        self._ref_ts[i[renew]], self._ref_value[i[renew]] = ts[renew], value[renew]
        return rate

    def _conditions(self, i: Ints, value: Floats, usable: Flags, rate: Floats) -> tuple[Flags, Flags]:
        """For each row and type: whether it is to be on, and whether it is over. Neither: it stays as it is."""
        on = np.zeros((len(i), 7), dtype=np.bool_)
        off = np.zeros((len(i), 7), dtype=np.bool_)
        limits, v, band = self._limits[i], value[:, None], self._deadband[i][:, None]
        on[:, : L + 1] = v <= limits[:, : L + 1]
        off[:, : L + 1] = ~(v <= limits[:, : L + 1] + band)
        on[:, H : HH + 1] = v >= limits[:, H:]
        off[:, H : HH + 1] = ~(v >= limits[:, H:] - band)
        limit = self._rate[i]
        on[:, RATE] = rate >= limit
        off[:, RATE] = np.isnan(limit) | (rate < limit)
        on[:, SWITCH] = np.rint(value) == self._switch[i]
        off[:, SWITCH] = ~on[:, SWITCH]
        on &= usable[:, None]
        off &= usable[:, None]
        idle = ~self._enabled[i]
        on[idle], off[idle] = False, True
        return on, off

    def _judge_quality(self, i: Ints, quality: Ints, usable: Flags, on: Flags, off: Flags) -> None:
        watched = self._bad[i] & self._enabled[i]
        # While a whole source is lost, one communication alarm stands for all of its points.
        covered = self.down[i] & (quality == NO_COMMUNICATION)
        on[:, BAD] = ~usable & watched & ~covered
        off[:, BAD] = usable | ~watched

    def _move(self, i: Ints, on: Flags, off: Flags, received: Ints, at: Ints, value: Floats) -> list[Change]:
        active = self.active[i]
        flips = np.where(active, off, on)
        pending = self._pending[i]
        begun = flips & (pending == 0)
        pending = np.where(flips, np.where(begun, received[:, None], pending), 0)
        self._cross_at[i] = np.where(begun, at[:, None], self._cross_at[i])
        self._cross_value[i] = np.where(begun, value, self._cross_value[i])
        delay = np.where(active, self._off_delay[i], self._on_delay[i])
        due = flips & (received[:, None] - pending >= delay)
        self._pending[i] = np.where(due, 0, pending)
        self.active[i] = active ^ due
        self._settle(i)
        return [self._told(int(i[row]), int(kind)) for row, kind in zip(*np.nonzero(due), strict=True)]

    def _told(self, i: int, kind: int) -> Change:
        return Change(
            self._devices[i], TYPES[kind], bool(self.active[i, kind]), int(self._cross_at[i, kind]),
            float(self._cross_value[i, kind]), self.limit(i, kind),
        )  # fmt: skip

    def cover(self, down: Flags, now: int) -> None:
        """Take over which points belong to a source that is lost as a whole: its alarm stands for theirs.

        Points that stay bad when their source is back wait for their own alarm from ``now``, and for as long as the source
        gives its points: one that speaks once a minute has not failed because another spoke first.
        """
        lost, back = down & ~self.down, self.down & ~down
        self.down = down
        silent = back & (self._ts == 0) & self._bad & self._enabled & ~self.active[:, BAD]
        self._pending[lost, BAD] = 0
        self._pending[silent, BAD] = now + self._patience[silent]
        self._cross_at[silent, BAD] = now
        self._settle(np.flatnonzero(lost | silent))

    def tick(self, now: int) -> list[Change]:
        """End the delays that are over: a value that stands still sends no more samples."""
        delay = np.where(self.active, self._off_delay, self._on_delay)
        due = (self._pending > 0) & (now - self._pending >= delay)
        if not due.any():
            return []
        self._pending[due] = 0
        self.active ^= due
        self._settle(np.flatnonzero(due.any(axis=1)))
        return [self._told(int(i), int(kind)) for i, kind in zip(*np.nonzero(due), strict=True)]

    def shift(self, by: int) -> None:
        """The wall clock was set by so many µs: delays that run go on as long as they would have."""
        self._pending[self._pending > 0] += by

    def _again(self, i: Ints, now: int) -> list[Change]:
        """Judge the last values by new limits."""
        known = self._ts[i] > 0
        idle = ~self._enabled[i]
        i, usable = i[known | idle], known[known | idle]
        if not len(i):
            return []
        value, when = self._value[i], np.full(len(i), now, dtype=np.int64)
        on, off = self._conditions(i, value, usable, np.full(len(i), np.nan))
        on[:, BAD], off[:, BAD] = False, usable | ~(self._bad[i] & self._enabled[i])
        return self._move(i, on, off, when, when, np.repeat(value[:, None], 7, axis=1))


def _rounds(index: Ints) -> Iterator[Ints]:
    """Rows in rounds, in each of which every point comes at most once, in the order of arrival."""
    if len(index) == len(np.unique(index)):
        yield np.arange(len(index))
        return
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    starts = np.flatnonzero(first)
    nth = np.arange(len(index)) - np.repeat(starts, np.diff(np.r_[starts, len(index)]))
    for n in range(int(nth.max()) + 1):
        yield order[nth == n]
