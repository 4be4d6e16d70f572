"""Coordinate systems: round trips close, known values are hit, unknown names are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.geo import crs, gcj
from twin.geo.frames import LocalFrame

places = st.lists(st.tuples(st.floats(73.5, 135.0), st.floats(18.0, 53.5)), min_size=1, max_size=50)
SHIFTS = ((gcj.wgs84_to_gcj02, gcj.gcj02_to_wgs84), (gcj.wgs84_to_bd09, gcj.bd09_to_wgs84))


@settings(max_examples=40, deadline=None)
@given(places)
def test_gcj_and_bd_round_trips_close_to_a_tenth_of_a_millimetre(found: list[tuple[float, float]]) -> None:
    lon, lat = np.array(found).T
    for there, back in SHIFTS:
        a, b = back(*there(lon, lat))
        assert np.abs(a - lon).max() < 1e-9 and np.abs(b - lat).max() < 1e-9


def test_a_grid_over_china_comes_back() -> None:
    lon, lat = (axis.ravel() for axis in np.meshgrid(np.linspace(73.5, 135, 150), np.linspace(18, 53.5, 150)))
    for there, back in SHIFTS:
        a, b = back(*there(lon, lat))
        assert np.abs(a - lon).max() < 1e-9 and np.abs(b - lat).max() < 1e-9


def test_gcj_hits_published_values_and_leaves_the_world_alone() -> None:
    # Tiananmen by the formula as published: some 500 m to the north-east.
    lon, lat = gcj.wgs84_to_gcj02(np.array([116.404, 0.0]), np.array([39.915, 51.0]))
    assert lon[0] == pytest.approx(116.41024449916938, abs=1e-9)
    assert lat[0] == pytest.approx(39.91640428150164, abs=1e-9)
    assert (lon[1], lat[1]) == (0.0, 51.0)


@pytest.mark.parametrize("code", ["4490", "4548", "4549", "4508", "3857"])
def test_projected_and_geographic_systems_come_back(code: str) -> None:
    lon, lat = np.array([117.78, 117.79]), np.array([38.36, 38.37])
    a, b = crs.to_wgs84(code, *crs.from_wgs84(code, lon, lat))
    assert np.allclose(a, lon, atol=1e-10) and np.allclose(b, lat, atol=1e-10)


def test_grid_coordinates_have_their_usual_size() -> None:
    x, y = crs.from_wgs84("4548", np.array([117.78]), np.array([38.36]))
    assert 500_000 < x[0] < 600_000 and 4_200_000 < y[0] < 4_300_000


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("EPSG:4490", "4490"),
        ("4326", "4326"),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "4326"),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", "3857"),
        ("urn:ogc:def:crs:EPSG::4548", "4548"),
        ("GCJ-02", "gcj02"),
        ("BD09", "bd09"),
    ],
)
def test_names_of_systems(name: str, code: str) -> None:
    assert crs.normalise(name) == code


@pytest.mark.parametrize("name", ["", "EPSG:", "EPSG:1", "Mars 2000", "EPSG:99999999999", "../4326"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(crs.UnknownCrs):
        crs.normalise(name)


def test_geometries_keep_shape_and_heights() -> None:
    ring = [[117.78, 38.36, 4.0], [117.79, 38.36, 5.0], [117.79, 38.37, 6.0], [117.78, 38.36, 4.0]]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    there = crs.convert(polygon, "4326", "gcj02")
    back = crs.convert(there, "gcj02", "4326")
    assert [p[2] for p in there["coordinates"][0]] == [4.0, 5.0, 6.0, 4.0]
    assert np.allclose(np.array(back["coordinates"]), np.array(polygon["coordinates"]), atol=1e-9)
    assert crs.convert({"type": "Point", "coordinates": [117.78, 38.36]}, "4326", "4548")["coordinates"][0] > 500_000


def test_local_frame_is_metric_and_reversible() -> None:
    frame = LocalFrame(117.78, 38.36, 4.0)
    enu = np.array([[0.0, 0.0, 0.0], [300.0, 200.0, 50.0], [-250.0, -200.0, -3.0]])
    assert np.allclose(frame.to_local(frame.to_lonlath(enu)), enu, atol=1e-6)
    east = frame.to_lonlath(np.array([[100.0, 0.0, 0.0]]))
    assert east[0, 0] > 117.78 and abs(east[0, 1] - 38.36) < 1e-6
