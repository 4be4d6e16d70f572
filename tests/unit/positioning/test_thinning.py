"""Kept points put everybody within the tolerance of where they were, at every instant."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.positioning.thinning import Thinning
from realtime.positioning.types import Floats


def thin(track: Floats, breaks: set[int] | None = None) -> tuple[Floats, Thinning]:
    """Kept points of one subject's track (n, 4), the last one included."""
    unit, kept = Thinning(1), []
    for i, point in enumerate(track):
        before, this = unit.feed(np.zeros(1, np.int64), point[None], np.array([i in (breaks or set())]))
        if before[0]:
            kept.append(track[i - 1])
        if this[0]:
            kept.append(point)
    if unit.close(np.zeros(1, np.int64))[0]:
        kept.append(track[-1])
    return np.array(kept), unit


def walk(seconds: int, seed: int) -> Floats:
    """A walker with turns, stops and noise of 5 cm, once a second."""
    rng = np.random.default_rng(seed)
    heading, place, out = 0.0, np.zeros(2), []
    for t in range(seconds):
        heading += rng.normal(0.0, 0.1)
        speed = 0.0 if (t // 120) % 3 == 2 else 1.3
        place = place + speed * np.array([np.cos(heading), np.sin(heading)])
        out.append([float(t), *(place + rng.normal(0.0, 0.05, 2)), 0.0])
    return np.array(out)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_is_moved_in_time(seed: int) -> None:
    track = walk(3600, seed)
    kept, _ = thin(track)
    error = np.hypot(*[np.interp(track[:, 0], kept[:, 0], kept[:, i]) - track[:, i] for i in (1, 2)])
    assert error.max() <= 0.5 + 1e-9
    assert len(kept) < len(track) / 4
    assert np.diff(kept[:, 0]).max() <= 60.0 + 1e-9


def test_rest_costs_one_point_a_minute_and_a_change_keeps_both_sides() -> None:
    still = np.zeros((601, 4))
    still[:, 0] = np.arange(601.0)
    assert len(thin(still)[0]) == 11
    kept, _ = thin(still, {90})
    assert {89.0, 90.0} <= set(kept[:, 0])


def test_an_older_fix_changes_nothing_and_room_can_be_made() -> None:
    unit, row = Thinning(1), np.zeros(1, np.int64)
    no = np.zeros(1, np.bool_)
    assert unit.feed(row, np.array([[5.0, 0.0, 0.0, 0.0]]), no)[1][0]
    assert not any(part[0] for part in unit.feed(row, np.array([[5.0, 9.0, 0.0, 0.0]]), no))
    unit.grow(3)
    assert unit.feed(row + 2, np.array([[1.0, 0.0, 0.0, 0.0]]), no)[1][0]
