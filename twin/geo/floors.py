"""Storeys of a building by height: which floor a height is on, and how floors are called.

Level 1 is the ground floor and -1 the first basement, as in the ``floor`` layer; there is no level 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Floor:
    """A storey: its level and height range in metres above the ellipsoid."""

    level: int
    z_min: float
    z_max: float


@dataclass(frozen=True)
class FloorStack:
    """The storeys of one building, in any order; where two overlap the lower one ends at the upper one's bottom."""

    floors: Sequence[Floor]

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
        ordered = sorted(self.floors, key=lambda f: f.z_min)
        bottoms = np.array([f.z_min for f in ordered], float)
        tops = np.array([f.z_max for f in ordered], float)
        tops[:-1] = np.minimum(tops[:-1], bottoms[1:])
        return bottoms, tops, np.array([f.level for f in ordered], np.int64)

    def levels(self, heights: NDArray[np.float64]) -> NDArray[np.int64]:
        """Levels of N heights (metres above the ellipsoid); 0 where a height is on no floor."""
        bottoms, tops, levels = self._sorted
        heights = np.asarray(heights, float)
        if not len(bottoms):
            return np.zeros(heights.shape, np.int64)
        at = np.searchsorted(bottoms, heights, side="right") - 1
        inside = (at >= 0) & (heights < tops[np.maximum(at, 0)])
        return np.where(inside, levels[np.maximum(at, 0)], 0)

    def level(self, height: float, before: int = 0, hysteresis: float = 0.0) -> int:
        """The level of a height; ``before`` stays until the height is ``hysteresis`` metres outside that floor."""
        held = next((f for f in self.floors if f.level == before), None)
        if held is not None and held.z_min - hysteresis <= height < held.z_max + hysteresis:
            return before
        return int(self.levels(np.array([height]))[0])


def floor_name(level: int) -> str:
    """How a level is written on plans: ``F1``, ``F2``, ``B1``."""
    return f"B{-level}" if level < 0 else f"F{level}"
