"""Batches of fixes as the tracking process publishes them, and a desk and a hub that note what they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from gis_assets.sites.demo.frame import ORIGIN_H, to_lonlat

from realtime.alarms.raising import AlarmFact
from realtime.hub.ingest import Value
from realtime.positioning.types import State
from realtime.tracking.batch import FixBatch, Subject
from realtime.tracking.frame import SiteFrame
from twin.db.uow import UnitOfWork

#: 2026-12-01 02:00 UTC, a Tuesday, 10:00 at the plant.
T0 = 1_796_090_400.0


class World:
    """Subjects at places of the demo plant (local metres); batches of them."""

    def __init__(self, enterprise: UUID, subjects: Sequence[Subject], t0: float = T0) -> None:
        lon, lat = to_lonlat(0.0, 0.0)
        self.frame = SiteFrame(4548, lon, lat, ORIGIN_H)
        self.enterprise, self.subjects, self.now = enterprise, tuple(subjects), t0
        self.zones: tuple[str, ...] = ()
        self.floors: tuple[str, ...] = ()
        self.deaf = 0.0  # s in which nothing came in

    def batch(self, places: Mapping[int, tuple[float, ...]], step: float = 1.0, **columns: Any) -> FixBatch:
        """The next batch: subject row to x, y and, if given, height above ground."""
        self.now += step
        n, rows = len(places), list(places)
        x, y = (np.array([places[r][axis] for r in rows], np.float64) for axis in (0, 1))
        h = np.array([places[r][2] if len(places[r]) > 2 else 0.0 for r in rows], np.float64)
        # the demo's local metres are those of the site's frame up to the origin's own rounding
        degrees = np.array([to_lonlat(a, b) for a, b in zip(x, y, strict=True)], np.float64).reshape(n, 2)
        gx, gy = self.frame.to_local(degrees[:, 0], degrees[:, 1])
        values: dict[str, Any] = {
            "t": np.full(n, self.now), "age": np.zeros(n), "floor": np.full(n, -1, np.int16),
            "zone": np.full(n, -1, np.int16), "speed": np.zeros(n), "r95": np.full(n, 0.8),
            "state": np.full(n, State.GOOD, np.uint8), "source": np.ones(n, np.uint8),
        }  # fmt: skip
        for name, value in columns.items():
            values[name] = np.full(n, value, values[name].dtype) if np.isscalar(value) else np.asarray(value)
        kind = np.array([self.subjects[r].kind == "vehicle" for r in rows], np.int8)
        return FixBatch(
            self.enterprise, self.now, 1, self.subjects, self.floors, self.zones, np.array(rows, np.int32), kind,
            x=gx, y=gy, h=h, lon=degrees[:, 0], lat=degrees[:, 1], base=ORIGIN_H, deaf=self.deaf, **values,
        )  # fmt: skip


class Hub:
    """Keeps the newest value of every key."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], Any] = {}

    def publish(self, enterprise: UUID, topic: str, items: list[Value]) -> None:
        for key, _, value in items:
            self.values[topic, key] = value


class Noted:
    """A desk that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.open: dict[str, AlarmFact] = {}

    async def __call__(self, uow: UnitOfWork, changes: Sequence[AlarmFact | tuple[str, datetime]]) -> None:
        for change in changes:
            if isinstance(change, AlarmFact):
                self.told.append(("raise", change.key))
                self.open[change.key] = change
            else:
                self.told.append(("clear", change[0]))
                self.open.pop(change[0], None)
