"""Bad input and faults (issue 5), each with a number: none may move, lose or invent anybody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime.positioning.types import State
from realtime.tracking.messages import MessageInvalid, decode
from realtime.tracking.stream import Items
from realtime.tracking.tracker import Call, Tracker
from realtime.tracking.world import build
from tests.tracking.support import ANCHORS, of, place, ranges, report, subject, world

T0 = 1_760_000_000.0


class Bench:
    """A tracker with a hand on the clock; person 0 stands at (10, 12) unless told otherwise."""

    def __init__(self, **options: int) -> None:
        self.calls: list[Call] = []
        self.unit = Tracker(world(**options), self.calls.append)
        self.rng = np.random.default_rng(5)

    def send(self, message: bytes, now: float) -> None:
        self.unit.take(decode(message, self.unit.world.names, now), now)

    def stand(self, start: float, seconds: int, where: tuple[float, float] = (10.0, 12.0), n: int = 0) -> None:
        for s in range(seconds):
            now = start + s
            self.send(report(now - 0.1, {"badge": f"P-{n:04d}", "ranges": ranges(where, rng=self.rng)}), now)
            self.unit.tick(now)

    def off(self, where: tuple[float, float] = (10.0, 12.0), n: int = 0) -> float:
        assert self.unit.last is not None
        return float(np.hypot(*(place(self.unit.last, n) - where)))


def test_every_fix_says_where_when_how_sure_and_from_what() -> None:
    bench = Bench()
    bench.stand(T0, 10)
    batch = bench.unit.last
    assert batch is not None
    i = of(batch, 0)
    assert bench.off() < 0.5 and batch.floors[batch.floor[i]] == "H-F1" and batch.zones[batch.zone[i]] == "Z-H"
    assert 0.0 < batch.r95[i] < 3.0 and batch.speed[i] < 0.3 and batch.source[i] == 1 and batch.state[i] == State.GOOD
    assert batch.t[i] == pytest.approx(T0 + 8.9) and batch.age[i] == pytest.approx(0.1, abs=1e-6)
    assert abs(batch.lon[i] - 117.78) < 0.5 and len(batch) == 1


def test_between_two_beats_those_are_told_who_were_measured_meanwhile() -> None:
    bench, items = Bench(), Items()
    for n in range(3):
        bench.stand(T0 - 6, 6, n=n)
    assert len(items.of(bench.unit.tick(T0))) == 3
    bench.send(report(T0 + 0.3, {"badge": "P-0001", "ranges": ranges((10.0, 12.0))}), T0 + 0.4)
    news = bench.unit.news(T0 + 0.5)
    assert [news.subjects[i] for i in news.index.tolist()] == [subject(1)] and news.t[0] == T0 + 0.3
    key = str(subject(1).id)
    assert [told[0] for told in items.news(news)] == [key]
    # Nobody is gone because he was not in it; at the beat the others follow, and this one with the next that says more of him.
    told = items.of(bench.unit.tick(T0 + 1.0))
    assert key not in {k for k, _, _ in told} and len(told) == 2 and all(value for _, _, value in told)
    assert len(bench.unit.news(T0 + 1.5)) == 0
    assert len(items.of(bench.unit.tick(T0 + 2.0))) == 3


def test_a_repeat_changes_nothing() -> None:
    bench, twice = Bench(), Bench()
    for s in range(20):
        now = T0 + s
        message = report(now - 0.1, {"badge": "P-0000", "ranges": ranges((10 + s * 0.5, 12.0), rng=bench.rng)})
        for unit, times in ((bench, 1), (twice, 3)):
            for _ in range(times):
                unit.send(message, now)
            unit.unit.tick(now)
    assert bench.unit.last is not None and twice.unit.last is not None
    assert float(np.abs(place(bench.unit.last, 0) - place(twice.unit.last, 0)).max()) == 0.0
    assert twice.unit.engine.refused()["repeated"] > 100


def test_two_gateways_that_hear_one_badge_are_no_two_badges() -> None:
    bench = Bench()
    for s in range(20):
        now = T0 + s
        seen = {"badge": "P-0000", "t": now - 0.2, "ranges": ranges((10.0, 12.0), rng=bench.rng)}
        bench.send(report(now, seen, gateway="GW-1"), now)
        bench.send(report(now, seen, gateway="GW-2"), now)
        fix = {"x": 10.3, "y": 12.0, "sigma": 2.0}
        bench.send(report(now, {"badge": "P-0000", "t": now - 0.2, "fix": fix}, gateway="GW-1"), now)
        bench.send(report(now, {"badge": "P-0000", "t": now - 0.4, "fix": fix}, gateway="GW-2"), now)
        batch = bench.unit.tick(now)
        assert len(batch) <= 1
    assert bench.off() < 0.5


def test_late_and_out_of_order_never_overwrite_newer() -> None:
    bench = Bench()
    bench.stand(T0, 10)
    bench.send(report(T0 + 2.0, {"badge": "P-0000", "ranges": ranges((35.0, 35.0))}), T0 + 10)
    batch = bench.unit.tick(T0 + 10)
    assert bench.off() < 0.5 and batch.t[of(batch, 0)] == pytest.approx(T0 + 8.9)
    assert bench.unit.engine.refused()["late"] == 4


def test_a_single_message_from_the_future_is_refused() -> None:
    bench = Bench()
    bench.stand(T0, 10)
    bench.send(report(T0 + 3600.0, {"badge": "P-0000", "ranges": ranges((35.0, 35.0))}), T0 + 10)
    bench.unit.tick(T0 + 10)
    bench.stand(T0 + 11, 3)
    assert bench.off() < 0.5 and bench.unit.engine.refused()["future"] == 4


def test_a_clock_that_runs_ahead_is_put_right_and_reported() -> None:
    bench = Bench()
    for s in range(15):
        now = T0 + s
        message = report(
            now + 90.0, {"badge": "P-0000", "ranges": ranges((10.0, 12.0), rng=bench.rng)}, gateway="AHEAD"
        )
        bench.send(message, now)
        bench.unit.tick(now)
    batch = bench.unit.last
    assert batch is not None and bench.off() < 0.5 and batch.age[of(batch, 0)] < 1.0
    clock = bench.unit.clocks.gateways["AHEAD"]
    assert clock.skew == pytest.approx(90.0, abs=1.0) and clock.correction == pytest.approx(90.0, abs=1.0)


def test_a_clock_that_runs_behind_is_never_made_younger() -> None:
    bench = Bench()
    for s in range(10):
        now = T0 + s
        bench.send(report(now - 120.0, {"badge": "P-0000", "ranges": ranges((10.0, 12.0))}, gateway="BEHIND"), now)
        bench.unit.tick(now)
    batch = bench.unit.last
    assert batch is not None and batch.age[of(batch, 0)] == pytest.approx(120.0, abs=1.1)
    assert batch.state[of(batch, 0)] == State.LOST
    assert bench.unit.clocks.gateways["BEHIND"].skew == pytest.approx(-120.0, abs=1.0)


def test_no_number_is_no_measurement() -> None:
    bench = Bench()
    bench.stand(T0, 10)
    raw = b'{"gateway":"G","t":%f,"badges":[{"badge":"P-0000","ranges":[["A10",null],["A11",NaN]]}]}' % (T0 + 10)
    with pytest.raises(MessageInvalid):
        bench.send(raw, T0 + 10)
    with pytest.raises(MessageInvalid):
        bench.send(report(T0 + 10, {"badge": "P-0000", "ranges": [["A10", None], ["A11", "far"]]}), T0 + 10)
    bench.send(report(T0 + 10, {"badge": "P-0000", "ranges": [["A10", -5.0], ["A11", 1e9]]}), T0 + 10)
    bench.unit.tick(T0 + 10)
    assert bench.off() < 0.5 and bench.unit.engine.refused()["invalid"] == 2


def test_unknown_badges_and_anchors_are_counted_not_guessed() -> None:
    bench = Bench()
    bench.stand(T0, 5)
    bench.send(report(T0 + 5, {"badge": "X-1", "ranges": ranges((1.0, 1.0))}), T0 + 5)
    bench.send(report(T0 + 5, {"badge": "P-0000", "ranges": [["NOWHERE", 3.0]]}), T0 + 5)
    batch = bench.unit.tick(T0 + 5)
    assert len(batch) == 1 and bench.unit.counters["unknown_badge"] == 1 and set(bench.unit.strangers) == {"X-1"}
    assert bench.unit.engine.refused()["unknown"] == 5


def test_an_impossible_jump_is_not_believed_until_it_stays() -> None:
    bench = Bench()
    for s in range(10):
        bench.send(report(T0 + s, {"badge": "P-0001", "fix": {"x": 60.0, "y": 60.0}}), T0 + s)
        bench.unit.tick(T0 + s)
    bench.send(report(T0 + 10, {"badge": "P-0001", "fix": {"x": 600.0, "y": 60.0}}), T0 + 10)
    bench.unit.tick(T0 + 10)
    assert bench.off((60.0, 60.0), 1) < 1.0
    bench.stand(T0, 10)
    bench.send(report(T0 + 10, {"badge": "P-0000", "ranges": ranges((38.0, 38.0))}), T0 + 10)
    bench.unit.tick(T0 + 10)
    assert bench.off() < 4.5  # a runner's second at most


def test_nobody_is_drawn_inside_a_tank_and_no_correction_crosses_a_fence() -> None:
    tank = ((10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0))
    fence = ((13.9, 9.0), (20.0, 9.0), (20.0, 15.0), (13.9, 15.0))
    for fences, least, most in (((), 14.0, 15.0), ((fence,), 13.3, 14.0)):
        bench = Bench()
        engine = bench.unit.engine
        bench.stand(T0, 3, (20.0, 30.0), n=1)
        bench.unit.change(build(replace(bench.unit.world.plant, solids=(tank,), fences=fences)))
        assert bench.unit.engine is engine, "a fence that is edited starts nobody anew"
        bench.stand(T0 + 3, 8, (13.8, 12.0))
        assert bench.unit.last is not None and least < place(bench.unit.last, 0)[0] < most


def test_when_all_anchors_of_a_floor_die_everybody_there_says_so() -> None:
    bench = Bench()
    for s in range(10):
        for n, level in ((0, 1), (1, 2)):
            seen = {"badge": f"P-{n:04d}", "ranges": ranges((10.0, 12.0), level, bench.rng)}
            bench.send(report(T0 + s, seen), T0 + s)
        bench.unit.tick(T0 + s)
    states = []
    for s in range(10, 80):
        bench.send(report(T0 + s, {"badge": "P-0000", "ranges": ranges((10.0, 12.0), 1, bench.rng)}), T0 + s)
        batch = bench.unit.tick(T0 + s)
        states.append(int(batch.state[of(batch, 1)]))
    assert states[-1] == State.LOST and batch.state[of(batch, 0)] == State.GOOD
    assert states == sorted(states) and states[6] >= State.STALE
    assert bench.off(n=1) < 1.0  # nobody is moved meanwhile, nobody leaves
    figures = np.array([h["silent"] for h in _health(bench)])
    assert (figures[4:] > 60.0).all() and (figures[:4] < 5.0).all()


def _health(bench: Bench) -> np.ndarray:
    from realtime.positioning.anchors import health

    return health(bench.unit.engine.health, T0 + 79)


def test_a_restart_under_load_moves_nobody() -> None:
    bench = Bench(count=200)
    walkers = [(5.0 + n % 30, 5.0 + n // 8) for n in range(200)]

    def beat(one: Bench, s: int) -> None:
        seen = [
            {"badge": f"P-{n:04d}", "ranges": ranges((x + 0.02 * s, y), rng=one.rng)}
            for n, (x, y) in enumerate(walkers)
        ]
        one.send(report(T0 + s, *seen), T0 + s)
        one.unit.tick(T0 + s)

    for s in range(15):
        beat(bench, s)
    saved, before = bench.unit.snapshot(), bench.unit.last
    again = Bench(count=200)
    again.unit.restore(saved)
    first = again.unit.tick(T0 + 19)  # nothing has come in yet: four seconds old, and all are there
    assert before is not None and len(first) == 200
    assert np.hypot(first.x - before.x, first.y - before.y).max() < 1.0
    assert (first.age >= 4.0).all() and (first.state == State.HELD).all()
    assert (first.zone == before.zone).all() and (first.floor == before.floor).all()
    for s in range(20, 30):
        beat(again, s)
        batch = again.unit.last
        assert batch is not None
        off = np.hypot(batch.x - [w[0] + 0.02 * s for w in walkers], batch.y - [w[1] for w in walkers])
        assert off.max() < 1.5


def test_badges_and_anchors_that_come_and_go_move_nobody() -> None:
    bench = Bench(count=3)
    bench.stand(T0, 10, n=2)
    before = bench.unit.last
    bench.unit.change(world(count=5, anchors=ANCHORS[1:]))
    after = bench.unit.tick(T0 + 10)
    assert before is not None and bench.unit.roster == 2
    assert float(np.abs(place(after, 2) - place(before, 2)).max()) < 0.5
    assert after.subjects[:3] == before.subjects


def test_help_is_called_at_once_with_the_last_place_and_its_age() -> None:
    bench = Bench()
    bench.stand(T0, 5)
    for s in (30.0, 30.5, 31.0):
        bench.send(report(T0 + s, {"badge": "P-0000", "sos": True}), T0 + s)
    bench.send(report(T0 + 31, {"badge": "P-0001", "sos": True}), T0 + 31)
    assert [c.subject.id for c in bench.calls] == [subject(0).id, subject(1).id]
    assert bench.calls[0].floor == "H-F1" and bench.calls[0].age == pytest.approx(26.1, abs=0.2)
    assert bench.calls[1].lon is None and bench.calls[1].age is None
