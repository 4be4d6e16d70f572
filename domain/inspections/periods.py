"""When a plan is due: pure rules from a period to the tasks of a span of time, on the site's clock.

A rule is ``{"unit", "every", "at", "window_minutes", "weekdays"?, "month_days"?, "shifts"?, "dates"?, "hours"?}``:

- ``hour``: every ``every`` hours from ``at`` on, inside ``hours`` [from, to) if given;
- ``day`` / ``week`` / ``month``: at ``at``; weeks on ``weekdays`` (1 Monday), months on ``month_days`` (-1: the last);
- ``shift``: at the start of each shift of ``shifts`` [["08:00", "16:00"], ...], due at its end;
- ``calendar``: on ``dates``.

``work_day``: 0 every day, 1 working days only, 2 non-working days only (``workDayType`` of the exchange form).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

UNITS = ("hour", "day", "week", "month", "shift", "calendar")


@dataclass(frozen=True)
class Days:
    """Which days are worked: weekends are free unless made a working day, others work unless made a holiday."""

    holidays: Collection[date] = ()
    workdays: Collection[date] = ()

    def works(self, day: date) -> bool:
        """Whether ``day`` is a working day."""
        return day in self.workdays or (day.isoweekday() < 6 and day not in self.holidays)


@dataclass(frozen=True)
class Due:
    """A task: from when it can be done and until when."""

    start: datetime
    end: datetime


def occurrences(
    rule: Mapping[str, Any], work_day: int, first: date, last: date | None, since: datetime, until: datetime,
    zone: ZoneInfo, days: Days,
) -> Iterator[Due]:  # fmt: skip
    """Tasks that start in [since, until), in order.

    Args:
        first, last: the plan's first and last day; periods are counted from the first.
    """
    day = max(first, since.astimezone(zone).date() - timedelta(days=1))
    end = until.astimezone(zone).date()
    end = min(end, last) if last is not None else end
    while day <= end:
        if work_day == 0 or (work_day == 1) == days.works(day):
            for due in _of_day(rule, first, day, zone):
                if since <= due.start < until:
                    yield due
        day += timedelta(days=1)


def _of_day(rule: Mapping[str, Any], first: date, day: date, zone: ZoneInfo) -> Iterator[Due]:
    unit, every = rule["unit"], max(1, int(rule.get("every") or 1))
    window = timedelta(minutes=int(rule.get("window_minutes") or 480))
    if unit == "shift":
        for begin, finish in sorted(rule.get("shifts") or ()):
            start, stop = _at(day, begin, zone), _at(day, finish, zone)
            yield Due(start, stop if stop > start else _at(day + timedelta(days=1), finish, zone))
    elif unit == "hour":
        yield from _hours(rule, first, day, zone, every, window)
    elif _is_day(rule, unit, every, first, day):
        start = _at(day, rule.get("at") or "08:00", zone)
        yield Due(start, start + window)


def _is_day(rule: Mapping[str, Any], unit: str, every: int, first: date, day: date) -> bool:
    if unit == "day":
        return (day - first).days % every == 0
    if unit == "week":
        weeks = ((day - timedelta(days=day.weekday())) - (first - timedelta(days=first.weekday()))).days // 7
        return weeks % every == 0 and day.isoweekday() in (rule.get("weekdays") or [first.isoweekday()])
    if unit == "month":
        months = (day.year - first.year) * 12 + day.month - first.month
        length = monthrange(day.year, day.month)[1]
        wanted = {length if d == -1 else min(d, length) for d in rule.get("month_days") or [first.day]}
        return months % every == 0 and day.day in wanted
    return unit == "calendar" and day.isoformat() in (rule.get("dates") or ())


def _hours(
    rule: Mapping[str, Any], first: date, day: date, zone: ZoneInfo, every: int, window: timedelta
) -> Iterator[Due]:
    low, high = rule.get("hours") or (0, 24)
    anchor = _at(first, rule.get("at") or "00:00", zone)
    begin = datetime.combine(day, time(0), zone)
    # Elapsed hours are counted on the world's clock: wall clocks jump, in zones that have summer time.
    passed = (begin.timestamp() - anchor.timestamp()) / 3600
    n = max(0, -int(-passed // every) if passed > 0 else 0)
    while True:
        start = datetime.fromtimestamp(anchor.timestamp() + n * every * 3600, zone)
        if start.date() > day:
            return
        if start.date() == day and low <= start.hour < high:
            yield Due(start, start + min(window, timedelta(hours=every)))
        n += 1


def _at(day: date, text: str, zone: ZoneInfo) -> datetime:
    hour, _, minute = text.partition(":")
    return datetime.combine(day, time(int(hour), int(minute or 0)), zone)
