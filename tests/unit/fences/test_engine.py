"""Fences: dwell, hysteresis, accuracy, start, edits, and the four rules."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.fences.engine import FenceEngine
from realtime.fences.types import Fence, Happening, Rule
from realtime.positioning.types import FIX, Records, State

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def fixes(
    t: float, places: dict[int, tuple[float, float]], *, z: float = 0.0, r95: float = 0.5, state: State = State.GOOD
) -> Records:
    out = np.zeros(len(places), FIX)
    out["badge"] = list(places)
    out["x"], out["y"] = [p[0] for p in places.values()], [p[1] for p in places.values()]
    out["z"], out["r95"], out["state"], out["published"] = z, r95, state, t
    return out


def told(events: Records) -> list[tuple[str, str, int]]:
    return [(Happening(e["happening"]).name, Rule(e["rule"]).name, int(e["badge"])) for e in events]


OUT, IN = (20.0, 5.0), (5.0, 5.0)


def test_already_inside_fires_at_start() -> None:
    unit = FenceEngine(2, [Fence("a", SQUARE)])
    events = unit.evaluate(fixes(0.0, {0: IN, 1: OUT}))
    assert told(events) == [("ENTER", "NONE", 0)]
    assert events["initial"].all()
    assert unit.counts().tolist() == [1]


def test_entering_and_leaving_wait_for_their_dwell_and_do_not_flap() -> None:
    unit = FenceEngine(1, [Fence("a", SQUARE)])
    unit.evaluate(fixes(0.0, {0: OUT}))
    log = []
    for t in range(1, 40):
        # Jitter of 0.4 m over the fence line all the time: one entry, no exit.
        x = 9.8 if t % 3 else 10.4
        place = (x, 5.0) if t > 10 else (9.0, 5.0)
        log += told(unit.evaluate(fixes(float(t), {0: place})))
    assert log == [("ENTER", "NONE", 0)]
    log = []
    for t in range(40, 50):
        log += [(t, *e) for e in told(unit.evaluate(fixes(float(t), {0: OUT})))]
    assert log == [(43, "LEAVE", "NONE", 0)]


def test_a_short_visit_is_no_entry() -> None:
    unit = FenceEngine(1, [Fence("a", SQUARE)])
    log = []
    for t, place in enumerate([OUT, OUT, IN, IN, OUT, OUT, IN, OUT, OUT, OUT, OUT, OUT]):
        log += told(unit.evaluate(fixes(float(t), {0: place})))
    assert log == []


@pytest.mark.parametrize("state", [State.HELD, State.STALE, State.LOST])
def test_stale_is_not_left_and_a_wide_circle_changes_nothing(state: State) -> None:
    unit = FenceEngine(1, [Fence("a", SQUARE)])
    unit.evaluate(fixes(0.0, {0: IN}))
    for t in range(1, 20):
        assert unit.evaluate(fixes(float(t), {0: OUT}, state=state)).size == 0
        assert unit.evaluate(fixes(float(t), {0: OUT}, r95=12.0)).size == 0
    assert unit.members(0).tolist() == [0]


def test_heights() -> None:
    unit = FenceEngine(1, [Fence("upper", SQUARE, z_min=4.5, z_max=8.0), Fence("lower", SQUARE, z_min=0.0, z_max=2.9)])
    unit.evaluate(fixes(0.0, {0: IN}, z=4.5))
    assert unit.counts().tolist() == [1, 0]


def test_edits_take_effect_at_once() -> None:
    unit = FenceEngine(2, [Fence("a", SQUARE)])
    unit.evaluate(fixes(0.0, {0: IN, 1: OUT}))
    wide = Fence("a", ((0.0, 0.0), (30.0, 0.0), (30.0, 10.0), (0.0, 10.0)))
    assert told(unit.replace([Fence("b", SQUARE), wide], 1.0)) == [("ENTER", "NONE", 0), ("ENTER", "NONE", 1)]
    assert unit.counts().tolist() == [1, 2]
    assert unit.replace([wide, Fence("b", SQUARE)], 2.0).size == 0, "only the order changed"
    assert unit.counts().tolist() == [2, 1]
    off = Fence("a", wide.outline, enabled=False)
    assert told(unit.replace([off], 3.0)) == [("LEAVE", "NONE", 0), ("LEAVE", "NONE", 1)]


@pytest.mark.req("M10.2")
def test_over_count_of_persons_not_badges() -> None:
    fence = Fence("a", SQUARE, rules=(Rule.OVER_COUNT,), limit_count=1)
    unit = FenceEngine(3, [fence], person=np.array([7, 7, 8]))
    assert told(unit.evaluate(fixes(0.0, {0: IN, 1: IN})))[2:] == []
    events = unit.evaluate(fixes(1.0, {2: IN}))
    assert told(events)[-1] == ("ALARM", "OVER_COUNT", -1)
    assert events["count"][-1] == 2
    log = []
    for t in range(2, 20):
        log += [(t, *e) for e in told(unit.evaluate(fixes(float(t), {0: IN, 1: IN, 2: OUT})))]
    assert log == [(5, "LEAVE", "NONE", 2), (10, "CLEAR", "OVER_COUNT", -1)]


@pytest.mark.req("M10.2")
def test_trespass_and_call() -> None:
    unit = FenceEngine(2, [Fence("a", SQUARE, rules=(Rule.TRESPASS, Rule.CALL), allowed=frozenset({1}))])
    log = told(unit.evaluate(fixes(0.0, {0: IN, 1: IN})))
    assert ("ALARM", "TRESPASS", 0) in log
    assert ("ALARM", "TRESPASS", 1) not in log
    assert {("ALARM", "CALL", 0), ("ALARM", "CALL", 1)} <= set(log)
    assert unit.evaluate(fixes(1.0, {0: IN, 1: IN})).size == 0, "an alarm is raised once"


@pytest.mark.req("M10.2")
def test_static_timeout_counts_rest_inside_and_ends_with_movement() -> None:
    unit = FenceEngine(1, [Fence("a", SQUARE, rules=(Rule.STATIC_TIMEOUT,), limit_seconds=60.0)])
    log = []
    for t in range(0, 100, 5):
        log += [(t, *e) for e in told(unit.evaluate(fixes(float(t), {0: (5.0 + 0.3 * (t % 2), 5.0)})))]
    assert log == [(0, "ENTER", "NONE", 0), (60, "ALARM", "STATIC_TIMEOUT", 0)]
    assert told(unit.evaluate(fixes(100.0, {0: (8.0, 8.0)}))) == [("CLEAR", "STATIC_TIMEOUT", 0)]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_counts_equal_brute_force_once_everybody_stands_still(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 80, (12, 2))
    size = rng.uniform(4, 25, (12, 2))
    areas = [
        Fence(str(i), ((x, y), (x + w, y), (x + w, y + h), (x, y + h)))
        for i, ((x, y), (w, h)) in enumerate(zip(corner, size, strict=True))
    ]
    unit, entered = FenceEngine(40, areas), np.zeros(12, int)
    for t in range(6):
        places = rng.uniform(0, 100, (40, 2))
        events = unit.evaluate(fixes(float(t), {i: tuple(p) for i, p in enumerate(places)}))
        np.add.at(entered, events["fence"], np.where(events["happening"] == Happening.ENTER, 1, -1))
    for t in range(6, 20):
        events = unit.evaluate(fixes(float(t), {i: tuple(p) for i, p in enumerate(places)}))
        np.add.at(entered, events["fence"], np.where(events["happening"] == Happening.ENTER, 1, -1))
    for i, area in enumerate(areas):
        shape = shapely.Polygon(area.outline)
        inside = {b for b, p in enumerate(places) if shape.intersects(shapely.Point(p))}
        near = {b for b, p in enumerate(places) if shape.distance(shapely.Point(p)) <= 1.0}
        assert inside <= set(unit.members(i).tolist()) <= near
    assert entered.tolist() == unit.counts().tolist(), "events and counts tell one story"
