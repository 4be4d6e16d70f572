"""``twin site load`` and ``export`` as they are typed, against a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise


def twin(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the environment of the test's database."""
    program = [sys.executable, "-c", "from twin.cli import main; main()", "site", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env=os.environ, timeout=120, check=False)


@pytest.mark.req("M1.7")
def test_load_export_load_again(enterprise: Enterprise, tmp_path: Path) -> None:
    count = sum(map(len, features().values()))
    first = twin("load", "demo")
    assert first.returncode == 0 and f"{count} new, 0 changed" in first.stdout, first.stdout + first.stderr
    file = tmp_path / "demo.json"
    assert twin("export", "demo", "--out", str(file)).returncode == 0
    document = json.loads(file.read_text())
    assert {key: len(rows) for key, rows in document["layers"].items()} == {k: len(v) for k, v in features().items()}
    assert len(document["views"]) == 4
    again = twin("load", str(file))
    assert f"0 new, 0 changed, {count} as they were" in again.stdout, again.stdout + again.stderr


@pytest.mark.parametrize("arguments", [("load", "nowhere"), ("load", "demo", "--enterprise", "none")])
def test_what_is_not_there_is_said_in_words(enterprise: Enterprise, arguments: tuple[str, ...]) -> None:
    answer = twin(*arguments)
    assert answer.returncode == 1 and "Traceback" not in answer.stderr and "error." not in answer.stderr
