"""Coordinates: the frame against the projection itself, convergence, curvature, heights, alignment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Proj, Transformer

from tests.unit.tiles3d.deliveries import ORIGIN, glb_delivery
from tiles.tiles3d.align import ControlPoint, align, fit, read_points, umeyama
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.errors import AlignError, SrsError
from tiles.tiles3d.georef import ecef, geodetic, resolve
from tiles.tiles3d.job import Options
from tiles.tiles3d.manifest import read_manifest
from tiles.tiles3d.tileset import load_json


def test_geodetic_formulas_against_proj() -> None:
    rng = np.random.default_rng(3)
    lon, lat, h = rng.uniform(-180, 180, 500), rng.uniform(-89, 89, 500), rng.uniform(-100, 9000, 500)
    oracle = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    xyz = np.stack(oracle.transform(lon, lat, h), axis=1)
    np.testing.assert_allclose(ecef(lon, lat, h), xyz, atol=1e-6)
    back = geodetic(xyz)
    np.testing.assert_allclose(back[:, 0], lon, atol=1e-9)
    np.testing.assert_allclose(back[:, 1], lat, atol=1e-9)
    np.testing.assert_allclose(back[:, 2], h, atol=1e-5)


@pytest.mark.parametrize("srs", ["EPSG:4548", "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80"])
def test_frame_matches_the_projection_to_millimetres(srs: str) -> None:
    georef = resolve(srs, (560000.0, 4310000.0, 20.0), height_offset=-7.5)
    remaining = georef.fit(np.array([-8000.0, -8000.0, -500.0]), np.array([8000.0, 8000.0, 2500.0]))
    assert remaining < 2e-3
    rng = np.random.default_rng(4)
    local = rng.uniform([-3000, -3000, -50], [3000, 3000, 300], (200, 3))
    lon, lat = Transformer.from_crs(srs, "EPSG:4326", always_xy=True).transform(
        local[:, 0] + 560000, local[:, 1] + 4310000
    )
    truth = ecef(lon, lat, local[:, 2] + 20 - 7.5)
    ours = georef.apply(local) @ georef.transform[:3, :3].T + georef.transform[:3, 3]
    assert np.abs(ours - truth).max() < 1.5e-3
    # What the correction is for: without it the curvature of the earth shows (0.7 m at 3 km).
    flat = local @ georef.transform[:3, :3].T + georef.transform[:3, 3]
    assert np.abs(flat - truth).max() > 0.5


def test_convergence_and_scale_against_proj() -> None:
    georef = resolve("EPSG:4548", (600000.0, 4310000.0, 0.0))
    lon, lat, _ = georef.lonlat
    factors = Proj("EPSG:4548").get_factors(lon, lat)
    assert georef.convergence == pytest.approx(
        -factors.meridian_convergence, abs=1e-4
    ) or georef.convergence == pytest.approx(factors.meridian_convergence, abs=1e-4)
    # The sign by a step up the grid: where it goes east, grid north points east of true north.
    step = Transformer.from_crs("EPSG:4548", "EPSG:4326", always_xy=True).transform(600000.0, 4311000.0)
    assert np.sign(georef.convergence) == np.sign(step[0] - lon)
    assert georef.scale == pytest.approx(factors.meridional_scale, abs=1e-6)


def test_enu_and_wkt_forms() -> None:
    georef = resolve("ENU:38.9,117.2", (0.0, 0.0, 0.0))
    assert georef.lonlat[:2] == pytest.approx((117.2, 38.9))
    np.testing.assert_allclose(georef.transform[:3, 3], ecef(117.2, 38.9, 0.0))
    moved = resolve("ENU:38.9,117.2", (100.0, 0.0, 5.0))
    assert moved.lonlat[0] > 117.2
    with pytest.raises(SrsError):
        resolve("ENU:117.2,38.9", (0.0, 0.0, 0.0))
    from pyproj import CRS

    wkt = resolve(CRS("EPSG:4548").to_wkt("WKT1_GDAL"), ORIGIN)
    np.testing.assert_allclose(wkt.transform, resolve("EPSG:4548", ORIGIN).transform, atol=1e-4)


def test_missing_geoid_grid_is_named() -> None:
    with pytest.raises(SrsError, match=r"nowhere\.gtx"):
        resolve("EPSG:4548", ORIGIN, geoid="/nowhere.gtx")


def test_umeyama_finds_a_similarity_back() -> None:
    rng = np.random.default_rng(5)
    source = rng.uniform(-100, 100, (8, 3))
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    target = 1.002 * source @ turn.T + [5, -3, 2]
    m = umeyama(source, target, scale=True)
    np.testing.assert_allclose(source @ m[:3, :3].T + m[:3, 3], target, atol=1e-9)
    assert np.cbrt(np.linalg.det(m[:3, :3])) == pytest.approx(1.002)
    rigid = umeyama(source, target, scale=False)
    assert np.linalg.det(rigid[:3, :3]) == pytest.approx(1.0)


def test_points_on_a_line_do_not_fit() -> None:
    line = np.array([[0.0, 0, 0], [10, 0, 0], [20, 0, 0]])
    with pytest.raises(AlignError, match="line"):
        fit(line, line, file="points.csv", scale=False)
    with pytest.raises(AlignError):
        fit(line[:0], line[:0], file="points.csv", scale=False)
    np.testing.assert_allclose(fit(line[:1], line[:1] + 2, file="points.csv", scale=False)[:3, 3], [2, 2, 2])


def test_align_moves_the_tileset_and_keeps_residuals(tmp_path: Path) -> None:
    out = tmp_path / "out"
    import_delivery(glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32), out, options=Options(workers=1))
    before = read_manifest(out)
    places = [
        (512010.0, 4310010.0, 21.0),
        (512050.0, 4310012.0, 25.0),
        (512030.0, 4310055.0, 23.0),
        (512015.0, 4310040.0, 22.0),
    ]
    shift = np.array([1.5, -0.8, 0.4])
    points = [ControlPoint(f"K{i}", p, tuple(np.array(p) + shift)) for i, p in enumerate(places)]
    result = align(out, points)
    assert result.rms < 1e-3 and result.scale == pytest.approx(1.0)
    assert result.translation == pytest.approx(tuple(shift), abs=2e-3)
    after = read_manifest(out)
    assert after.version != before.version
    assert after.alignment is not None and [r.name for r in after.alignment.residuals] == ["K0", "K1", "K2", "K3"]
    root = load_json(out / "tileset.json")["root"]
    moved = np.array(root["transform"])[12:15] - np.array(before.transform)[12:15]
    assert np.linalg.norm(moved) == pytest.approx(float(np.linalg.norm(shift)), abs=0.01)
    # A second run starts from the delivery again: it does not move twice.
    again = align(out, points)
    np.testing.assert_allclose(again.matrix, result.matrix, atol=1e-9)
    np.testing.assert_allclose(read_manifest(out).transform, after.transform, atol=1e-6)


def test_control_point_files(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("name,model_x,model_y,model_z,x,y,z\nA,1,2,3,4,5,6\n", encoding="utf-8-sig")
    assert read_points(file) == [ControlPoint("A", (1, 2, 3), (4, 5, 6))]
    file.write_text("name,model_lon,model_lat,model_h,lon,lat,h\nB,117,38,3,117.1,38.1,6\n")
    assert read_points(file)[0].geographic
    file.write_text("name,model_x,model_y,model_z,x,y,z\nA,1,2,3,4,5,six\n")
    with pytest.raises(AlignError, match="line 2"):
        read_points(file)
