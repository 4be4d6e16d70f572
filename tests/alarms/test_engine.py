"""The engine of measuring points: what raises, what clears, and what must do neither."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from realtime.alarms.engine import NO_COMMUNICATION, Change, Engine, Setting, StateLimits
from realtime.alarms.sinks import AlarmSink
from twin import clock
from twin.settings import get_settings

A, B = UUID(int=1), UUID(int=2)
NONE = math.nan
S = 1_000_000


def made(*settings: Setting) -> Engine:
    engine = Engine()
    engine.configure(settings, 1)
    return engine


def level(**more: object) -> Setting:
    return Setting(A, (1.0, 2.0, 8.0, 9.0), **more)  # type: ignore[arg-type]


class Line:
    """Sends one sample a second."""

    def __init__(self, engine: Engine, device: UUID = A, now: int = 1000 * S) -> None:
        self.engine, self.device, self.now = engine, device, now

    def say(self, *values: float, quality: int = 0, step: int = S, ts: int | None = None) -> list[str]:
        told: list[Change] = []
        for value in values:
            self.now += step
            told += self.engine.take(
                np.array([self.engine.index[self.device]]), np.array([self.now if ts is None else ts]),
                np.array([self.now]), np.array([value], dtype=np.float64), np.array([quality]),
            )  # fmt: skip
        return [("+" if change.on else "-") + change.type for change in told]


def test_levels_with_dead_band() -> None:
    line = Line(made(level(deadband=0.5)))
    assert line.say(5, 8) == ["+h"]
    assert line.say(7.6, 8.1, 7.51) == []
    assert line.say(9.2) == ["+hh"]
    assert line.say(8.4) == ["-hh"] and line.say(7.4) == ["-h"]
    assert line.say(0.5) == ["+ll", "+l"] and line.say(3) == ["-ll", "-l"]


def test_delays_run_without_further_samples() -> None:
    engine = made(level(on_delay=3, off_delay=2))
    line = Line(engine)
    assert line.say(8.5, 8.5) == [] and line.say(5) == [] and line.say(8.5) == []
    crossed = line.now
    assert engine.tick(line.now + 2 * S) == []
    (change,) = engine.tick(line.now + 3 * S)
    assert (change.type, change.on, change.at, change.value, change.limit) == ("h", True, crossed, 8.5, 8.0)
    line.now += 3 * S
    assert line.say(5) == [] and line.say(5, 5) == ["-h"]


def test_a_wall_clock_that_is_set_neither_stretches_nor_cuts_a_delay() -> None:
    """The sink looks at the clock; set back by an hour, an alarm with a delay would otherwise wait for that hour."""
    for jump in (-3600, 3600):
        sink = AlarmSink(get_settings())
        sink.engine = made(level(on_delay=3))
        start = clock.timestamp()
        assert Line(sink.engine, now=int(start * S)).say(8.5) == []
        with clock.travel(by=timedelta(seconds=jump)):
            sink._look_at_clock()
            now = int((start + jump) * S) + S
            assert sink.engine.tick(now + 2 * S) == []
            assert [(c.type, c.on) for c in sink.engine.tick(now + 4 * S)] == [("h", True)]


def test_bad_quality_nan_and_late_samples_neither_raise_nor_clear() -> None:
    line = Line(made(level(bad_delay=0)))
    assert line.say(8.5) == ["+h"]
    assert line.say(NONE) == ["+bad"] and line.say(1.0, quality=-5) == []
    assert line.say(8.6) == ["-bad"], "the limit alarm still stands"
    newest = line.now
    assert line.say(5, ts=newest - 5 * S) == [], "a late sample"
    assert line.say(5, ts=newest) == [], "a repeated time"
    assert line.say(5) == ["-h"]


def test_a_clock_that_was_set_back_does_not_silence_a_point() -> None:
    line = Line(made(level(bad=False)))
    assert line.say(5) == [] and line.say(NONE, quality=NO_COMMUNICATION) == []
    assert line.say(9.5, ts=10 * S) == ["+h", "+hh"]


def test_rate_switch_and_a_lost_source() -> None:
    engine = made(Setting(A, (NONE,) * 4, rate=1.0, bad_delay=0), Setting(B, (NONE,) * 4, switch=1.0))
    a, b = Line(engine), Line(engine, B)
    assert a.say(1, 1.5, 3) == ["+rate"] and a.say(3.2) == ["-rate"]
    assert a.say(5, step=1000) == [], "two samples within a moment give no rate"
    assert b.say(0, 1, 0) == ["+switch", "-switch"]
    engine.cover(np.ones(2, dtype=np.bool_), a.now)
    assert a.say(NONE, quality=NO_COMMUNICATION) == [], "the communication alarm stands for all points"
    assert a.say(NONE, quality=-3) == ["+bad"]


def test_a_point_that_stays_silent_after_its_source_is_back_has_its_own_alarm() -> None:
    engine = made(Setting(A, (NONE,) * 4, bad_delay=10), Setting(B, (NONE,) * 4, bad_delay=10))
    a, b = Line(engine), Line(engine, B)
    assert a.say(NONE, quality=NO_COMMUNICATION) == [] and b.say(NONE, quality=NO_COMMUNICATION) == []
    now = a.now + 9 * S
    engine.cover(np.ones(2, dtype=np.bool_), now)
    assert engine.tick(now + 60 * S) == []
    a.now = now + 60 * S
    assert a.say(1) == []
    engine.cover(np.zeros(2, dtype=np.bool_), a.now)
    assert engine.tick(a.now + 9 * S) == []
    assert [(c.device, c.type, c.on) for c in engine.tick(a.now + 10 * S)] == [(B, "bad", True)]


def test_a_point_that_speaks_rarely_has_not_failed_because_another_spoke_first() -> None:
    engine = made(Setting(A, (NONE,) * 4, patience=60), Setting(B, (NONE,) * 4, patience=60))
    a, b = Line(engine), Line(engine, B)
    engine.cover(np.ones(2, dtype=np.bool_), a.now)
    assert a.say(NONE, quality=NO_COMMUNICATION) == [] and b.say(NONE, quality=NO_COMMUNICATION) == []
    back = a.now + 600 * S
    engine.cover(np.zeros(2, dtype=np.bool_), back)
    b.now = back + 50 * S
    assert engine.tick(back + 50 * S) == [] and b.say(1) == []
    assert engine.tick(back + 69 * S) == []
    assert [(c.device, c.type, c.on) for c in engine.tick(back + 70 * S)] == [(A, "bad", True)]


def test_limits_follow_the_state_of_another_point_at_once() -> None:
    running = StateLimits(B, 1, 1, (NONE, NONE, 20.0, NONE))
    engine = made(Setting(A, (NONE, NONE, 8.0, NONE), states=(running,)), Setting(B, (NONE,) * 4))
    a, b = Line(engine), Line(engine, B)
    assert a.say(10) == ["+h"]
    assert b.say(1) == ["-h"] and b.say(0) == ["+h"]


def test_new_limits_hold_at_once_and_a_restart_keeps_what_is_active() -> None:
    engine = made(level())
    line = Line(engine)
    assert line.say(7) == []
    (change,) = engine.configure([Setting(A, (NONE, NONE, 6.0, NONE))], line.now)
    assert (change.type, change.on, change.limit) == ("h", True, 6.0)
    assert [c.on for c in engine.configure([Setting(A, (NONE, NONE, 6.0, NONE), enabled=False)], line.now)] == [False]
    again = Engine()
    assert again.configure([level()], 1, active=[(A, "h")]) == []
    assert Line(again).say(8.5) == [] and Line(again).say(5, step=9 * S) == ["-h"]
    assert [c.type for c in made(level()).configure([], 5)] == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a loaded machine
@given(st.lists(st.tuples(st.integers(0, 1), st.floats(-1, 11)), max_size=60), st.integers(1, 20))
def test_batches_say_what_single_samples_say(samples: list[tuple[int, float]], size: int) -> None:
    one, many = (made(level(deadband=0.3), Setting(B, (NONE, NONE, 5.0, NONE))) for _ in range(2))
    ts = np.arange(1, len(samples) + 1) * S
    index = np.array([i for i, _ in samples], dtype=np.int64)
    value, quality = np.array([v for _, v in samples], dtype=np.float64), np.zeros(len(samples), dtype=np.int64)
    singly = [
        c for k in range(len(samples)) for c in one.take(*(a[k : k + 1] for a in (index, ts, ts, value, quality)))
    ]
    together = [
        c for k in range(0, len(samples), size) for c in many.take(*(a[k : k + size] for a in (index, ts, ts, value, quality)))
    ]  # fmt: skip
    assert sorted(map(str, singly)) == sorted(map(str, together))


class Thorough(Engine):
    """Judges every sample in full."""

    def _settle(self, i: NDArray[np.int64]) -> None:
        self._calm[i] = False


_SAMPLE = st.tuples(
    st.integers(0, 2), st.sampled_from([-1.0, 0.5, 1.5, 2.0, 5.0, 7.8, 8.0, 8.5, 9.5, NONE]),
    st.sampled_from([0, 0, 0, -5]), st.sampled_from([0.1, 1.0, 3.0, -1.0]), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_SAMPLE, max_size=40), st.integers(0, 4))
def test_calm_points_cost_little_and_miss_nothing(
    samples: list[tuple[int, float, int, float, bool]], kind: int
) -> None:
    more: dict[str, object] = [{}, {"on_delay": 2}, {"rate": 1.0}, {"switch": 1.5}, {"bad_delay": 0}][kind]  # type: ignore[assignment]
    c = UUID(int=3)
    told = []
    for engine in (Engine(), Thorough()):
        leader = StateLimits(A, 5.0, 9.0, (NONE, NONE, 4.0, 6.0))
        engine.configure(
            [
                level(**more),
                Setting(B, (1.0, 2.0, 8.0, 9.0), 0.5),
                Setting(c, (NONE, 2.0, 8.0, NONE), states=(leader,)),
            ],
            1,
        )
        now, changes = 1000 * S, list[Change]()
        for point, value, quality, step, tick in samples:
            now += int(abs(step) * S)
            ts = now if step > 0 else now - 5 * S
            changes += engine.take(*(np.array([x]) for x in (point, ts, now, value, quality)))
            if tick:
                changes += engine.tick(now)
        told.append([repr(change) for change in changes])
    assert told[0] == told[1]


def test_new_settings_are_gone_through_a_few_times_however_many_points_there_are() -> None:
    """Ten thousand points once for each of ten thousand held up the gateway for a minute at every edit of a set-point."""

    class Counted(tuple[Setting, ...]):
        walks = 0

        def __iter__(self) -> Iterator[Setting]:
            type(self).walks += 1
            return super().__iter__()

    given = Counted(Setting(UUID(int=n + 1), (NONE, NONE, 6.0, NONE)) for n in range(500))
    engine = made(*given)
    Counted.walks = 0
    assert engine.configure(given, 2) == []
    assert Counted.walks < 30
