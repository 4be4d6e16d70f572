"""What an LED screen at a gate or in a unit shows of a zone: lines that fit, and the colour (issue 7, pushed to LED screens)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from domain.risk import repository, service
from domain.risk.errors import ZoneNotFound
from domain.risk.schemas import LedOut, ZoneState
from twin import clock
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.spatial.repository import timezone

#: Names of the four colours (clause M8.3), as LED controllers take them.
COLOURS = {1: "red", 2: "orange", 3: "yellow", 4: "blue"}


def cells(text: str) -> int:
    """Width of a text in half-width cells: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells; nothing is left out."""
    lines = [""]
    for character in text:
        if cells(lines[-1]) + cells(character) > width:
            lines.append("")
        lines[-1] += character
    return lines


def fit(head: Sequence[str], body: Sequence[str], foot: str, width: int, count: int) -> list[str]:
    """At most ``count`` lines: the head and the foot always, of the body what has room; a body that is cut ends in an ellipsis."""
    top = [line for text in head for line in wrap(text, width)][: count - 1]
    room = count - 1 - len(top)
    middle = [line for text in body for line in wrap(text, width)]
    if len(middle) > room:
        middle = middle[:room]
        if middle:
            last = middle[-1]
            while cells(last) > width - 2:
                last = last[:-1]
            middle[-1] = last + "…"
    return [*top, *middle, foot]


async def feed(uow: UnitOfWork, code: str, language: str, width: int, count: int) -> LedOut:
    """The zone as an LED screen of ``count`` lines of ``width`` half-width cells shows it.

    Raises:
        ZoneNotFound: no such zone.
    """
    row = await repository.zone(uow.session, code)
    if row is None:
        raise ZoneNotFound(code=code)
    now = clock.now()
    state = await service.state(uow, code, now, language)
    name = row["name_en"] if language == "en" and row["name_en"] else row["name"]
    clock_text = now.astimezone(ZoneInfo(await timezone(uow.session))).strftime("%H:%M")
    lines = fit([name, t(f"risk.level.{state.level}", language)], _reasons(state, language), clock_text, width, count)
    return LedOut(zone=code, level=state.level, colour=COLOURS[state.level], lines=lines, at=now)


def _reasons(state: ZoneState, language: str) -> list[str]:
    if state.override:
        return [t("risk.by_person", language)]
    said = []
    for cause in state.causes:
        subjects = dict.fromkeys(str(fact.attributes.get("subject") or "") for fact in cause.facts)
        said.append(" ".join([cause.title, *filter(None, subjects)]))
    if state.child:
        said.append(t("risk.by_child", language, code=state.child))
    return said
