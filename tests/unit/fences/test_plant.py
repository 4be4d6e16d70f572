"""Conditions about somebody and no fence: off route, parked wrongly, badge lost, battery low. No database."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
from shapely import Point, Polygon

from realtime.alarms.raising import AlarmFact
from realtime.fences.engine import FenceEngine
from realtime.fences.facts import Outcome
from realtime.fences.index import beyond_one
from realtime.fences.plant import PlantFences
from realtime.fences.repository_rules import Ground, Road
from realtime.fences.roster import Entry
from realtime.fences.types import Fence
from realtime.positioning.geometry import in_ring
from realtime.positioning.types import State
from realtime.tracking.batch import Subject
from realtime.tracking.outline import one_ring
from tests.fences.support import World
from twin.ids import uuid7

ENTERPRISE = UUID(int=1)
TRUCK = Subject(UUID(int=7), "vehicle", "冀J1", "tanker", "", "V-1")
WORKER = Subject(UUID(int=8), "person", "甲", "employee", "生产部", "P-1")


def square(world: World, x: float, y: float, half: float) -> tuple[tuple[float, float], ...]:
    corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
    lon, lat = world.frame.to_lonlat(np.array([c[0] for c in corners]), np.array([c[1] for c in corners]))
    return tuple(zip(lon.tolist(), lat.tolist(), strict=True))


def plant(world: World, entry: Entry | None = None) -> PlantFences:
    made = PlantFences(ENTERPRISE)
    lon, lat = world.frame.to_lonlat(np.array([-100.0, 100.0]), np.array([0.0, 0.0]))
    road = Road("R-1", tuple(zip(lon.tolist(), lat.tolist(), strict=True)), 8.0)
    park = {"Z-P": ("停车场", None, square(world, 60.0, 60.0, 10.0))}
    made.change(Ground(world.frame, "Asia/Shanghai", (), park, (road,), {entry.id: entry} if entry else {}), world.now)
    return made


def told(outcome: Outcome) -> list[tuple[bool, str]]:
    return [(True, c.type) if isinstance(c, AlarmFact) else (False, c[0].split(":")[0]) for c in outcome.alarms]


def run(
    made: PlantFences, world: World, place: tuple[float, float], seconds: int, **columns: object
) -> list[tuple[bool, str]]:
    found = []
    for _ in range(seconds):
        found += told(made.take(world.batch({0: place}, **columns)))
    return found


def test_a_vehicle_off_its_roads() -> None:
    world = World(ENTERPRISE, [TRUCK])
    made = plant(world, Entry(TRUCK.id, "冀J1", roads=("R-1",)))
    assert run(made, world, (0.0, 2.0), 30) == []
    assert run(made, world, (0.0, 30.0), 16) == [], "a short way round is none"
    assert run(made, world, (0.0, 30.0), 10) == [(True, "off_route")]
    assert run(made, world, (0.0, 2.0), 10) == [(False, "off_route")]


def test_a_ring_road_is_one_route_and_what_it_goes_round_is_off_it() -> None:
    world = World(ENTERPRISE, [TRUCK])
    corners = np.array([(-50.0, -50.0), (50.0, -50.0), (50.0, 50.0), (-50.0, 50.0), (-50.0, -50.0)])
    lane = Road("R-O", tuple(zip(*(axis.tolist() for axis in world.frame.to_lonlat(*corners.T)), strict=True)), 8.0)
    made, entry = PlantFences(ENTERPRISE), Entry(TRUCK.id, "冀J1", roads=("R-O",))
    made.change(Ground(world.frame, "Asia/Shanghai", (), {}, (lane,), {entry.id: entry}), world.now)
    assert [fence.id for fence in made.engine.fences] == ["road:R-O"]
    for place in ((0.0, -50.0), (50.0, 0.0), (48.0, 49.0), (-50.0, -50.0), (-50.0, 10.0)):
        assert run(made, world, place, 10) == [], f"{place} is on the road"
    assert run(made, world, (0.0, 0.0), 25) == [(True, "off_route")]


def test_a_polygon_with_holes_as_one_ring_holds_the_same_and_lies_no_nearer() -> None:
    outer = [(0.0, 0.0), (60.0, 0.0), (60.0, 40.0), (30.0, 25.0), (0.0, 40.0)]
    holes = [[(5.0, 5.0), (20.0, 6.0), (12.0, 20.0)], [(40.0, 5.0), (40.0, 20.0), (55.0, 20.0), (55.0, 5.0)],
             [(24.0, 8.0), (36.0, 8.0), (36.0, 15.0), (24.0, 15.0)]]  # fmt: skip
    shape = Polygon(outer, holes)
    fence = FenceEngine(1, [Fence("f", one_ring(shape))])._index
    rng = np.random.default_rng(3)
    for x, y in rng.uniform((-5.0, -5.0), (65.0, 45.0), (3000, 2)).tolist():
        within, far = shape.contains(Point(x, y)), shape.distance(Point(x, y))
        assert in_ring(fence.shape, 0, x, y) == within
        assert beyond_one(fence, 0, x, y, 0.0, 1.0) == (far > 1.0)


def test_parking_elsewhere_and_for_too_long() -> None:
    world = World(ENTERPRISE, [TRUCK])
    made = plant(world, Entry(TRUCK.id, "冀J1", parking=("Z-P",), parking_seconds=900.0))
    assert run(made, world, (0.0, 0.0), 299) == []
    assert run(made, world, (0.0, 0.0), 5) == [(True, "parking")]
    assert run(made, world, (60.0, 60.0), 5) == [(False, "parking")]
    assert run(made, world, (60.0, 60.0), 890) == []
    assert run(made, world, (60.0, 60.0), 20) == [(True, "parking")]


def test_a_lost_badge_and_a_low_battery_are_told_once() -> None:
    world = World(ENTERPRISE, [WORKER])
    made = plant(world)
    assert run(made, world, (0.0, 0.0), 3) == []
    assert run(made, world, (0.0, 0.0), 3, state=int(State.LOST), age=800.0) == []
    assert run(made, world, (0.0, 0.0), 3, state=int(State.LOST), age=901.0) == [(True, "lost_badge")]
    assert run(made, world, (0.0, 0.0), 3) == [(False, "lost_badge")]
    for full, expected in ((14.0, [(True, "low_battery")]), (16.0, []), (14.0, []), (30.0, [(False, "low_battery")])):
        made.bound([WORKER.id], {WORKER.id: full})
        assert run(made, world, (0.0, 0.0), 2) == expected, full


def test_a_badge_given_back_leaves_and_its_place_goes() -> None:
    world = World(ENTERPRISE, [WORKER, replace_subject(WORKER)])
    made = plant(world)
    made.take(world.batch({0: (0.0, 0.0), 1: (5.0, 0.0)}))
    out = made.take(world.batch({1: (5.0, 0.0)}))
    assert out.places == {WORKER.id: None}
    head = dict((key, value) for key, _, value in out.headcount)
    assert head["all"] is not None and head["all"]["total"] == 1


def replace_subject(subject: Subject) -> Subject:
    return subject._replace(id=uuid7(), name="乙", badge="P-2")


def test_headcount_keeps_stale_apart_and_rises_to_the_areas_above() -> None:
    world = World(ENTERPRISE, [WORKER, replace_subject(WORKER)])
    world.zones = ("Z-1", "Z-2")
    made = PlantFences(ENTERPRISE)
    zones = {"Z-1": ("装置", None, square(world, 0, 0, 50)), "Z-2": ("部位", "Z-1", square(world, 0, 0, 20))}
    made.change(Ground(world.frame, "UTC", (), zones, (), {}), world.now)
    batch = world.batch({0: (0.0, 0.0), 1: (1.0, 0.0)}, zone=np.array([1, 0], np.int16),
                        state=np.array([State.GOOD, State.STALE], np.uint8))  # fmt: skip
    now = {key: (value["total"], value["stale"]) for key, _, value in made.take(batch).headcount if value}
    assert now == {"all": (1, 1), "zone:Z-1": (1, 1), "zone:Z-2": (1, 0)}
    again = made.take(replace(batch, at=batch.at + 1.0))
    assert again.headcount == [], "only changes are told"


def test_a_broken_fix_changes_nothing() -> None:
    world = World(ENTERPRISE, [WORKER])
    made = plant(world)
    assert run(made, world, (0.0, 0.0), 2) == []
    bad = replace(world.batch({0: (0.0, 0.0)}), x=np.array([np.nan]))
    made.take(bad)
    assert made.engine.place_of(0)[0] == pytest.approx(0.0, abs=0.01)
