"""Where the demo's people and vehicles may be, and how they get from one place to the other: roads, doors, stairs."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot

from gis_assets.sites.demo.layout import BLOCKS, BUILDINGS, CONTROL_FLOOR_HEIGHT, CONTROL_STAIRS, GATES, ROAD_X, ROAD_Y
from gis_assets.sites.demo.shapes import Rect
from gis_assets.sites.demo.zones import GEOFENCES

Spot = tuple[float, float]
#: A point of a way: x, y in m of the site's frame, and the level there (0 outdoors).
Step = tuple[float, float, int]

CONTROL = next(b.rect for b in BUILDINGS if b.code == "BD-04")
#: The control building's door (south side, towards the road) and its stairs.
DOOR: Spot = (CONTROL.center[0], CONTROL.y0)
STAIRS: Spot = (CONTROL.x0 + CONTROL_STAIRS, CONTROL.center[1])
LEVELS = 3
GATE: Spot = (GATES[0].x, GATES[0].y)
TRUCK_GATE: Spot = (GATES[1].x, GATES[1].y)
FLOOR_HEIGHT = CONTROL_FLOOR_HEIGHT


@dataclass(frozen=True)
class Area:
    """A place of work: people walk about in ``rect`` on ``level``. ``weight``: its share of the crowd."""

    name: str
    rect: Rect
    level: int = 0
    weight: float = 1.0


def _strips() -> list[Area]:
    """Walkways of the process blocks and the yard: the strip inside each block along its southern road."""
    out = []
    for name, block in BLOCKS.items():
        strip = Rect(block.x0 + 2, block.y0 - 4, block.x1 - 2, block.y0 + 1)
        out.append(Area(name, strip, 0, 0.5 if name.startswith("B1") else 1.0))
    return out


@cache
def areas() -> tuple[Area, ...]:
    """Places of work that break no fence of the demo: strips of all blocks, and the control building's floors."""
    inside = [Area(f"BD-04-F{n + 1}", CONTROL.inset(3.0), n + 1, w) for n, w in enumerate((2.0, 3.0, 1.5))]
    return (*_strips(), *inside)


@cache
def fence_rects() -> dict[str, tuple[str, Rect]]:
    """Kind and bounds of each demo fence by code."""
    out = {}
    for fence in GEOFENCES:
        xs, ys = [p[0] for p in fence.outline], [p[1] for p in fence.outline]
        out[fence.code] = (fence.kind, Rect(min(xs), min(ys), max(xs), max(ys)))
    return out


_NODES: tuple[Spot, ...] = (*((x, y) for x in ROAD_X for y in ROAD_Y), GATE, TRUCK_GATE)


@cache
def _edges() -> dict[int, list[tuple[int, float]]]:
    rows = len(ROAD_Y)
    out: dict[int, list[tuple[int, float]]] = {i: [] for i in range(len(_NODES))}

    def join(a: int, b: int) -> None:
        d = hypot(_NODES[a][0] - _NODES[b][0], _NODES[a][1] - _NODES[b][1])
        out[a].append((b, d))
        out[b].append((a, d))

    for i in range(len(ROAD_X)):
        for j in range(rows):
            if j + 1 < rows:
                join(i * rows + j, i * rows + j + 1)
            if i + 1 < len(ROAD_X):
                join(i * rows + j, (i + 1) * rows + j)
    south = [i * rows for i in range(len(ROAD_X))]
    for gate in (len(_NODES) - 2, len(_NODES) - 1):
        for node in sorted(south, key=lambda n: abs(_NODES[n][0] - _NODES[gate][0]))[:2]:
            join(gate, node)
    return out


@cache
def _way(start: int, end: int) -> tuple[int, ...]:
    """Nodes of the shortest way along the roads."""
    best, todo = {start: (0.0, start)}, [(0.0, start)]
    while todo:
        d, node = heapq.heappop(todo)
        if node == end:
            break
        for other, length in _edges()[node]:
            if other not in best or d + length < best[other][0]:
                best[other] = (d + length, node)
                heapq.heappush(todo, (d + length, other))
    way = [end]
    while way[-1] != start:
        way.append(best[way[-1]][1])
    return tuple(reversed(way))


def _near(at: Spot) -> int:
    return min(range(len(_NODES)), key=lambda n: hypot(_NODES[n][0] - at[0], _NODES[n][1] - at[1]))


def route(start: Step, end: Step) -> list[Step]:
    """Steps from one place to another: by stairs and door inside the control building, along the roads outdoors."""
    steps: list[Step] = []
    x, y, level = start
    if level and level != end[2]:
        steps.append((*STAIRS, level))
        if not end[2]:
            steps += [(*STAIRS, 1), (*DOOR, 1), (*DOOR, 0)]
    if not level and end[2]:
        steps += _outdoors((x, y), DOOR)
        steps += [(*DOOR, 0), (*DOOR, 1)]
        if end[2] > 1:
            steps += [(*STAIRS, 1), (*STAIRS, end[2])]
    elif level and end[2] and level != end[2]:
        steps.append((*STAIRS, end[2]))
    elif not end[2]:
        steps += _outdoors((steps[-1][:2] if steps else (x, y)), end[:2])
    return [*steps, end]


def _outdoors(start: Spot, end: Spot) -> list[Step]:
    if hypot(start[0] - end[0], start[1] - end[1]) < 60.0:
        return []
    return [(*_NODES[n], 0) for n in _way(_near(start), _near(end))]


def length(start: Step, steps: Sequence[Step]) -> float:
    """Metres of a way."""
    total, at = 0.0, start
    for step in steps:
        total += hypot(step[0] - at[0], step[1] - at[1])
        at = step
    return total
