"""Dead-band compression of a point's samples on their way to the history.

The history holds a value until the next one (see :mod:`realtime.history.trend`), so a sample may be left out exactly
when what is held differs from it by at most the dead-band. Nothing is delayed, so a crash loses no more than without
compression. Swinging-door compression is not used: it needs straight lines between samples, which the reader, who
must not invent values, does not draw.

Quality changes, values that are no numbers and late samples are always kept; a value is kept at least every
``longest_s``. A late sample brings back what was left out after it since the last kept sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from realtime.history.samples import Row


@dataclass(frozen=True)
class DeadBand:
    """``deviation`` in the point's unit: the most by which a held value may be wrong; ``longest_s``: seconds."""

    deviation: float
    longest_s: float = 600.0


@dataclass(slots=True)
class _State:
    ts: int
    value: float
    quality: int
    left_out: list[Row] = field(default_factory=list)


class Compressor:
    """Passes rows on to ``store``, those of tags with a dead-band thinned; ``left_out`` counts what was not passed on."""

    def __init__(self, store: Callable[[Row], None]) -> None:
        self._store = store
        self._bands: dict[int, DeadBand] = {}
        self._states: dict[int, _State] = {}
        self.left_out = 0

    def set(self, bands: dict[int, DeadBand]) -> None:
        """The dead-band of each tag that has one; a tag whose band changes begins anew."""
        for tag in {*self._bands, *bands}:
            if self._bands.get(tag) != bands.get(tag):
                self._states.pop(tag, None)
        self._bands = dict(bands)

    def add(self, row: Row) -> None:
        """Take a sample."""
        band = self._bands.get(row[0])
        if band is None:
            self._store(row)
            return
        tag, ts, _, value, quality = row
        state = self._states.get(tag)
        if state is None:
            self._keep(row)
            return
        newest = state.left_out[-1][1] if state.left_out else state.ts
        if ts <= newest:
            self._store(row)
            again = [r for r in state.left_out if r[1] > ts] if ts > state.ts else []
            for known in again:
                self._store(known)
            self.left_out -= len(again)
            if again:
                self._states[tag] = _State(again[-1][1], again[-1][3], again[-1][4])
            return
        same = quality == state.quality and abs(value - state.value) <= band.deviation
        if same and ts - state.ts < band.longest_s * 1e6:  # NaN is never the same
            state.left_out.append(row)
            self.left_out += 1
            return
        self._keep(row)

    def _keep(self, row: Row) -> None:
        self._states[row[0]] = _State(row[1], row[3], row[4])
        self._store(row)
