"""The engine as a whole: order, gaps, still badges, sources, constraints, bad input, restart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.positioning import anchors
from realtime.positioning.types import Kind, Records, Role, Source, State, measurements
from tests.unit.positioning.support import POSITIONS, engine, play, ranges, straight

_TIMES = np.arange(0.05, 6.0, 0.1)
_WALK = ranges(_TIMES, straight(_TIMES, (8.0, 9.0), (1.2, 0.6)), np.random.default_rng(11))


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_order_of_arrival_within_the_buffer_changes_nothing(data: st.DataObject) -> None:
    """Measurements come up to 0.25 s late, some twice; once all waits are over the state is the same to the bit."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    delay = rng.uniform(0.0, 0.25, _WALK.size)
    twice = rng.random(_WALK.size) < 0.2
    batch = np.concatenate([_WALK, _WALK[twice]])
    arrival = np.concatenate([_WALK["time"] + delay, (_WALK["time"] + delay)[twice] + 0.04])
    calm, stormy = engine(), engine()
    for tick in range(1, 41):
        now = tick / 5
        calm.feed(_WALK[(_WALK["time"] > now - 0.2) & (_WALK["time"] <= now)], now)
        due = (arrival > now - 0.2) & (arrival <= now)
        stormy.feed(rng.permutation(batch[due]), now)
        calm.publish(now)
        stormy.publish(now)
    assert stormy.refused()["repeated"] + stormy.refused()["late"] == np.count_nonzero(twice)
    a, b = calm.snapshot(), stormy.snapshot()
    for key in a:
        if key.startswith(("tracks.", "health", "committed")):
            np.testing.assert_array_equal(a[key], b[key], err_msg=key)


@pytest.mark.req("S2")
def test_late_and_repeated_data_never_overwrite_newer() -> None:
    unit = engine()
    fix = play(unit, _WALK, 6.0)[-1]
    old = ranges(np.arange(1.0, 3.0, 0.1), np.tile([35.0, 3.0], (20, 1)), np.random.default_rng(0))
    unit.feed(old, 6.05)
    unit.feed(_WALK[_WALK["time"] < 5.0], 6.05)
    again = unit.publish(6.0)[0]
    assert again["event_time"] == fix["event_time"]
    assert (again["x"], again["y"]) == pytest.approx((fix["x"], fix["y"]), abs=1e-9)
    assert unit.refused()["late"] == old.size + np.count_nonzero(_WALK["time"] < 5.0)


@pytest.mark.req("S2")
def test_a_walker_who_falls_silent_is_held_then_stale_then_lost_and_r95_tells_the_truth() -> None:
    """Silent from t = 6 s while walking on at 1.34 m/s; r95 covers the growing error at every age until it is lost."""
    unit = engine()
    play(unit, _WALK, 6.0)
    seen: dict[int, State] = {}
    for age in (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 59.0, 90.0):
        fix = unit.publish(6.0 + age)[0]
        truth = np.array([8.0, 9.0]) + (6.0 + age - _TIMES[0]) * np.array([1.2, 0.6])
        error = float(np.hypot(fix["x"] - truth[0], fix["y"] - truth[1]))
        assert error <= fix["r95"], f"age {age}: {error:.1f} m outside r95 {fix['r95']:.1f} m"
        last = np.array([8.0, 9.0]) + 5.9 * np.array([1.2, 0.6])
        assert np.hypot(fix["x"] - last[0], fix["y"] - last[1]) <= 2.2 * 1.35, "extrapolated without a cap"
        assert fix["age"] == pytest.approx(6.0 + age - fix["event_time"])
        seen[round(age)] = State(fix["state"])
    assert seen[1] is State.GOOD
    assert (seen[4], seen[8], seen[59], seen[90]) == (State.HELD, State.STALE, State.STALE, State.LOST)
    assert fix["speed"] < 1e-6


def test_a_badge_that_comes_back_elsewhere_is_found_there() -> None:
    unit = engine()
    play(unit, _WALK, 6.0)
    back = ranges(np.arange(40.0, 42.0, 0.1), np.tile([30.0, 33.0], (20, 1)), np.random.default_rng(2))
    for tick in range(400, 421):
        unit.feed(back[(back["time"] > tick / 10 - 0.1) & (back["time"] <= tick / 10)], tick / 10)
        fix = unit.publish(tick / 10)[0]
    assert np.hypot(fix["x"] - 30.0, fix["y"] - 33.0) < 0.5
    assert fix["state"] == State.GOOD


def test_future_and_nonsense_are_counted_and_dropped() -> None:
    unit = engine()
    play(unit, _WALK, 6.0)
    bad = measurements(9, kind=Kind.RANGE, time=6.0, value=10.0)
    bad["time"][0] = 60.0
    bad["value"][1], bad["value"][2], bad["value"][3] = np.nan, np.inf, -3.0
    bad["badge"][4], bad["anchor"][5] = 99, 77
    bad["time"][6], bad["sigma"][7], bad["kind"][8] = np.nan, np.nan, 0
    before = unit.snapshot()
    unit.feed(bad, 6.0)
    assert unit.refused() == {"invalid": 6, "unknown": 2, "future": 1, "late": 0, "repeated": 0}
    after = unit.snapshot()
    for key in before:
        np.testing.assert_array_equal(before[key], after[key], err_msg=key)


def test_two_gateways_reporting_one_badge_count_once() -> None:
    one, two = engine(), engine()
    play(one, _WALK, 6.0)
    both = np.repeat(_WALK, 2)
    play(two, both, 6.0)
    np.testing.assert_array_equal(one.tracks.x, two.tracks.x)
    assert two.refused()["repeated"] + two.refused()["late"] == _WALK.size


@pytest.mark.parametrize("accelerometer", [False, True])
def test_a_still_badge_has_no_path(accelerometer: bool) -> None:
    """Three minutes on a table: at most 0.1 m per minute of false path after it has settled."""
    times = np.arange(0.05, 180.0, 0.2)
    batch = ranges(times, np.tile([12.0, 27.0], (times.size, 1)), np.random.default_rng(4))
    if accelerometer:
        beats = measurements(18, kind=Kind.MOTION, time=np.arange(18) * 10.0 + 0.01, value=0.0)
        batch = np.sort(np.concatenate([batch, beats]), order="time")
    fixes = play(engine(), batch, 180.0, rate=2.0)
    settled = fixes[fixes["published"] > 30.0]
    path = np.hypot(np.diff(settled["x"]), np.diff(settled["y"])).sum()
    assert path / 2.5 <= 0.1
    assert np.hypot(settled["x"] - 12.0, settled["y"] - 27.0).max() < 0.6
    assert (settled["state"] == State.GOOD).all()


def test_a_still_badge_that_sleeps_is_held_not_stale() -> None:
    times = np.arange(0.05, 5.0, 0.1)
    batch = ranges(times, np.tile([12.0, 27.0], (times.size, 1)), np.random.default_rng(4))
    unit = engine()
    play(unit, np.concatenate([batch, measurements(1, kind=Kind.MOTION, time=5.0, value=0.0)]), 5.0)
    unit.feed(measurements(1, kind=Kind.MOTION, time=60.0, value=0.0), 60.0)
    fix = unit.publish(70.0)[0]
    assert fix["state"] == State.HELD
    assert fix["r95"] < 2.0
    assert unit.publish(200.0)[0]["state"] == State.LOST, "no heartbeat any more"


def _gnss(times: np.ndarray, path: np.ndarray, sigma: float = 0.02, source: Source = Source.GNSS) -> Records:
    return measurements(times.size, kind=Kind.FIX, source=source, time=times, x=path[:, 0], y=path[:, 1], sigma=sigma)


def test_finished_fixes_are_published_as_they_are() -> None:
    times = np.arange(0.1, 5.0, 0.1)
    path = straight(times, (0.0, 0.0), (5.0, 0.0)) + np.random.default_rng(0).normal(0, 0.5, (times.size, 2))
    unit = engine()
    unit.set_role(0, Role.VEHICLE)
    for record, place in zip(_gnss(times, path, sigma=0.5), path, strict=True):
        unit.feed(np.atleast_1d(record), float(record["time"]))
        fix = unit.publish(float(record["time"]))[0]
        assert (fix["x"], fix["y"]) == pytest.approx(tuple(place), abs=1e-9)
    assert fix["source"] == Source.GNSS


def test_an_impossible_leap_of_a_fix_is_refused_until_it_is_confirmed() -> None:
    unit = engine()
    path = np.array([[0.0, 0.0], [1.0, 0.0], [500.0, 0.0], [3.0, 0.0]])
    xs = []
    for record in _gnss(np.arange(1.0, 5.0), path):
        unit.feed(np.atleast_1d(record), float(record["time"]))
        xs.append(float(unit.publish(float(record["time"]))[0]["x"]))
    assert max(xs) < 5.0
    for record in _gnss(np.arange(5.0, 10.0), np.tile([500.0, 0.0], (5, 1))):
        unit.feed(np.atleast_1d(record), float(record["time"]))
    assert unit.publish(10.0)[0]["x"] == pytest.approx(500.0, abs=3.0)


def test_sources_do_not_flicker() -> None:
    """Two sources of like quality: the first stays; a clearly better one takes over once, after two seconds."""
    times = np.arange(0.1, 10.0, 0.1)
    walk = np.tile([12.0, 27.0], (times.size, 1))
    rng = np.random.default_rng(0)
    both = [ranges(times, walk, rng), _gnss(times, walk, sigma=0.13)]
    fixes = play(engine(), np.sort(np.concatenate(both), order="time"), 10.0)
    assert np.count_nonzero(np.diff(fixes["source"].astype(int))) == 0
    better = _gnss(times[30:], walk[30:], sigma=0.02)
    fixes = play(engine(), np.sort(np.concatenate([both[0], better]), order="time"), 10.0)
    changes = np.flatnonzero(np.diff(fixes["source"].astype(int)))
    assert changes.size <= 1
    if changes.size:
        assert fixes["published"][changes[0]] >= 5.0


def test_speed_limit_by_role() -> None:
    times = np.arange(0.05, 4.0, 0.1)
    batch = ranges(times, straight(times, (2.0, 2.0), (9.0, 0.0)), np.random.default_rng(0))
    person, lorry = engine(), engine()
    lorry.set_role(0, Role.VEHICLE)
    assert play(person, batch, 4.0)["speed"].max() <= 4.0 + 1e-9
    assert play(lorry, batch, 4.0)[-1]["speed"] == pytest.approx(9.0, abs=0.6)


def test_nobody_stands_inside_a_tank_but_no_correction_crosses_a_fence() -> None:
    tank = [(10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0)]
    fence = [(13.9, 9.0), (20.0, 9.0), (20.0, 15.0), (13.9, 15.0)]
    place = np.array([[13.8, 12.0]])
    batch = _gnss(np.array([1.0]), place, sigma=1.0)
    free, fenced = engine(solids=[tank]), engine(solids=[tank], fences=[fence])
    free.feed(batch, 1.0)
    fenced.feed(batch, 1.0)
    assert free.publish(1.0)[0]["x"] == pytest.approx(14.3)
    assert fenced.publish(1.0)[0]["x"] == pytest.approx(13.8), (
        "the correction would have put the person inside the fence"
    )
    sure = engine(solids=[tank])
    sure.feed(_gnss(np.array([1.0]), np.array([[12.0, 12.0]]), sigma=0.02), 1.0)
    assert sure.publish(1.0)[0]["x"] == pytest.approx(12.0), "a sure measurement is not overruled by the map"


def test_a_restarted_engine_goes_on_without_a_jump() -> None:
    first = engine()
    play(first, _WALK[_WALK["time"] <= 4.0], 4.0)
    second = engine()
    second.restore(first.snapshot())
    rest = _WALK[_WALK["time"] > 4.0]
    for tick in range(41, 61):
        part = rest[(rest["time"] > tick / 10 - 0.1) & (rest["time"] <= tick / 10)]
        for unit in (first, second):
            unit.feed(part, tick / 10)
        a, b = first.publish(tick / 10)[0], second.publish(tick / 10)[0]
        assert np.hypot(a["x"] - b["x"], a["y"] - b["y"]) < 0.15
        assert b["state"] == State.GOOD


def test_all_anchors_dead_makes_everybody_stale_not_gone() -> None:
    times = np.arange(0.05, 5.0, 0.1)
    rng = np.random.default_rng(0)
    parts = [ranges(times, straight(times, (5.0 + i, 6.0), (0.5, 1.0)), rng, badge=i) for i in range(20)]
    unit = engine(20)
    play(unit, np.sort(np.concatenate(parts), order="time"), 5.0)
    fixes = unit.publish(35.0)
    assert fixes.size == 20
    assert (fixes["state"] == State.STALE).all()


def test_anchor_health_names_the_broken_one() -> None:
    times = np.arange(0.05, 60.0, 0.1)
    batch = ranges(times, np.tile([12.0, 27.0], (times.size, 1)), np.random.default_rng(0))
    batch["value"][batch["anchor"] == 2] += 9.0
    batch = batch[(batch["anchor"] != 3) | (batch["time"] < 10.0)]
    unit = engine()
    play(unit, batch, 60.0, rate=2.0)
    report = anchors.health(unit.health, 90.0, silent=45.0)
    states = [anchors.AnchorState(s) for s in report["state"]]
    assert states[:2] == [anchors.AnchorState.OK] * 2
    assert states[2:] == [anchors.AnchorState.REJECTED, anchors.AnchorState.SILENT]
    assert report["reject_share"][2] > 0.9


def test_planning_map_is_good_inside_and_empty_out_of_reach() -> None:
    table = engine().anchors
    plan = anchors.accuracy_map(table.position, (0.0, 0.0, 120.0, 40.0), cell=2.0, reach=60.0)
    assert plan.r95.shape == plan.anchors.shape == (60, 20)
    assert (
        plan.r95[8:12, 8:12].min() > 0.54 and plan.r95[8:12, 8:12].max() < 0.9
    )  # the ring is never told smaller than what the engine adds
    assert np.isinf(plan.r95[-1]).all()


@pytest.mark.req("S2")
@pytest.mark.parametrize(("east", "wide"), [((6.0, 34.0), 0.57), ((300.0, 330.0), 1.0)])
def test_the_ring_tells_what_anchors_that_hang_wrongly_do(east: tuple[float, float], wide: float) -> None:
    """40 badges with anchors that are each off by some centimetres, in the hall and far beside it, where that shows."""
    rng, n, m = np.random.default_rng(2024), 40, len(POSITIONS)
    unit, wrong = engine(n), rng.normal(0.0, 0.06, (n, m))
    at = np.column_stack([rng.uniform(*east, n), rng.uniform(6.0, 34.0, n)])
    way = rng.normal(0.0, 0.6, (n, 2))
    off, r95 = [], []
    for tick in range(48):
        at += way * 0.25
        true = np.sqrt(np.square(at[:, None] - POSITIONS[None, :, :2]).sum(-1) + 4.0)
        value = true + wrong + rng.normal(0.0, 0.08, true.shape)
        badge, anchor = np.repeat(np.arange(n), m), np.tile(np.arange(m), n)
        unit.feed(
            measurements(n * m, badge=badge, kind=Kind.RANGE, anchor=anchor, time=tick / 4, value=value.ravel()),
            tick / 4,
        )
        fixes = unit.publish(tick / 4)
        if tick >= 12:
            there = at[fixes["badge"]]
            off.append(np.hypot(fixes["x"] - there[:, 0], fixes["y"] - there[:, 1]))
            r95.append(fixes["r95"])
    assert np.mean(np.concatenate(off) <= np.concatenate(r95)) >= 0.93
    assert np.median(np.concatenate(r95)) == pytest.approx(wide, rel=0.3)
