"""How well positioning keeps its promise (clause S2), measured on every fix: 3 m or 5 m, within 5 s, by zone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.types import Floats, Ints, State
from realtime.tracking.batch import FixBatch

#: Delays are counted in steps of 20 ms up to 30 s; radii in steps of 0.1 m up to 60 m.
_DELAY_STEP, _DELAY_BINS = 0.02, 1500
_RADIUS_STEP, _RADIUS_BINS = 0.1, 600
#: Badges silent for longer (s) are switched off: that is no fault of positioning.
_OFF = 600.0
#: Fixes below which a window says nothing; windows in a row that a verdict needs.
ENOUGH, WINDOWS = 20, 2


class Figures(NamedTuple):
    """One zone over one window. ``r95``: its 95th percentile in m; delays in s; ``zone`` empty: in no zone."""

    zone: str
    fixes: int
    within: int
    limit: float
    r95: float
    delay_p50: float
    delay_p99: float

    @property
    def share(self) -> float:
        """Share of fixes whose r95 lies within the limit."""
        return self.within / self.fixes if self.fixes else 1.0


class Accuracy:
    """Counts fixes over a window; zones are those of the batches, with their limits in m."""

    def __init__(self) -> None:
        self._zones: tuple[str, ...] = ()
        self._limit: Floats = np.zeros(0)
        self._clear(0)

    def _clear(self, zones: int) -> None:
        self._fixes: Ints = np.zeros(zones + 1, np.int64)
        self._within: Ints = np.zeros(zones + 1, np.int64)
        self._delay: NDArray[np.int32] = np.zeros((zones + 1, _DELAY_BINS), np.int32)
        self._radius: NDArray[np.int32] = np.zeros((zones + 1, _RADIUS_BINS), np.int32)

    def add(self, batch: FixBatch, limit: Floats, outside: float) -> None:
        """Count a batch; ``limit`` (zones,) and ``outside`` in m."""
        if batch.zones != self._zones:
            self._zones = batch.zones
            self._clear(len(batch.zones))
        self._limit = np.append(limit[: len(batch.zones)], outside)
        on = batch.age <= _OFF
        zone = np.where(batch.zone >= 0, batch.zone, len(self._zones))[on].astype(np.int64)
        r95, state = batch.r95[on], batch.state[on]
        known = (state == State.GOOD) | (state == State.DEGRADED) | (state == State.HELD)
        within = known & (r95 <= self._limit[zone])
        self._fixes += np.bincount(zone, minlength=self._fixes.size)
        self._within += np.bincount(zone[within], minlength=self._fixes.size)
        radius = np.minimum(r95 / _RADIUS_STEP, _RADIUS_BINS - 1).astype(np.int64)
        np.add.at(self._radius, (zone, radius), 1)
        # A held fix is old because nothing new is there to tell: its place still counts, its delay does not.
        fresh = (state == State.GOOD) | (state == State.DEGRADED)
        delay = np.minimum(batch.age[on][fresh] / _DELAY_STEP, _DELAY_BINS - 1).astype(np.int64)
        np.add.at(self._delay, (zone[fresh], delay), 1)

    def close(self) -> list[Figures]:
        """The figures of every zone that had fixes; a new window begins."""
        out = []
        for i in np.flatnonzero(self._fixes).tolist():
            zone = self._zones[i] if i < len(self._zones) else ""
            p50, p99 = (_quantile(self._delay[i], q) * _DELAY_STEP for q in (0.5, 0.99))
            r95 = _quantile(self._radius[i], 0.95) * _RADIUS_STEP
            out.append(Figures(zone, int(self._fixes[i]), int(self._within[i]), float(self._limit[i]), r95, p50, p99))
        self._clear(len(self._zones))
        return out


def _quantile(counts: NDArray[np.int32], q: float) -> float:
    """Upper edge (in steps) of the bin that holds the quantile; 0 of nothing."""
    total = int(counts.sum())
    if not total:
        return 0.0
    return float(np.searchsorted(np.cumsum(counts), q * total) + 1)


@dataclass(frozen=True)
class Verdict:
    """A zone that fell short (``short``) or keeps the promise again."""

    figures: Figures
    short: bool


class Watch:
    """Which zones fall short, with two windows of patience both ways.

    Args:
        share: of fixes that must be within the limit. delay: longest p99 in s.
    """

    def __init__(self, share: float, delay: float) -> None:
        self._share, self._delay = share, delay
        self._row: dict[str, int] = {}
        self.short: set[str] = set()  # at a start those that an earlier process left

    def pause(self) -> None:
        """Nothing could be measured: no windows in a row any more."""
        self._row.clear()

    def judge(self, figures: list[Figures]) -> list[Verdict]:
        """What has changed with this window."""
        out = []
        for one in figures:
            if one.fixes < ENOUGH:
                continue
            bad = one.share < self._share or one.delay_p99 > self._delay
            if bad == (one.zone in self.short):
                self._row[one.zone] = 0
                continue
            self._row[one.zone] = self._row.get(one.zone, 0) + 1
            if self._row[one.zone] >= WINDOWS:
                self._row[one.zone] = 0
                (self.short.add if bad else self.short.discard)(one.zone)
                out.append(Verdict(one, bad))
        return out
