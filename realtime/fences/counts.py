"""Live counts: of every fence from its members, and by area and class from the very fixes that the dots show."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from realtime.fences.repository_rules import Ground
from realtime.fences.rules import group_of
from realtime.hub.ingest import Value
from realtime.positioning.types import State
from realtime.tracking.batch import FixBatch

if TYPE_CHECKING:
    from realtime.fences.plant import PlantFences

CLASSES = ("employee", "contractor", "visitor")


class Live:
    """Remembers what was told, so that only changes are."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, Any]] = {}
        self._heads: dict[str, dict[str, Any]] = {}

    def fences(self, plant: PlantFences, batch: FixBatch) -> list[Value]:
        """Counts of the fences that changed, None for fences that are gone."""
        engine = plant.engine
        who, where = engine.inside()
        klass = np.array([group_of(s).bit_length() - 1 for s in plant.subjects] or [0], np.int64)
        state: NDArray[np.int64] = np.full(max(1, len(plant.subjects)), int(State.LOST), np.int64)
        state[batch.index] = batch.state
        size = len(engine.fences)
        by = np.bincount(where * 4 + klass[who], minlength=size * 4).reshape(size, 4)
        old = who[(state[who] >= State.STALE) & (klass[who] < 3)], where[(state[who] >= State.STALE) & (klass[who] < 3)]
        stale, active, now = np.bincount(old[1], minlength=size), engine.active(), {}
        for i, fence in enumerate(engine.fences):
            row = plant.rows.get(fence.id)
            if row is None:
                continue
            now[fence.id] = {
                "code": row.code, "name": row.name, "kind": row.kind, "count": int(by[i, :3].sum()),
                "stale": int(stale[i]), "vehicles": int(by[i, 3]),
                **{name: int(by[i, n]) for n, name in enumerate(CLASSES)},
                "limit": row.limit_count, "active": bool(active[i] and fence.enabled), "alarms": plant.alarms_of(fence.id),
            }  # fmt: skip
        changed, self._told = _changes(self._told, now, batch.at), now
        return changed

    def headcount(self, ground: Ground, batch: FixBatch) -> list[Value]:
        """Persons by area, floor and class that changed; what is zero again is told as zero."""
        fresh: dict[str, Counter[str]] = defaultdict(Counter)
        stale: Counter[str] = Counter()
        for i, row in enumerate(batch.index.tolist()):
            subject = batch.subjects[row]
            if subject.kind != "person":
                continue
            keys, floor, zone = ["all"], int(batch.floor[i]), int(batch.zone[i])
            if floor >= 0:
                keys.append(f"floor:{batch.floors[floor]}")
            code = batch.zones[zone] if zone >= 0 else None
            while code is not None and code in ground.zones:
                keys.append(f"zone:{code}")
                code = ground.zones[code][1]
            for key in keys:
                if batch.state[i] >= State.STALE:
                    stale[key] += 1
                else:
                    fresh[key][subject.klass if subject.klass in CLASSES else CLASSES[0]] += 1
        now = {}
        for key in {"all", *(f"zone:{code}" for code in ground.zones), *fresh, *stale, *self._heads}:
            by = {name: fresh[key][name] for name in CLASSES}
            now[key] = {**by, "total": sum(by.values()), "stale": stale[key]}
        changed, self._heads = _changes(self._heads, now, batch.at), now
        return changed


def _changes(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]], at: float) -> list[Value]:
    changed: list[Value] = [(key, at, {"id": key, **value}) for key, value in now.items() if before.get(key) != value]
    return changed + [(key, at, None) for key in before if key not in now]
