"""Statistics and analysis of alarms (clauses M9.6, M9.7): figures by ISA-18.2 and EEMUA 191, probable first causes, and
suggestions in words, each with the alarms that it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.alarms import repository_analysis as sql
from twin import clock
from twin.db.uow import UnitOfWork
from twin.i18n import t
from twin.spatial import repository as spatial

#: EEMUA 191: more than this many alarms in ten minutes are a flood; it is over below the second number.
FLOOD, FLOOD_OVER = 10, 5
#: ISA-18.2, alarms per operator and ten minutes: very likely acceptable, maximum manageable.
ACCEPTABLE, MANAGEABLE = 1.0, 2.0
STANDING_HOURS, FLEETING_S, REPEATS = 24.0, 10.0, 10
_TEN = timedelta(minutes=10)
_MOST = 50


async def statistics(uow: UnitOfWork, start: datetime, end: datetime) -> dict[str, Any]:
    """Counts by level, grade, type, area, handled or not; the daily line; top sensors; times."""
    session = uow.session
    rows = await sql.totals(session, start, end)
    by = {name: Counter[Any]() for name in ("type", "grade", "zone_code")}
    handled = 0
    for row in rows:
        handled += row["n"] if row["handled"] else 0
        for name, counter in by.items():
            counter[row[name]] += row["n"]
    total = sum(row["n"] for row in rows)
    return {
        "start": start, "end": end, "total": total, "handled": handled, "unhandled": total - handled,
        "levels": {level: by["type"][level] for level in ("hh", "h", "l", "ll", "switch")},
        "types": [{"key": key, "n": n} for key, n in by["type"].most_common()],
        "grades": {grade: by["grade"][grade] for grade in (1, 2, 3, 4)},
        "zones": [{"key": key or "", "n": n} for key, n in by["zone_code"].most_common()],
        "daily": await sql.daily(session, start, end, await spatial.timezone(session)),
        "top": await sql.top(session, start, end, 20),
        "times": await sql.times(session, start, end),
    }  # fmt: skip


async def analysis(uow: UnitOfWork, start: datetime, end: datetime, window_s: float, language: str) -> dict[str, Any]:
    """Standing, chattering, fleeting and repeating alarms, rates with floods, correlated pairs, causes, suggestions."""
    session = uow.session
    groups = {
        "standing": await sql.standing(session, clock.now(), STANDING_HOURS, _MOST),
        "chattering": await sql.chattering(session, start, end, _MOST),
        "fleeting": await sql.fleeting(session, start, end, FLEETING_S, _MOST),
        "repeating": await sql.repeating(session, start, end, REPEATS, _MOST),
    }
    pairs = await sql.pairs(session, start, end, window_s, 3, _MOST)
    pairs = [pair for pair in pairs if pair["lift"] >= 2.0]
    rate = rates(await sql.per_ten_minutes(session, start, end), start, end)
    causes = first_causes(pairs)
    found = {"start": start, "end": end, **groups, "pairs": pairs, "rates": rate, "causes": causes}
    return {**found, "suggestions": suggestions(found, language, ZoneInfo(await spatial.timezone(session)))}


def rates(rows: Sequence[dict[str, Any]], start: datetime, end: datetime) -> dict[str, Any]:
    """Alarms per ten minutes against ISA-18.2 and EEMUA 191; floods as spans with their counts."""
    span = max(_TEN, end - start)
    total = sum(row["n"] for row in rows)
    mean = total / (span / _TEN)
    floods: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for row in rows:
        goes_on = bool(floods) and before is not None and row["start"] - before["start"] == _TEN
        if goes_on and floods[-1]["end"] == row["start"] and row["n"] >= FLOOD_OVER:
            floods[-1]["end"] = row["start"] + _TEN
            floods[-1]["n"] += row["n"]
            floods[-1]["peak"] = max(floods[-1]["peak"], row["n"])
        elif row["n"] > FLOOD:
            floods.append({"start": row["start"], "end": row["start"] + _TEN, "n": row["n"], "peak": row["n"]})
        before = row
    flooded = sum((flood["end"] - flood["start"] for flood in floods), timedelta())
    return {
        "mean_per_ten_minutes": mean, "peak_per_ten_minutes": max((row["n"] for row in rows), default=0),
        "per_day": total / (span / timedelta(days=1)), "flood_share": flooded / span, "floods": floods,
        "verdict": "acceptable" if mean <= ACCEPTABLE else "manageable" if mean <= MANAGEABLE else "overloaded",
        "periods": list(rows),
    }  # fmt: skip


def first_causes(pairs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Conditions that others follow and that themselves follow none: probable first causes, by how much follows them."""
    leads: dict[str, list[dict[str, Any]]] = {}
    for pair in pairs:
        leads.setdefault(pair["first"], []).append(pair)
    strength = {(pair["first"], pair["second"]): pair["n"] * pair["share"] for pair in pairs}
    # Two that follow each other: the one that comes first more often leads.
    led = {second for (first, second), n in strength.items() if n > strength.get((second, first), 0.0)}
    return [
        {
            "key": key, "name": mine[0]["first_name"], "n": sum(pair["n"] for pair in mine),
            "follows": [pair["second"] for pair in mine],
            "ids": list(dict.fromkeys(i for pair in mine for i in pair["first_ids"])),
        }
        for key, mine in sorted(leads.items(), key=lambda item: -sum(pair["n"] for pair in item[1]))
        if key not in led
    ]  # fmt: skip


def suggestions(found: dict[str, Any], language: str, zone: ZoneInfo) -> list[dict[str, Any]]:
    """What to do, in words and in the site's time; ``ids`` are the alarms that it rests on."""
    made: list[dict[str, Any]] = []

    def say(kind: str, ids: Sequence[Any], **params: Any) -> None:
        made.append({"kind": kind, "text": t(f"alarm.suggest.{kind}", language, **params), "ids": list(ids)[:200]})

    for row in found["standing"]:
        say("standing", row["ids"], name=row["name"], hours=round((row["seconds"] or 0) / 3600))
    for kind in ("chattering", "fleeting", "repeating"):
        for row in found[kind][:10]:
            say(kind, row["ids"], name=row["name"], n=int(row["n"]))
    for cause in found["causes"][:5]:
        say("cause", cause["ids"], name=cause["name"], n=cause["n"], follows=len(cause["follows"]))
    for flood in found["rates"]["floods"][:5]:
        say("flood", [], start=f"{flood['start'].astimezone(zone):%Y-%m-%d %H:%M}", n=flood["n"], peak=flood["peak"])
    return made
