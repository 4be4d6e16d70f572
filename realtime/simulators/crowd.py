"""The demo's people and vehicles: who they are, where they walk, what happens to them. True places only, no measuring."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import hypot
from typing import Any

from realtime.simulators.crowd_plan import (
    FLOOR_HEIGHT,
    GATE,
    LEVELS,
    Area,
    Step,
    areas,
    fence_rects,
    route,
)

PEOPLE, VEHICLES = 300, 25
#: People of each of the two teams that relieve one another; the others stay.
TEAM = 30
#: m/s up and down stairs.
_STAIRS = 0.4
SCENARIOS = ("overcrowding", "trespass", "man_down", "sos", "anchor_failure", "badge_left", "shift_change", "calm")


class ScenarioUnknown(ValueError):
    """No such scenario, or it names something that is not there."""


def person_code(n: int) -> str:
    """Badge code of person ``n`` (from 0)."""
    return f"P-{n + 1:04d}"


def vehicle_code(n: int) -> str:
    """Code of the unit in vehicle ``n`` (from 0)."""
    return f"V-{n + 1:04d}"


@dataclass
class Walker:
    """A person or vehicle; place in m of the site's frame, ``z`` m above the ground.

    Attributes:
        on: its badge is on site and switched on. moving: as the accelerometer says.
        pinned: it stays where it is (man down, badge left behind) until the scenario ends.
        sos: s for which the button is still pressed. battery: percent.
    """

    code: str
    vehicle: bool
    x: float
    y: float
    level: int
    speed: float
    areas: tuple[Area, ...]
    z: float = 0.0
    on: bool = True
    moving: bool = False
    pinned: bool = False
    sos: float = 0.0
    battery: float = 100.0
    rest: float = 0.0
    team: int = 0
    leaving: bool = False
    steps: list[Step] = field(default_factory=list)

    @property
    def here(self) -> Step:
        """Where it is as a step of a way."""
        return self.x, self.y, self.level

    def advance(self, dt: float, rng: random.Random) -> None:
        """``dt`` seconds of its life."""
        self.battery = max(5.0, self.battery - dt / 3000.0)
        self.sos = max(0.0, self.sos - dt)
        if self.pinned or not self.on:
            self.moving = False
            return
        if self.rest > 0.0:
            self.rest -= dt
            self.moving = False
            return
        self.moving = True
        left = dt
        while self.steps and left > 0.0:
            left = self._towards(self.steps[0], left)
            if left > 0.0:
                self.steps.pop(0)
        if not self.steps:
            if self.leaving:
                self.on = self.leaving = False
                return
            self.rest = rng.expovariate(1 / 25.0) if not self.vehicle else rng.expovariate(1 / 60.0)
            self.steps = self._plan(rng)

    def _towards(self, step: Step, left: float) -> float:
        """Go on towards a step; seconds left over when it is reached."""
        x, y, level = step
        z = max(0, level - 1) * FLOOR_HEIGHT
        dx, dy, dz = x - self.x, y - self.y, z - self.z
        need = hypot(dx, dy) / self.speed + abs(dz) / _STAIRS
        if need <= left:
            self.x, self.y, self.z, self.level = x, y, z, level
            return left - need
        share = left / need
        self.x, self.y, self.z = self.x + dx * share, self.y + dy * share, self.z + dz * share
        if level and self.level:
            self.level = min(LEVELS, 1 + round(self.z / FLOOR_HEIGHT))
        return 0.0

    def _plan(self, rng: random.Random) -> list[Step]:
        """Mostly a few steps further in the same place, now and then another place."""
        here = next((a for a in self.areas if a.level == self.level and _inside(a, self.x, self.y)), None)
        if here is None or rng.random() < (0.5 if self.vehicle else 0.06):
            here = rng.choices(self.areas, [a.weight for a in self.areas])[0]
        r = here.rect
        return self.go(rng.uniform(r.x0, r.x1), rng.uniform(r.y0, r.y1), here.level)

    def go(self, x: float, y: float, level: int) -> list[Step]:
        """The way to a place."""
        return route(self.here, (x, y, level))


def _inside(area: Area, x: float, y: float) -> bool:
    r = area.rect
    return r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1


class Crowd:
    """Everybody. The same seed gives the same lives."""

    def __init__(self, people: int = PEOPLE, vehicles: int = VEHICLES, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.dead_levels: dict[int, float] = {}
        self.walkers = [self._person(n, people) for n in range(people)] + [self._vehicle(n) for n in range(vehicles)]
        self.by_code = {w.code: w for w in self.walkers}
        self.shift = 0

    def _person(self, n: int, people: int) -> Walker:
        mine = tuple(self.rng.choices(areas(), [a.weight for a in areas()], k=2))
        r = mine[0].rect
        walker = Walker(
            person_code(n), False, self.rng.uniform(r.x0, r.x1), self.rng.uniform(r.y0, r.y1), mine[0].level,
            self.rng.uniform(1.0, 1.5), mine, z=max(0, mine[0].level - 1) * FLOOR_HEIGHT,
            battery=self.rng.uniform(40.0, 100.0), rest=self.rng.uniform(0.0, 40.0),
        )  # fmt: skip
        team = min(TEAM, people // 4)
        walker.team = 1 if n >= people - team else 2 if n >= people - 2 * team else 0
        if walker.team == 1:  # at home until the shift changes
            walker.on, walker.x, walker.y, walker.level, walker.z = False, *GATE, 0, 0.0
        return walker

    def _vehicle(self, n: int) -> Walker:
        roads = tuple(a for a in areas() if a.level == 0)
        mine = tuple(self.rng.choices(roads, k=3))
        r = mine[0].rect
        return Walker(
            vehicle_code(n), True, self.rng.uniform(r.x0, r.x1), r.y0, 0, self.rng.uniform(2.5, 4.5), mine,
            rest=self.rng.uniform(0.0, 60.0),
        )  # fmt: skip

    def advance(self, dt: float) -> None:
        """``dt`` seconds for everybody."""
        for walker in self.walkers:
            walker.advance(dt, self.rng)
        self.dead_levels = {level: left - dt for level, left in self.dead_levels.items() if left > dt}

    def play(self, scenario: str, badge: str = "", fence: str = "", level: int = 2, count: int = 12) -> dict[str, Any]:
        """Let something happen; who is concerned.

        Raises:
            ScenarioUnknown: no such scenario, badge or fence.
        """
        made = getattr(self, f"_{scenario}", None) if scenario in SCENARIOS else None
        if made is None:
            raise ScenarioUnknown(scenario)
        who: Sequence[Walker] = made(badge, fence, level, count)
        return {"scenario": scenario, "badges": [w.code for w in who]}

    def _one(self, badge: str) -> Walker:
        if badge:
            if badge not in self.by_code:
                raise ScenarioUnknown(badge)
            return self.by_code[badge]
        return self.rng.choice([w for w in self.walkers if w.on and not w.vehicle and not w.pinned])

    def _into(self, fence: str, kind: str, count: int, badge: str = "") -> list[Walker]:
        code = fence or next(c for c, (k, _) in fence_rects().items() if k == kind)
        if code not in fence_rects():
            raise ScenarioUnknown(code)
        rect = fence_rects()[code][1].inset(2.0)
        free = [w for w in self.walkers if w.on and not w.vehicle and not w.pinned and not w.leaving]
        # Those who are near come: the demo is to be seen within a minute or two.
        free.sort(key=lambda w: hypot(w.x - rect.center[0], w.y - rect.center[1]) + 300.0 * (w.level > 0))
        chosen = [self.by_code[badge]] if badge in self.by_code else free[:count]
        for walker in chosen:
            at = self.rng.uniform(rect.x0, rect.x1), self.rng.uniform(rect.y0, rect.y1)
            walker.steps, walker.rest = [*walker.go(*at, 0)], 0.0
            walker.speed = max(walker.speed, 1.5)
            walker.areas = (Area(code, rect, 0, 1.0),)
        return chosen

    def _overcrowding(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        return self._into(fence, "over_count", max(1, min(count, 60)))

    def _trespass(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        return self._into(fence, "trespass", 1, badge)

    def _man_down(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        walker = self._one(badge)
        walker.pinned = True
        return [walker]

    def _sos(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        walker = self._one(badge)
        walker.sos, walker.pinned = 10.0, True
        return [walker]

    def _badge_left(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        walker = self._one(badge)
        walker.pinned, walker.steps = True, []
        return [walker]

    def _anchor_failure(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        if not 1 <= level <= LEVELS:
            raise ScenarioUnknown(str(level))
        self.dead_levels[level] = 180.0
        return [w for w in self.walkers if w.on and w.level == level]

    def _shift_change(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        out = [w for w in self.walkers if w.team and w.on]
        come = [w for w in self.walkers if w.team and not w.on]
        for walker in out:
            walker.steps, walker.rest, walker.pinned, walker.leaving = walker.go(*GATE, 0), 0.0, False, True
        for walker in come:
            walker.on, walker.x, walker.y, walker.level, walker.z = True, *GATE, 0, 0.0
            walker.rest, walker.steps = self.rng.uniform(0.0, 90.0), []
        self.shift += 1
        return [*out, *come]

    def _calm(self, badge: str, fence: str, level: int, count: int) -> list[Walker]:
        fresh = areas()
        concerned = [w for w in self.walkers if w.pinned or (w.areas and w.areas[0].name in fence_rects())]
        for walker in concerned:
            walker.pinned, walker.sos = False, 0.0
            if walker.areas[0].name in fence_rects():
                walker.areas = tuple(self.rng.choices(fresh, [a.weight for a in fresh], k=2))
            walker.steps, walker.rest = [], 0.0
        self.dead_levels = {}
        return concerned
