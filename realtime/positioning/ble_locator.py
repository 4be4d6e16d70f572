"""The BLE fields of a plant: one radio map per floor; beliefs are allocated for badges as they are heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from realtime.positioning import ble
from realtime.positioning.ble import BleModel, BleTracks, RadioMap
from realtime.positioning.scatter import raise_to
from realtime.positioning.types import Floats, Records

#: Weight of the newest epoch in a badge's loudness in a field (dBm), by which its field is chosen.
_LOUD_WEIGHT = 0.3


class BleField:
    """One radio map and the badges that hear it."""

    def __init__(self, field: RadioMap, count: int, model: BleModel) -> None:
        self.field, self.model = field, model
        self.slot: NDArray[np.int32] = np.full(count, -1, np.int32)
        self.loud: Floats = np.full(count, -np.inf)
        self.tracks = ble.empty(0, field.mean.shape[1])

    def _admit(self, badges: NDArray[np.int32]) -> None:
        new = np.unique(badges[self.slot[badges] < 0])
        if not new.size:
            return
        used = int(self.slot.max()) + 1
        self.slot[new] = np.arange(used, used + new.size)
        missing = used + new.size - self.tracks.epoch.size
        if missing > 0:
            more = ble.empty(max(missing, self.tracks.epoch.size), self.field.mean.shape[1])
            self.tracks = BleTracks(*(np.concatenate([a, b]) for a, b in zip(self.tracks, more, strict=True)))

    def _local(self, batch: Records, rows: NDArray[np.int32]) -> Records:
        local = batch.copy()
        local["badge"] = self.slot[batch["badge"]]
        local["anchor"] = rows[batch["anchor"]]
        return local

    def absorb(self, batch: Records, rows: NDArray[np.int32]) -> None:
        """Run final readings; ``rows`` gives the map row of each anchor."""
        self._admit(batch["badge"])
        ble.process(self._local(batch, rows), self.tracks, self.field, self.model)
        top = np.full(self.loud.size, -np.inf)
        raise_to(top, batch["badge"], batch["value"])
        heard = np.isfinite(top)
        old = np.where(np.isfinite(self.loud), self.loud, top)
        self.loud[heard] = old[heard] + _LOUD_WEIGHT * (top[heard] - old[heard])

    def estimates(self, preview: Records, rows: NDArray[np.int32], out: Floats, times: Floats) -> None:
        """Write x, y, r95 (n, 3) and newest event times (n,) of every badge heard, with ``preview`` run on a copy."""
        if preview.size:
            self._admit(preview["badge"])
        known = np.flatnonzero(self.slot >= 0)
        if not known.size:
            return
        slots = self.slot[known]
        estimate, time = self.tracks.estimate.copy(), self.tracks.time.copy()
        if preview.size:
            local = self._local(preview, rows)
            some, back = np.unique(local["badge"], return_inverse=True)
            part = BleTracks(*(column[some] for column in self.tracks))
            local["badge"] = back.ravel()
            ble.process(local, part, self.field, self.model)
            estimate[some], time[some] = part.estimate, part.time
        out[known], times[known] = estimate[slots], time[slots]


class BleLocator:
    """All fields. ``field_of`` and ``row_of`` (m,): field of each anchor and its row there, -1 for no BLE anchor."""

    def __init__(
        self,
        fields: Sequence[RadioMap],
        field_of: NDArray[np.int32],
        row_of: NDArray[np.int32],
        count: int,
        model: BleModel | None = None,
    ) -> None:
        self.fields = [BleField(field, count, model or BleModel()) for field in fields]
        self.field_of, self.row_of = field_of, row_of
        self.count = count

    def _parts(self, batch: Records) -> list[Records]:
        of = self.field_of[batch["anchor"]]
        return [batch[of == i] for i in range(len(self.fields))]

    def absorb(self, batch: Records) -> None:
        """Run final readings, sorted by badge and time."""
        for field, part in zip(self.fields, self._parts(batch), strict=True):
            if part.size:
                field.absorb(part, self.row_of)

    def estimates(self, preview: Records) -> tuple[Floats, Floats]:
        """(n, 3) x, y, r95 (NaN: never heard) and (n,) newest event times, each from the badge's loudest field."""
        best, when = np.full((self.count, 3), np.nan), np.full(self.count, -np.inf)
        loudest = np.full(self.count, -np.inf)
        for field, part in zip(self.fields, self._parts(preview), strict=True):
            out, times = np.full((self.count, 3), np.nan), np.full(self.count, -np.inf)
            field.estimates(part, self.row_of, out, times)
            # A field that fell silent more than five seconds before another does not compete by loudness.
            wins = np.isfinite(times) & ((times > when + 5.0) | ((times > when - 5.0) & (field.loud >= loudest)))
            best[wins], when[wins], loudest[wins] = out[wins], times[wins], field.loud[wins]
        return best, when
