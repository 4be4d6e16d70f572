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
from realtime.positioning.types import MEASUREMENT, Floats, Ints, Records


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
def _settle_ties(kept: Records, order: Ints) -> None:
    """Order measurements of one badge and instant, few as they are; ``order`` is by badge and time already."""
    for i in range(1, order.size):
        j = i
        while j > 0:
            a, b = kept[order[j - 1]], kept[order[j]]
            if a["badge"] != b["badge"] or a["time"] != b["time"] or not _before(b, a):
                break
            order[j - 1], order[j] = order[j], order[j - 1]
            j -= 1


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
            batch = batch[fresh]
        if batch.size:
            self._kept = np.concatenate([self._kept, batch])
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
        np.maximum.at(horizon, kept["badge"][due], kept["time"][due])
        if self.quantum > 0.0:
            finite = np.isfinite(horizon)
            whole = np.floor(horizon[finite] / self.quantum) * self.quantum
            horizon[finite] = np.nextafter(whole, -np.inf)
        np.maximum(self.committed, horizon, out=self.committed)
        final = kept["time"] <= self.committed[kept["badge"]]
        self._kept, self._arrived = kept[~final], self._arrived[~final]
        return kept[final], self._kept

    def _sort(self) -> None:
        kept = self._kept
        order = np.lexsort((np.ascontiguousarray(kept["time"]), np.ascontiguousarray(kept["badge"])))
        _settle_ties(kept, order)
        kept, arrived = kept[order], self._arrived[order]
        new = np.ones(kept.size, np.bool_)
        for name in ("badge", "time", "kind", "anchor", "anchor2"):
            new[1:] &= kept[name][1:] == kept[name][:-1]
        new[1:] = ~new[1:]
        new[0] = True
        if not new.all():
            starts: NDArray[np.int64] = np.flatnonzero(new)
            self.repeated += kept.size - starts.size
            kept, arrived = kept[starts], np.minimum.reduceat(arrived, starts)
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
