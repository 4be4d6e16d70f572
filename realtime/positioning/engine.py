"""The engine: measurements of all badges in, one fix per badge out; the same for live data and for recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.positioning import fixes, fusion, kernel, tracks
from realtime.positioning.anchors import AnchorTable
from realtime.positioning.ble import EPOCH, RadioMap
from realtime.positioning.ble_locator import BleLocator
from realtime.positioning.floors import FloorPlan, Floors
from realtime.positioning.geometry import Rings, fence_lines, leave_obstacles, rings
from realtime.positioning.reorder import Reorder
from realtime.positioning.scatter import raise_to, those, together
from realtime.positioning.types import (
    AGILITY,
    FIX,
    SPEED_LIMIT,
    Bools,
    Floats,
    Kind,
    Model,
    Publishing,
    Records,
    Role,
    Source,
)

#: Rows of the candidates.
_SOURCES = np.array([Source.UWB, Source.GNSS, Source.VENDOR, Source.BLE], np.uint8)


def _kinds(*kinds: int) -> Bools:
    """(256,) table: which values of ``kind`` (or ``source``) are among these."""
    out = np.zeros(256, np.bool_)
    out[list(kinds)] = True
    return out


_TRACKED = _kinds(Kind.RANGE, Kind.TDOA, Kind.MOTION)
_BY_ANCHOR = _kinds(Kind.RANGE, Kind.TDOA, Kind.RSSI, Kind.REFERENCE)
_FIX_SOURCES = _kinds(Source.GNSS, Source.VENDOR)
#: Distance (m) that the soft map constraint keeps from solid things.
_MARGIN = 0.3
#: r95 (m) at least of a place by ranges when it is doubted whole: blocked paths may shift it by more than it says.
_BLOCKED = 1.2
#: 1-sigma (m) of a range through a floor slab.
_SLAB_SIGMA = 1.0


class Engine:
    """Batch engine over ``count`` badge rows; callers keep the table from badge name to row.

    Args:
        anchors: fixed devices; measurements name them by row. ble_maps: one radio map per field of ``anchors``.
        plan, reference_height: floors, and ``{anchor row: z}`` of fixed barometers. solids: outlines of things nobody
        walks through. fences: outlines that no correction may carry a dot across. tag_height: how high a badge is
        worn, m.

    Attributes:
        health: (m, 6) running figures per anchor, see :func:`realtime.positioning.anchors.health`.
        seen: (count,) newest event time of anything a badge sent. counters: measurements refused, by reason.
    """

    def __init__(
        self,
        anchors: AnchorTable,
        count: int,
        *,
        ble_maps: Sequence[RadioMap] = (),
        plan: FloorPlan | None = None,
        reference_height: dict[int, float] | None = None,
        solids: Sequence[Sequence[tuple[float, float]]] = (),
        fences: Sequence[Sequence[tuple[float, float]]] = (),
        tag_height: float = 1.0,
        model: Model | None = None,
        publishing: Publishing | None = None,
    ) -> None:
        self.anchors, self.count, self.tag_height = anchors, count, tag_height
        self.model, self.publishing = model or Model(), publishing or Publishing()
        self.tracks = tracks.empty(count, tag_height)
        self.fixes = fixes.empty(count)
        self.fusion = fusion.empty(count)
        self.health: Floats = np.zeros((len(anchors.ids), 6))
        self.seen: Floats = np.full(count, -np.inf)
        self.counters = {"invalid": 0, "unknown": 0, "future": 0}
        self.floors = (
            Floors(count, plan, anchors.level, reference_height or {}, tag_height, anchor_place=anchors.position)
            if plan is not None
            else None
        )
        self._ble = BleLocator(ble_maps, anchors.field, anchors.row, count) if ble_maps else None
        hold = self.publishing.hold
        self._ranges, self._positions = Reorder(count, hold), Reorder(count, hold)
        self._readings = Reorder(count, hold, quantum=EPOCH)
        self._stated: NDArray[np.int16] = np.zeros(count, np.int16)
        self._conflict: Floats = np.full((len(fixes.SOURCES), count), np.nan)
        self._solids: Rings
        self._lines: Floats
        self.constrain(solids, fences)

    def constrain(
        self, solids: Sequence[Sequence[tuple[float, float]]], fences: Sequence[Sequence[tuple[float, float]]]
    ) -> None:
        """Put other solid things and fence lines in force (see the class); what is known of the badges stays."""
        self._solids, self._lines = rings(solids), fence_lines(fences)

    def set_role(self, badge: int, role: Role) -> None:
        """Say who carries a badge: it decides speed limit and process noise."""
        self.tracks.limit[badge], self.tracks.agility[badge] = SPEED_LIMIT[role], AGILITY[role]

    def feed(self, batch: Records, now: float) -> None:
        """Take measurements (dtype ``MEASUREMENT``) that arrived at ``now``; any order, any mix of kinds.

        What cannot be (NaN, unknown badge or anchor, future event time) is counted and dropped; late and repeated ones
        too.
        """
        batch = those(batch, self._plausible(batch, now))
        if not batch.size:
            return
        kind = batch["kind"]
        if self.floors is not None:
            nowhere = self.tracks.phase == 0
            self.floors.guess(nowhere)
            self.floors.feed(batch)
            self.tracks.height[nowhere] = self.floors.first_z[nowhere] + self.tag_height
        own = those(batch, kind != Kind.REFERENCE)
        raise_to(self.seen, own["badge"], own["time"])
        self._ranges.add(those(batch, _TRACKED[kind]), now)
        self._positions.add(batch.compress(kind == Kind.FIX), now)
        if self._ble is not None:
            self._readings.add(batch.compress(kind == Kind.RSSI), now)

    def _plausible(self, batch: Records, now: float) -> Bools:
        """(k,) which measurements can be true; counts the others."""
        kind, anchor, value = batch["kind"], batch["anchor"], batch["value"]
        m = len(self.anchors.ids)
        by_anchor = _BY_ANCHOR[kind]
        known = (kind == Kind.REFERENCE) | ((batch["badge"] >= 0) & (batch["badge"] < self.count))
        known &= ~by_anchor | ((anchor >= 0) & (anchor < m))
        second = batch["anchor2"]
        known &= (kind != Kind.TDOA) | ((second >= 0) & (second < m) & (second != anchor))
        if self._ble is not None and m:
            known &= (kind != Kind.RSSI) | (self.anchors.row[np.clip(anchor, 0, m - 1)] >= 0)
        fix = kind == Kind.FIX
        number = np.where(fix, np.isfinite(batch["x"]) & np.isfinite(batch["y"]), np.isfinite(value))
        number &= np.isfinite(batch["time"]) & np.isfinite(batch["sigma"]) & (batch["sigma"] >= 0.0)
        number &= (kind >= Kind.RANGE) & (kind <= Kind.MOTION)
        number &= ~fix | _FIX_SOURCES[batch["source"]]
        with np.errstate(invalid="ignore"):
            number &= (kind != Kind.RANGE) | ((value >= 0.0) & (value <= self.model.max_range))
            number &= (kind != Kind.TDOA) | (np.abs(value) <= self.model.max_range)
            number &= (kind != Kind.RSSI) | ((value >= -130.0) & (value <= 20.0))
            pressure = (kind == Kind.PRESSURE) | (kind == Kind.REFERENCE)
            number &= ~pressure | ((value >= 300.0) & (value <= 1200.0))
            future = number & (batch["time"] > now + self.publishing.future)
        self.counters["invalid"] += int(np.count_nonzero(~number))
        self.counters["unknown"] += int(np.count_nonzero(number & ~known))
        self.counters["future"] += int(np.count_nonzero(known & future))
        return np.asarray(number & known & ~future)

    def publish(self, now: float) -> Records:
        """One fix (dtype ``FIX``) per badge that was ever located, as of ``now``; never older knowledge over newer."""
        n = self.count
        candidates, times = np.full((4, n, 5), np.nan), np.full((4, n), -np.inf)
        still, supported = self._range_candidates(now, candidates[0], times[0])
        asleep = still & (now - self.seen <= self.publishing.sleep)
        self._fix_candidates(now, asleep, candidates, times)
        self._ble_candidates(now, asleep, candidates[3], times[3])
        self._settle_mirrors(now, candidates, times)
        active = fusion.choose(self.fusion, candidates[:, :, 2], times, now, self.publishing)
        rows = np.arange(n)
        x, y, r95, vx, vy = (candidates[active, rows, i].copy() for i in range(5))
        x[active < 0] = np.nan
        r95 = np.hypot(r95, self.publishing.r95_floor)
        if self._solids.box.size:
            leave_obstacles(self._solids, self._lines, x, y, r95, _MARGIN)
        pinned = fusion.pin(self.fusion, x, y, r95, still, now, self.publishing)
        if self.floors is not None:
            self.floors.decide(x, y, r95, now)
            unheard = self.tracks.phase == 0
            z = np.where(unheard & (active < 0), self.floors.first_z, self.floors.z)
            self.tracks.height[:] = z + self.tag_height
        located = np.flatnonzero(active >= 0)
        out = np.zeros(located.size, FIX)
        out["badge"], out["x"], out["y"], out["r95"] = located, x[located], y[located], r95[located]
        levels = self._levels(active)
        z = self.floors.height_of(levels) if self.floors is not None else self.tracks.height - self.tag_height
        out["z"], out["floor"] = z[located], levels[located]
        out["speed"] = np.where(pinned, 0.0, np.hypot(vx, vy))[located]
        out["source"] = _SOURCES[active[located]]
        out["event_time"], out["published"] = times[active, rows][located], now
        out["age"] = np.maximum(0.0, now - out["event_time"])
        enough = supported | (active != 0)
        out["state"] = fusion.states(out["age"], out["r95"], enough[located], asleep[located], self.publishing)
        return out

    def _range_candidates(self, now: float, out: Floats, times: Floats) -> tuple[Bools, Bools]:
        """Run due ranges for good and waiting ones on a copy; ``(still, enough anchors)`` per badge."""
        commit, preview = (self._doubt(part) for part in self._ranges.split(now))
        position = self.anchors.position
        kernel.process(commit, self.tracks, position, self.health, self.model, True)
        kernel.extrapolate(self.tracks, now, position, self.model, out)
        window = self.publishing.anchor_window
        times[:] = self.tracks.heard
        still, rejects = self.tracks.still.copy(), self.tracks.rejects.copy()
        anchors = kernel.distinct_anchors(self.tracks.ring, now - window)
        if preview.size:
            first = np.ones(preview.size, np.bool_)  # sorted by badge
            np.not_equal(preview["badge"][1:], preview["badge"][:-1], out=first[1:])
            some = preview["badge"][first]
            part, local = tracks.take(self.tracks, some), together([preview])
            local["badge"] = np.cumsum(first) - 1
            kernel.process(local, part, position, self.health, self.model, False)
            ahead = np.empty((some.size, 5))
            kernel.extrapolate(part, now, position, self.model, ahead)
            out[some], times[some], still[some], rejects[some] = ahead, part.heard, part.still, part.rejects
            anchors[some] = kernel.distinct_anchors(part.ring, now - window)
        return still == 1, (anchors >= self.publishing.min_anchors) & (2 * rejects < self.model.reject_limit)

    def _doubt(self, batch: Records) -> Records:
        """Ranges through a floor slab are late by an unknown metre: they weigh little."""
        if self.floors is None or not batch.size:
            return batch
        here, there = self.floors.level[batch["badge"]], self.anchors.level[np.maximum(batch["anchor"], 0)]
        through = (here != there) & (here != 0) & (there != 0) & (batch["sigma"] == 0.0)
        through &= batch["kind"] != Kind.MOTION
        if not through.any():
            return batch
        doubtful = together([batch])
        doubtful["sigma"][through] = _SLAB_SIGMA
        return doubtful

    def _fix_candidates(self, now: float, rests: Bools, candidates: Floats, times: Floats) -> None:
        commit, preview = self._positions.split(now)
        fixes.process(commit, self.fixes, self.tracks.limit)
        ahead = self.fixes
        if preview.size:
            ahead = fixes.copy(self.fixes)
            fixes.process(preview, ahead, self.tracks.limit)
        self._stated = ahead.floor[:, 1]
        for s in range(len(fixes.SOURCES)):
            fixes.extrapolate(ahead, s, self.tracks.limit, now, self.model, rests, candidates[1 + s])
            times[1 + s] = ahead.time[:, s]

    def _settle_mirrors(self, now: float, candidates: Floats, times: Floats) -> None:
        """Ranges to anchors on one line fit two places. A fresh fix that is sure of itself says which: where both are
        fresh and cannot both be true, ranges start anew around the fix."""
        ranged, fresh = candidates[0], self.publishing.held
        for s in range(len(fixes.SOURCES)):
            fix = candidates[1 + s]
            apart = np.hypot(ranged[:, 0] - fix[:, 0], ranged[:, 1] - fix[:, 1])
            with np.errstate(invalid="ignore"):
                wrong = apart > self.publishing.conflict * (np.maximum(ranged[:, 2], _BLOCKED) + fix[:, 2])
            wrong &= (now - times[0] <= fresh) & (now - times[1 + s] <= fresh) & (self.tracks.phase == 1)
            since = np.where(wrong, np.where(np.isnan(self._conflict[s]), now, self._conflict[s]), np.nan)
            self._conflict[s] = since
            # The place that ranges give is not shown from the first doubt on; it is given up when the doubt stays.
            doubtful = ~np.isnan(since)
            ranged[doubtful] = np.nan
            times[0][doubtful] = -np.inf
            rows = np.flatnonzero(now - since >= self.publishing.conflict_time)
            if rows.size:
                self.tracks.x[rows, 0], self.tracks.x[rows, 2] = fix[rows, 0], fix[rows, 1]
                self.tracks.phase[rows], self.tracks.sound[rows] = 2, times[1 + s][rows]
                self.tracks.rejects[rows] = 0
                self._conflict[s][rows] = np.nan

    def _ble_candidates(self, now: float, rests: Bools, out: Floats, times: Floats) -> None:
        if self._ble is None:
            return
        commit, preview = self._readings.split(now)
        self._ble.absorb(commit)
        estimate, times[:] = self._ble.estimates(preview)
        out[:, :2] = estimate[:, :2]
        # A walker goes on in an unknown direction: the circle grows, at most with the badge's top speed.
        silent = np.where(rests, 0.0, np.maximum(0.0, now - times))
        with np.errstate(invalid="ignore"):
            out[:, 2] = estimate[:, 2] + np.minimum(1.5, self.tracks.limit) * np.maximum(0.0, silent - EPOCH)
        out[:, 3:] = np.where(np.isnan(estimate[:, :1]), np.nan, 0.0)

    def _levels(self, active: NDArray[np.int64]) -> NDArray[np.int16]:
        """Floor of each badge: from the floor engine, or as the vendor's gateway says."""
        stated = self._stated
        decided = self.floors.level if self.floors is not None else np.zeros(self.count, np.int16)
        return np.where((active == 2) & (stated != 0), stated, decided)

    def refused(self) -> dict[str, int]:
        """How many measurements were dropped so far, by reason."""
        buffers = (self._ranges, self._positions, self._readings)
        late, repeated = sum(b.late for b in buffers), sum(b.repeated for b in buffers)
        return {**self.counters, "late": late, "repeated": repeated}

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """All that a restarted engine needs to go on without a jump (BLE beliefs find themselves within seconds)."""
        out: dict[str, NDArray[Any]] = {"seen": self.seen.copy(), "health": self.health.copy()}
        for name in ("tracks", "fixes", "fusion"):
            part = getattr(self, name)
            out |= {f"{name}.{field}": getattr(part, field).copy() for field in part._fields}
        for name in ("_ranges", "_positions", "_readings"):
            out[f"committed{name}"] = getattr(self, name).committed.copy()
            out[f"waiting{name}"], out[f"arrived{name}"] = getattr(self, name).waiting
        if self.floors is not None:
            out |= {f"floors.{key}": value for key, value in self.floors.snapshot().items()}
        return out

    def restore(self, saved: dict[str, NDArray[Any]]) -> None:
        """Go on from a snapshot with the same badge rows; if anchors came or went, their health starts anew."""
        self.seen[:] = saved["seen"]
        if saved["health"].shape == self.health.shape:
            self.health[:] = saved["health"]
        for name in ("tracks", "fixes", "fusion"):
            part = getattr(self, name)
            for field in part._fields:
                getattr(part, field)[...] = saved[f"{name}.{field}"]
        for name in ("_ranges", "_positions", "_readings"):
            getattr(self, name).committed[:] = saved[f"committed{name}"]
            if f"waiting{name}" in saved:
                getattr(self, name).resume(saved[f"waiting{name}"], saved[f"arrived{name}"])
        if self.floors is not None and "floors.level" in saved:
            self.floors.restore({k.removeprefix("floors."): v for k, v in saved.items() if k.startswith("floors.")})
