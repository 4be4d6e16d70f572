"""``docs/guide/add-a-layer.md``, followed literally: its blocks become a package, and the layer is everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import Enterprise
from twin.settings import ROOT, Settings, child_environment

GUIDE = ROOT / "docs" / "guide" / "add-a-layer.md"
_BLOCK = re.compile(r"^`(windsock/[\w/]+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_guide_works_as_it_stands(database: Settings, site: Enterprise, tmp_path: Path) -> None:
    blocks = dict(_BLOCK.findall(GUIDE.read_text(encoding="utf-8")))
    assert len(blocks) == 4
    lines = [line for text in blocks.values() for line in text.splitlines() if line.strip()]
    assert len(lines) < 60, "the guide promises under 60 lines"
    for name, text in blocks.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        **child_environment(database),
        "TWIN_EXTRA_PACKAGES": "windsock",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.wind_socks", site.password],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
