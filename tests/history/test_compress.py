"""Dead-band: what is held never differs from what was said by more than the band."""

from __future__ import annotations

import math
from bisect import bisect_right

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtime.history.compress import Compressor, DeadBand
from realtime.history.samples import BAD, GOOD, UNCERTAIN, Row

SAID = st.tuples(
    st.integers(1, 400),
    st.one_of(st.floats(-5, 5, width=32), st.just(math.nan)),
    st.sampled_from([GOOD, GOOD, GOOD, UNCERTAIN, BAD]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SAID, max_size=60), st.floats(0, 3), st.integers(1, 1000))
def test_the_held_value_is_within_the_band(said: list[tuple[int, float, int]], deviation: float, longest: int) -> None:
    kept: list[Row] = []
    compressor = Compressor(kept.append)
    compressor.set({7: DeadBand(deviation, longest)})
    at, rows = 0, []
    for gap, value, quality in said:
        at += gap * 1_000_000
        rows.append((7, at, at, value, quality))
        compressor.add(rows[-1])
    times = [row[1] for row in kept]
    assert times == sorted(times) and compressor.left_out == len(rows) - len(kept)
    for row in rows:
        held = kept[bisect_right(times, row[1]) - 1]
        assert row[1] - held[1] < longest * 1e6 or held is row
        assert held[4] == row[4]
        assert abs(held[3] - row[3]) <= deviation or (math.isnan(held[3]) and held == row)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.floats(-1, 1), min_size=3, max_size=30), st.data())
def test_a_late_sample_hides_nothing_that_came_after_it(values: list[float], data: st.DataObject) -> None:
    kept: list[Row] = []
    compressor = Compressor(kept.append)
    compressor.set({7: DeadBand(2.0)})
    rows: list[Row] = [(7, 10 * n, 0, value, GOOD) for n, value in enumerate(values)]
    for row in rows:
        compressor.add(row)
    late: Row = (7, data.draw(st.integers(1, 10 * len(rows) - 11)), 0, 50.0, GOOD)
    compressor.add(late)
    known = sorted({row[1]: row for row in reversed(kept)}.values(), key=lambda row: row[1])
    times = [row[1] for row in known]
    for row in rows:
        held = known[bisect_right(times, row[1]) - 1]
        assert abs(held[3] - row[3]) <= 2.0 or row[1] == late[1]


def test_without_a_band_everything_passes() -> None:
    kept: list[Row] = []
    compressor = Compressor(kept.append)
    for n in range(5):
        compressor.add((7, n, n, 1.0, GOOD))
    assert len(kept) == 5
