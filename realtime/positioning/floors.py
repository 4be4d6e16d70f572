"""On which floor: badge barometer against a reference barometer, corrected per badge, voted on by the anchors that
hear it.

Absolute pressure alone is right on 62 % of floors (weather, badge offsets). The difference to a fixed reference
removes the weather; what remains per badge is learned while the anchors leave no doubt. A change of floor needs 0.8 m
of advantage for 2 s, and a stair or lift nearby - or else much longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from realtime.positioning import geometry
from realtime.positioning.geometry import Rings
from realtime.positioning.scatter import add_to, raise_to, those
from realtime.positioning.types import Bools, Floats, Kind, Records

#: R T / (g M) of dry air in m per unit of ln(pressure), per kelvin.
_BAROMETRIC = 8.314462618 / (9.80665 * 0.0289644)
#: How far outside a wall (m) an anchor may hang and still belong to the building.
_ON_WALL = 1.5
#: No level.
OUTDOORS = 0


class FloorModel(NamedTuple):
    """Numbers of the floor decision. Lengths in m, times in s.

    Attributes:
        hysteresis, dwell: advantage that another floor must have, and for how long.
        passage_time, no_passage_dwell: how long a visit to a stair or lift counts, and the dwell without one.
        vote_memory: time constant of the anchors' votes. vote_worth: metres that unanimous anchors are worth.
        sure: share of votes from which the badge's offset is learned. learn: time constant of that.
        wall: how far beyond the wall (m) a badge that indoor anchors hear still counts as inside.
        settle: time outdoors after which the offset is learned there.
        smooth: time constant of the pressure height. fresh: age at which a pressure no longer counts.
        temperature: outdoor air, kelvin.
    """

    hysteresis: float = 0.8
    dwell: float = 2.0
    passage_time: float = 10.0
    no_passage_dwell: float = 15.0
    vote_memory: float = 4.0
    vote_worth: float = 1.5
    sure: float = 0.8
    learn: float = 60.0
    wall: float = 5.0
    settle: float = 10.0
    smooth: float = 0.7
    fresh: float = 10.0
    temperature: float = 288.15


class FloorPlan(NamedTuple):
    """Buildings and their floors.

    Attributes:
        outline: one ring per building. height: (buildings, levels) z of each floor in m, NaN where there is none.
        level: (buildings, levels) the floors' names (1, 2, -1, never 0). passage: rings of stairs and lifts.
        ground: z outdoors in m.
    """

    outline: Rings
    height: Floats
    level: NDArray[np.int16]
    passage: Rings
    ground: float


def plan(
    buildings: Sequence[tuple[Sequence[tuple[float, float]], dict[int, float]]],
    passages: Sequence[Sequence[tuple[float, float]]] = (),
    ground: float = 0.0,
) -> FloorPlan:
    """A plan from ``(outline, {level: z})`` per building and outlines of stairs and lifts."""
    width = max([len(levels) for _, levels in buildings] or [1])
    height = np.full((len(buildings), width), np.nan)
    level = np.zeros((len(buildings), width), np.int16)
    for b, (_, levels) in enumerate(buildings):
        for i, (name, z) in enumerate(sorted(levels.items(), key=lambda item: item[1])):
            height[b, i], level[b, i] = z, name
    return FloorPlan(geometry.rings([o for o, _ in buildings]), height, level, geometry.rings(passages), ground)


class Floors:
    """Floor of every badge.

    Args:
        count: badges. anchor_level: (m,) level on which each anchor hangs, 0 outdoors. reference_height: {anchor: z in
        m} of the fixed barometers. tag_height: how high above the floor a badge is worn, m.
    """

    def __init__(
        self,
        count: int,
        plan: FloorPlan,
        anchor_level: NDArray[np.int16],
        reference_height: dict[int, float],
        tag_height: float = 1.0,
        model: FloorModel | None = None,
        anchor_place: Floats | None = None,
    ) -> None:
        self.plan, self.model, self.tag_height = plan, model or FloorModel(), tag_height
        self.reference_height = reference_height
        names = np.unique(np.concatenate([plan.level.ravel(), anchor_level, [OUTDOORS]]))
        self._names: NDArray[np.int16] = names.astype(np.int16)
        self._anchor_vote = np.searchsorted(self._names, anchor_level)
        self._anchor_level = anchor_level
        self._anchor_z = self._floor_under(anchor_place)
        self.first_z = np.full(count, plan.ground)
        self._unlocated: Bools = np.ones(count, np.bool_)
        self._votes = np.zeros((count, self._names.size))
        self._voted = np.full(count, -np.inf)
        self._reference: dict[int, tuple[float, float]] = {}
        self.height, self.offset = np.full(count, np.nan), np.full(count, np.nan)
        self._sensed = np.full(count, -np.inf)
        self._learned = np.full(count, np.nan)
        self.level: NDArray[np.int16] = np.zeros(count, np.int16)
        self.z = np.full(count, plan.ground)
        self._building: NDArray[np.int64] = np.full(count, -1, np.int64)
        self._rival: NDArray[np.int16] = np.zeros(count, np.int16)
        self._since, self._passage = np.full(count, np.nan), np.full(count, -np.inf)
        self._left = np.full(count, np.nan)

    def _floor_under(self, place: Floats | None) -> Floats:
        """(m,) z of the floor on which each anchor hangs; ground for those outdoors or in no known building."""
        out = np.full(self._anchor_level.size, self.plan.ground)
        if place is None or not self.plan.outline.box.size:
            return out
        x, y = np.ascontiguousarray(place[:, 0]), np.ascontiguousarray(place[:, 1])
        for b in range(len(self.plan.height)):
            points = self.plan.outline.points[self.plan.outline.start[b] : self.plan.outline.start[b + 1]]
            near = geometry.near_ring(geometry.rings([points]), x, y, np.full(x.size, _ON_WALL))
            for level, z in zip(self.plan.level[b], self.plan.height[b], strict=True):
                if not np.isnan(z):
                    out[near & (self._anchor_level == level)] = z
        return out

    def guess(self, unlocated: Bools) -> None:
        """Say which badges have no place yet: for them ``first_z`` follows the anchors that hear them, because ranges
        locate nobody at the wrong height."""
        self._unlocated = unlocated

    def feed(self, batch: Records) -> None:
        """Take ranges and RSSI (votes), pressures and reference pressures, in any order."""
        kind = batch["kind"]
        for record in batch.compress(kind == Kind.REFERENCE):
            anchor, time = int(record["anchor"]), float(record["time"])
            if time >= self._reference.get(anchor, (-np.inf, 0.0))[0]:
                self._reference[anchor] = (time, float(record["value"]))
        heard = those(batch, (kind == Kind.RANGE) | (kind == Kind.TDOA) | (kind == Kind.RSSI))
        if heard.size:
            self._vote(heard)
        pressure = batch.compress(kind == Kind.PRESSURE)
        if pressure.size:
            self._sense(pressure.take(np.lexsort((pressure["time"], pressure["badge"]))))

    def _vote(self, heard: Records) -> None:
        newest = np.full(self._voted.size, -np.inf)
        raise_to(newest, heard["badge"], heard["time"])
        some = np.flatnonzero(np.isfinite(newest))
        span = np.maximum(0.0, newest[some] - self._voted[some])
        self._votes[some] *= np.exp(-span / self.model.vote_memory)[:, None]
        self._voted[some] = np.maximum(self._voted[some], newest[some])
        # Near anchors say more: a slab costs a range little but makes it longer, and costs RSSI 10 to 20 dB.
        is_rssi = heard["kind"] == Kind.RSSI
        distance = np.where(is_rssi, 10.0 ** ((-45.0 - heard["value"]) / 25.0), np.abs(heard["value"]))
        weight = 1.0 / np.square(1.0 + np.clip(distance, 0.0, 100.0) / 3.0)
        add_to(self._votes, heard["badge"], self._anchor_vote[heard["anchor"]], weight)
        heard = heard.compress(self._unlocated[heard["badge"]])
        if heard.size:
            top = self._names[self._votes[heard["badge"]].argmax(axis=1)]
            heard = heard.compress(self._anchor_level[heard["anchor"]] == top)
            self.first_z[heard["badge"]] = self._anchor_z[heard["anchor"]]

    def _sense(self, pressure: Records) -> None:
        if not self._reference:
            return
        reference, z = self._newest_reference()
        scale = _BAROMETRIC * self.model.temperature
        for start, stop in _runs(pressure["badge"]):
            one = pressure[start:stop]
            badge, time = int(one["badge"][0]), float(one["time"][-1])
            raw = z + scale * float(np.log(reference / np.median(one["value"])))
            gap = time - self._sensed[badge]
            if gap < 0.0:
                continue
            keep = np.exp(-gap / self.model.smooth) if gap < self.model.fresh else 0.0
            self.height[badge] = raw if keep == 0.0 else keep * self.height[badge] + (1.0 - keep) * raw
            self._sensed[badge] = time

    def _newest_reference(self) -> tuple[float, float]:
        anchor, (_, value) = max(self._reference.items(), key=lambda item: item[1][0])
        return value, self.reference_height[anchor]

    @property
    def building(self) -> NDArray[np.int64]:
        """(n,) row of the building that each badge is in, -1 outdoors or unknown."""
        return self._building

    def height_of(self, level: NDArray[np.int16]) -> Floats:
        """(n,) z of a level in each badge's building; where it is not, that of its decided floor."""
        building = np.maximum(self._building, 0)
        if not len(self.plan.height):
            return self.z
        hit = (self.plan.level[building] == level[:, None]) & ~np.isnan(self.plan.height[building])
        hit &= (self._building >= 0)[:, None]
        z = self.plan.height[building, hit.argmax(axis=1)]
        return np.asarray(np.where(hit.any(axis=1), z, self.z))

    def decide(self, x: Floats, y: Floats, r95: Floats, now: float) -> None:
        """Set ``level`` and ``z`` of every badge from where it is (m, NaN unknown) and what was fed."""
        known = ~np.isnan(x)
        slack = np.minimum(3.0, np.where(known, r95, 0.0))
        building = self._place(x, y, slack, known, now)
        self._passage[known & geometry.near_ring(self.plan.passage, x, y, slack)] = now
        outside = known & (building < 0)
        self.level[outside], self.z[outside] = OUTDOORS, self.plan.ground
        self._since[outside] = np.nan
        surely = outside & (now - self._left >= self.model.settle) & (self._indoors() < 1.0 - self.model.sure)
        self._learn(surely, np.full(x.size, self.plan.ground), now)
        inside = np.flatnonzero(building >= 0)
        if inside.size:
            self._inside(inside, building[inside], now, self._building[inside] != building[inside])
        self._building = building

    def _place(self, x: Floats, y: Floats, slack: Floats, known: Bools, now: float) -> NDArray[np.int64]:
        """Building of each badge. A dot that jitters over the wall stays inside: it leaves when it is clearly out
        (further while indoor anchors hear it) for the dwell."""
        building = np.where(known, geometry.first_ring(self.plan.outline, x, y), self._building)
        lost = known & (building < 0) & (self._building >= 0)
        away = np.where(self._indoors() >= self.model.sure, self.model.wall + slack, 0.5 * slack)
        near = geometry.near_ring(self.plan.outline, x, y, np.where(lost, away, -1.0))
        out = known & (building < 0) & ~near
        self._left = np.where(out, np.where(np.isnan(self._left), now, self._left), np.nan)
        stays = lost & (near | (now - self._left < self.model.dwell))
        return np.where(stays, self._building, building)

    def _indoors(self) -> Floats:
        """(n,) share of the votes that come from anchors on floors; 0 where nobody votes."""
        total = self._votes.sum(axis=1)
        outdoors = self._votes[:, int(np.searchsorted(self._names, OUTDOORS))]
        return np.asarray(np.where(total > 1e-6, 1.0 - outdoors / np.maximum(total, 1e-6), 0.0))

    def _inside(self, rows: NDArray[np.int64], building: NDArray[np.int64], now: float, entered: Bools) -> None:
        heights, levels = self.plan.height[building], self.plan.level[building]
        share = self._share(rows, levels)
        sensed = (now - self._sensed[rows] <= self.model.fresh) & ~np.isnan(self.offset[rows])
        above = np.abs((self.height[rows] - self.offset[rows] - self.tag_height)[:, None] - heights)
        # Without a barometer the anchors alone decide; their full agreement then outweighs any hysteresis.
        cost = np.where(sensed[:, None], above - self.model.vote_worth * share, 4.0 * (1.0 - share))
        cost = np.where(np.isnan(heights), np.inf, cost)
        every = np.arange(rows.size)
        best = cost.argmin(axis=1)
        same = (levels == self.level[rows][:, None]) & ~np.isnan(heights)
        current = np.where(same.any(axis=1), same.argmax(axis=1), -1)
        first = entered | (current < 0)
        gain = np.where(first, np.inf, cost[every, current] - cost[every, best])
        rival = levels[every, best]
        wants = (gain > self.model.hysteresis) & (rival != self.level[rows])
        fresh = wants & ((self._rival[rows] != rival) | np.isnan(self._since[rows]))
        since = np.where(wants, np.where(fresh, now, self._since[rows]), np.nan)
        self._since[rows], self._rival[rows] = since, rival
        by_stairs: Bools = np.asarray(now - self._passage[rows] <= self.model.passage_time)
        dwell = np.where(by_stairs, self.model.dwell, self.model.no_passage_dwell)
        change: Bools = np.asarray(wants & (first | (now - since >= dwell)))
        self.level[rows[change]] = rival[change]
        self._since[rows[change]] = np.nan
        at = (levels == self.level[rows][:, None]) & ~np.isnan(heights)
        z = np.where(at.any(axis=1), heights[every, at.argmax(axis=1)], self.plan.ground)
        self.z[rows] = z
        own = np.take_along_axis(share, np.maximum(current, 0)[:, None], axis=1)[:, 0]
        doubtless: Bools = np.asarray((own >= self.model.sure) & np.isnan(self._since[rows]) & ~by_stairs)
        target = np.full(self.z.size, np.nan)
        target[rows] = z
        teach = np.zeros(self.z.size, np.bool_)
        teach[rows[doubtless]] = True
        self._learn(teach, target, now)

    def _share(self, rows: NDArray[np.int64], levels: NDArray[np.int16]) -> Floats:
        """(k, levels) share of the anchors' votes for each floor; even where nobody votes."""
        votes = self._votes[rows[:, None], np.searchsorted(self._names, levels)]
        total = votes.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 1e-6, votes / np.maximum(total, 1e-6), 1.0 / levels.shape[1]))

    def _learn(self, teach: Bools, z: Floats, now: float) -> None:
        """Pull the offset of badges whose floor is beyond doubt towards what their barometer says there."""
        teach = teach & (now - self._sensed <= self.model.fresh) & ~np.isnan(self.height)
        wrong = self.height - z - self.tag_height
        new = teach & np.isnan(self.offset)
        self.offset[new] = wrong[new]
        old = teach & ~new
        span = np.where(np.isnan(self._learned), 0.0, np.minimum(now - self._learned, 10.0))
        weight = 1.0 - np.exp(-span / self.model.learn)
        self.offset[old] += (weight * (wrong - self.offset))[old]
        self._learned = np.where(teach, now, np.nan)

    _SAVED = (
        "height",
        "offset",
        "level",
        "z",
        "_votes",
        "_voted",
        "_sensed",
        "_building",
        "_since",
        "_rival",
        "_passage",
    )

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """What a restart needs."""
        return {name.lstrip("_"): getattr(self, name).copy() for name in self._SAVED}

    def restore(self, saved: dict[str, NDArray[Any]]) -> None:
        """Go on from a snapshot; votes are dropped when the set of floors has changed."""
        for name in self._SAVED:
            value, mine = saved[name.lstrip("_")], getattr(self, name)
            if value.shape == mine.shape:
                mine[...] = value


def _runs(badges: NDArray[np.int32]) -> list[tuple[int, int]]:
    """Start and end of each run of equal badges; the batch is sorted by badge."""
    edges = np.flatnonzero(np.diff(badges)) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), badges.size], strict=True))
