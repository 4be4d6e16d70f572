"""Other inputs: OBJ, existing 3D Tiles with all wrapped formats, point clouds, footprints; and what they refuse."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from tests.unit.tiles3d.deliveries import ORIGIN, block, glb_delivery, picture, terrain, tile_mesh, write_metadata
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check, content_points
from tiles.tiles3d.contents import content_mesh
from tiles.tiles3d.errors import BrokenFile, EmptyTile, MissingTexture, SrsError, UnsafePath
from tiles.tiles3d.georef import ecef, enu_frame
from tiles.tiles3d.gltf_read import load_gltf
from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.height import HeightField
from tiles.tiles3d.job import Options
from tiles.tiles3d.mesh import Mesh, Part
from tiles.tiles3d.tileset import walk
from tiles.tiles3d.units import refuse_other_units

ONE = Options(workers=1)


def nothing_left(folder: Path, *names: str) -> None:
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)


def obj_delivery(folder: Path) -> Path:
    write_metadata(folder)
    target = folder / "Data" / "Tile_+000_+000"
    target.mkdir(parents=True)
    (target / "house 1.jpg").write_bytes(picture(64, 1))
    (target / "m.mtl").write_text(
        "newmtl wall\nKd 1 0 0\nmap_Kd -clamp on house 1.jpg\nnewmtl red\nKd 1 0 0\n".replace("-clamp on ", "")
    )
    part = terrain(0, 0, 40, 6)
    assert part.uvs is not None
    lines = ["mtllib m.mtl", "usemtl wall"]
    lines += [f"v {x} {y} {z}" for x, y, z in part.positions]
    lines += [f"vt {u} {1 - v}" for u, v in part.uvs]
    lines += [f"f {a}/{a} {b}/{b} {c}/{c}" for a, b, c in part.indices.reshape(-1, 3) + 1]
    lines += ["usemtl red", "v 0 0 50", "v 5 0 50", "v 5 5 50", "v 0 5 50", "f -4 -3 -2 -1"]
    (target / "Tile_+000_+000.obj").write_text("\n".join(lines) + "\n")
    return folder


def test_obj(tmp_path: Path) -> None:
    source = obj_delivery(tmp_path / "in")
    manifest = import_delivery(source, tmp_path / "out", options=ONE)
    assert manifest.triangles == 72 + 2
    assert not check(tmp_path / "out").issues
    (file,) = (tmp_path / "out" / "tiles").rglob("*.glb")
    mesh = load_gltf(file.read_bytes(), "x")
    assert {p.texture for p in mesh.parts} == {0, -1}
    red = next(p for p in mesh.parts if p.texture < 0)
    assert red.colors is not None and red.colors[0].tolist() == [255, 0, 0, 255]
    textured = next(p for p in mesh.parts if p.texture == 0)
    np.testing.assert_allclose(
        np.sort(textured.positions[:, 2]), np.sort(terrain(0, 0, 40, 6).positions[:, 2]), atol=2e-3
    )


def test_millimetres_among_metres_are_named(tmp_path: Path) -> None:
    source = glb_delivery(tmp_path / "in", 2, 2, n=3, texture=16)
    odd = "Tile_+001_+000"
    mesh = tile_mesh(60, 0, 60, 3, 16, 1)
    for part in mesh.parts:
        part.positions = part.positions * 1000
    (source / "Data" / odd / f"{odd}.glb").write_bytes(write_glb(mesh, compress=False, pictures="keep"))
    with pytest.raises(BrokenFile, match="mixed units") as refused:
        import_delivery(source, tmp_path / "out", options=ONE)
    assert refused.value.file == f"Data/{odd}/{odd}.glb"
    nothing_left(tmp_path, "in")


def test_wide_terrain_and_small_parts_are_no_mixed_units() -> None:
    def square(x: float, y: float, size: float) -> tuple[Any, Any]:
        return np.array([x, y, 0.0]), np.array([x + size, y + size, 5.0])

    plant = [square(50 * i, 0, 50) for i in range(4)]
    refuse_other_units([*plant, square(-10_000, -10_000, 20_000)], list("abcde"))  # background around a plant
    parts = [square(0.2 * i, 0, 0.2) for i in range(4)]
    refuse_other_units([*parts, square(0, 0, 300)], list("abcde"))  # a hall around small parts
    refuse_other_units([square(0, 0, 0.1), square(0, 0, 50_000)], list("ab"))  # of two nobody can say


def test_obj_faults(tmp_path: Path) -> None:
    source = obj_delivery(tmp_path / "in")
    folder = source / "Data" / "Tile_+000_+000"
    text = (folder / "Tile_+000_+000.obj").read_text()
    for bad, kind in (
        ("f 1 2 9999999\n", BrokenFile),
        ("v 1 2\n", BrokenFile),
        ("mtllib ../../../x.mtl\n", UnsafePath),
    ):
        (folder / "Tile_+000_+000.obj").write_text(text + bad)
        with pytest.raises(kind):
            import_delivery(source, tmp_path / "out", options=ONE)
    (folder / "Tile_+000_+000.obj").write_text(text)
    (folder / "house 1.jpg").unlink()
    with pytest.raises(MissingTexture, match="house 1"):
        import_delivery(source, tmp_path / "out", options=ONE)
    nothing_left(tmp_path, "in")


# -- existing 3D Tiles


def wrap(magic: bytes, table: dict[str, Any], binary: bytes, body: bytes, form: int | None = None) -> bytes:
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    binary += b"\0" * (-len(binary) % 8)
    head = 28 if form is None else 32
    size = head + len(text) + len(binary) + len(body)
    extra = b"" if form is None else struct.pack("<I", form)
    return magic + struct.pack("<6I", 1, size, len(text), len(binary), 0, 0) + extra + text + binary + body


def plain_block() -> Part:
    """A cube of 2 m on the ground, without a picture."""
    made = block(0, 0, 0, (2, 2, 2))
    made.uvs, made.texture = None, -1
    return made


def old_tileset(folder: Path) -> Path:
    """A 1.0 tileset: b3dm with RTC_CENTER, i3dm, pnts and a cmpt of two, one of them in an external tileset."""
    folder.mkdir(parents=True)
    ground = write_glb(tile_mesh(0, 0, 40, 4, 32, 1), compress=False, pictures="keep")
    cube = write_glb(Mesh([plain_block()]), compress=False, pictures="keep")
    (folder / "a.b3dm").write_bytes(wrap(b"b3dm", {"BATCH_LENGTH": 0, "RTC_CENTER": [100.0, 0.0, 5.0]}, b"", ground))
    places = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 3]], "<f4")
    scales = np.array([1, 2, 1], "<f4")
    table = {"INSTANCES_LENGTH": 3, "POSITION": {"byteOffset": 0}, "SCALE": {"byteOffset": 36}}
    (folder / "b.i3dm").write_bytes(wrap(b"i3dm", table, places.tobytes() + scales.tobytes(), cube, 1))
    cloud = np.random.default_rng(1).uniform(0, 10, (500, 3)).astype("<f4")
    colors = np.full((500, 3), 90, np.uint8)
    table = {"POINTS_LENGTH": 500, "POSITION": {"byteOffset": 0}, "RGB": {"byteOffset": 6000}, "RTC_CENTER": [5, 5, 5]}
    pnts = wrap(b"pnts", table, cloud.tobytes() + colors.tobytes(), b"")
    (folder / "c.pnts").write_bytes(pnts)
    inner = wrap(b"b3dm", {"BATCH_LENGTH": 0}, b"", cube)
    (folder / "d.cmpt").write_bytes(b"cmpt" + struct.pack("<3I", 1, 16 + len(inner) + len(pnts), 2) + inner + pnts)
    sphere = {"sphere": [50, 20, 5, 300]}
    child = {"boundingVolume": sphere, "geometricError": 0, "content": {"url": "d.cmpt"}}
    external = {"asset": {"version": "1.0"}, "geometricError": 5, "root": {**child, "refine": "ADD"}}
    (folder / "more.json").write_text(json.dumps(external))
    root = {
        "boundingVolume": sphere,
        "geometricError": 10,
        "refine": "add",
        "transform": enu_frame(117.2, 38.9, 3.0).T.ravel().tolist(),
        "content": {"url": "a.b3dm"},
        "children": [
            {"boundingVolume": sphere, "geometricError": 0, "content": {"uri": "b.i3dm"}},
            {"boundingVolume": sphere, "geometricError": 0, "content": {"uri": "c.pnts"}},
            {"boundingVolume": sphere, "geometricError": 5, "content": {"uri": "more.json"}},
        ],
    }
    doc = {"asset": {"version": "1.0"}, "geometricError": 50, "root": root}
    (folder / "tileset.json").write_text(json.dumps(doc))
    return folder


def test_old_tilesets_are_upgraded(tmp_path: Path) -> None:
    manifest = import_delivery(old_tileset(tmp_path / "old"), tmp_path / "out", options=ONE)
    report = check(tmp_path / "out")
    assert not report.errors
    assert manifest.points == 1000
    assert manifest.triangles == (32 + 24) + 3 * 12 + 12
    assert manifest.place.longitude == pytest.approx(117.2, abs=2e-3)
    doc = json.loads((tmp_path / "out" / "tileset.json").read_text())
    assert doc["asset"]["version"] == "1.1"
    assert doc["root"]["refine"] == "ADD"
    meshes = {v.depth: [] for v in walk(tmp_path / "out")}  # type: ignore[var-annotated]
    for visit in walk(tmp_path / "out", root_transform=False):
        for uri in visit.contents():
            meshes[visit.depth].append(content_mesh(visit.base, uri))
    ground = np.concatenate([p.positions for p in meshes[0][0].parts])
    assert ground[:, 0].min() == pytest.approx(100.0, abs=1e-3), "RTC_CENTER moved it"
    cubes = np.concatenate([p.positions for p in meshes[1][0].parts])
    assert cubes[:, 0].max() == pytest.approx(12.0, abs=1e-3), "the second instance is twice as large at x = 10"
    assert cubes[:, 2].max() == pytest.approx(5.0, abs=1e-3)


def test_upgraded_tileset_may_be_imported_again(tmp_path: Path) -> None:
    import_delivery(glb_delivery(tmp_path / "in", 1, 1, n=6, texture=32), tmp_path / "first", options=ONE)
    manifest = import_delivery(tmp_path / "first", tmp_path / "second", options=ONE)
    assert manifest.source.kind == "tileset"
    assert not check(tmp_path / "second").errors
    a, b = HeightField(tmp_path / "first"), HeightField(tmp_path / "second")
    at = np.array([[(manifest.bounds[0] + manifest.bounds[2]) / 2, (manifest.bounds[1] + manifest.bounds[3]) / 2]])
    np.testing.assert_allclose(a.sample(at), b.sample(at), atol=1e-4)


@pytest.mark.parametrize(
    ("file", "data", "kind"),
    [
        ("a.b3dm", b"b3dm" + b"\0" * 6, BrokenFile),
        ("a.b3dm", b"what is this?" * 9, BrokenFile),
        ("c.pnts", wrap(b"pnts", {"POINTS_LENGTH": 9, "POSITION": {"byteOffset": 0}}, b"", b""), BrokenFile),
        ("more.json", b"{", BrokenFile),
        ("more.json", b'{"root": {"boundingVolume": {}, "content": {"uri": "../../x.glb"}}}', UnsafePath),
        ("more.json", b'{"root": {"boundingVolume": {}, "content": {"uri": "more.json"}}}', BrokenFile),
        ("more.json", b'{"root": {"boundingVolume": {}, "content": {"uri": "gone.glb"}}}', BrokenFile),
    ],
)
def test_broken_tilesets(tmp_path: Path, file: str, data: bytes, kind: type[Exception]) -> None:
    source = old_tileset(tmp_path / "old")
    (source / file).write_bytes(data)
    with pytest.raises(kind):
        import_delivery(source, tmp_path / "out", options=ONE)
    nothing_left(tmp_path, "old")


def test_a_tileset_that_is_nowhere_on_earth(tmp_path: Path) -> None:
    source = old_tileset(tmp_path / "old")
    doc = json.loads((source / "tileset.json").read_text())
    del doc["root"]["transform"]
    (source / "tileset.json").write_text(json.dumps(doc))
    with pytest.raises(SrsError):
        import_delivery(source, tmp_path / "out", options=ONE)
    manifest = import_delivery(source, tmp_path / "out", options=Options(workers=1, srs="EPSG:4548", origin=ORIGIN))
    assert manifest.place.latitude == pytest.approx(38.9, abs=0.1)


# -- point clouds


def cloud(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    xyz = rng.uniform([0, 0, 0], [200, 150, 12], (n, 3))
    return xyz, rng.integers(0, 256, (n, 3), dtype=np.uint8)


def write_ply(path: Path, xyz: np.ndarray, rgb: np.ndarray, form: str = "binary_little_endian") -> None:
    head = f"ply\nformat {form} 1.0\nelement vertex {len(xyz)}\n"
    head += "".join(f"property float {k}\n" for k in "xyz")
    head += "".join(f"property uchar {k}\n" for k in ("red", "green", "blue")) + "end_header\n"
    if form == "ascii":
        body = "\n".join(" ".join(str(v) for v in (*p, *c)) for p, c in zip(xyz, rgb, strict=True)).encode()
    else:
        order = "<" if "little" in form else ">"
        rows = np.empty(len(xyz), np.dtype([("p", order + "f4", 3), ("c", "u1", 3)]))
        rows["p"], rows["c"] = xyz, rgb
        body = rows.tobytes()
    path.write_bytes(head.encode() + body)


@pytest.mark.parametrize("form", ["binary_little_endian", "binary_big_endian", "ascii"])
def test_ply(tmp_path: Path, form: str) -> None:
    xyz, rgb = cloud(2000)
    write_ply(tmp_path / "a.ply", xyz, rgb, form)
    write_metadata(tmp_path)
    manifest = import_delivery(tmp_path / "a.ply", tmp_path / "out", options=ONE)
    assert manifest.points == 2000
    assert not check(tmp_path / "out").issues


def test_las_points_are_kept_once_each(tmp_path: Path) -> None:
    laspy = pytest.importorskip("laspy", reason="laspy is not installed: LAS stays untested")
    xyz, rgb = cloud(180_000)
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.offsets, header.scales = np.array([512000, 4310000, 0]), np.array([0.001] * 3)
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz[:, 0] + 512000, xyz[:, 1] + 4310000, xyz[:, 2]
    las.red, las.green, las.blue = (rgb[:, k].astype(np.uint16) * 257 for k in range(3))
    las.write(tmp_path / "a.laz")
    with pytest.raises(SrsError) as caught:
        import_delivery(tmp_path / "a.laz", tmp_path / "out", options=ONE)
    assert caught.value.candidates[0] == "EPSG:4548"
    manifest = import_delivery(tmp_path / "a.laz", tmp_path / "out", options=Options(workers=1, srs="EPSG:4548"))
    assert manifest.points == 180_000
    report = check(tmp_path / "out")
    assert not report.issues
    found = [content_points(v.base, u) for v in walk(tmp_path / "out", root_transform=False) for u in v.contents()]
    every = np.concatenate(found)
    assert len(np.unique(np.round(every * 512), axis=0)) > 179_000
    assert len(found) > 2
    cut = (tmp_path / "a.laz").read_bytes()
    (tmp_path / "b.laz").write_bytes(cut[: len(cut) // 2])
    with pytest.raises(BrokenFile, match=r"b\.laz"):
        import_delivery(tmp_path / "b.laz", tmp_path / "out2", options=Options(workers=1, srs="EPSG:4548"))
    nothing_left(tmp_path, "a.laz", "b.laz", "out")


def test_ply_faults(tmp_path: Path) -> None:
    write_metadata(tmp_path)
    xyz, rgb = cloud(10)
    write_ply(tmp_path / "a.ply", xyz, rgb)
    whole = (tmp_path / "a.ply").read_bytes()
    for data, kind in ((whole[:-5], BrokenFile), (whole[:30], BrokenFile), (b"ply\nend_header\n", BrokenFile)):
        (tmp_path / "a.ply").write_bytes(data)
        with pytest.raises(kind):
            import_delivery(tmp_path / "a.ply", tmp_path / "out", options=ONE)
    write_ply(tmp_path / "a.ply", xyz[:0], rgb[:0])
    with pytest.raises(EmptyTile):
        import_delivery(tmp_path / "a.ply", tmp_path / "out", options=ONE)
    nothing_left(tmp_path, "a.ply", "metadata.xml")


# -- footprints


def feature(x: float, y: float, **properties: object) -> dict[str, object]:
    ring = [[x, y], [x + 2e-4, y], [x + 2e-4, y + 2e-4], [x, y + 2e-4], [x, y]]
    hole = [[x + 5e-5, y + 5e-5], [x + 5e-5, y + 1e-4], [x + 1e-4, y + 1e-4], [x + 5e-5, y + 5e-5]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring, hole]}}


def test_footprints(tmp_path: Path) -> None:
    features = [
        feature(117.1, 38.9, z_min=3.0, z_max=15.0),
        feature(117.101, 38.9, height=9.0),
        feature(117.102, 38.9, storeys=3),
    ]
    (tmp_path / "b.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    import_delivery(tmp_path / "b.geojson", tmp_path / "out", options=ONE)
    assert not check(tmp_path / "out").issues
    heights = HeightField(tmp_path / "out").sample(
        [
            [117.10015, 38.90015],
            [117.10115, 38.90015],
            [117.10215, 38.90015],
            [117.1005, 38.9001],
            [117.10006, 38.90008],
        ]
    )
    np.testing.assert_allclose(heights[:3], [15.0, 9.0, 9.9], atol=0.01)
    assert np.isnan(heights[3]), "beside the buildings"
    assert np.isnan(heights[4]), "in the courtyard"


def test_footprints_wkb_and_faults(tmp_path: Path) -> None:
    shape = shapely.Polygon([(117.1, 38.9, 5.0), (117.1002, 38.9, 5.0), (117.1002, 38.9002, 5.0)])
    (tmp_path / "a.wkb").write_bytes(shapely.to_wkb(shape))
    import_delivery(tmp_path / "a.wkb", tmp_path / "out", options=ONE)
    field = HeightField(tmp_path / "out")
    assert field.sample([[117.10015, 38.90005]])[0] == pytest.approx(11.0, abs=0.01)
    (tmp_path / "a.wkb").write_bytes(b"\1\2\3")
    with pytest.raises(BrokenFile):
        import_delivery(tmp_path / "a.wkb", tmp_path / "out2", options=ONE)
    metric = shapely.to_wkb(shapely.Polygon([(512000, 4310000), (512010, 4310000), (512010, 4310010)]))
    (tmp_path / "a.wkb").write_bytes(metric)
    with pytest.raises(BrokenFile, match="mixed units"):
        import_delivery(tmp_path / "a.wkb", tmp_path / "out2", options=ONE)
    nothing_left(tmp_path, "a.wkb", "out")


def test_wrapped_positions_may_be_earth_centred(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    folder.mkdir()
    center = ecef(117.2, 38.9, 10.0)
    table = {"POINTS_LENGTH": 2, "POSITION": {"byteOffset": 0}, "RTC_CENTER": center.tolist()}
    points = np.array([[0, 0, 0], [1, 1, 1]], "<f4")
    (folder / "a.pnts").write_bytes(wrap(b"pnts", table, points.tobytes(), b""))
    volume = {"sphere": [*center.tolist(), 5]}
    root = {"boundingVolume": volume, "geometricError": 0, "refine": "ADD", "content": {"uri": "a.pnts"}}
    (folder / "tileset.json").write_text(json.dumps({"asset": {"version": "1.0"}, "geometricError": 1, "root": root}))
    manifest = import_delivery(folder, tmp_path / "out", options=ONE)
    assert manifest.place.latitude == pytest.approx(38.9, abs=1e-4)
    assert not check(tmp_path / "out").errors
