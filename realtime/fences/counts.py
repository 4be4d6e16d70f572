"""Live counts: of every fence from its members, and by area and class from the very fixes that the dots show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from realtime.fences.repository_rules import Ground
from realtime.fences.rules import group_of
from realtime.hub.ingest import Value
from realtime.positioning.types import State
from realtime.tracking.batch import PERSON, FixBatch

if TYPE_CHECKING:
    from realtime.fences.plant import PlantFences

CLASSES = ("employee", "contractor", "visitor")
#: Column of those whose position is stale, behind the classes and the vehicles.
_OLD = 4


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
        person = batch.kind == PERSON
        klass = np.array([group_of(batch.subjects[row]).bit_length() - 1 for row in batch.index.tolist()], np.int64)
        klass = np.where(batch.state >= State.STALE, _OLD, klass)
        now: dict[str, NDArray[np.int64]] = {key: np.zeros(_OLD + 1, np.int64) for key in self._heads}
        now |= {f"zone:{code}": np.zeros(_OLD + 1, np.int64) for code in ground.zones}
        now["all"] = _by(klass[person], np.zeros(int(person.sum()), np.int64), 1)[0]
        floors = _by(klass[person], batch.floor[person], len(batch.floors))
        now |= {
            f"floor:{code}": floors[n]
            for n, code in enumerate(batch.floors)
            if floors[n].any() or f"floor:{code}" in now
        }
        for n, row in enumerate(_by(klass[person], batch.zone[person], len(batch.zones))):
            code: str | None = batch.zones[n]
            while code is not None and code in ground.zones:
                now[f"zone:{code}"] = now[f"zone:{code}"] + row
                code = ground.zones[code][1]
        told = {}
        for key, found in now.items():
            by = {name: int(found[n]) for n, name in enumerate(CLASSES)}
            told[key] = {**by, "total": sum(by.values()), "stale": int(found[_OLD])}
        changed, self._heads = _changes(self._heads, told, batch.at), told
        return changed


def _by(klass: NDArray[np.int64], place: NDArray[Any], size: int) -> NDArray[np.int64]:
    """(size, 5) how many of each class, and how many stale ones, are at each place; -1 is nowhere."""
    there = place >= 0
    flat = place[there].astype(np.int64) * (_OLD + 1) + klass[there]
    return np.bincount(flat, minlength=size * (_OLD + 1)).reshape(size, _OLD + 1).astype(np.int64)


def _changes(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]], at: float) -> list[Value]:
    changed: list[Value] = [(key, at, {"id": key, **value}) for key, value in now.items() if before.get(key) != value]
    return changed + [(key, at, None) for key in before if key not in now]
