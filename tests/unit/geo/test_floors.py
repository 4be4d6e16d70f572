"""Floors by height."""

from __future__ import annotations

import numpy as np
import pytest

from twin.geo.floors import Floor, FloorStack, floor_name

STACK = FloorStack([Floor(2, 8.5, 13.0), Floor(1, 4.0, 8.6), Floor(-1, 0.0, 4.0)])


def test_levels_of_heights() -> None:
    heights = np.array([-0.1, 0.0, 3.99, 4.0, 8.49, 8.5, 12.9, 13.0])
    assert STACK.levels(heights).tolist() == [0, -1, -1, 1, 1, 2, 2, 0]
    assert FloorStack([]).levels(heights).tolist() == [0] * 8


@pytest.mark.parametrize(("height", "level"), [(8.5, 1), (9.3, 1), (9.5, 2), (3.5, 1), (3.0, -1), (20.0, 0)])
def test_a_floor_is_held_within_the_hysteresis(height: float, level: int) -> None:
    assert STACK.level(height, before=1, hysteresis=0.8) == level


def test_names() -> None:
    assert [floor_name(n) for n in (-2, 1, 3)] == ["B2", "F1", "F3"]
