"""The items of the stream ``positions``, made as MessagePack at once: 10,000 dictionaries a second cost too much.

What changes with every fix are numbers of fixed size: they are written for all rows as one array. What seldom changes
(name, badge, floor, zone, state, source) is kept packed for each subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgpack
import numpy as np

from realtime.hub.ingest import Value
from realtime.positioning.types import Floats, Ints
from realtime.tracking.batch import SOURCES, STATES, FixBatch, Subject

#: Numbers of an item in their order, and digits after the point that are told.
_NUMBERS = (("lon", 8), ("lat", 8), ("h", 2), ("speed", 2), ("r95", 2), ("age", 3), ("t", 6))
_WORDS = ("kind", "class", "name", "department", "badge", "floor", "zone", "state", "source")
_DOUBLE = 0xCB
#: Whoever was told so short a time ago (s) and was not measured since is not told again.
_JUST_TOLD = 0.75


def _layout() -> np.dtype[np.void]:
    parts: list[tuple[str, str]] = []
    for name, _ in _NUMBERS:
        parts += [(f"_{name}", f"V{len(name) + 1}"), (f"_{name}_", "u1"), (name, ">f8")]
    return np.dtype(parts)


_LAYOUT = _layout()


class Items:
    """Makes the items of one enterprise's batches: everybody who was measured anew, and everybody else about once a second.

    An item is ``{"kind", "class", "name", "department", "badge", "floor", "zone", "state", "source", "lon", "lat" (degrees),
    "h" (m above the ellipsoid, at the feet), "speed" (m/s), "r95" (m), "age" (s), "t" (s since 1970)}``, packed; its key is the
    subject's id, its time the batch's: a position that only grew old is news, too.
    """

    def __init__(self) -> None:
        self._subjects: Sequence[Subject] = ()
        self._codes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._keys: list[str] = []
        self._words: list[tuple[int, bytes]] = []
        self._rows = np.zeros(0, np.int32)
        self._numbers = np.zeros(0, _LAYOUT)
        #: (subjects, 2) event time of the fix that was told last, and when it was
        self._told: Floats = np.full((0, 2), -np.inf)
        self._pack = msgpack.Packer().pack

    def of(self, batch: FixBatch) -> list[Value]:
        """The items of a batch, and None for everybody who was in the last one and is not in this."""
        gone: list[Value] = []
        if batch.subjects is not self._subjects or not np.array_equal(batch.index, self._rows):
            here = {batch.subjects[i].id for i in batch.index.tolist()}
            before: list[UUID] = [self._subjects[i].id for i in self._rows.tolist()]
            gone = [(str(id_), batch.at, None) for id_ in before if id_ not in here]
            self._rows = batch.index.copy()
        return self.news(batch) + gone

    def news(self, batch: FixBatch) -> list[Value]:
        """The items of a batch that need not name everybody: nobody is gone because he is not in it."""
        if batch.subjects is not self._subjects or (batch.floors, batch.zones) != self._codes:
            self._subjects, self._codes = batch.subjects, (batch.floors, batch.zones)
            self._keys = [str(s.id) for s in batch.subjects]
            self._words = [(-1, b"")] * len(batch.subjects)
            more = len(batch.subjects) - len(self._told)
            self._told = np.concatenate([self._told, np.full((max(0, more), 2), -np.inf)])
        told = self._told[batch.index]
        due = np.flatnonzero((batch.t > told[:, 0]) | (batch.at - told[:, 1] >= _JUST_TOLD))
        self._told[batch.index[due], 0], self._told[batch.index[due], 1] = batch.t[due], batch.at
        numbers = self._block(batch, due)
        size, at, keys, words = _LAYOUT.itemsize, batch.at, self._keys, self._words
        zones, kinds = len(batch.zones) + 1, len(STATES) * len(SOURCES)
        place = (batch.floor.astype(np.int64) + 1) * zones + batch.zone + 1
        looks = place * kinds + batch.state.astype(np.int64) * len(SOURCES) + batch.source
        out: list[Value] = []
        start = 0
        for row, index, look in zip(due.tolist(), batch.index[due].tolist(), looks[due].tolist(), strict=True):
            known, packed = words[index]
            if known != look:
                packed = self._describe(batch, row, batch.subjects[index])
                words[index] = (look, packed)
            out.append((keys[index], at, packed + numbers[start : start + size]))
            start += size
        return out

    def _block(self, batch: FixBatch, rows: Ints) -> bytes:
        if self._numbers.size < rows.size:
            self._numbers = np.zeros(len(batch), _LAYOUT)
            for name, _ in _NUMBERS:
                self._numbers[f"_{name}"] = np.void(self._pack(name))
                self._numbers[f"_{name}_"] = _DOUBLE
        columns: dict[str, Floats] = {
            "lon": batch.lon, "lat": batch.lat, "h": batch.alt, "speed": batch.speed, "r95": batch.r95, "age": batch.age,
            "t": batch.t,
        }  # fmt: skip
        numbers = self._numbers[: rows.size]
        for name, digits in _NUMBERS:
            numbers[name] = np.round(columns[name][rows], digits)
        return numbers.tobytes()

    def _describe(self, batch: FixBatch, row: int, who: Subject) -> bytes:
        floor, zone = int(batch.floor[row]), int(batch.zone[row])
        words = (
            who.kind, who.klass, who.name, who.department, who.badge,
            batch.floors[floor] if floor >= 0 else None, batch.zones[zone] if zone >= 0 else None,
            STATES[int(batch.state[row])], SOURCES[int(batch.source[row])],
        )  # fmt: skip
        head: bytes = msgpack.Packer().pack_map_header(len(_WORDS) + len(_NUMBERS))
        return head + b"".join(self._pack(part) for pair in zip(_WORDS, words, strict=True) for part in pair)
