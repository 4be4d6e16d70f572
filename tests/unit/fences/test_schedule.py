"""Weekly hours over midnight, calendar periods and days off, in plant time."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from realtime.fences.schedule import Hours, Schedule
from twin.spatial import fence_rules

PLANT = "Asia/Shanghai"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(PLANT)).timestamp()


def test_hours_within_a_day_and_over_midnight() -> None:
    week = Schedule((Hours(frozenset({1, 2, 3, 4, 5}), 8 * 60, 17 * 60),), timezone=PLANT)
    assert week.holds(at("2026-12-01T08:00")) and week.holds(at("2026-12-01T16:59"))
    assert not week.holds(at("2026-12-01T17:00")) and not week.holds(at("2026-12-05T10:00"))
    friday = Schedule((Hours(frozenset({5}), 22 * 60, 6 * 60),), timezone=PLANT)
    assert friday.holds(at("2026-12-04T23:00")) and friday.holds(at("2026-12-05T05:59"))
    assert not friday.holds(at("2026-12-04T05:00")) and not friday.holds(at("2026-12-05T23:00"))
    sunday = Schedule((Hours(frozenset({7}), 22 * 60, 6 * 60),), timezone=PLANT)
    assert sunday.holds(at("2026-12-07T05:00")), "Monday's small hours belong to Sunday"
    whole = Schedule((Hours(frozenset({3}), 0, 0),), timezone=PLANT)
    assert whole.holds(at("2026-12-02T00:00")) and whole.holds(at("2026-12-02T23:59"))
    assert not whole.holds(at("2026-12-03T00:00")) and not whole.holds(at("2026-12-01T23:59"))


def test_periods_and_days_off() -> None:
    days = Schedule(
        periods=((date(2026, 12, 1), date(2026, 12, 3)),), off=frozenset({date(2026, 12, 2)}), timezone=PLANT
    )
    held = [d for d in range(1, 6) if days.holds(at(f"2026-12-0{d}T12:00"))]
    assert held == [1, 3]
    assert Schedule().holds(0.0)


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"weekly": 1}', '{"weekly": [{"to": "06:00"}]}', '{"weekly": [{"from": "6:00", "to": "07:00"}]}',
     '{"weekly": [{"days": [0], "from": "06:00", "to": "07:00"}]}', '{"periods": [{"from": "2026-12-02", "to": "2026-12-01"}]}',
     '{"off": ["soon"]}', '{"holidays": []}', "[" * 5000],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text: str) -> None:
    assert not fence_rules.holds(fence_rules.schedule, text)


def test_a_schedule_is_read() -> None:
    parts = fence_rules.schedule('{"weekly": [{"days": [1], "from": "08:00", "to": "24:00"}], "off": ["2026-10-01"]}')
    assert parts == {"weekly": [((1,), 480, 1440)], "periods": [], "off": [date(2026, 10, 1)]}
    assert fence_rules.schedule("")["weekly"] == [] and fence_rules.schedule(None)["off"] == []
