"""Khronos' gltf-validator on point clouds, plain and compressed (meshes: test_check.py), errors and warnings."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.tiles3d.deliveries import write_metadata
from tests.unit.tiles3d.test_inputs import cloud, write_ply
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.job import Options

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


@pytest.mark.judge
def test_the_validator_finds_nothing_wrong_with_points(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (VIEWER / "node_modules" / "gltf-validator").is_dir():
        pytest.skip("node or gltf-validator is not installed: no outside judge of glb files")
    write_metadata(tmp_path)
    write_ply(tmp_path / "a.ply", *cloud(4000))
    for compress in (False, True):
        options = Options(workers=1, compress=compress)
        import_delivery(tmp_path / "a.ply", tmp_path / f"out-{compress}", options=options)
    files = [str(f) for f in sorted(tmp_path.rglob("*.glb"))]
    assert len(files) >= 2
    ran = subprocess.run([node, "-e", SCRIPT, *files], cwd=VIEWER, capture_output=True, text=True, timeout=200)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert len(found) == len(files)
    assert {f: m for f, m in found.items() if m} == {}
