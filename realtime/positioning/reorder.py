"""The reorder buffer: measurements wait 0.5 s after their arrival, so that stragglers take their place in event order.

Waiting costs no accuracy here: what still waits is run on a copy of the state for the fix that is published now
("preview"), and for good once its wait is over ("commit"). Whatever the order of arrival within the wait, the
committed state is the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.jit import jit
from realtime.positioning.scatter import raise_to, together
from realtime.positioning.types import MEASUREMENT, Bools, Floats, Ints, Records

#: Rows of one badge from which on they are sorted before they are put in order: insertion takes their square.
_MANY = 256


@jit
def _before(a: Any, b: Any) -> bool:
    """Whether a measurement comes before another one of the same badge and instant: by kind, anchors, value."""
    if a["kind"] != b["kind"]:
        return bool(a["kind"] < b["kind"])
    if a["anchor"] != b["anchor"]:
        return bool(a["anchor"] < b["anchor"])
    if a["anchor2"] != b["anchor2"]:
        return bool(a["anchor2"] < b["anchor2"])
    return bool(a["value"] < b["value"])


@jit
def _order(kept: Records, badges: int) -> Ints:
    """Rows by badge, event time and :func:`_before`: badges by counting, the few of each by insertion (mostly in order already)."""
    starts = np.zeros(badges + 1, np.int64)
    for i in range(kept.size):
        starts[kept[i]["badge"] + 1] += 1
    for b in range(badges):
        starts[b + 1] += starts[b]
    ends, order = starts.copy(), np.empty(kept.size, np.int64)
    for i in range(kept.size):
        badge, time = kept[i]["badge"], kept[i]["time"]
        j = ends[badge]
        while j > starts[badge]:
            before = kept[order[j - 1]]
            if before["time"] < time or (before["time"] == time and not _before(kept[i], before)):
                break
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
        ends[badge] += 1
    return order


@jit
def _first(kept: Records) -> Bools:
    """Which of the sorted rows say something that the row before does not."""
    new = np.ones(kept.size, np.bool_)
    for i in range(1, kept.size):
        a, b = kept[i - 1], kept[i]
        new[i] = not (
            a["badge"] == b["badge"] and a["time"] == b["time"] and a["kind"] == b["kind"]
            and a["anchor"] == b["anchor"] and a["anchor2"] == b["anchor2"]
        )  # fmt: skip
    return new


class Reorder:
    """Buffer of the measurements of ``count`` badges.

    Args:
        hold: wait in s after arrival. quantum: commit whole multiples of this span only (s), 0 for any instant.

    Attributes:
        committed: (count,) event time up to which each badge is final; older arrivals are dropped as late.
        late, repeated: how many were dropped so far.
    """

    def __init__(self, count: int, hold: float, quantum: float = 0.0) -> None:
        self.hold, self.quantum = hold, quantum
        self.committed: Floats = np.full(count, -np.inf)
        self.late = self.repeated = 0
        self._kept: Records = np.zeros(0, MEASUREMENT)
        self._arrived: Floats = np.zeros(0)

    def add(self, batch: Records, now: float) -> None:
        """Take measurements that arrived at ``now``. Late ones never change anything."""
        fresh = batch["time"] > self.committed[batch["badge"]]
        if not fresh.all():
            self.late += int(np.count_nonzero(~fresh))
            batch = batch.compress(fresh)
        if batch.size:
            self._kept = together([self._kept, batch])
            self._arrived = np.concatenate([self._arrived, np.full(batch.size, now)])

    def split(self, now: float) -> tuple[Records, Records]:
        """``(commit, preview)``, both sorted by badge and event time without repeats; ``commit`` leaves the buffer."""
        if not self._kept.size:
            return self._kept, self._kept
        self._sort()
        kept, due = self._kept, self._arrived <= now - self.hold
        if not due.any():
            return kept[:0], kept
        horizon = np.full(self.committed.size, -np.inf)
        raise_to(horizon, kept["badge"][due], kept["time"][due])
        if self.quantum > 0.0:
            finite = np.isfinite(horizon)
            whole = np.floor(horizon[finite] / self.quantum) * self.quantum
            horizon[finite] = np.nextafter(whole, -np.inf)
        np.maximum(self.committed, horizon, out=self.committed)
        final = kept["time"] <= self.committed[kept["badge"]]
        self._kept, self._arrived = kept.compress(~final), self._arrived[~final]
        return kept.compress(final), self._kept

    def _sort(self) -> None:
        kept = self._kept
        arrived = self._arrived
        if np.bincount(kept["badge"]).max() > _MANY:
            order = np.lexsort((np.ascontiguousarray(kept["time"]), np.ascontiguousarray(kept["badge"])))
            kept, arrived = kept.take(order), arrived[order]
        order = _order(kept, self.committed.size)
        kept, arrived = kept.take(order), arrived[order]
        new = _first(kept)
        if not new.all():
            starts: NDArray[np.int64] = np.flatnonzero(new)
            self.repeated += kept.size - starts.size
            kept, arrived = kept.take(starts), np.minimum.reduceat(arrived, starts)
        self._kept, self._arrived = kept, arrived

    @property
    def waiting(self) -> tuple[Records, Floats]:
        """What still waits, and when each arrived."""
        return self._kept, self._arrived

    def resume(self, kept: Records, arrived: Floats) -> None:
        """Let measurements of an earlier run wait on."""
        self._kept, self._arrived = kept.astype(MEASUREMENT), np.asarray(arrived, np.float64)

    def __len__(self) -> int:
        return int(self._kept.size)
