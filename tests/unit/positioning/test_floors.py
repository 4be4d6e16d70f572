"""A four-storey building with drifting weather, badge offsets and noisy barometers: the right floor, in time."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.positioning import anchors, floors
from realtime.positioning.engine import Engine
from realtime.positioning.types import Kind, measurements

LEVELS = {1: 0.0, 2: 4.5, 3: 9.0, 4: 13.5}
OUTLINE = [(0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0)]
STAIRS = [(0.0, 8.0), (4.0, 8.0), (4.0, 12.0), (0.0, 12.0)]


def _table() -> anchors.AnchorTable:
    """Six anchors per floor and one reference barometer at 2 m."""
    position, level = {"baro": (-5.0, 0.0, 2.0)}, {"baro": 0}
    for name, z in LEVELS.items():
        for i, (x, y) in enumerate([(2, 2), (38, 2), (38, 18), (2, 18), (20, 2), (20, 18)]):
            position[f"f{name}-{i}"], level[f"f{name}-{i}"] = (float(x), float(y), z + 3.0), name
    return anchors.table(position, level)


def _pressure(height: np.ndarray, weather: np.ndarray) -> np.ndarray:
    return weather * np.exp(
        -height / (8.314462618 / (9.80665 * 0.0289644) * 281.15)
    )  # 8 C: not the engine's assumption


def _walk(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Times, xy, height and level (0 on the stairs): 60 s on a floor, 12 s of stairs, to a random next floor."""
    xy, z, level = [(20.0, 10.0)], [0.0], [1]
    here = 1
    while len(z) < 700:
        for _ in range(60):
            step = np.array([2.0, 10.0]) - xy[-1] if len(z) % 60 > 45 else rng.normal(0, 1.0, 2)
            step = step / max(1.0, float(np.hypot(*step)))
            place = np.clip(np.array(xy[-1]) + step, [1.0, 1.0], [39.0, 19.0])
            xy.append((float(place[0]), float(place[1])))
            z.append(LEVELS[here])
            level.append(here)
        there = int(rng.choice([k for k in LEVELS if abs(k - here) == 1]))
        for i in range(12):
            xy.append((2.0, 10.0))
            z.append(LEVELS[here] + (LEVELS[there] - LEVELS[here]) * (i + 1) / 13)
            level.append(0)
        here = there
    return np.arange(len(z), dtype=float), np.array(xy), np.array(z), np.array(level)


@pytest.mark.req("S2")
@pytest.mark.parametrize("seed", [1, 2])
def test_right_floor_under_weather_drift_and_badge_offsets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = _table()
    plan = floors.plan([(OUTLINE, LEVELS)], [STAIRS], ground=0.0)
    engine = Engine(table, 1, plan=plan, reference_height={0: 2.0})
    times, xy, z, level = _walk(rng)
    weather = 1013.0 + 3.0 * np.sin(times / 600.0)  # hPa: 25 m of apparent height
    badge_offset = rng.uniform(-1.5, 1.5)
    got = []
    for i, t in enumerate(times):
        distance = np.linalg.norm(np.array([*xy[i], z[i] + 1.0]) - table.position, axis=1)
        same = np.abs(table.position[:, 2] - 3.0 - z[i])
        heard = [a for a in range(1, len(table.ids)) if same[a] < 2.5 or (same[a] < 6.0 and rng.random() < 0.3)]
        ranges = measurements(len(heard), kind=Kind.RANGE, anchor=heard, time=t)
        ranges["value"] = distance[heard] + rng.normal(0, 0.1, len(heard)) + np.where(same[heard] < 2.5, 0.0, 1.0)
        air = measurements(2, time=t)
        air["kind"], air["anchor"] = [Kind.REFERENCE, Kind.PRESSURE], 0
        air["value"][0] = _pressure(np.array(2.0), weather[i]) + rng.normal(0, 0.02)
        air["value"][1] = _pressure(z[i] + 1.0, weather[i]) + badge_offset + rng.normal(0, 0.03)
        engine.feed(np.concatenate([air, ranges]), t)
        fix = engine.publish(t)
        got.append(int(fix[0]["floor"]) if fix.size else 0)
    floor = np.array(got)
    since = np.zeros(level.size)
    for i in range(1, level.size):
        since[i] = 0.0 if level[i] == 0 or level[i - 1] == 0 else since[i - 1] + 1.0
    judged = (level > 0) & (since >= 3.0) & (times > 5.0)
    assert np.mean(floor[judged] == level[judged]) >= 0.995


def test_outdoors_has_no_floor_and_jitter_over_the_wall_changes_nothing() -> None:
    table = _table()
    plan = floors.plan([(OUTLINE, LEVELS)], [STAIRS], ground=-0.3)
    unit = floors.Floors(2, plan, table.level, {0: 2.0})
    heard = measurements(6, badge=0, kind=Kind.RANGE, anchor=[7, 8, 9, 10, 11, 12], time=1.0, value=8.0)
    unit.feed(heard)
    one = np.ones(2)
    unit.decide(np.array([39.9, 60.0]), np.array([10.0, 60.0]), one, 1.0)
    assert unit.level.tolist() == [2, 0]
    assert unit.z.tolist() == [4.5, -0.3]
    unit.decide(np.array([40.3, 60.0]), np.array([10.0, 60.0]), one, 2.0)
    assert unit.level.tolist() == [2, 0]
    unit.decide(np.array([48.0, 60.0]), np.array([10.0, 60.0]), one, 3.0)
    assert unit.level.tolist() == [2, 0], "one far fix is no way out"
    unit.decide(np.array([49.0, 60.0]), np.array([10.0, 60.0]), one, 5.0)
    assert unit.level.tolist() == [0, 0]
