"""The demo plant's 3D model: it stands where the data says, is well formed, and a tile reads back as written."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from gis_assets.demo_model import decor, delivery
from gis_assets.demo_model.ground import SEA_Z, height
from gis_assets.demo_model.ground_plan import ASPHALT, DIKE, SEA, WHITE, Canvas, plan
from gis_assets.demo_model.light import make_lights
from gis_assets.demo_model.materials import SIZE, cut, material, names
from gis_assets.demo_model.mesh import Part, Scene
from gis_assets.demo_model.solids import beams, box, dome, pipe
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.frame import CRS_EPSG, ORIGIN_E, ORIGIN_H, ORIGIN_N
from PIL import Image
from shapely import MultiPoint, Polygon


@cache
def scene() -> Scene:
    return delivery.build_scene()


def charted(decor_name: str) -> Iterator[Part]:
    return (p for p in scene().parts if p.chart is not None and p.chart.decor == decor_name)


def test_every_part_is_sane() -> None:
    parts = scene().parts
    positions, normals = np.concatenate([p.positions for p in parts]), np.concatenate([p.normals for p in parts])
    assert np.isfinite(positions).all()
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 0.02
    uv = np.concatenate([p.uv for p in parts if p.chart is not None])
    assert uv.min() >= -1e-5 and uv.max() <= 1 + 1e-5
    room = np.repeat([len(p.positions) for p in parts], [len(p.triangles) for p in parts])
    triangles = np.concatenate([p.triangles for p in parts])
    assert triangles.min() >= 0 and (triangles.max(1) < room).all()
    assert {p.detail for p in parts} == {0, 1, 2}
    assert {p.material for p in parts if p.chart is None} <= set(names())
    assert 400_000 < len(triangles) < 1_500_000


def test_everything_is_on_the_survey() -> None:
    m = layout.MODEL
    p = np.concatenate([p.positions for p in scene().parts])
    low, high = p.min(0), p.max(0)
    assert low[0] > m.x0 - 3 and high[0] < m.x1 + 3 and low[1] > m.y0 - 3 and high[1] < m.y1 + 3
    assert low[2] > -6 and high[2] < 100


def test_tank_shells_are_the_footprints() -> None:
    shells = {p.chart.args["code"]: p for p in charted("tank_shell") if p.chart is not None}
    for t in layout.TANKS:
        if t.kind in ("fixed_roof", "floating_roof"):
            hull = MultiPoint(shells[t.code].positions[:, :2].tolist()).convex_hull
            assert hull.symmetric_difference(Polygon(t.outline())).area < 1e-3 * hull.area, t.code
            assert shells[t.code].positions[:, 2].max() == pytest.approx(t.height)
        if t.kind == "sphere":
            assert shells[t.code].positions[:, 2].max() == pytest.approx(t.height, abs=1e-3)


def test_walls_are_the_footprints() -> None:
    wall_corners = {
        (round(float(x), 2), round(float(y), 2))
        for name in ("facade", "shed_wall")
        for p in charted(name)
        for x, y in p.positions[:, :2]
    }
    for b in (*layout.BUILDINGS, *layout.WAREHOUSES):
        if b.roof != "shed":
            for x, y in b.rect.outline():
                assert (round(x, 2), round(y, 2)) in wall_corners, b.code


def test_nothing_floats() -> None:
    """Every connected heap of parts (boxes that touch, 0.35 m play) reaches the ground or the sea bed."""
    low = np.array([p.positions.min(0) for p in scene().parts]) - 0.35
    high = np.array([p.positions.max(0) for p in scene().parts]) + 0.35
    outlines = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    a, b = shapely.STRtree(outlines).query(outlines)
    over = (low[a, 2] <= high[b, 2]) & (low[b, 2] <= high[a, 2])
    a, b = a[over], b[over]
    reached = low[:, 2] <= 0.0
    while True:
        before = reached.sum()
        reached[a[reached[b]]] = True
        if reached.sum() == before:
            break
    loose = [(scene().parts[i].center, float(low[i, 2])) for i in np.flatnonzero(~reached)]
    assert loose == []


def test_triangles_face_outwards() -> None:
    s = Scene()
    box(s, (0, 0), 0, (2, 3, 4), 30, "concrete", bottom=True)
    pipe(s, (0, 0, 5), (10, 0, 5), 1.0, "cladding", caps=0.3)
    pipe(s, (5, 5, 0), (5, 5, 9), 1.0, "cladding")
    dome(s, (0, 9), 2, 6, 1, "tank_white", rings=3, spherical=True)
    beams(s, [(0, 0, 0)], [(0, 4, 4)], 0.2, "steel")
    for p in s.parts:
        tri = p.positions[p.triangles]
        face = np.cross(tri[:, 1] - tri[:, 0], tri[:, 2] - tri[:, 0])
        area = np.linalg.norm(face, axis=1)
        dots = np.einsum("ij,ij->i", face, p.normals[p.triangles].mean(1))
        assert (dots[area > 1e-6] > 0).all()


def test_materials_and_painters() -> None:
    for name in names():
        picture = material(name)
        assert picture.shape == (SIZE, SIZE, 3) and picture.min() >= 0 and picture.max() <= 1
    for part in (
        next(charted(name)) for name in ("tank_shell", "tank_roof", "facade", "shed_wall", "vessel", "sheets")
    ):
        assert part.chart is not None
        first, again = (decor.paint(part.chart, 320, 160, cut) for _ in range(2))
        assert first.shape == (160, 320, 3) and np.isfinite(first).all() and (first == again).all()


def test_ground_plan_follows_the_layout() -> None:
    def classes(x: float, y: float) -> tuple[int, bool]:
        c = Canvas(x - 5, y - 5, 10, 100)
        plan(c)
        return int(c.cls[50, 50]), bool((c.mark == WHITE).any())

    assert classes(-60, 25)[0] == ASPHALT
    assert classes(-150, 60) == (ASPHALT, True)
    assert classes(-100, 198)[0] == DIKE
    assert classes(100, 290)[0] == SEA
    assert height(0) == 0 and height(layout.SHORE_Y + 50) == SEA_Z


def read_glb(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    magic, version, length = struct.unpack_from("<4sII", data)
    assert (magic, version, length) == (b"glTF", 2, len(data))
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[28 + size :]


@pytest.fixture(scope="module")
def tile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tile with two parts under its own light, at a coarse ground resolution."""
    s = Scene()
    box(s, (0, 0), 0, (20, 20, 15), 0, "panel", "bitumen", texel=0.5)
    beams(s, [(30, 0, 0)], [(30, 0, 10)], 0.3, "yellow", 2)
    with ThreadPoolExecutor(2) as pool:
        lights = make_lights(s.parts, pool)
    return delivery.make_tile(tmp_path_factory.mktemp("tile"), 2, 1, s.parts, lights, ground_pixels=150)


def test_tile_is_a_glb_with_details(tile: Path) -> None:
    doc, blob = read_glb(tile)
    assert tile.parts[-3:] == ("Data", "Tile_+002_+001", "Tile_+002_+001.glb")
    assert doc["extensionsUsed"] == ["KHR_materials_unlit"]
    details = [p["extras"]["detail"] for p in doc["meshes"][0]["primitives"]]
    assert sorted(details) == [0, 0, 2]
    for image in doc["images"]:
        view = doc["bufferViews"][image["bufferView"]]
        picture = Image.open(BytesIO(blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]))
        assert picture.format == "JPEG" and max(picture.size) <= 2048
    matrix = np.array(doc["nodes"][0]["matrix"]).reshape(4, 4).T
    assert (matrix @ [1, 2, 3, 1]).tolist() == [1, 3, -2, 1]  # z up becomes y up


def test_tile_ground_has_a_cast_shadow(tile: Path) -> None:
    doc, blob = read_glb(tile)
    view = doc["bufferViews"][doc["images"][0]["bufferView"]]
    picture = np.asarray(Image.open(BytesIO(blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]])), float)

    def grey(x: float, y: float) -> float:  # one pixel is a metre; the tile spans x -75..75, y -150..0
        i, j = round(x + 75), round(-y)
        return float(picture[j - 1 : j + 2, i - 1 : i + 2].mean())

    # the box's shadow falls to the north-west, off this tile's north edge but for its western flank
    assert grey(-13, -2) < 0.75 * grey(-40, -2)
    assert grey(40, -60) == pytest.approx(grey(48, -60), rel=0.25)


def test_metadata_says_where_it_is() -> None:
    text = delivery.metadata()
    assert f"<SRS>EPSG:{CRS_EPSG}</SRS>" in text
    assert f"<SRSOrigin>{ORIGIN_E:.0f},{ORIGIN_N:.0f},{ORIGIN_H:g}</SRSOrigin>" in text


def test_tiles_cover_the_survey() -> None:
    assert delivery.tile_of(-374, -299) == (0, 0) and delivery.tile_of(374, 299) == (4, 3)
    assert delivery.tile_of(-400, 400) == (0, 3)


def test_the_earlier_survey_has_no_tank_farm_behind_its_dike() -> None:
    """Two tiles on the shore: what stands beside the dike is there, what stands within is not yet."""
    dike = next(d.rect for d in layout.DIKES if d.code == "DK-1")
    shown = [p for p in scene().parts if delivery.EARLIER.shows(p)]
    today = [p for p in scene().parts if delivery.WHOLE.shows(p)]
    assert len(today) == len(scene().parts)
    tiles = {delivery.tile_of(*p.center) for p in shown}
    assert tiles == {(1, 3), (2, 3)}

    def within(part: Part) -> bool:
        x, y = part.center
        return bool(dike.x0 < x < dike.x1 and dike.y0 < y < dike.y1)

    assert not any(within(p) for p in shown)
    new = [p for p in today if within(p) and delivery.tile_of(*p.center) in tiles]
    beside = [p for p in today if not within(p) and delivery.tile_of(*p.center) in tiles]
    assert len(new) > 100 and len(shown) > 0.9 * len(beside)
