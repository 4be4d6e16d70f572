"""The checker finds what is wrong, and the Khronos validator agrees that our tiles are right."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.tiles3d.deliveries import glb_delivery, picture
from tiles.tiles3d import atlas
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.islands import islands
from tiles.tiles3d.job import Options
from tiles.tiles3d.mesh import Mesh, Part, Texture

VIEWER = Path(__file__).parents[3] / "viewer"
VALIDATOR = VIEWER / "node_modules" / "gltf-validator"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    source = glb_delivery(folder / "in", 2, 1, n=12, texture=64)
    import_delivery(source, folder / "out", options=Options(workers=1, triangles=150))
    import_delivery(
        source, folder / "plain", options=Options(workers=1, triangles=150, compress=False, textures="keep")
    )
    return folder


@pytest.fixture
def tileset(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made / "out", tmp_path / "out")
    return tmp_path / "out"


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> set[str]:
    """Change tileset.json and give the codes of the errors and warnings found."""
    path = folder / "tileset.json"
    doc = json.loads(path.read_text())
    change(doc)
    path.write_text(json.dumps(doc))
    return {i.code for i in check(folder).issues}


def test_a_good_tileset_has_no_issue(tileset: Path) -> None:
    report = check(tileset)
    assert report.issues == []
    assert report.tiles == report.contents
    assert report.worst and report.worst_bytes > 0
    assert sum(level.tiles for level in report.levels.values()) == report.tiles


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d["root"]["children"][0].update(geometricError=1e6), "error_grows"),
        (lambda d: d["root"]["children"][0].update(geometricError=-1), "geometric_error"),
        (lambda d: d["root"]["children"][0].update(geometricError=d["root"]["geometricError"]), "error_equal"),
        (lambda d: d["root"]["boundingVolume"].update(box=[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]), "content_outside"),
        (lambda d: d["root"].update(boundingVolume={"box": [1, 2]}), "bounding_volume"),
        (lambda d: d["root"].update(boundingVolume={}), "bounding_volume"),
        (lambda d: d["root"].update(transform=[0] * 16), "transform"),
        (lambda d: d["root"]["content"].update(uri="tiles/gone.glb"), "content"),
        (lambda d: d["root"]["content"].update(uri="../../x.glb"), "content"),
        (lambda d: d["asset"].update(version="3"), "asset_version"),
        (lambda d: d["root"].update(refine="MAYBE"), "refine"),
        (lambda d: d.pop("root"), "unreadable"),
    ],
)
def test_faults_are_found(tileset: Path, change: Callable[[dict[str, Any]], None], code: str) -> None:
    assert code in edit(tileset, change)


def test_broken_contents_are_found(tileset: Path) -> None:
    file = next((tileset / "tiles").rglob("*.glb"))
    whole = file.read_bytes()
    for data in (whole[:-100], b"glTF", whole.replace(b"EXPONENTIAL", b"EXPONENTIAX")):
        file.write_bytes(data)
        assert {i.code for i in check(tileset).errors} == {"content"}
    shutil.rmtree(tileset)
    assert [i.code for i in check(tileset).issues] == ["unreadable"]


SCRIPT = """
const v = require(process.argv[1]), fs = require('fs');
(async () => {
  let errors = 0;
  for (const f of process.argv.slice(2)) {
    const r = await v.validateBytes(new Uint8Array(fs.readFileSync(f)));
    errors += r.issues.numErrors;
    for (const m of r.issues.messages) if (m.severity === 0) console.error(f, m.code, m.message, m.pointer);
  }
  process.exit(errors ? 1 : 0);
})();
"""


@pytest.mark.skipif(
    not VALIDATOR.is_dir() or shutil.which("node") is None,
    reason="viewer/node_modules/gltf-validator or node is not here: the Khronos validator was not asked",
)
def test_khronos_validator(made: Path) -> None:
    files = [str(f) for kind in ("out", "plain") for f in (made / kind / "tiles").rglob("*.glb")]
    done = subprocess.run(
        ["node", "-e", SCRIPT, str(VALIDATOR), *files], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


# -- atlases


def quads(boxes: list[tuple[float, float, float, float]], texture: int = 0) -> Part:
    """One quad per texture box (share of the picture)."""
    uvs = np.array([[(a, b), (c, b), (c, d), (a, d)] for a, b, c, d in boxes], np.float32).reshape(-1, 2)
    positions = np.concatenate([uvs * 10, np.zeros((len(uvs), 1), np.float32)], axis=1).astype(np.float32)
    corners = np.arange(len(uvs)).reshape(-1, 4)
    return Part(positions, corners[:, [0, 1, 2, 0, 2, 3]].ravel().astype(np.uint32), uvs, texture=texture)


def test_islands_join_what_shares_texels() -> None:
    part = quads([(0.1, 0.1, 0.3, 0.3), (0.1, 0.1, 0.2, 0.2), (0.7, 0.7, 0.9, 0.9)])
    assert part.uvs is not None
    boxes, vertex = islands(part.uvs.astype(np.float64) * 100, part.indices)
    assert len(boxes) == 2
    assert vertex[:8].tolist() == [vertex[0]] * 8 and vertex[8] != vertex[0]


def test_atlas_keeps_every_texel_where_it_belongs() -> None:
    """Colour at the middle of each quad, before and after, full size and halved."""
    data = picture(256, 3, "PNG")
    part = quads([(0.05, 0.05, 0.2, 0.15), (0.6, 0.1, 0.7, 0.3), (0.3, 0.7, 0.35, 0.75), (0.8, 0.8, 0.98, 0.98)])
    mesh = Mesh([part], [Texture(data, "image/png")])
    source = mesh.textures[0].array().astype(float)
    assert part.uvs is not None
    for scale, slack in ((1.0, 1.0), (0.5, 14.0)):
        made = atlas.rebuild(mesh, scale=scale, limit=512)
        pixels = made.textures[0].array().astype(float)
        uvs = made.parts[0].uvs
        assert uvs is not None and pixels.size < source.size / 4
        for k in range(4):
            old, new = part.uvs[4 * k : 4 * k + 4].mean(axis=0), uvs[4 * k : 4 * k + 4].mean(axis=0)
            a = source[int(old[1] * 256), int(old[0] * 256)]
            b = pixels[int(new[1] * pixels.shape[0]), int(new[0] * pixels.shape[1])]
            assert np.abs(a - b).mean() <= slack


def test_a_mostly_used_picture_is_kept_as_it_is() -> None:
    mesh = Mesh([quads([(0, 0, 1, 1)])], [Texture(picture(64, 1), "image/jpeg")])
    assert atlas.rebuild(mesh, scale=1.0, limit=512).textures[0].data == picture(64, 1)
