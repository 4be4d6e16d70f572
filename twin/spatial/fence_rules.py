"""What a fence says in text: when its rules hold, whom they concern and who may enter.

``schedule`` is JSON: ``{"weekly": [{"days": [1..7], "from": "08:00", "to": "17:00"}], "periods": [{"from":
"2026-12-01", "to": "2026-12-05"}], "off": ["2026-10-01"]}`` in the site's time; all parts may be left out, and an empty
text is always. ``allowed`` is JSON: ``{"classes": [], "departments": [], "persons": [], "duties": [], "vehicles": []}``
(departments by name, persons by number, vehicles by plate). ``classes`` is a list with commas: employee, contractor,
visitor, vehicle; empty are all people.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

CLASSES = ("employee", "contractor", "visitor", "vehicle")
ALLOWED = ("classes", "departments", "persons", "duties", "vehicles")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def schedule(text: str | None) -> dict[str, list[Any]]:
    """The parts of a schedule with minutes and days as they are: ``weekly`` (days, from, to), ``periods``, ``off``.

    Raises:
        ValueError: it is no schedule.
    """
    given = _parts(text, ("weekly", "periods", "off"))
    weekly = []
    for row in given["weekly"]:
        days, begin, end = row.get("days", [1, 2, 3, 4, 5, 6, 7]), row["from"], row["to"]
        if not days or not all(type(day) is int and 1 <= day <= 7 for day in days):
            raise ValueError("days")
        weekly.append((tuple(days), minutes(begin), minutes(end)))
    periods = [(date.fromisoformat(row["from"]), date.fromisoformat(row["to"])) for row in given["periods"]]
    if any(first > last for first, last in periods):
        raise ValueError("periods")
    return {"weekly": weekly, "periods": periods, "off": [date.fromisoformat(day) for day in given["off"]]}


def minutes(clock: str) -> int:
    """Minutes of the day of ``HH:MM``.

    Raises:
        ValueError: it is no time of day.
    """
    if not _CLOCK.fullmatch(clock):
        raise ValueError(clock)
    return int(clock[:2]) * 60 + int(clock[3:])


def allowed(text: str | None) -> dict[str, list[str]]:
    """Who may enter, by kind.

    Raises:
        ValueError: it is no such list.
    """
    given = _parts(text, ALLOWED)
    if not all(isinstance(value, str) for values in given.values() for value in values):
        raise ValueError("values")
    return given


def classes(text: str | None) -> tuple[str, ...]:
    """Classes that a fence concerns; empty for all people.

    Raises:
        ValueError: an unknown class.
    """
    found = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    if set(found) - set(CLASSES):
        raise ValueError(text)
    return found


def _parts(text: str | None, names: tuple[str, ...]) -> dict[str, list[Any]]:
    made = json.loads(text) if text and text.strip() else {}
    if not isinstance(made, dict) or set(made) - set(names):
        raise ValueError("parts")
    parts = {name: made.get(name, []) for name in names}
    if not all(isinstance(value, list) for value in parts.values()):
        raise ValueError("lists")
    return parts


def holds(parse: Any, text: str) -> bool:
    """Whether ``parse`` takes the text."""
    try:
        parse(text)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    return True
