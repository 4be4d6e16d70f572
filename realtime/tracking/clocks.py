"""Gateways whose clocks are wrong: noticed always, corrected only when they run ahead.

What is dated ahead cannot have been measured yet, so its clock is wrong; once a gateway has been ahead by the same span
several times in a row, its times are taken back by that span. What is dated behind may just be late (a buffer sent
after an outage), so it is never made younger: it shows as old as it says, and the skew is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime.positioning.types import Records

#: s that a clock may be ahead unnoticed; how equal the spans must be (s); how many in a row.
AHEAD, EQUAL, ROW = 1.0, 1.0, 5
#: Weight of the newest message in the running skew.
_WEIGHT = 0.1


@dataclass
class GatewayClock:
    """What is known of a gateway.

    Attributes:
        skew: running mean of its newest event times minus arrival times, s (positive: ahead).
        correction: s taken off its times now. messages: how many. last: arrival time of the newest one.
    """

    skew: float = 0.0
    correction: float = 0.0
    messages: int = 0
    last: float = 0.0
    _row: int = 0
    _span: float = 0.0

    def note(self, ahead: float, now: float) -> None:
        """A message whose newest measurement is ``ahead`` s ahead of its arrival (negative: behind)."""
        self.skew = ahead if self.messages == 0 else self.skew + _WEIGHT * (ahead - self.skew)
        self.messages += 1
        self.last = now
        if ahead <= AHEAD:
            self._row, self.correction = 0, 0.0
            return
        self._row = self._row + 1 if self._row and abs(ahead - self._span) <= EQUAL else 1
        self._span = ahead
        if self._row >= ROW:
            self.correction = ahead


class Clocks:
    """All gateways by name."""

    def __init__(self) -> None:
        self.gateways: dict[str, GatewayClock] = {}

    def settle(self, gateway: str, batch: Records, now: float) -> Records:
        """A message's measurements with their times put right where that can be done."""
        if not batch.size:
            return batch
        clock = self.gateways.get(gateway)
        if clock is None:
            if len(self.gateways) >= 10_000:  # names are made up: do not grow for ever
                self.gateways.clear()
            clock = self.gateways[gateway] = GatewayClock()
        newest = float(batch["time"].max())
        if newest == newest:  # a number
            clock.note(newest - now, now)
        if clock.correction:
            batch = batch.copy()
            batch["time"] -= clock.correction
        return batch
