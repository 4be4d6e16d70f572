"""Outside programs read what we write.

Khronos' gltf-validator on point clouds, plain and compressed (meshes: test_check.py), errors and warnings; py3dtiles and Cesium's
3d-tiles-tools on a tileset made of OSGB files. The latter two are installed by ``scripts/judges.sh``; without them these tests skip.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tiles3d.deliveries import write_metadata
from tests.unit.tiles3d.test_inputs import cloud, write_ply
from tests.unit.tiles3d.test_osgb import delivery
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.job import Options
from tiles.tiles3d.tileset import walk

JUDGES = Path(__file__).parents[3] / "var" / "judges"
PY3DTILES = JUDGES / "py" / "bin" / "python"
TOOLS = JUDGES / "node" / "node_modules" / "3d-tiles-tools" / "build" / "src" / "cli.mjs"
VIEWER = Path(__file__).parents[3] / "viewer"
SCRIPT = """
const { validateBytes } = require('gltf-validator')
const { readFileSync } = require('fs')
const run = async () => {
  const found = {}
  for (const file of process.argv.slice(1)) {
    const report = await validateBytes(new Uint8Array(readFileSync(file)), { maxIssues: 50 })
    found[file] = report.issues.messages.filter((m) => m.severity < 2)
  }
  console.log(JSON.stringify(found))
}
run()
"""


def validator_says(files: list[Path]) -> dict[str, list[Any]]:
    """Errors and warnings of gltf-validator by file; empty when there are none. Skips where it is not installed."""
    node = shutil.which("node")
    if node is None or not (VIEWER / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("node or gltf-validator is not installed: no outside judge of glb files")
    command = [node, "-e", SCRIPT, *map(str, files)]
    ran = subprocess.run(command, cwd=VIEWER, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, list[Any]] = json.loads(ran.stdout)
    assert len(found) == len(files)
    return {file: messages for file, messages in found.items() if messages}


@pytest.mark.judge
def test_the_validator_finds_nothing_wrong_with_points(tmp_path: Path) -> None:
    write_metadata(tmp_path)
    write_ply(tmp_path / "a.ply", *cloud(4000))
    for compress in (False, True):
        options = Options(workers=1, compress=compress)
        import_delivery(tmp_path / "a.ply", tmp_path / f"out-{compress}", options=options)
    files = sorted(tmp_path.rglob("*.glb"))
    assert len(files) >= 2
    assert validator_says(files) == {}


#: Every tile with its content, through tilesets within tilesets; what it holds is counted by the other library.
READ = """
import json, sys
from pathlib import Path
from py3dtiles.tileset.tileset import TileSet

def read(tileset):
    found = []
    for tile in [tileset.root_tile, *tileset.root_tile.get_all_children()]:
        assert tile.bounding_volume is not None
        if not tile.has_content():
            continue
        content = tile.get_or_fetch_content(tileset.root_uri)
        if isinstance(content, TileSet):
            found += read(content)
        else:
            gltf = content._gltf
            faces = [gltf.accessors[p.indices].count // 3 for m in gltf.meshes for p in m.primitives]
            found.append([str(tile.content_uri), tile.geometric_error, sum(faces)])
    return found

tileset = TileSet.from_file(Path(sys.argv[1]))
print(json.dumps({"version": tileset.asset.version.value, "tiles": read(tileset)}))
"""


def run(*command: object) -> str:
    ran = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return ran.stdout


@pytest.fixture(scope="module")
def tileset(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A tileset with rebuilt top levels from four OSGB tiles of two levels, and the triangles of its finest level."""
    folder = tmp_path_factory.mktemp("judges")
    manifest = import_delivery(delivery(folder / "in", columns=4), folder / "out", options=Options(workers=1))
    return folder / "out", manifest.triangles


@pytest.mark.judge
def test_py3dtiles_reads_every_tile(tileset: tuple[Path, int]) -> None:
    if not PY3DTILES.is_file():
        pytest.skip("py3dtiles is not installed (scripts/judges.sh)")
    folder, triangles = tileset
    read: dict[str, Any] = json.loads(run(PY3DTILES, "-c", READ, folder / "tileset.json"))
    assert read["version"] == "1.1"
    ours = [v for v in walk(folder, root_transform=False) if v.contents()]
    glbs = [v for v in ours if str(v.contents()[0]).endswith(".glb")]
    assert sorted(e for _, e, _ in read["tiles"]) == sorted(v.tile["geometricError"] for v in glbs)
    assert all(faces > 0 for *_, faces in read["tiles"])
    assert sum(faces for _, error, faces in read["tiles"] if error == 0) == triangles


@pytest.mark.judge
def test_3d_tiles_tools_read_package_and_unpack(tileset: tuple[Path, int], tmp_path: Path) -> None:
    """Combined into one tileset nothing is missing; packed as 3TZ and unpacked every file is the same."""
    node = shutil.which("node")
    if node is None or not TOOLS.is_file():
        pytest.skip("node or 3d-tiles-tools is not installed (scripts/judges.sh)")
    folder, _ = tileset
    run(node, TOOLS, "combine", "-i", folder / "tileset.json", "-o", tmp_path / "one")
    contents = sorted(v.contents()[0] for v in walk(tmp_path / "one", root_transform=False) if v.contents())
    assert len(contents) == len(list(folder.rglob("*.glb")))
    assert all(str(c).endswith(".glb") for c in contents)
    run(node, TOOLS, "convert", "-i", folder, "-o", tmp_path / "packed.3tz")
    run(node, TOOLS, "convert", "-i", tmp_path / "packed.3tz", "-o", tmp_path / "unpacked")
    for file in (f for f in (tmp_path / "unpacked").rglob("*.*") if f.is_file()):
        assert file.read_bytes() == (folder / file.relative_to(tmp_path / "unpacked")).read_bytes(), file
    glbs = {f.relative_to(folder) for f in folder.rglob("*.glb")}
    assert glbs <= {f.relative_to(tmp_path / "unpacked") for f in (tmp_path / "unpacked").rglob("*.glb")}
