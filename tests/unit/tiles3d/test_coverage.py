"""What cameras see, on a mesh whose house and terrain are known."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from tests.unit.tiles3d.deliveries import glb_delivery, ground
from tests.unit.tiles3d.test_height import place
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.coverage import View, coverage, seeing
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.job import Options


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> HeightField:
    """One tile of 60 m with a house of 15 x 12 x 8 m in its middle."""
    folder = tmp_path_factory.mktemp("coverage")
    source = glb_delivery(folder / "in", 1, 1, n=40, texture=32)
    import_delivery(source, folder / "out", options=Options(workers=1, triangles=3000))
    return HeightField(folder / "out")


def z(x: float, y: float) -> float:
    return float(ground(np.array(x), np.array(y)))


def lens(x: float, y: float, above: float = 4.0) -> tuple[float, float, float]:
    return place(x, y, z(x, y) + above)


def test_seen_means_in_the_picture_in_range_and_not_hidden(field: HeightField) -> None:
    point = place(10.0, 30.0, z(10, 30) + 1.5)
    views = [
        View(lens(10, 10), heading=0.0, tilt=-8.0, fov=60.0, range=60.0),  # looks north at it
        View(lens(10, 10), heading=180.0, tilt=-8.0, fov=60.0, range=60.0),  # looks away
        View(lens(10, 10), heading=0.0, tilt=-8.0, fov=60.0, range=10.0),  # too far away
        View(lens(50, 30), heading=270.0, tilt=-4.0, fov=60.0, range=90.0),  # the house stands between
        View(lens(10, 10), heading=None, range=60.0),  # turns by itself
        View(lens(10, 10), heading=0.0, tilt=-80.0, fov=60.0, range=60.0),  # looks at its own foot
    ]
    sees, distances = seeing(field, views, point)
    assert sees.tolist() == [True, False, False, False, True, False]
    assert distances[0] == pytest.approx(20, abs=1.5)
    assert seeing(field, [], point)[0].tolist() == []


def test_a_camera_sees_up_to_the_wall_and_past_it_on_both_sides(field: HeightField) -> None:
    view = View(lens(30, 6), heading=0.0, tilt=-10.0, fov=80.0, range=50.0)
    fan = coverage(field, view)
    assert len(fan.azimuths) == len(fan.ranges) == 64
    off = (fan.azimuths + 180) % 360 - 180
    assert off.min() > -40 and off.max() < 40
    ahead = fan.ranges[np.abs(off) < 5]
    # The wall stands at y = 24, 18 m ahead.
    assert (ahead > 12).all() and (ahead < 19.5).all()
    assert fan.ranges[np.abs(off) > 30].max() > 22


def test_the_outline_lies_on_the_ground_and_holds_what_is_seen(field: HeightField) -> None:
    at = lens(30, 6)
    fan = coverage(field, View(at, heading=0.0, tilt=-10.0, fov=80.0, range=50.0))
    outline = shapely.Polygon(fan.ring[:, :2])
    assert (fan.ring[0] == fan.ring[-1]).all() and outline.area > 0
    assert np.abs(field.sample(fan.ring[:, :2], below=at[2]) - fan.ring[:, 2]).max() < 0.05
    behind = place(30.0, 50.0, 0.0)
    assert not outline.contains(shapely.Point(behind[:2]))
    near = place(30.0, 20.0, 0.0)
    assert outline.contains(shapely.Point(near[:2]))


def test_a_turning_camera_sees_all_around_and_one_beside_the_model_sees_nothing(field: HeightField) -> None:
    around = coverage(field, View(lens(10, 10, 6.0), range=12.0))
    assert (around.ranges > 8).all()
    assert shapely.Polygon(around.ring[:, :2]).is_valid
    beside = coverage(field, View(place(5000.0, 5000.0, 30.0), heading=0.0, range=50.0))
    assert not beside.ranges.any() and len(beside.ring) == 0
