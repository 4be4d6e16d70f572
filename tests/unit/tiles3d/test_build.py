"""From a mesh delivery to a tileset: levels, borders, resuming, refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.tiles3d.deliveries import ORIGIN, glb_delivery, picture, tile_mesh, with_detail, write_metadata
from tiles.tiles3d import build as build_module
from tiles.tiles3d import levels, meshes
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.color import to_light, to_screen
from tiles.tiles3d.contents import content_mesh
from tiles.tiles3d.errors import BrokenFile, EmptyTile, MissingTexture, SrsError, UnknownDelivery, UnsafePath
from tiles.tiles3d.gltf_read import Gltf, load_gltf
from tiles.tiles3d.gltf_write import pack, write_glb, write_points
from tiles.tiles3d.job import Options
from tiles.tiles3d.manifest import read_manifest
from tiles.tiles3d.mesh import GRID, Mesh, Part, Texture
from tiles.tiles3d.tileset import load_json, walk

SMALL = Options(workers=1, triangles=400, texture=128)


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return glb_delivery(tmp_path_factory.mktemp("delivery") / "plant", 2, 2)


@pytest.fixture(scope="module")
def tileset(delivery: Path) -> Path:
    out = delivery.parent / "out"
    import_delivery(delivery, out, options=SMALL)
    return out


def test_levels_boxes_and_errors(tileset: Path) -> None:
    report = check(tileset)
    assert not report.issues
    manifest = read_manifest(tileset)
    assert manifest.triangles == 4 * (2 * 24 * 24 + 24)
    assert len(manifest.levels) == 3
    counts = [level.triangles for level in manifest.levels]
    assert counts == sorted(counts), "coarser levels have fewer triangles"
    assert manifest.levels[0].tiles == 1
    for visit in walk(tileset):
        if visit.parent is not None:
            assert visit.tile["geometricError"] < visit.parent.tile["geometricError"]


def test_boxes_are_tight(tileset: Path) -> None:
    for visit in walk(tileset, root_transform=False):
        if not visit.tile.get("children"):
            box = np.array(visit.tile["boundingVolume"]["box"])
            parts = content_mesh(visit.base, visit.contents()[0]).parts
            points = np.concatenate([p.positions for p in parts])
            low, high = points.min(axis=0), points.max(axis=0)
            np.testing.assert_allclose(box[:3], (low + high) / 2, atol=1e-6)
            np.testing.assert_allclose([box[3], box[7], box[11]], (high - low) / 2, atol=6e-3)


def _border(folder: Path, level_of: int, x: float) -> set[tuple[float, float, float]]:
    """Vertices on the plane x of all tiles at a depth."""
    found: set[tuple[float, float, float]] = set()
    for visit in walk(folder, root_transform=False):
        if visit.depth == level_of:
            for part in content_mesh(visit.base, visit.contents()[0]).parts:
                used = part.positions[np.unique(part.indices)]
                found |= {(float(a), float(b), float(c)) for a, b, c in used[np.abs(used[:, 0] - x) < GRID]}
    return found


def test_no_cracks_between_tiles_of_different_levels(tileset: Path) -> None:
    deepest = max(v.depth for v in walk(tileset))
    finest = _border(tileset, deepest, 60.0)
    assert len(finest) >= 49
    # Delivery tiles meet at x = 60 under the root: below it, every level has every border vertex of the finest one.
    for depth in range(1, deepest):
        assert finest - _border(tileset, depth, 60.0) == set()
    assert len(_border(tileset, 0, 60.0)) < len(finest), "the root is one mesh and may simplify its inside"


def test_positions_stay_on_the_shared_grid(tileset: Path) -> None:
    for file in (tileset / "tiles").rglob("*.glb"):
        for part in load_gltf(file.read_bytes(), file.name).parts:
            steps = part.positions.astype(np.float64) / GRID
            np.testing.assert_array_equal(steps, np.rint(steps))


def test_compressed_and_plain_hold_the_same_geometry(delivery: Path, tmp_path: Path, tileset: Path) -> None:
    import_delivery(
        delivery,
        tmp_path / "plain",
        options=Options(workers=1, triangles=400, texture=128, compress=False, textures="keep"),
    )
    for file in (tileset / "tiles").rglob("*.glb"):
        other = tmp_path / "plain" / file.relative_to(tileset)
        a, b = load_gltf(file.read_bytes(), "a"), load_gltf(other.read_bytes(), "b")
        for p, q in zip(a.parts, b.parts, strict=True):
            np.testing.assert_array_equal(p.positions, q.positions)
            # The codec may turn a triangle's corners round, never flip it.
            np.testing.assert_array_equal(_turned(p.indices), _turned(q.indices))
            assert p.uvs is not None and q.uvs is not None
            np.testing.assert_array_equal(p.uvs, q.uvs)
    doc = Gltf(file.read_bytes(), "a").doc
    assert set(doc["extensionsRequired"]) == {"EXT_meshopt_compression", "EXT_texture_webp"}
    assert "KHR_materials_unlit" in doc["extensionsUsed"]


def _turned(indices: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Triangles with their smallest corner first, orientation kept."""
    tri = indices.reshape(-1, 3)
    first = tri.argmin(axis=1)
    return np.stack([tri[np.arange(len(tri)), (first + k) % 3] for k in range(3)], axis=1)


def test_fine_details_are_only_in_the_finest_level(tileset: Path) -> None:
    """The rods stand at x = 15 + 60 i, up to 4 m above ground, 0.2 m wide; coarser levels do without."""
    widths: dict[bool, float] = {}
    for visit in walk(tileset, root_transform=False):
        mesh = content_mesh(visit.base, visit.contents()[0])
        points = np.concatenate([p.positions for p in mesh.parts])
        rod = points[(np.abs(points[:, 0] - 15) < 0.11) & (np.abs(points[:, 1] - 30) < 0.11)]
        leaf = not visit.tile.get("children")
        widths[leaf] = max(widths.get(leaf, 0.0), float(np.ptp(rod[:, 2])) if len(rod) else 0.0)
    assert widths[True] >= 4.0
    assert widths[False] < 1.5


def test_place_and_manifest(tileset: Path) -> None:
    manifest = read_manifest(tileset)
    assert manifest.place.srs == "EPSG:4548"
    assert manifest.place.srs_origin == ORIGIN
    assert manifest.bounds[0] <= manifest.place.longitude + 1e-9 < manifest.bounds[2]
    assert manifest.bytes > 0 and manifest.files > 10
    root = load_json(tileset / "tileset.json")["root"]
    assert root["transform"] == pytest.approx(manifest.transform)
    assert (tileset / "tileset.json.gz").is_file()
    assert not (tileset / "work").exists()


def test_import_twice_replaces_and_gives_the_same_bytes(delivery: Path, tmp_path: Path) -> None:
    first = import_delivery(delivery, tmp_path / "out", options=SMALL)
    second = import_delivery(delivery, tmp_path / "out", options=SMALL)
    assert first.version == second.version
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out"]


def test_two_processes_give_the_same_bytes(delivery: Path, tmp_path: Path, tileset: Path) -> None:
    manifest = import_delivery(delivery, tmp_path / "out", options=Options(workers=2, triangles=400, texture=128))
    assert manifest.version == read_manifest(tileset).version


def test_an_interrupted_import_goes_on(delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, built = meshes._tile, list[str]()

    def tile(task: meshes._Tile) -> object:
        if len(built) == 2:
            raise KeyboardInterrupt
        built.append(task.name)
        return real(task)

    monkeypatch.setattr(meshes, "_tile", tile)
    with pytest.raises(KeyboardInterrupt):
        import_delivery(delivery, tmp_path / "out", options=SMALL)
    assert not (tmp_path / "out").exists()
    again: list[str] = []

    def count(task: meshes._Tile) -> object:
        again.append(task.name)
        return real(task)

    monkeypatch.setattr(meshes, "_tile", count)
    manifest = import_delivery(delivery, tmp_path / "out", options=SMALL)
    assert len(again) == 2, "the two finished tiles were kept"
    assert not check(tmp_path / "out").issues
    assert manifest.triangles == 4 * (2 * 24 * 24 + 24)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_other_options_start_afresh(delivery: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build_module, "write_tileset", stop)
    with pytest.raises(KeyboardInterrupt):
        import_delivery(delivery, tmp_path / "out", options=SMALL)
    monkeypatch.undo()
    import_delivery(delivery, tmp_path / "out", options=Options(workers=1, triangles=5000))
    assert len(list((tmp_path / "out" / "tiles").rglob("*.glb"))) == 5


def refused(tmp_path: Path, source: Path, kind: type[Exception], options: Options = SMALL) -> Exception:
    """The import fails with ``kind`` and leaves nothing."""
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(kind) as caught:
        import_delivery(source, tmp_path / "out", options=options)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    return caught.value


def one(tmp_path: Path, data: bytes | None = None, srs: str = "EPSG:4548") -> Path:
    """A delivery of a single small tile, its bytes replaceable."""
    source = glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32, srs=srs)
    if data is not None:
        (source / "Data/Tile_+000_+000/Tile_+000_+000.glb").write_bytes(data)
    return source


def _glb(mesh: Mesh) -> bytes:
    return write_glb(mesh, compress=False, pictures="keep")


TRIANGLE = Part(np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0]], np.float32), np.array([0, 1, 2], np.uint32))


def test_truncated_and_foreign_tiles(tmp_path: Path) -> None:
    whole = _glb(Mesh([TRIANGLE]))
    source = one(tmp_path)
    file = source / "Data/Tile_+000_+000/Tile_+000_+000.glb"
    for data in (whole[:-10], whole[:30], b"nothing", b""):
        file.write_bytes(data)
        error = refused(tmp_path, source, BrokenFile)
        assert "Tile_+000_+000.glb" in str(error)


def test_empty_tile(tmp_path: Path) -> None:
    empty = pack({"asset": {"version": "2.0"}, "scenes": [{"nodes": []}], "scene": 0}, b"")
    error = refused(tmp_path, one(tmp_path, empty), EmptyTile)
    assert "Tile_+000_+000.glb" in str(error)


def test_missing_and_broken_texture(tmp_path: Path) -> None:
    uvs = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
    part = Part(TRIANGLE.positions, TRIANGLE.indices, uvs, texture=0)
    doc, blob = _split(_glb(Mesh([part], [Texture(picture(16, 1), "image/jpeg")])))
    doc["images"] = [{"uri": "gone.jpg"}]
    source = one(tmp_path, pack(doc, blob))
    assert "gone.jpg" in str(refused(tmp_path, source, MissingTexture))
    doc["images"] = [{"uri": "../../../metadata.xml"}]
    (source / "Data/Tile_+000_+000/Tile_+000_+000.glb").write_bytes(pack(doc, blob))
    refused(tmp_path, source, UnsafePath)
    broken, blob = _split(_glb(Mesh([part], [Texture(picture(16, 1), "image/jpeg")])))
    view = broken["bufferViews"][broken["images"][0]["bufferView"]]
    blob = blob[: view["byteOffset"] + 4] + b"\0" * (len(blob) - view["byteOffset"] - 4)
    (source / "Data/Tile_+000_+000/Tile_+000_+000.glb").write_bytes(pack(broken, blob))
    refused(tmp_path, source, MissingTexture)


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    from tiles.tiles3d.gltf_read import split_glb

    return split_glb(data, "made")


@pytest.mark.parametrize(
    ("srs", "origin", "first"),
    [
        ("", ORIGIN, "EPSG:4548"),
        ("EPSG:4490", ORIGIN, "EPSG:4548"),
        ("EPSG:4547", (38501027.5, 2488718.8, 0.0), "EPSG:4526"),
        ("EPSG:999999", ORIGIN, "EPSG:4548"),
        ("EPSG:2248", ORIGIN, "EPSG:4548"),
        ("", (120.1, 30.2, 0.0), "EPSG:4490"),
    ],
)
def test_missing_or_wrong_srs_names_candidates(
    tmp_path: Path, srs: str, origin: tuple[float, float, float], first: str
) -> None:
    source = one(tmp_path)
    write_metadata(source, srs, origin)
    error = refused(tmp_path, source, SrsError)
    assert isinstance(error, SrsError)
    assert error.candidates[0] == first
    assert error.file == "metadata.xml"


def test_srs_far_from_the_site(tmp_path: Path) -> None:
    source = one(tmp_path)
    options = Options(workers=1, near=(113.4, 22.5))
    assert isinstance(refused(tmp_path, source, SrsError, options), SrsError)


def test_origin_that_is_no_number_and_unknown_things(tmp_path: Path) -> None:
    source = one(tmp_path)
    (source / "metadata.xml").write_text("<ModelMetadata><SRSOrigin>a,b</SRSOrigin></ModelMetadata>")
    refused(tmp_path, source, BrokenFile)
    (source / "metadata.xml").write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><ModelMetadata/>")
    refused(tmp_path, source, BrokenFile)
    (tmp_path / "empty").mkdir()
    refused(tmp_path, tmp_path / "empty", UnknownDelivery)
    refused(tmp_path, tmp_path / "nowhere", UnknownDelivery)


def test_tiling_textures_vertex_colours_and_details_survive(tmp_path: Path) -> None:
    uvs = np.array([[0, 0], [5, 0], [0, 5]], np.float32)
    tiled = Part(TRIANGLE.positions, TRIANGLE.indices, uvs, texture=0, repeat=True)
    red = Part(
        TRIANGLE.positions + np.float32(20),
        TRIANGLE.indices,
        colors=np.tile(np.array([200, 10, 10, 255], np.uint8), (3, 1)),
    )
    data = with_detail(_glb(Mesh([tiled, red], [Texture(picture(16, 1), "image/jpeg")])), [0, 0])
    import_delivery(one(tmp_path, data), tmp_path / "out", options=SMALL)
    (file,) = (tmp_path / "out" / "tiles").rglob("*.glb")
    mesh = load_gltf(file.read_bytes(), "out")
    assert max(float(p.uvs.max()) for p in mesh.parts if p.uvs is not None) == pytest.approx(5.0, abs=1e-3)
    (colored,) = [p for p in mesh.parts if p.colors is not None]
    assert colored.colors is not None and colored.colors[0].tolist() == [200, 10, 10, 255]
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["source"]["kind"] == "mesh"


def test_colours_of_vertices_are_written_as_light() -> None:
    """glTF's colours per vertex are linear, those of sources and pictures are not: written as they are they would be drawn much too pale."""
    mesh = tile_mesh(0.0, 0.0, 40.0, 4, 8, 1)
    mesh.textures = [Texture(pixels=np.tile(np.array([230, 70, 60], np.uint8), (8, 8, 1)))] * len(mesh.textures)
    (part,) = levels._coloured(mesh).parts
    assert part.colors is not None
    assert (part.colors == (230, 70, 60, 255)).all()
    for data in (_glb(Mesh([part], [])), write_points(part.positions, part.colors)):
        gltf = Gltf(data, "x")
        (primitive,) = gltf.doc["meshes"][0]["primitives"]
        light = gltf.accessor(primitive["attributes"]["COLOR_0"])[0]
        np.testing.assert_allclose(light, (0.7913, 0.0612, 0.0452, 1), atol=1e-4)  # IEC 61966-2-1
    every = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, axis=1)
    assert (to_screen(to_light(every) / 65535) == every).all(), "not one tone gets lost"
