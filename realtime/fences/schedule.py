"""When a fence's rules hold: weekly hours and calendar periods in the plant's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = 24 * 60


@dataclass(frozen=True)
class Hours:
    """Daily hours on some days of the week; ``start`` and ``end`` in minutes of the day.

    ``end`` <= ``start`` reaches into the next day, and equal ones are a whole day. ``days``: 1 Monday .. 7 Sunday, the
    day on which the hours begin.
    """

    days: frozenset[int]
    start: int
    end: int

    def holds(self, weekday: int, minute: int) -> bool:
        """Whether the hours include this minute of this day of the week."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        before = (weekday - 2) % 7 + 1
        return (weekday in self.days and minute >= self.start) or (before in self.days and minute < self.end)


@dataclass(frozen=True)
class Schedule:
    """Hours and periods (first and last day); empty means always. ``off`` are days without the rules (holidays)."""

    hours: tuple[Hours, ...] = ()
    periods: tuple[tuple[date, date], ...] = ()
    off: frozenset[date] = frozenset()
    timezone: str = "UTC"

    def holds(self, at: float) -> bool:
        """Whether the rules hold at an instant, seconds since 1970 UTC."""
        if not (self.hours or self.periods or self.off):
            return True
        # from the epoch by hand: an instant that is given, not the present one
        here = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)).astimezone(ZoneInfo(self.timezone))
        day = here.date()
        if day in self.off or (self.periods and not any(first <= day <= last for first, last in self.periods)):
            return False
        minute = here.hour * 60 + here.minute
        return not self.hours or any(hours.holds(here.isoweekday(), minute) for hours in self.hours)


ALWAYS = Schedule()
