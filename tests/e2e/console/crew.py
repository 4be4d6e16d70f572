"""People of a browser test's own, located by a gateway of their own: what they do disturbs nobody else's test."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError
from uuid import uuid4

from gis_assets.sites.demo.frame import to_lonlat

from tests.e2e.conftest import PATIENCE, Plant

#: Where the crew stands (local metres): nobody of the demo's crowd comes nearer than 60 m.
PLACE = (110.0, 200.0)


@dataclass
class Crew:
    """People of this file alone, located by a gateway of their own."""

    mark: str
    department: str
    people: list[dict[str, Any]]
    zone: str = ""
    place: tuple[float, float] = PLACE
    #: badges and units of others that are where the crew is
    others: list[str] = field(default_factory=list)

    def badge(self, n: int) -> str:
        """The code of a badge of this crew; the last one is nobody's."""
        return f"E2E-{self.mark}-{n}"


@contextmanager
def located(plant: Plant, crew: Crew) -> Iterator[None]:
    """Tell the plant twice a second where everybody of the crew is."""
    over, cookie = threading.Event(), plant.token("admin")

    def run() -> None:
        while not over.wait(0.5):
            x, y = crew.place
            fix = {"x": x, "y": y, "source": "vendor", "floor": 0, "sigma": 0.3}
            codes = [*(crew.badge(n) for n in range(len(crew.people))), *crew.others]
            badges = [{"badge": code, "fix": fix} for code in codes]
            with suppress(URLError, TimeoutError):  # a busy server gets the next one
                plant.call("POST", "/api/positions/batch", {"gateway": crew.mark, "badges": badges}, cookie=cookie)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def zone_of(plant: Plant, person: str, cookie: str) -> str:
    """Where the plant says that somebody is, once it does."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        position = plant.call("GET", f"/api/people/{person}", cookie=cookie)["position"]
        if position and position["zone"]:
            return str(position["zone"])
        time.sleep(0.3)
    raise AssertionError("the crew was never located")


@contextmanager
def crew_of(plant: Plant, *, measured: bool = True) -> Iterator[Crew]:
    """Two people with badges that vibrate, and a third badge in the drawer; ``measured``: a gateway tells where they are."""
    cookie, mark = plant.token("manager"), uuid4().hex[:6].upper()
    department = plant.call("GET", "/api/people/departments", cookie=cookie)[0]["code"]
    made = Crew(mark, department, [])
    for n in range(3):
        body = {"kind": "badge", "ex_mark": "Ex ia IIC T4 Ga", "temp_limit_c": 80, "battery": 90, "vibrates": True}
        plant.call("PUT", f"/api/people/terminals/{made.badge(n)}", body, cookie=cookie)
    for n in range(2):
        person = {
            "code": f"{mark}-{n}",
            "name": f"巡检{mark}{n}",
            "sex": "female",
            "class": "contractor",
            "department": department,
        }
        made.people.append(plant.call("POST", "/api/people", person, cookie=cookie))
        plant.call("PUT", f"/api/people/{made.people[n]['id']}/badge", {"badge": made.badge(n)}, cookie=cookie)
    try:
        if not measured:
            yield made
            return
        with located(plant, made):
            made.zone = zone_of(plant, made.people[0]["id"], cookie)
            yield made
    finally:
        for person in made.people:
            plant.call("DELETE", f"/api/people/{person['id']}/badge", cookie=cookie)


def degrees(place: tuple[float, float]) -> str:
    """The longitude of a place as screens show it."""
    return f"{to_lonlat(*place)[0]:.6f}"
