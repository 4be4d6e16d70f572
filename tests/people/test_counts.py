"""Head counts by area, floor and class: from the same places as the dots, stale ones apart."""

from __future__ import annotations

import random

import httpx
import pytest

from tests.conftest import Enterprise
from tests.people.support import badge, give, person, place

CLASSES = ("employee", "contractor", "visitor")


@pytest.mark.req("M10.1")
async def test_counts_by_area_and_class_equal_the_dots(manager: httpx.AsyncClient, site: Enterprise) -> None:
    chance = random.Random(5)
    zones = ("Z-211", "Z-212", "Z-22", "Z-62", None)
    for n in range(24):
        made = await person(manager, f"N{n}", **{"class": CLASSES[n % 3]})
        await badge(manager, f"BN{n}")
        await give(manager, made["id"], f"BN{n}")
        state = ("good", "good", "held", "degraded", "stale", "lost")[n % 6]
        floor = "BD-04-F2" if n % 4 == 0 else None
        await place(site.id, made["id"], chance.choice(zones), state=state, floor=floor, age=70 if n == 1 else 1)
    gone = await person(manager, "N-none")
    await place(site.id, gone["id"], "Z-211")  # carries no badge: a place of nobody

    dots = (await manager.get("/api/people", params={"badge": "true", "limit": "500"})).json()["items"]
    dots = [d for d in dots if d["position"]]
    assert len(dots) == 24
    counts = (await manager.get("/api/people/counts")).json()
    inside = {"Z-21": {"Z-21", "Z-211", "Z-212", "Z-213"}, "Z-211": {"Z-211"}, "Z-62": {"Z-62", "Z-621"}}

    def check(count: dict[str, object], mine: list[dict[str, object]]) -> None:
        old = [d for d in mine if d["position"]["state"] in ("stale", "lost") or d["position"]["age"] > 60]  # type: ignore[index]
        new = [d for d in mine if d not in old]
        assert count["stale"] == len(old) and count["total"] == len(new)
        for klass in CLASSES:
            assert count[klass] == sum(d["class"] == klass for d in new)

    check(counts["all"], dots)
    assert counts["all"]["stale"] == 9
    by_code = {z["code"]: z for z in counts["zones"]}
    for code, within in inside.items():
        check(by_code[code], [d for d in dots if d["position"]["zone"] in within])
    assert by_code["Z-21"]["total"] + by_code["Z-21"]["stale"] > by_code["Z-211"]["total"] + by_code["Z-211"]["stale"]
    (floor,) = counts["floors"]
    check(floor, [d for d in dots if d["position"]["floor"] == "BD-04-F2"])
