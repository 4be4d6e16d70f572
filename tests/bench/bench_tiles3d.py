"""3D tiles: import of the real survey delivery, its size, heights and lines of sight."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from tests.bench.harness import Row, seconds
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.job import Options
from tiles.tiles3d.raster import Area, Raster

REAL = Path(__file__).parents[3] / "shared" / "data" / "osgb-oblique"


def _source(folder: Path) -> tuple[Path, str]:
    """The real delivery where it is there, else a made one of about the same size."""
    if REAL.is_dir():
        return REAL, "osgb-oblique"
    from tests.unit.tiles3d.deliveries import glb_delivery

    return glb_delivery(folder / "in", 3, 3, n=128, texture=1024), "made GLB delivery"


def rows() -> list[Row]:
    """Goals of the issue: 3 s plain, 15 s packed, half the bytes, 20,000 heights/s, 50 ms for 200 cameras."""
    with tempfile.TemporaryDirectory(prefix="bench-tiles3d-") as name:
        folder = Path(name)
        source, label = _source(folder)
        plain = Options(textures="keep", compress=False)
        took = [seconds(lambda: import_delivery(source, folder / "plain", options=plain)) for _ in range(2)]
        packed = [seconds(lambda: import_delivery(source, folder / "packed", options=Options())) for _ in range(2)]
        manifest = import_delivery(source, folder / "packed", options=Options())
        found = [
            Row(f"import {label}, plain", "s", min(took), None, "", "lower", 3.0),
            Row(f"import {label}, meshopt + WebP", "s", min(packed), None, "", "lower", 15.0),
            Row(
                "bytes of the tileset",
                "MB",
                manifest.bytes / 1e6,
                manifest.source.bytes / 1e6,
                "the delivery",
                "lower",
                0.5,
            ),
            Row("first picture (root tile)", "kB", manifest.levels[0].bytes / 1e3, None, "", "lower"),
        ]
        return found + _rasters() + _answers(HeightField(folder / "packed"), manifest.bounds)


def _rasters() -> list[Row]:
    """2,000 zones in a raster of 2048 texels: the whole, and one edit."""
    areas = {f"z{i:04d}": _square(i, 16.0) for i in range(2000)}
    Raster(64).update(areas)  # compiled before it is measured
    whole = min(seconds(lambda: Raster(2048).update(areas)) for _ in range(3))
    raster = Raster(2048)
    raster.update(areas)
    edits = [
        seconds(lambda size=size: raster.update(areas | {"z1000": _square(1000, size)}))  # type: ignore[misc]
        for size in (12.0, 13.0, 14.0, 15.0, 16.5)
    ]
    return [
        Row("2,000 zones, raster cut whole", "ms", whole * 1e3, None, "", "lower"),
        Row("2,000 zones, cut again after one edit", "ms", min(edits) * 1e3, None, "", "lower", 20.0),
    ]


def _square(number: int, size: float) -> Area:
    x, y = number % 45 * 18.0, number // 45 * 18.0
    ring = np.array([[x, y], [x + size, y], [x + size, y + size], [x, y + size]])
    return Area.of(f"z{number:04d}", "zone", [ring], 0.0, 5.0)


def _answers(field: HeightField, bounds: tuple[float, float, float, float]) -> list[Row]:
    rng = np.random.default_rng(1)
    west, south, east, north = bounds
    points = np.column_stack([rng.uniform(west, east, 100_000), rng.uniform(south, north, 100_000)])
    heights = field.sample(points)
    rate = len(points) / min(seconds(lambda: field.sample(points)) for _ in range(5))
    on = ~np.isnan(heights)
    place = np.column_stack([points[on], heights[on]])
    cameras = place[:200] + np.array([0.0, 0.0, 5.0])
    point = place[300] + np.array([0.0, 0.0, 1.5])
    field.visible(point, cameras)
    sight = min(seconds(lambda: field.visible(point, cameras)) for _ in range(10))
    return [
        Row("heights, batched", "points/s", rate, None, "", "higher", 20_000.0),
        Row("one point against 200 cameras", "ms", sight * 1e3, None, "", "lower", 50.0),
    ]
