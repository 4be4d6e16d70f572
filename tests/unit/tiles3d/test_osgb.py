"""The OSGB reader: versions, compression, primitives, pictures byte for byte, faults; and the pyramid built from it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.unit.tiles3d.deliveries import picture, terrain, write_metadata
from tests.unit.tiles3d.osg_encoder import Geom, Lod, encode
from tiles.tiles3d import meshes, paged, tops
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.errors import Bomb, BrokenFile, DeliveryError, EmptyTile, MissingTexture, UnsafePath
from tiles.tiles3d.gltf_read import Gltf
from tiles.tiles3d.job import Options
from tiles.tiles3d.osgb import load_cells
from tiles.tiles3d.tileset import load_json

REAL = Path(__file__).parents[4] / "shared" / "data" / "osgb-oblique"


def geom(x0: float = 0.0, y0: float = 0.0, size: float = 40.0, n: int = 8, seed: int = 1) -> Geom:
    part = terrain(x0, y0, size, n)
    assert part.uvs is not None
    uv = np.stack([part.uvs[:, 0], 1 - part.uvs[:, 1]], axis=1)
    return Geom(part.positions, uv, [(4, part.indices.astype(np.uint32))], picture(64, seed))


def cells(tmp_path: Path, data: bytes) -> list[object]:
    (tmp_path / "a.osgb").write_bytes(data)
    return list(load_cells(tmp_path / "a.osgb", "a.osgb"))


@pytest.mark.parametrize("version", [80, 91, 97, 131, 161])
@pytest.mark.parametrize("compress", [False, True])
def test_versions_and_compression(tmp_path: Path, version: int, compress: bool) -> None:
    made = geom()
    (tmp_path / "a.osgb").write_bytes(
        encode(Lod([made], "b.osgb", radius=60.0, pixels=120.0), version, compress=compress)
    )
    (cell,) = load_cells(tmp_path / "a.osgb", "a.osgb")
    assert cell.files == ["b.osgb"]
    assert cell.error == pytest.approx(16 * 2 * 60.0 / 120.0)
    (part,) = cell.mesh.parts
    np.testing.assert_array_equal(part.positions, made.vertices)
    np.testing.assert_array_equal(part.indices, made.primitives[0][1])
    assert part.uvs is not None and made.uv is not None
    np.testing.assert_allclose(part.uvs[:, 1], 1 - made.uv[:, 1], atol=1e-6)
    assert cell.mesh.textures[0].data == made.jpeg, "pictures are kept byte for byte"


@pytest.mark.parametrize(
    ("mode", "run", "want"),
    [
        (4, [0, 1, 2], [[0, 1, 2]]),
        (5, [0, 1, 2, 3], [[0, 1, 2], [2, 1, 3]]),
        (6, [0, 1, 2, 3], [[0, 1, 2], [0, 2, 3]]),
        (7, [0, 1, 3, 2], [[0, 1, 3], [0, 3, 2]]),
        (8, [0, 1, 2, 3], [[0, 1, 3], [0, 3, 2]]),
        (9, [0, 1, 3, 2], [[0, 1, 3], [0, 3, 2]]),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_primitives(tmp_path: Path, mode: int, run: list[int], want: list[list[int]], dtype: type) -> None:
    square = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], np.float32)
    (tmp_path / "a.osgb").write_bytes(encode(Geom(square, None, [(mode, np.array(run, dtype))])))
    (cell,) = load_cells(tmp_path / "a.osgb", "a.osgb")
    assert cell.mesh.parts[0].indices.reshape(-1, 3).tolist() == want


def test_matrix_transform_moves_what_is_below_it(tmp_path: Path) -> None:
    move = np.eye(4)
    move[3, :3] = 10, 20, 30
    made = geom()
    (tmp_path / "a.osgb").write_bytes(encode(Lod([made], matrix=move)))
    (cell,) = load_cells(tmp_path / "a.osgb", "a.osgb")
    np.testing.assert_allclose(cell.mesh.parts[0].positions, made.vertices + np.array([10, 20, 30]), atol=1e-5)


def test_every_cut_names_the_file(tmp_path: Path) -> None:
    data = encode(Lod([geom(n=2)], "b.osgb"))
    for length in [*range(0, 60, 7), *range(60, len(data) - 1, 311)]:
        with pytest.raises(BrokenFile) as caught:
            cells(tmp_path, data[:length])
        assert caught.value.file == "a.osgb"


def test_cut_zlib_and_bombs(tmp_path: Path) -> None:
    data = encode(geom(), compress=True)
    with pytest.raises(BrokenFile, match="cut off"):
        cells(tmp_path, data[:-20])
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = engine.compress(b"\0" * (64 << 20)) + engine.flush()
    head = struct.pack("<IIIII", 0x6C910EA1, 0x1AFB4545, 1, 80, 0) + struct.pack("<I", 4) + b"zlib"
    with pytest.raises(Bomb):
        cells(tmp_path, head + packed)


def test_foreign_bytes(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match="magic"):
        cells(tmp_path, b"x" * 100)
    wrong = encode(geom(n=2)).replace(b"osg::Geode", b"osg::Gaode")
    with pytest.raises(BrokenFile, match="Gaode"):
        cells(tmp_path, wrong)
    with pytest.raises(BrokenFile, match="version"):
        cells(tmp_path, encode(geom(n=2))[:12] + struct.pack("<I", 999) + encode(geom(n=2))[16:])


def test_pictures_missing_broken_or_outside(tmp_path: Path) -> None:
    made = geom(n=2)
    made.external, made.picture = True, "not-there.jpg"
    with pytest.raises(MissingTexture, match="not-there"):
        cells(tmp_path, encode(made))
    made.picture = "../../../etc/passwd"
    with pytest.raises(UnsafePath):
        cells(tmp_path, encode(made))
    broken = geom(n=2)
    broken.jpeg = broken.jpeg[:40]
    with pytest.raises(MissingTexture):
        cells(tmp_path, encode(broken))
    (tmp_path / "there.jpg").write_bytes(picture(16, 3))
    made.picture = "there.jpg"
    (cell,) = load_cells(_write(tmp_path, encode(made)), "a.osgb")
    assert cell.mesh.textures[0].size == (16, 16)


def _write(folder: Path, data: bytes) -> Path:
    (folder / "a.osgb").write_bytes(data)
    return folder / "a.osgb"


def delivery(folder: Path, *, columns: int = 2, version: int = 80, missing: bool = False) -> Path:
    """Tiles of two levels: one coarse cell over two finer ones."""
    write_metadata(folder)
    for i in range(columns):
        name = f"Tile_+{i:03d}_+000"
        target = folder / "Data" / name
        target.mkdir(parents=True)
        x = 40.0 * i
        top = Lod([geom(x, 0, 40, 4, i)], f"{name}_L15.osgb", (x + 20, 20, 0), 30.0, 60.0)
        (target / f"{name}.osgb").write_bytes(encode(top, version, compress=bool(i % 2)))
        if not missing:
            fine = [Lod([geom(x + 20 * k, 0, 20, 10, 5 * i + k)], "", (x + 20, 20, 0), 30.0, 200.0) for k in range(2)]
            (target / f"{name}_L15.osgb").write_bytes(encode(fine, version))
    return folder


def test_pyramid_keeps_levels_and_rebuilds_the_top(tmp_path: Path) -> None:
    manifest = import_delivery(delivery(tmp_path / "in"), tmp_path / "out", options=Options(workers=1))
    assert [level.level for level in manifest.levels] == [2, 1, 0]
    assert manifest.triangles == 2 * 2 * 200
    report = check(tmp_path / "out")
    assert not report.issues
    root = load_json(tmp_path / "out" / "tileset.json")["root"]
    (tops,) = root["children"]  # of both tiles, in one file
    assert tops["geometricError"] == 16.0 and root["geometricError"] > 16.0
    assert len(tops["children"]) == 2 and manifest.levels[1].triangles == 2 * 32
    assert manifest.source.kind == "osgb"


def test_tops_of_up_to_four_neighbours_share_a_file(tmp_path: Path) -> None:
    """Six tiles in a row: four and two of them. No level for one node alone, no file without a tile, nothing lost."""
    manifest = import_delivery(delivery(tmp_path / "in", columns=6), tmp_path / "out", options=Options(workers=1))
    root = load_json(tmp_path / "out" / "tileset.json")["root"]
    assert [len(c["children"]) for c in root["children"]] == [4, 2]
    assert [(level.tiles, level.triangles) for level in manifest.levels[1:]] == [(2, 6 * 32), (6, 6 * 400)]
    assert len(list((tmp_path / "out").rglob("*.glb"))) == 1 + 2 + 6
    assert not check(tmp_path / "out").issues


def test_tops_with_nothing_below_them_stay(tmp_path: Path) -> None:
    """They are the finest there is: joined they would be there twice."""
    import_delivery(delivery(tmp_path / "in", missing=True), tmp_path / "out", options=Options(workers=1))
    root = load_json(tmp_path / "out" / "tileset.json")["root"]
    assert [(c["geometricError"], c.get("children")) for c in root["children"]] == [(0.0, None)] * 2


@pytest.mark.parametrize(
    ("where", "step", "at"), [(tops, "_join", 1), (meshes, "_upper", 0), (paged, "lock_borders", 1)]
)
def test_an_interrupted_import_of_a_pyramid_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: ModuleType, step: str, at: int
) -> None:
    """Wherever it was cut off, the next run ends with the same bytes as one that was not."""
    source = delivery(tmp_path / "in", columns=6)
    whole = import_delivery(source, tmp_path / "whole", options=Options(workers=1))
    real, calls = getattr(where, step), list[int]()

    def stop(*given: object) -> object:
        if len(calls) == at:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*given)

    monkeypatch.setattr(where, step, stop)
    with pytest.raises(KeyboardInterrupt):
        import_delivery(source, tmp_path / "out", options=Options(workers=1))
    monkeypatch.undo()
    assert import_delivery(source, tmp_path / "out", options=Options(workers=1)).version == whole.version
    assert not check(tmp_path / "out").issues and sorted(p.name for p in tmp_path.iterdir()) == ["in", "out", "whole"]


def test_plain_import_keeps_jpeg_bytes(tmp_path: Path) -> None:
    source = delivery(tmp_path / "in", columns=1, missing=True)
    options = Options(workers=1, textures="keep", compress=False)
    manifest = import_delivery(source, tmp_path / "out", options=options)
    assert manifest.notes and "1 finer files" in manifest.notes[0]
    (file,) = (tmp_path / "out" / "tiles").rglob("*.glb")
    gltf = Gltf(file.read_bytes(), "tile")
    assert gltf.view(gltf.doc["images"][0]["bufferView"]) == picture(64, 0)
    assert "extensionsRequired" not in gltf.doc


def test_a_tile_without_its_top_file_is_refused(tmp_path: Path) -> None:
    source = delivery(tmp_path / "in")
    (source / "Data" / "Tile_+001_+000" / "Tile_+001_+000.osgb").unlink()
    with pytest.raises(BrokenFile, match="top file"):
        import_delivery(source, tmp_path / "out", options=Options(workers=1))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


def bomb() -> bytes:
    """An OSGB head over zeros that unpack to 64 MB."""
    engine = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = struct.pack("<IIIII", 0x6C910EA1, 0x1AFB4545, 1, 80, 0) + struct.pack("<I", 4) + b"zlib"
    return head + engine.compress(b"\0" * (64 << 20)) + engine.flush()


def outside(picture_at: str) -> bytes:
    """A tile whose picture is a file beside it."""
    made = geom(40.0)
    made.external, made.picture = True, picture_at
    return encode(made)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: encode(geom(40.0))[:-90], BrokenFile),
        (bomb, Bomb),
        (lambda: outside("gone.jpg"), MissingTexture),
        (lambda: outside("../../../../secret.jpg"), UnsafePath),
        (lambda: encode(Geom(np.zeros((0, 3), np.float32), None, [])), EmptyTile),
    ],
    ids=["truncated", "bomb", "missing-texture", "climbing", "empty"],
)
def test_broken_deliveries_leave_nothing(tmp_path: Path, make: Callable[[], bytes], kind: type[DeliveryError]) -> None:
    """One bad tile beside a good one that is already written: the fault names the tile, and no half-made set stays."""
    source = delivery(tmp_path / "in")
    name = "Tile_+001_+000"
    (source / "Data" / name / f"{name}.osgb").write_bytes(make())
    with pytest.raises(kind) as caught:
        import_delivery(source, tmp_path / "out", options=Options(workers=1))
    assert caught.value.fault
    assert name in caught.value.file, "a climbing path names the tile's folder, the others its file"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


def test_files_that_refine_one_another_end(tmp_path: Path) -> None:
    source = delivery(tmp_path / "in", columns=1)
    name = "Tile_+000_+000"
    again = Lod([geom()], f"{name}.osgb", radius=30.0, pixels=60.0)
    (source / "Data" / name / f"{name}_L15.osgb").write_bytes(encode(again))
    with pytest.raises(BrokenFile, match="without end"):
        import_delivery(source, tmp_path / "out", options=Options(workers=1))


@pytest.mark.skipif(
    not REAL.is_dir(), reason="shared/data/osgb-oblique is not here: the real survey delivery stays untested"
)
def test_real_delivery(tmp_path: Path) -> None:
    manifest = import_delivery(REAL, tmp_path / "out", options=Options(workers=1, textures="keep", compress=False))
    assert manifest.triangles > 140_000
    assert manifest.place.longitude == pytest.approx(113.37998, abs=1e-4)
    assert manifest.place.latitude == pytest.approx(22.49514, abs=1e-4)
    report = check(tmp_path / "out")
    assert not report.errors
    assert report.contents > 50
