"""Periods against plain calendars, and the life of a task."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.inspections.periods import Days, occurrences
from domain.inspections.workflow import TASK

CHINA = ZoneInfo("Asia/Shanghai")
FIRST = date(2026, 11, 2)  # a Monday


def _starts(rule: dict[str, Any], days: int, work_day: int = 0, calendar: Days | None = None) -> list[str]:
    since = datetime(2026, 11, 2, tzinfo=CHINA)
    found = occurrences(rule, work_day, FIRST, None, since, since + timedelta(days=days), CHINA, calendar or Days())
    return [due.start.strftime("%m-%d %H:%M") for due in found]


@pytest.mark.parametrize(
    ("rule", "days", "expected"),
    [
        ({"unit": "day", "every": 2, "at": "09:30"}, 5, ["11-02 09:30", "11-04 09:30", "11-06 09:30"]),
        ({"unit": "hour", "every": 8, "at": "00:00"}, 1, ["11-02 00:00", "11-02 08:00", "11-02 16:00"]),
        ({"unit": "hour", "every": 2, "at": "00:00", "hours": [8, 13]}, 1, ["11-02 08:00", "11-02 10:00", "11-02 12:00"]),
        ({"unit": "hour", "every": 5, "at": "00:00"}, 1, [f"11-02 {h:02d}:00" for h in (0, 5, 10, 15, 20)]),
        ({"unit": "week", "weekdays": [1, 5], "at": "08:00"}, 14, ["11-02 08:00", "11-06 08:00", "11-09 08:00", "11-13 08:00"]),
        ({"unit": "week", "every": 2, "weekdays": [3], "at": "08:00"}, 21, ["11-04 08:00", "11-18 08:00"]),
        ({"unit": "month", "month_days": [15, -1], "at": "08:00"}, 40, ["11-15 08:00", "11-30 08:00"]),
        ({"unit": "month", "month_days": [31], "at": "08:00"}, 70, ["11-30 08:00", "12-31 08:00"]),
        ({"unit": "shift", "shifts": [["08:00", "20:00"], ["20:00", "08:00"]]}, 1, ["11-02 08:00", "11-02 20:00"]),
        ({"unit": "calendar", "dates": ["2026-11-03", "2026-11-09"], "at": "10:00"}, 9, ["11-03 10:00", "11-09 10:00"]),
    ],
)  # fmt: skip
def test_periods(rule: dict[str, Any], days: int, expected: list[str]) -> None:
    assert _starts(rule, days) == expected


def test_working_days_follow_the_calendar() -> None:
    calendar = Days({date(2026, 11, 3)}, {date(2026, 11, 8)})
    rule = {"unit": "day", "at": "08:00"}
    assert _starts(rule, 7, 1, calendar) == [f"11-{d:02d} 08:00" for d in (2, 4, 5, 6, 8)]
    assert _starts(rule, 7, 2, calendar) == ["11-03 08:00", "11-07 08:00"]


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month", "shift"])
def test_pieces_of_a_span_give_what_the_whole_gives(unit: str) -> None:
    """Dispatch cuts time anywhere: nothing is lost or doubled at a cut."""
    rule = {
        "unit": unit,
        "every": 1 if unit != "hour" else 7,
        "at": "23:30",
        "shifts": [["22:00", "06:00"], ["06:00", "22:00"]],
    }
    since = datetime(2026, 11, 2, 5, tzinfo=UTC)
    until = since + timedelta(days=40)
    whole = list(occurrences(rule, 0, FIRST, None, since, until, CHINA, Days()))
    pieces, at = [], since
    while at < until:
        end = min(until, at + timedelta(hours=5, minutes=17))
        pieces += list(occurrences(rule, 0, FIRST, None, at, end, CHINA, Days()))
        at = end
    assert pieces == whole and whole and all(due.end > due.start for due in whole)


def test_every_state_of_a_task_has_an_end() -> None:
    for status in TASK.statuses:
        assert status in ("done", "suspended") or any(t.source == status for t in TASK.transitions)
