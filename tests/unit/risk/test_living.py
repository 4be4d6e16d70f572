"""The engine among real clocks: the wall clock is set, the process dies in the middle of a storm; no raise and no release is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.risk.engine import RiskEngine
from realtime.risk.living import EngineTime, LivingEngine
from realtime.risk.types import Change, Condition, Fact, Rule, Zone
from twin import clock

ZONES = (
    Zone("P", None, 4, "plant"),
    Zone("A", "P", 4, "area"),
    Zone("A1", "A", 3),
    Zone("A2", "A", 4),
    Zone("B1", "P", 2),
)
RULES = (
    Rule("often", "alarm", count=3, window_s=60, level=2, release_s=20),
    Rule("worst", "alarm", (Condition("grade", "eq", 1),), level=1, hold_s=5, release_s=30),
    Rule("standing", "alarm", standing_s=40, steps=1),
)
#: longer than any window, standing, hold and release together
_ALL_S = 200.0
_HOUR = 3600.0


class Clocks:
    """A wall clock that can be set, and a monotonic clock that cannot."""

    def __init__(self) -> None:
        self.true = 1000.0
        self.wall = 1_700_000_000.0

    def go(self, seconds: float) -> None:
        self.true += seconds
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clocks]:
    made = Clocks()
    monkeypatch.setattr(clock, "monotonic", lambda: made.true)
    monkeypatch.setattr(clock, "timestamp", lambda: made.wall)
    yield made


class Plant:
    """What the risk process does, without its database: the log is all that survives a crash."""

    def __init__(self, clocks: Clocks) -> None:
        self.clocks = clocks
        self.log: list[tuple[Fact, float | None]] = []
        self.holds: dict[str, Fact] = {}
        self.changes: list[Change] = []
        self.start()

    def start(self) -> None:
        self.time = EngineTime()
        past = [fact if at is None else self.time.retold(fact, at) for fact, at in self.log]
        self.living = LivingEngine(ZONES, RULES, past, self.time)
        self.living.advance()

    def tell(self, key: str, zone: str, grade: int) -> None:
        fact = Fact("alarm", key, zone, self.clocks.wall, None, {"grade": grade})
        self.holds[key] = fact
        self.time.look()
        self._kept(self.living.put(fact))

    def over(self, key: str) -> None:
        if (fact := self.holds.pop(key, None)) is not None:
            self.time.look()
            self._kept(self.living.put(fact._replace(until=self.clocks.wall)))

    def after(self, seconds: float) -> dict[str, int]:
        """The levels at the first beat when so long has gone by."""
        self.clocks.go(seconds)
        self.beat()
        return self.levels()

    def _kept(self, fact: Fact | None) -> None:
        if fact is not None:
            self.log.append((fact, self.time.monotonic(fact)))
        self.beat()

    def beat(self) -> None:
        self.time.look()
        self.changes += self.living.advance()

    def levels(self) -> dict[str, int]:
        return dict(self.living.engine.levels())


_STORM = st.lists(
    st.tuples(
        st.sampled_from(["tell", "over", "set", "crash", "wait"]),
        st.integers(0, 3),
        st.sampled_from(["A1", "A2", "B1"]),
        st.integers(1, 2),
        st.floats(0, 30),
        st.sampled_from([-_HOUR, -7.0, 7.0, _HOUR]),
    ),
    max_size=40,
)


def _storm(
    clocks: Clocks, storm: list[tuple[str, int, str, int, float, float]], *, crashes: bool, jumps: bool
) -> Plant:
    plant = Plant(clocks)
    for what, key, zone, grade, gap, jump in storm:
        clocks.go(gap)
        plant.beat()
        if what == "tell":
            plant.tell(f"k{key}", zone, grade)
        elif what == "over":
            plant.over(f"k{key}")
        elif what == "set" and jumps:
            clocks.wall += jump
            plant.beat()
        elif what == "crash" and crashes:
            plant.start()
        for code, parent in (("A1", "A"), ("A2", "A"), ("A", "P"), ("B1", "P")):
            assert plant.levels()[parent] <= plant.levels()[code]
    return plant


@settings(max_examples=150)
@given(_STORM)
def test_a_clock_that_is_set_changes_no_colour(storm: list[tuple[str, int, str, int, float, float]]) -> None:
    """The same storm with and without jumps of the wall clock: the same levels in the same order."""
    told = []
    for jumps in (False, True):
        clocks = Clocks()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "monotonic", lambda c=clocks: c.true)
            patch.setattr(clock, "timestamp", lambda c=clocks: c.wall)
            plant = _storm(clocks, storm, crashes=False, jumps=jumps)
            clocks.go(_ALL_S)
            plant.beat()
        told.append([(c.zone, c.before, c.after, [cause.rule for cause in c.causes]) for c in plant.changes])
    assert told[0] == told[1]


@settings(max_examples=200)
@given(_STORM)
def test_no_raise_and_no_release_is_lost(storm: list[tuple[str, int, str, int, float, float]]) -> None:
    """Whatever the clock and the crashes did: what holds lifts as the rules say, what is over gives its colour back, in the rules' time."""
    clocks = Clocks()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "monotonic", lambda: clocks.true)
        patch.setattr(clock, "timestamp", lambda: clocks.wall)
        plant = _storm(clocks, storm, crashes=True, jumps=True)
        clocks.go(_ALL_S)
        plant.beat()
        for zone in ("A1", "A2", "B1"):
            here = [f for f in plant.holds.values() if f.zone == zone]
            lifts = {"standing"} if here else set()
            lifts |= {"worst"} if any(f.attributes["grade"] == 1 for f in here) else set()
            assert {c.rule for c in plant.living.engine.causes(zone)} == lifts, zone
        for key in list(plant.holds):
            plant.over(key)
        clocks.go(_ALL_S)
        plant.beat()
        assert plant.levels() == RiskEngine(ZONES, RULES, 0).levels()
        assert plant.living.pause() is None


def test_history_is_written_in_the_time_that_the_wall_clock_shows(clocks: Clocks) -> None:
    plant = Plant(clocks)
    plant.tell("x", "B1", 1)
    clocks.go(3.0)
    clocks.wall -= _HOUR
    plant.beat()
    clocks.go(2.0)
    plant.beat()
    change = next(c for c in plant.changes if c.zone == "B1")
    assert change.after == 1 and change.at == pytest.approx(clocks.wall)
    assert plant.living.state("B1").causes[0].since == pytest.approx(clocks.wall)


def test_what_a_person_decided_holds_until_that_time_of_the_wall_clock(clocks: Clocks) -> None:
    plant = Plant(clocks)
    until = clocks.wall + 600.0
    plant.living.override("A2", 1, until)
    clocks.wall += 300.0
    assert plant.time.look()
    plant.living.decide({"A2": (1, until)})
    assert plant.after(299.0)["A2"] == 1
    assert plant.after(1.0)["A2"] == 4
    plant.living.override("A2", 1, clocks.wall + 600.0)
    plant.living.decide({})
    assert plant.levels()["A2"] == 4


@pytest.mark.parametrize("jump", [_HOUR, -_HOUR])
@pytest.mark.parametrize("noticed", [True, False], ids=["seen by the process", "while it was down"])
def test_a_restart_after_the_clock_was_set_goes_on_where_the_spans_were(
    clocks: Clocks, jump: float, noticed: bool
) -> None:
    """A hold of 5 s and a release of 30 s, each with the clock set and the process dead in its middle."""
    plant = Plant(clocks)
    plant.tell("x", "B1", 1)
    clocks.go(3.0)
    _set_and_die(clocks, plant, jump, noticed)
    assert plant.after(1.5)["B1"] == 2
    assert plant.after(1.0)["B1"] == 1
    plant.over("x")
    clocks.go(10.0)
    _set_and_die(clocks, plant, jump, noticed)
    assert plant.living.state("B1").causes[0].since == pytest.approx(clocks.wall - 10.5)
    assert plant.after(19.0)["B1"] == 1
    assert plant.after(2.0)["B1"] == 2


def test_another_boot_knows_the_wall_clock_only(clocks: Clocks) -> None:
    plant = Plant(clocks)
    plant.tell("x", "B1", 1)
    clocks.go(6.0)
    plant.over("x")
    clocks.go(10.0)
    clocks.true = 5.0
    plant.log = [(fact, None) for fact, _ in plant.log]
    plant.start()
    assert plant.after(19.0)["B1"] == 1
    assert plant.after(2.0)["B1"] == 2


def _set_and_die(clocks: Clocks, plant: Plant, jump: float, noticed: bool) -> None:
    clocks.wall += jump
    if noticed:
        plant.beat()
    plant.start()


def test_small_corrections_are_no_jump(clocks: Clocks) -> None:
    time = EngineTime()
    clocks.wall += 0.2
    assert not time.look() and time.skew == 0.0
    clocks.wall += 0.4
    assert time.look() and time.skew == pytest.approx(0.6)


def test_a_fact_from_a_clock_that_runs_ahead_fires_no_timer(clocks: Clocks) -> None:
    """A source that is an hour ahead would otherwise carry the whole plant an hour forward: every hold and release at once."""
    plant = Plant(clocks)
    plant.tell("x", "B1", 1)
    plant.living.put(Fact("alarm", "y", "A1", clocks.wall + _HOUR, None, {"grade": 2}))
    plant.beat()
    assert plant.levels()["B1"] == 2
    assert plant.after(5.0)["B1"] == 1
