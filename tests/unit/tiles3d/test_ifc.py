"""IFC: units, map conversion, site's place with true north, colours, what is hidden, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.errors import BrokenFile, DeliveryError, EmptyTile, SrsError
from tiles.tiles3d.gltf_read import load_gltf
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.ifc import load_ifc, read_place
from tiles.tiles3d.job import Options

pytest.importorskip("ifcopenshell", reason="ifcopenshell is not installed: IFC stays untested")
ONE = Options(workers=1)
#: A hall of 20 x 6 x 4 m, its corner at the model's origin, and a space in it that nobody sees; lengths in millimetres.
FILE = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION((''),'2;1');
FILE_NAME('a.ifc','2026-01-01T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('IFC4'));
ENDSEC;
DATA;
#1=IFCCARTESIANPOINT((0.,0.,0.));
#2=IFCAXIS2PLACEMENT3D(#1,$,$);
#3=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#2,{north});
#4=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);
#5=IFCUNITASSIGNMENT((#4));
#6=IFCPROJECT('2xk9D3nsL5qf0f0Qm1cZ01',$,'p',$,$,$,$,(#3),#5);
#7=IFCLOCALPLACEMENT($,#2);
#8=IFCCARTESIANPOINT((10000.,3000.));
#9=IFCAXIS2PLACEMENT2D(#8,$);
#10=IFCRECTANGLEPROFILEDEF(.AREA.,$,#9,20000.,6000.);
#11=IFCDIRECTION((0.,0.,1.));
#12=IFCEXTRUDEDAREASOLID(#10,#2,#11,4000.);
#13=IFCCOLOURRGB($,0.8,0.2,0.1);
#14=IFCSURFACESTYLERENDERING(#13,$,$,$,$,$,$,$,.FLAT.);
#15=IFCSURFACESTYLE($,.BOTH.,(#14));
#16=IFCSTYLEDITEM(#12,(#15),$);
#17=IFCSHAPEREPRESENTATION(#3,'Body','SweptSolid',(#12));
#18=IFCPRODUCTDEFINITIONSHAPE($,$,(#17));
{product}
#21=IFCEXTRUDEDAREASOLID(#10,#2,#11,90000.);
#22=IFCSHAPEREPRESENTATION(#3,'Body','SweptSolid',(#21));
#23=IFCPRODUCTDEFINITIONSHAPE($,$,(#22));
#24=IFCSPACE('2xk9D3nsL5qf0f0Qm1cZ03',$,'s',$,$,#7,#23,$,.ELEMENT.,$,$);
#25=IFCDIRECTION((0.6,0.8));
{place}
ENDSEC;
END-ISO-10303-21;
"""
HALL = "#20=IFCBUILDINGELEMENTPROXY('2xk9D3nsL5qf0f0Qm1cZ02',$,'hall',$,$,#7,#18,$,$);"
#: The model's x axis points along (0.8, 0.6) on the map.
MAP = (
    "#30=IFCPROJECTEDCRS('EPSG:4548',$,$,$,$,$,$);\n#31=IFCMAPCONVERSION(#3,#30,512000.,4310000.,20.,0.8,0.6,{scale});"
)
SITE = (
    "#30=IFCSITE('2xk9D3nsL5qf0f0Qm1cZ04',$,'site',$,$,#7,$,$,$,(38,54,0,0),(117,6,0,0),5000.,$,$);"  # 38.9, 117.1, 5 m
)


def write(folder: Path, place: str, north: str = "$", product: str = HALL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hall.ifc").write_text(FILE.format(place=place, north=north, product=product))
    return folder / "hall.ifc"


@pytest.mark.parametrize("scale", ["0.001", "1.", "$"])
def test_map_conversion_turns_and_places(tmp_path: Path, scale: str) -> None:
    """An exact scale, and the 1 or nothing that many programs write whatever the unit."""
    file = write(tmp_path / "in", MAP.format(scale=scale))
    place = read_place(file, "hall.ifc")
    assert (place.srs, place.origin) == ("EPSG:4548", (512000.0, 4310000.0, 20.0))
    mesh = load_ifc(file, "hall.ifc")
    (part,) = mesh.parts
    assert part.exact is not None and part.colors is not None
    assert part.colors[0].tolist() == [204, 51, 26, 255]
    far = part.exact[np.argmax(part.exact[:, 0])]
    np.testing.assert_allclose(far[:2], [16.0, 12.0], atol=1e-6)
    assert part.exact[:, 2].max() == pytest.approx(4.0), "the space of 90 m is not drawn"


def test_an_ifc_file_becomes_a_tileset(tmp_path: Path) -> None:
    file = write(tmp_path / "in", SITE, north="#25")
    manifest = import_delivery(file, tmp_path / "out", options=ONE)
    assert manifest.place.srs.startswith("ENU:38.9")
    assert manifest.triangles == 12
    assert not check(tmp_path / "out").issues
    (glb,) = (tmp_path / "out" / "tiles").rglob("*.glb")
    points = np.concatenate([p.positions for p in load_gltf(glb.read_bytes(), "x").parts])
    # True north lies along (0.6, 0.8) of the model: its x axis points to (0.8, 0.6) east and north.
    np.testing.assert_allclose(points[np.argmax(points[:, 0])][:2], [16.0, 12.0], atol=2e-3)
    middle = [117.1 + 6.2 / 86_770, 38.9 + 8.4 / 111_020]
    assert HeightField(tmp_path / "out").sample([middle])[0] == pytest.approx(9.0, abs=0.01)


def refused(tmp_path: Path, kind: type[DeliveryError], fault: str, options: Options = ONE) -> DeliveryError:
    with pytest.raises(kind, match=fault) as caught:
        import_delivery(tmp_path / "in", tmp_path / "out", options=options)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    return caught.value


def test_refusals_name_the_file(tmp_path: Path) -> None:
    file = write(tmp_path / "in", MAP.format(scale="0.3048"))
    assert refused(tmp_path, BrokenFile, "mixed units").file == "hall.ifc"
    write(tmp_path / "in", MAP.format(scale="$").replace("512000.", "512000000."))
    assert refused(tmp_path, SrsError, "hall.ifc").file == "hall.ifc"
    write(tmp_path / "in", "")
    refused(tmp_path, SrsError, "no SRS")
    file.write_bytes(file.read_bytes()[:900])
    assert refused(tmp_path, BrokenFile, "cut off").file == "hall.ifc"
    file.write_bytes(b"what is this?")
    refused(tmp_path, BrokenFile, "not an IFC file")
    write(tmp_path / "in", SITE, product="")
    assert refused(tmp_path, EmptyTile, "triangle").file == "hall.ifc"


def test_files_of_one_delivery_stand_at_one_origin(tmp_path: Path) -> None:
    file = write(tmp_path / "in", MAP.format(scale="$"))
    (tmp_path / "in" / "other.ifc").write_text(file.read_text().replace("512000.", "512500."))
    assert refused(tmp_path, BrokenFile, "elsewhere").file == "other.ifc"
