"""When somebody listened: silence counts only while words of others came in.

A process that was down, or a broker that was away, hears nobody. That says nothing about the badges, so such a gap is no part of anybody's
silence: else every badge would be "lost" at once when the plant is started again after an hour.
"""

from __future__ import annotations

import numpy as np

from realtime.positioning.types import Floats

#: s after which a gap is of no use to anybody: older fixes are not shown at all.
_KEPT = 24 * 3600.0


class Listening:
    """Notes the gaps in which nothing at all came. Times in s since 1970.

    Args:
        limit: s without any word after which the feed counts as lost; a shorter pause is the badges' own silence.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.heard = -np.inf  # the last word of anybody
        self._gaps: list[tuple[float, float]] = []
        self._deaf = 0.0

    def word(self, now: float) -> None:
        """Something came in."""
        if self.lost(now):
            self._deaf += now - self.heard
            self._gaps = [gap for gap in self._gaps if gap[1] > now - _KEPT] + [(self.heard, now)]
        self.heard = max(self.heard, now)

    def lost(self, now: float) -> bool:
        """Whether the feed is lost: there were words, and for too long there have been none."""
        return bool(self._limit < now - self.heard < np.inf)

    def deaf(self, now: float) -> float:
        """s in which nobody could be heard, all in all."""
        return self._deaf + (now - self.heard if self.lost(now) else 0.0)

    def silent(self, t: Floats, now: float) -> Floats:
        """For how long those who were last heard at ``t`` have been silent while others were heard, in s."""
        out = np.maximum(now - t, 0.0)
        for begun, ended in [*self._gaps, *([(self.heard, now)] if self.lost(now) else [])]:
            out -= np.maximum(ended - np.maximum(t, begun), 0.0)
        return np.asarray(np.maximum(out, 0.0))
