"""Heights and lines of sight against the surface that the delivery was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import Transformer

from tests.unit.tiles3d.deliveries import ORIGIN, glb_delivery, ground
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.job import Options

TO_LONLAT = Transformer.from_crs("EPSG:4548", "EPSG:4326", always_xy=True)


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> HeightField:
    folder = tmp_path_factory.mktemp("height")
    source = glb_delivery(folder / "in", 2, 2, n=60, texture=32)
    import_delivery(source, folder / "out", options=Options(workers=1, triangles=3000))
    return HeightField(folder / "out")


def lonlat(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(TO_LONLAT.transform(x + ORIGIN[0], y + ORIGIN[1]))


def place(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Longitude, latitude, height of local coordinates."""
    lon, lat = TO_LONLAT.transform(x + ORIGIN[0], y + ORIGIN[1])
    return float(lon), float(lat), z + ORIGIN[2]


def test_heights_match_the_terrain(field: HeightField) -> None:
    rng = np.random.default_rng(7)
    x, y = rng.uniform(0.5, 119.5, 4000), rng.uniform(0.5, 119.5, 4000)
    free = np.ones(len(x), bool)
    for cx in (30, 90):
        for cy in (30, 90):
            free &= ~((np.abs(x - cx) < 16) & (np.abs(y - cy) < 7))
    found = field.sample(lonlat(x[free], y[free]))
    assert not np.isnan(found).any(), "no hole between tiles"
    assert np.abs(found - ORIGIN[2] - ground(x[free], y[free])).max() < 0.03


def test_roofs_count_and_floors_below_can_be_asked_for(field: HeightField) -> None:
    roof = float(ground(np.array(30.0), np.array(30.0))) + 8.0
    at = lonlat(np.array([30.0]), np.array([30.0]))
    assert field.sample(at)[0] - ORIGIN[2] == pytest.approx(roof, abs=0.02)
    below = field.sample(at, below=roof + ORIGIN[2] - 1.0)[0] - ORIGIN[2]
    assert below == pytest.approx(float(ground(np.array(30.0), np.array(30.0))), abs=0.05)


def test_beside_the_model_there_is_no_height(field: HeightField) -> None:
    assert np.isnan(field.sample(lonlat(np.array([-50.0, 500.0]), np.array([10.0, 10.0])))).all()
    assert len(field.sample(np.zeros((0, 2)))) == 0


def test_sight_is_blocked_by_the_house(field: HeightField) -> None:
    z = float(ground(np.array(30.0), np.array(30.0)))
    point = place(30, 45, z + 3)
    cameras = [
        place(30, 15, z + 3),  # behind the house
        place(30, 15, z + 60),  # above it
        place(55, 45, z + 3.5),  # beside it
        place(30, 45.1, z + 3),  # at the point itself
    ]
    assert field.visible(point, cameras).tolist() == [False, True, True, True]
    back = [bool(field.visible(c, [point])[0]) for c in cameras]
    assert back == [False, True, True, True], "sight is mutual"


def test_sight_through_the_ground(field: HeightField) -> None:
    z = float(ground(np.array(10.0), np.array(60.0)))
    assert not field.visible(place(10, 60, z - 5), [place(10, 60, z + 30)])[0]
    on_ground = field.visible(place(10, 60, z + 0.02), [place(10, 60, z + 30)])
    assert on_ground[0], "a point on the surface is seen from above"


def test_sight_agrees_with_brute_force(field: HeightField) -> None:
    rng = np.random.default_rng(8)
    n = 60
    x, y = rng.uniform(2, 118, n), rng.uniform(2, 118, n)
    cameras = np.array(
        [place(a, b, float(ground(a, b)) + c) for a, b, c in zip(x, y, rng.uniform(1, 12, n), strict=True)]
    )
    point = place(75, 40, float(ground(np.array(75.0), np.array(40.0))) + 2)
    ours = field.visible(point, cameras)
    o, ends = field.frame(point)[0], field.frame(cameras)
    hidden = np.zeros(n, bool)
    for number in range(len(field.leaves)):
        surface = field._surface(number)
        assert surface is not None
        tri = surface.vertices[surface.triangles]
        for k in range(n):
            hidden[k] |= _meets(o, ends[k] - o, tri)
    assert (ours == ~hidden).all()
    assert 5 < ours.sum() < n - 5


def _meets(o: NDArray[np.float64], d: NDArray[np.float64], tri: NDArray[np.float64]) -> bool:
    e1, e2 = tri[:, 1] - tri[:, 0], tri[:, 2] - tri[:, 0]
    p = np.cross(d, e2)
    det = (e1 * p).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = o - tri[:, 0]
        u = (t * p).sum(axis=1) / det
        q = np.cross(t, e1)
        v = (q @ d) / det
        s = (e2 * q).sum(axis=1) / det
    gap = 0.25 / np.linalg.norm(d)
    return bool(((np.abs(det) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (s > gap) & (s < 1 - gap)).any())


def test_memory_stays_bounded(field: HeightField, monkeypatch: pytest.MonkeyPatch) -> None:
    from tiles.tiles3d import height

    monkeypatch.setattr(height, "_KEEP", 4000)
    other = HeightField(Path(field.folder))
    x = np.linspace(1, 119, 50)
    first = other.sample(lonlat(x, x))
    assert sum(len(s.triangles) for s in other._kept.values() if s is not None) <= 4000
    np.testing.assert_array_equal(first, field.sample(lonlat(x, x)))
