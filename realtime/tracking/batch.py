"""What the tracking process publishes each second, as arrays: the input of fences, screens and track storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from realtime.positioning.types import Floats

#: Kinds of subjects; the index is the code in :attr:`FixBatch.kind`.
KINDS = ("person", "vehicle")
PERSON, VEHICLE = 0, 1
#: Names of :class:`realtime.positioning.types.State` and ``Source``; the index is the code.
STATES = ("none", "good", "degraded", "held", "stale", "lost")
SOURCES = ("none", "uwb", "gnss", "vendor", "ble")


class Subject(NamedTuple):
    """Who or what carries a badge: as the open binding says.

    Attributes:
        id: uuid of the person or vehicle. kind: ``person`` or ``vehicle``.
        klass: employee, contractor, visitor, or the vehicle's class. badge: code of the badge.
    """

    id: UUID
    kind: str
    name: str
    klass: str
    department: str
    badge: str


@dataclass(frozen=True)
class FixBatch:
    """One fix of each subject that was ever located, as of ``at``; struct of arrays, all (n,).

    Rows of ``subjects`` keep their index as long as the tuple is the same object; a new binding makes a new tuple with
    a new ``roster`` number (old indices keep their meaning, a row whose badge was given back stays and gets no fixes).

    Attributes:
        enterprise: whose. at: publish time, s since 1970. roster: number of the version of ``subjects``.
        subjects: by index. floors: floor codes by floor index. zones: zone codes by zone index.
        index: row in ``subjects``. kind: ``PERSON`` or ``VEHICLE``.
        t: event time of the last accepted measurement, s since 1970. age: ``at - t``, s.
        x, y, h: metres in the site's frame (grid east, grid north of the site's origin; h above the origin's height),
        h at the feet. lon, lat: degrees, EPSG:4326.
        floor: index in ``floors``, -1 outdoors or unknown. zone: smallest zone there, index in ``zones``, -1 none.
        speed: m/s. r95: m, radius that holds the true place 95 % of the time.
        state: :class:`realtime.positioning.types.State`. source: :class:`realtime.positioning.types.Source`.
        base: ellipsoidal height of the frame's zero, m.
        silent: ``age`` without the time in which nothing at all came in (the process was down, the feed was away), s; None: as ``age``.
        deaf: how much such time there has been so far, s; it grows while the feed is away.
    """

    enterprise: UUID
    at: float
    roster: int
    subjects: tuple[Subject, ...]
    floors: tuple[str, ...]
    zones: tuple[str, ...]
    index: NDArray[np.int32]
    kind: NDArray[np.int8]
    t: Floats
    age: Floats
    x: Floats
    y: Floats
    h: Floats
    lon: Floats
    lat: Floats
    floor: NDArray[np.int16]
    zone: NDArray[np.int16]
    speed: Floats
    r95: Floats
    state: NDArray[np.uint8]
    source: NDArray[np.uint8]
    base: float = 0.0
    silent: Floats | None = None
    deaf: float = 0.0

    @property
    def alt(self) -> Floats:
        """(n,) ellipsoidal heights of the feet in m, as in all geometries of the database."""
        return self.h + self.base

    def __len__(self) -> int:
        return int(self.index.size)
