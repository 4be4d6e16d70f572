"""``twin tiles import --out`` from outside: no database; and what the rebuilt top levels save."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tiles3d.deliveries import glb_delivery, tile_mesh, write_metadata
from tiles.tiles3d import ktx2
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.errors import EncoderMissing
from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.job import Options
from tiles.tiles3d.tileset import Visit, walk
from twin.settings import Settings


def test_out_needs_no_database(tmp_path: Path) -> None:
    """The command in an environment that names no database, in an empty folder: nothing but the tileset appears."""
    source = glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32)
    home = tmp_path / "home"
    home.mkdir()
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("TWIN_", "PG"))}
    # A port on which nothing listens: whoever asks a database fails.
    environment = keep | {"TWIN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "TWIN_VAR_DIR": str(home)}
    command = [str(Path(sys.executable).with_name("twin")), "tiles", "import", str(source), "--workers", "1"]
    ran = subprocess.run(
        [*command, "--out", str(tmp_path / "out")],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert (tmp_path / "out" / "tileset.json").is_file()
    assert list(home.iterdir()) == []


def test_ktx2_without_its_encoder_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read, and nothing is left."""
    source = glb_delivery(tmp_path / "in", 1, 1, n=4, texture=32)
    monkeypatch.setattr(ktx2, "get_settings", lambda: Settings(var_dir=tmp_path / "none"))
    with pytest.raises(EncoderMissing, match="KTX2"):
        import_delivery(source, tmp_path / "out", options=Options(workers=1, textures="ktx2"))
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("apart", [0.0, 25.0])
def test_meshes_over_the_same_place_are_all_there(tmp_path: Path, apart: float) -> None:
    """A terrain and what stands on it, as two files whose middles are close together: neither may get lost."""
    write_metadata(tmp_path / "in")
    terrain_alone = tile_mesh(0.0, 0.0, 60.0, 12, 32, 1)
    house = tile_mesh(apart, 0.0, 60.0, 6, 32, 2)
    for name, mesh in (("terrain", terrain_alone), ("house", house)):
        (tmp_path / "in" / f"{name}.glb").write_bytes(write_glb(mesh, compress=False, pictures="keep"))
    manifest = import_delivery(tmp_path / "in", tmp_path / "out", options=Options(workers=1))
    assert manifest.triangles == terrain_alone.triangles + house.triangles
    listed = {v.base / uri for v in walk(tmp_path / "out", root_transform=False) for uri in v.contents()}
    assert listed == set((tmp_path / "out").rglob("*.glb")), "no file without a tile"


def drawn(folder: Path, error: float) -> list[Visit]:
    """The tiles that an engine draws where it allows this geometric error everywhere."""
    return [
        v
        for v in walk(folder, root_transform=False)
        if v.contents()
        and (v.tile["geometricError"] <= error or not v.tile.get("children"))
        and (v.parent is None or v.parent.tile["geometricError"] > error)
    ]


def cost(tiles: list[Visit]) -> tuple[int, int]:
    """Requests and bytes."""
    files = [v.base / uri for v in tiles for uri in v.contents()]
    return len(files), sum(f.stat().st_size for f in files)


def test_the_first_picture_of_a_large_area_is_one_small_file(tmp_path: Path) -> None:
    """Plain conversion has nothing above the delivery's tiles: 16 requests. With the top levels one is enough, and at
    every error on the way down never more is drawn than the plain conversion would.
    """
    source = glb_delivery(tmp_path / "in", 4, 4, n=12, texture=64)
    import_delivery(source, tmp_path / "out", options=Options(workers=1))
    every = list(walk(tmp_path / "out", root_transform=False))
    plain = cost([v for v in every if not v.tile.get("children")])
    assert plain[0] == 16
    root = every[0].tile["geometricError"]
    first = cost(drawn(tmp_path / "out", root))
    assert first[0] == 1
    assert first[1] < plain[1] / 4
    before = first
    for error in sorted({v.tile["geometricError"] for v in every}, reverse=True):
        now = cost(drawn(tmp_path / "out", error))
        assert before[0] <= now[0] <= plain[0]
        assert now[1] <= plain[1]
        before = now
    assert before == plain, "the finest picture is the delivery itself"
