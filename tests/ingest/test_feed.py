"""The order of a point's samples, and when it turns bad."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from realtime.history.samples import BAD_NO_COMMUNICATION, GOOD, UNCERTAIN_SUBSTITUTE, micros
from realtime.ingest.feed import Feed
from realtime.ingest.plugin import FieldPoint
from tests.ingest.support import Book
from twin import clock

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
S = 1_000_000


def feed(bad_after: float = 10.0, scale: float = 1.0, shift: float = 0.0) -> tuple[Feed, Book]:
    book = Book()
    points = [FieldPoint(7, "a", scale, shift), FieldPoint(8, "b")]
    return Feed(points, bad_after, book.rows.append, book.shown.append), book


def test_late_and_repeated_samples_are_never_shown() -> None:
    with clock.travel(NOON, freeze=True):
        made, book = feed()
        at = micros(NOON)
        for ts, value in ((at, 1.0), (at, 2.0), (at - 5 * S, 3.0), (at + S, 4.0)):
            made.sample(7, ts, value, GOOD)
    assert [live.value for live in book.shown] == [1.0, 4.0]
    assert [(ts, value) for _, ts, _, value, _ in book.rows] == [(at, 1.0), (at - 5 * S, 3.0), (at + S, 4.0)]
    assert (made.counts.repeated, made.counts.late, made.counts.taken) == (1, 1, 2)


def test_a_value_is_scaled() -> None:
    made, book = feed(scale=0.1, shift=-40.0)
    made.sample(7, None, 600.0, GOOD)
    assert book.shown[-1].value == pytest.approx(20.0)


def test_a_clock_that_runs_ahead_does_not_block_the_point() -> None:
    with clock.travel(NOON, freeze=True):
        made, book = feed()
        made.sample(7, micros(NOON + timedelta(hours=3)), 1.0, GOOD)
    assert book.rows == [(7, micros(NOON), micros(NOON), 1.0, UNCERTAIN_SUBSTITUTE)]
    with clock.travel(NOON + timedelta(seconds=1), freeze=True):
        made.sample(7, micros(NOON + timedelta(seconds=1)), 2.0, GOOD)
    assert book.shown[-1].value == 2.0 and made.counts.ahead == 1


def test_a_clock_of_ours_that_is_set_back_does_not_freeze_a_point() -> None:
    made, book = feed()
    with clock.travel(NOON, freeze=True):
        made.sample(7, None, 1.0, GOOD)
    with clock.travel(NOON - timedelta(hours=1), freeze=True):
        made.sample(7, None, 2.0, GOOD)
    assert book.shown[-1].value == 2.0 and book.rows[1][1] > book.rows[0][1]


@pytest.mark.req("M9.2")
def test_what_is_not_confirmed_turns_bad_on_the_sources_own_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: spent[0])
    made, book = feed(bad_after=10.0)
    slow = timedelta(minutes=5)  # the source's clock is behind
    with clock.travel(NOON, freeze=True):
        made.sample(7, micros(NOON - slow), 1.0, GOOD)
    spent[0] += 8
    with clock.travel(NOON + timedelta(seconds=8), freeze=True):
        made.alive()
    spent[0] += 9
    assert made.check() == 0
    spent[0] += 2
    with clock.travel(NOON + timedelta(seconds=19), freeze=True):
        assert made.check() == 1
        assert made.check() == 0
    mark = book.rows[-1]
    assert mark[1] == micros(NOON - slow) + 8 * S  # known until it was last confirmed, not longer
    assert mark[4] == BAD_NO_COMMUNICATION and math.isnan(mark[3])
    assert book.shown[-1].quality == BAD_NO_COMMUNICATION and made.unknown == 2
    # It comes back with the value that it had: its time is old, its word is new.
    with clock.travel(NOON + timedelta(seconds=30), freeze=True):
        made.sample(7, micros(NOON - slow), 1.0, GOOD)
    assert (book.shown[-1].ts, book.shown[-1].quality) == (micros(NOON - slow), GOOD)
    assert book.rows[-1][1] == mark[1] + 11 * S and made.unknown == 1


def test_a_source_that_only_sends_older_samples_turns_bad_and_heals(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: spent[0])
    made, book = feed(bad_after=5.0)
    at = micros(clock.now())
    made.sample(7, at, 1.0, GOOD)
    for n in range(8):  # its clock was set back by an hour
        spent[0] += 1
        made.sample(7, at - 3600 * S + n * S, 10.0 + n, GOOD)
        made.alive()
        made.check()
    assert [live.quality for live in book.shown[:2]] == [GOOD, BAD_NO_COMMUNICATION]
    assert book.shown[2].value == 16.0


def test_after_a_restart_nothing_is_taken_for_known() -> None:
    made, book = feed()
    last, alive = micros(NOON), micros(NOON + timedelta(seconds=40))
    made.resume([(7, last, last + S, GOOD)], alive)
    assert [(row[0], row[1], row[4]) for row in book.rows] == [(7, last + 39 * S, BAD_NO_COMMUNICATION)]
    assert {live.tag: live.ts for live in book.shown} == {7: last + 39 * S, 8: None}
    made.alive()
    assert made.unknown == 2
