"""Rasters of areas against shapely, and edits against a full cut."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon

from tiles.tiles3d.raster import REACH, Area, Raster

TEXELS = 256


def area(key: str, polygon: Polygon, low: float = 0.0, high: float = 5.0) -> Area:
    rings = [polygon.exterior, *polygon.interiors]
    return Area.of(key, "zone", [np.asarray(r.coords)[:, :2] for r in rings], low, high)


def plant(count: int, seed: int) -> dict[str, Polygon]:
    """A whole plant, blocks, and many small areas that overlap, some with holes."""
    rng = np.random.default_rng(seed)
    found = {"z000": Polygon([(0, 0), (300, 10), (310, 280), (-10, 300)])}
    for i in range(1, count):
        x, y, r = rng.uniform(10, 270), rng.uniform(10, 260), rng.uniform(3, 40)
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        if np.diff(np.append(angles, angles[0] + 2 * np.pi)).max() > 3:
            continue
        polygon = Polygon(np.column_stack([x + r * np.cos(angles), y + r * np.sin(angles)]))
        if i % 5 == 0:
            polygon = polygon.difference(polygon.centroid.buffer(r / 4, quad_segs=3))
        if polygon.geom_type == "Polygon" and polygon.is_valid:
            found[f"z{i:03d}"] = polygon
    return found


def truth(raster: Raster, areas: dict[str, Polygon]) -> NDArray[np.int64]:
    """The two slots by point in polygon, numbered as the raster numbers."""
    assert raster.box is not None
    step = (raster.box[2] - raster.box[0]) / raster.texels
    middle = (np.arange(raster.texels) + 0.5) * step
    x, y = np.meshgrid(raster.box[0] + middle, raster.box[1] + middle)
    slots = np.zeros((*x.shape, 2), np.int64)
    numbers = {a.id: n for n, a in enumerate(raster.order, 1)}
    for key in sorted(areas, key=lambda k: (-Polygon(areas[k].exterior).area, k)):
        inside = shapely.contains_xy(areas[key], x, y)
        slots[inside, 1] = slots[inside, 0]
        slots[inside, 0] = numbers[key]
    return slots


def same(a: Raster, b: Raster) -> None:
    assert a.box == b.box and a.version == b.version and [x.id for x in a.order] == [x.id for x in b.order]
    assert (a.ids == b.ids).all() and (a.edges == b.edges).all()


def test_every_texel_is_what_point_in_polygon_says() -> None:
    shapes = plant(80, 1)
    raster = Raster(TEXELS)
    assert raster.update({k: area(k, p) for k, p in shapes.items()})
    expected = truth(raster, shapes)
    # A middle within rounding of an edge may fall on either side.
    assert (raster.ids != expected).any(axis=2).sum() <= 2
    assert (expected[..., 1] > 0).any() and any(p.interiors for p in shapes.values())


def test_look_up_gives_the_smallest_first() -> None:
    raster = Raster(TEXELS)
    big, small = Polygon([(0, 0), (100, 0), (100, 100), (0, 100)]), Polygon([(40, 40), (60, 40), (60, 60), (40, 60)])
    raster.update({"big": area("big", big), "small": area("small", small, 5, 9)})
    assert [a.id for a in raster.at(50, 50)] == ["small", "big"]
    assert raster.at(50, 50)[0].z_max == 9
    assert [a.id for a in raster.at(10, 10)] == ["big"]
    assert raster.at(-7, -7) == [] and raster.at(1e6, 0) == []


def test_rims_are_as_far_as_shapely_says() -> None:
    raster = Raster(TEXELS)
    polygon = Polygon([(0, 0), (90, 20), (70, 95), (10, 80)], [[(30, 30), (50, 30), (40, 50)]])
    raster.update({"a": area("a", polygon)})
    assert raster.box is not None
    step = (raster.box[2] - raster.box[0]) / TEXELS
    middle = (np.arange(TEXELS) + 0.5) * step
    x, y = np.meshgrid(raster.box[0] + middle, raster.box[1] + middle)
    distance = shapely.distance(shapely.points(x, y), polygon.boundary)
    expected = np.clip(distance / REACH * 255, 0, 255)
    assert np.abs(raster.edges[..., 0] - expected).max() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_edits_cut_only_around_themselves_and_equal_a_full_cut(seed: int) -> None:
    shapes = plant(60, seed)
    areas = {k: area(k, p) for k, p in shapes.items()}
    raster = Raster(TEXELS)
    raster.update(areas)
    rng = np.random.default_rng(seed + 10)
    for turn in range(12):
        keys = sorted(areas)
        key = keys[int(rng.integers(1, len(keys)))]
        if turn % 4 == 0:
            del areas[key], shapes[key]
        elif turn % 4 == 1:
            key = f"z{int(rng.integers(0, 900)):03d}x"
            x, y = rng.uniform(20, 250, 2)
            shapes[key] = Polygon([(x, y), (x + 17, y + 3), (x + 9, y + 14)])
            areas[key] = area(key, shapes[key])
        elif turn % 4 == 2:
            shapes[key] = shapely.affinity.translate(shapes[key], *rng.uniform(-8, 8, 2))
            areas[key] = area(key, shapes[key])
        else:
            areas[key] = area(key, shapes[key], 3.0, 11.0)
        assert raster.update(dict(areas))
        whole = Raster(TEXELS)
        whole.update(areas)
        same(raster, whole)
    assert not raster.update(dict(areas)), "nothing has changed"


def test_one_small_edit_touches_few_texels() -> None:
    areas = {k: area(k, p) for k, p in plant(60, 3).items()}
    raster = Raster(1024)
    raster.update(areas)
    areas["new"] = area("new", Polygon([(100, 100), (110, 100), (105, 108)]))
    raster.update(areas)
    assert 0 < raster.cut < 1024 * 1024 / 50


def test_box_grows_with_the_areas_and_an_empty_plant_has_none() -> None:
    raster = Raster(64)
    square = Polygon([(0, 0), (20, 0), (20, 20), (0, 20)])
    raster.update({"a": area("a", square)})
    first = raster.box
    far = {"a": area("a", square), "b": area("b", shapely.affinity.translate(square, 500, 0))}
    raster.update(far)
    assert raster.box != first and [a.id for a in raster.at(510, 10)] == ["b"]
    whole = Raster(64)
    whole.update(far)
    same(raster, whole)
    raster.update({})
    assert raster.box is None and raster.at(10, 10) == [] and not raster.ids.any()
