"""The plant as the engine needs it: anchors, floors, zones, badges, made from the spatial model of one enterprise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from realtime.positioning import anchors as anchor_tables
from realtime.positioning import floors as floor_plans
from realtime.positioning import geometry
from realtime.positioning.ble import RadioMap
from realtime.positioning.engine import Engine
from realtime.positioning.floors import FloorPlan
from realtime.positioning.jit import jit
from realtime.positioning.radiomap import from_json, prior
from realtime.positioning.types import Floats, Ints, Role
from realtime.tracking.batch import Subject
from realtime.tracking.frame import SiteFrame

#: Receivers nearer than this (m) to another one belong to one radio field.
_FIELD_REACH = 45.0
#: Limits of the order (clause S2): m of r95, in key explosion-hazard areas and elsewhere.
KEY_LIMIT, LIMIT = 3.0, 5.0
Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class AnchorRow:
    """An anchor of the spatial model. x, y, z in m of the site's frame; ``level`` 0 outdoors."""

    code: str
    kind: str
    x: float
    y: float
    z: float
    level: int


@dataclass(frozen=True)
class FloorRow:
    """A storey; outline in m of the site's frame, z in m above its origin."""

    code: str
    building: str
    level: int
    z: float


@dataclass(frozen=True)
class ZoneRow:
    """A zone; ``limit`` is the r95 in m that clause S2 asks for there."""

    code: str
    outline: Ring
    z_min: float
    z_max: float
    parent: str | None
    limit: float


@dataclass(frozen=True)
class BadgeRow:
    """A badge and who carries it now."""

    code: str
    id: UUID
    subject: Subject | None


@dataclass(frozen=True)
class RadioMapRow:
    """A surveyed radio map (``realtime.positioning.radiomap.to_json``); the instant tells one version from another."""

    code: str
    updated_at: datetime
    sensors: frozenset[str] = field(compare=False)
    data: dict[str, Any] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Plant:
    """What was read from the database at one moment."""

    enterprise: UUID
    frame: SiteFrame
    anchors: tuple[AnchorRow, ...]
    buildings: Mapping[str, Ring]
    floors: tuple[FloorRow, ...]
    zones: tuple[ZoneRow, ...]
    badges: tuple[BadgeRow, ...]
    passages: tuple[Ring, ...] = ()
    radio_maps: tuple[RadioMapRow, ...] = ()
    #: what nobody on the ground walks through, and fence lines that no correction carries a dot across
    solids: tuple[Ring, ...] = ()
    fences: tuple[Ring, ...] = ()


class Names:
    """Rows by code, for both message forms. Codes of binary records have at most 12 bytes."""

    def __init__(self, frame: SiteFrame, badges: Sequence[str], anchors: Sequence[str], levels: Mapping[str, int]):
        self.frame, self.levels = frame, levels
        self.badges = {code: row for row, code in enumerate(badges)}
        self.anchors = {code: row for row, code in enumerate(anchors)}
        self._badges = _Rows((code.encode(), row) for code, row in self.badges.items())
        self._anchors = _Rows((code.encode(), row) for code, row in self.anchors.items())

    def badge_rows(self, codes: NDArray[np.bytes_]) -> NDArray[np.int32]:
        """(k,) row of each badge, -1 unknown."""
        return _rows(self._badges, codes)

    def anchor_rows(self, codes: NDArray[np.bytes_]) -> NDArray[np.int32]:
        """(k,) row of each anchor, -1 unknown."""
        return _rows(self._anchors, codes)


class _Rows(dict[bytes, int]):
    def __missing__(self, code: bytes) -> int:
        return -1


def _rows(table: _Rows, codes: NDArray[np.bytes_]) -> NDArray[np.int32]:
    if not codes.size:
        return np.zeros(0, np.int32)
    # A badge's measurements stand side by side: each is looked up once.
    first = np.ones(codes.size, np.bool_)
    np.not_equal(codes[1:], codes[:-1], out=first[1:])
    some = np.fromiter(map(table.__getitem__, codes[first].tolist()), np.int32)
    return some if first.all() else some[np.cumsum(first) - 1]


@jit
def _smallest(shape: geometry.Rings, low: Floats, high: Floats, x: Floats, y: Floats, z: Floats) -> NDArray[np.int16]:
    out = np.full(x.size, -1, np.int16)
    for k in range(x.size):
        for r in range(low.size):
            if low[r] <= z[k] < high[r] and geometry.in_ring(shape, r, x[k], y[k]):
                out[k] = r
                break
    return out


class Zones:
    """Zones from the smallest to the largest: the first hit is the answer."""

    def __init__(self, rows: Sequence[ZoneRow]) -> None:
        rows = sorted(rows, key=lambda row: _area(row.outline))
        self.codes = tuple(row.code for row in rows)
        self.limit: Floats = np.array([row.limit for row in rows] or [LIMIT])
        self._rings = geometry.rings([row.outline for row in rows])
        # A floor's zero may lie a little below the zone's own bottom.
        self._low: Floats = np.array([row.z_min - 0.5 for row in rows], np.float64)
        self._high: Floats = np.array([row.z_max for row in rows], np.float64)

    def of(self, x: Floats, y: Floats, z: Floats) -> NDArray[np.int16]:
        """(n,) index of the smallest zone at each place (m, feet), -1 none."""
        if not self.codes:
            return np.full(x.size, -1, np.int16)
        return _smallest(self._rings, self._low, self._high, x, y, z)


def _area(ring: Ring) -> float:
    p = np.asarray(ring, np.float64)
    x, y = p[:, 0], p[:, 1]
    return abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2.0


@dataclass
class World:
    """Everything that belongs to one state of the plant; replaced as a whole when the plant or the badges change."""

    plant: Plant
    table: anchor_tables.AnchorTable
    names: Names
    zones: Zones
    plan: FloorPlan
    floors: tuple[str, ...]
    #: (buildings, levels) index in ``floors``, -1 none, like ``plan.height``.
    floor_index: NDArray[np.int16] = field(repr=False)
    badges: tuple[str, ...] = ()

    def floor_of(self, building: Ints, level: NDArray[np.int16]) -> NDArray[np.int16]:
        """(n,) index in ``floors`` of a building row and a level."""
        if not self.floor_index.size:
            return np.full(building.size, -1, np.int16)
        inside = building >= 0
        levels = self.plan.level[np.maximum(building, 0)]
        hit = (levels == level[:, None]) & (self.floor_index[np.maximum(building, 0)] >= 0) & inside[:, None]
        at = hit.argmax(axis=1)
        return np.where(hit.any(axis=1), self.floor_index[np.maximum(building, 0), at], -1).astype(np.int16)


def fields(rows: Sequence[AnchorRow]) -> list[list[int]]:
    """Groups of BLE receivers that hear the same badge: chains of neighbours on one level."""
    left = [i for i, row in enumerate(rows) if row.kind == "ble"]
    out = []
    while left:
        group, todo = [], [left.pop(0)]
        while todo:
            one = todo.pop()
            group.append(one)
            a = rows[one]
            near = [
                i for i in left
                if rows[i].level == a.level and np.hypot(rows[i].x - a.x, rows[i].y - a.y) <= _FIELD_REACH
            ]  # fmt: skip
            left = [i for i in left if i not in near]
            todo += near
        out.append(sorted(group))
    return out


def build(plant: Plant) -> World:
    """The world of a plant."""
    groups = fields(plant.anchors)
    table = anchor_tables.table(
        {a.code: (a.x, a.y, a.z) for a in plant.anchors},
        {a.code: a.level for a in plant.anchors},
        [[plant.anchors[i].code for i in group] for group in groups],
    )
    by_building: dict[str, list[FloorRow]] = {}
    for floor in plant.floors:
        by_building.setdefault(floor.building, []).append(floor)
    housed = [code for code in by_building if code in plant.buildings]
    passages = plant.passages or tuple(plant.buildings[code] for code in housed)
    plan = floor_plans.plan(
        [(plant.buildings[code], {f.level: f.z for f in by_building[code]}) for code in housed], passages
    )
    codes = tuple(f.code for f in plant.floors)
    index = np.full(plan.height.shape, -1, np.int16)
    for b, code in enumerate(housed):
        for floor in by_building[code]:
            index[b, np.flatnonzero(plan.level[b] == floor.level)] = codes.index(floor.code)
    badges = tuple(b.code for b in plant.badges)
    levels = {f.code: f.level for f in plant.floors}
    names = Names(plant.frame, badges, table.ids, levels)
    return World(plant, table, names, Zones(plant.zones), plan, codes, index, badges)


def _map_of(plant: Plant, group: Sequence[int]) -> RadioMap:
    """The surveyed map that knows all receivers of a field, the newest first; else the path-loss prior."""
    rows = [plant.anchors[i] for i in group]
    codes = [row.code for row in rows]
    for stored in plant.radio_maps:
        if set(codes) <= stored.sensors:
            return from_json(stored.data, codes)
    return prior(np.array([[row.x, row.y, row.z] for row in rows]))


def make_engine(world: World) -> Engine:
    """A fresh engine for a world."""
    rows = world.plant.anchors
    maps = [_map_of(world.plant, group) for group in fields(rows)]
    references = {i: row.z for i, row in enumerate(rows)}
    engine = Engine(world.table, max(1, len(world.badges)), ble_maps=maps, plan=world.plan, reference_height=references)
    engine.constrain(world.plant.solids, world.plant.fences)
    for row, badge in enumerate(world.plant.badges):
        if badge.subject is not None and badge.subject.kind == "vehicle":
            engine.set_role(row, Role.FORKLIFT if badge.subject.klass == "forklift" else Role.VEHICLE)
    return engine
