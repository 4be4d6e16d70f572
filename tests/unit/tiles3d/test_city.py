"""CityGML: solids, boundary surfaces with holes, footprints with a measured height, axis orders, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.city import Face, triangulate
from tiles.tiles3d.errors import BrokenFile, DeliveryError, EmptyTile, SrsError
from tiles.tiles3d.georef import resolve
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.job import Options

ONE = Options(workers=1)
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:gml="http://www.opengis.net/gml"
 xmlns:bldg="http://www.opengis.net/citygml/building/2.0">
"""
TAIL = "</core:CityModel>\n"
X, Y, Z = 512000.0, 4310000.0, 20.0


def polygon(*rings: list[tuple[float, float, float]], swap: bool = False) -> str:
    texts = []
    for number, ring in enumerate(rings):
        closed = [*ring, ring[0]]
        values = " ".join(f"{y} {x} {z}" if swap else f"{x} {y} {z}" for x, y, z in closed)
        kind = "interior" if number else "exterior"
        text = f"<gml:LinearRing><gml:posList>{values}</gml:posList></gml:LinearRing>"
        texts.append(f"<gml:{kind}>{text}</gml:{kind}>")
    return f"<gml:Polygon>{''.join(texts)}</gml:Polygon>"


def box(x: float, y: float, size: float, low: float, high: float) -> list[list[tuple[float, float, float]]]:
    a, b, c, d = (x, y), (x + size, y), (x + size, y + size), (x, y + size)
    walls = [[(*p, low), (*q, low), (*q, high), (*p, high)] for p, q in ((a, b), (b, c), (c, d), (d, a))]
    return [[(*p, low) for p in (a, d, c, b)], [(*p, high) for p in (a, b, c, d)], *walls]


def solid(x: float, y: float, size: float, low: float, high: float, level: int = 1, swap: bool = False) -> str:
    members = "".join(
        f"<gml:surfaceMember>{polygon(f, swap=swap)}</gml:surfaceMember>" for f in box(x, y, size, low, high)
    )
    shell = f"<gml:exterior><gml:CompositeSurface>{members}</gml:CompositeSurface></gml:exterior>"
    return f"<bldg:lod{level}Solid><gml:Solid>{shell}</gml:Solid></bldg:lod{level}Solid>"


def surface(kind: str, *rings: list[tuple[float, float, float]]) -> str:
    member = f"<gml:MultiSurface><gml:surfaceMember>{polygon(*rings)}</gml:surfaceMember></gml:MultiSurface>"
    inner = f"<bldg:lod2MultiSurface>{member}</bldg:lod2MultiSurface>"
    return f"<bldg:boundedBy><bldg:{kind}>{inner}</bldg:{kind}></bldg:boundedBy>"


def building(*inner: str) -> str:
    return f"<core:cityObjectMember><bldg:Building>{''.join(inner)}</bldg:Building></core:cityObjectMember>"


def city(folder: Path, *buildings: str, srs: str = "EPSG:4548", name: str = "a.gml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    bound = f'<gml:boundedBy><gml:Envelope srsName="{srs}" srsDimension="3"/></gml:boundedBy>' if srs else ""
    (folder / name).write_text(HEAD + bound + "".join(buildings) + TAIL, encoding="utf-8")
    return folder / name


def lonlat(*points: tuple[float, float]) -> np.ndarray:
    georef = resolve("EPSG:4548", (X, Y, Z))
    local = np.array([[x - X, y - Y, 0.0] for x, y in points])
    return georef.lonlat_of(georef.exact(local))[:, :2]


def test_levels_holes_and_measured_heights(tmp_path: Path) -> None:
    ring = [(X + 40, Y, 30.0), (X + 60, Y, 30.0), (X + 60, Y + 20, 30.0), (X + 40, Y + 20, 30.0)]
    hole = [(X + 48, Y + 8, 30.0), (X + 48, Y + 12, 30.0), (X + 52, Y + 12, 30.0), (X + 52, Y + 8, 30.0)]
    print_ = [(X + 80, Y, Z), (X + 90, Y, Z), (X + 90, Y + 10, Z), (X + 80, Y + 10, Z)]
    foot = f"<bldg:lod0FootPrint><gml:MultiSurface>{polygon(print_)}</gml:MultiSurface></bldg:lod0FootPrint>"
    part = f"<bldg:consistsOfBuildingPart><bldg:BuildingPart>{solid(X, Y + 40, 10, Z, 28)}</bldg:BuildingPart>"
    part += "</bldg:consistsOfBuildingPart>"
    file = city(
        tmp_path / "in",
        building(solid(X, Y, 10, Z, 99, level=1), solid(X, Y, 10, Z, 32, level=2), part),
        building(surface("RoofSurface", ring, hole)),
        building("<bldg:measuredHeight uom='m'>7.5</bldg:measuredHeight>", foot),
    )
    manifest = import_delivery(file, tmp_path / "out", options=ONE)
    assert manifest.source.kind == "city"
    assert manifest.place.srs == "EPSG:4548"
    assert manifest.triangles == 12 + 12 + 8 + 10, "two solids, a ring of eight, roof and walls of the raised one"
    assert not check(tmp_path / "out").issues
    at = lonlat((X + 5, Y + 5), (X + 5, Y + 45), (X + 44, Y + 4), (X + 50, Y + 10), (X + 85, Y + 5), (X + 30, Y + 5))
    found = HeightField(tmp_path / "out").sample(at)
    np.testing.assert_allclose(found[[0, 1, 2, 4]], [32.0, 28.0, 30.0, 27.5], atol=0.01)
    assert np.isnan(found[[3, 5]]).all(), "in the roof's hole, and beside the buildings"


@pytest.mark.parametrize("form", ["urn:ogc:def:crs,crs:EPSG::4548,crs:EPSG::5737", "urn:ogc:def:crs:EPSG::4548"])
def test_urns_mean_north_before_east(tmp_path: Path, form: str) -> None:
    file = city(tmp_path / "in", building(solid(X, Y, 10, Z, 32, swap=True)), srs=form)
    import_delivery(file, tmp_path / "out", options=ONE)
    assert HeightField(tmp_path / "out").sample(lonlat((X + 5, Y + 5)))[0] == pytest.approx(32.0, abs=0.01)


def test_degrees(tmp_path: Path) -> None:
    file = city(tmp_path / "in", building(solid(117.1, 38.9, 1e-3, 5.0, 25.0)), srs="EPSG:4490")
    import_delivery(file, tmp_path / "out", options=ONE)
    assert HeightField(tmp_path / "out").sample([[117.1005, 38.9005]])[0] == pytest.approx(25.0, abs=0.01)


def test_a_ring_that_crosses_itself_stays_in_its_plane() -> None:
    ring = np.array([[0.0, 0, 0], [4, 4, 4], [4, 0, 0], [0, 5, 5]])
    triangles = triangulate(Face([ring]))
    np.testing.assert_allclose(triangles[..., 1], triangles[..., 2], atol=1e-9)
    assert len(triangles) >= 2


def refused(tmp_path: Path, kind: type[DeliveryError], fault: str) -> DeliveryError:
    with pytest.raises(kind, match=fault) as caught:
        import_delivery(tmp_path / "in", tmp_path / "out", options=ONE)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    return caught.value


def test_refusals_name_file_and_fault(tmp_path: Path) -> None:
    good = building(solid(X, Y, 10, Z, 32))
    file = city(tmp_path / "in", good, srs="")
    error = refused(tmp_path, SrsError, "no srsName")
    assert isinstance(error, SrsError) and error.candidates[0] == "EPSG:4548"
    city(tmp_path / "in", building(solid(X, Y, 10, Z, 32, swap=True)))
    assert refused(tmp_path, SrsError, "EPSG:4548|CGCS2000").file == "a.gml"
    city(tmp_path / "in", good, srs="EPSG:4490")
    refused(tmp_path, BrokenFile, "mixed units")
    city(tmp_path / "in", building())
    assert refused(tmp_path, EmptyTile, "building").file == "a.gml"
    city(tmp_path / "in", good.replace(str(Z), "nan"))
    refused(tmp_path, BrokenFile, "finite")
    city(tmp_path / "in", good.replace(str(Z), "low"))
    refused(tmp_path, BrokenFile, "not numbers")
    file.write_text("<!DOCTYPE a [<!ENTITY b 'c'>]>" + HEAD + TAIL)
    refused(tmp_path, BrokenFile, "entities")
    city(tmp_path / "in", good)
    file.write_bytes(file.read_bytes()[:-300])
    assert refused(tmp_path, BrokenFile, "cut off").file == "a.gml"


def test_mixed_units_between_files_are_named(tmp_path: Path) -> None:
    city(tmp_path / "in", building(solid(X, Y, 10, Z, 32)))
    city(tmp_path / "in", building(solid(117.1, 38.9, 1e-3, 5.0, 25.0)), srs="EPSG:4490", name="b.gml")
    assert refused(tmp_path, BrokenFile, "mixed units").file == "b.gml"
