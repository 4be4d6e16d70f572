"""``twin site``: loading as it is typed, exporting, and loading what was exported, against a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from gis_assets.cli import SiteDataNotFound, site_data
from gis_assets.sites.demo.build import features

from tests.conftest import Enterprise
from twin.cli import describe
from twin.db.uow import unit_of_work
from twin.spatial.service import SiteNotFound
from twin.spatial.site import export_site, load_site


def twin(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the environment of the test's database."""
    program = [sys.executable, "-c", "from twin.cli import main; main()", "site", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env=os.environ, timeout=120, check=False)


@pytest.mark.req("M1.7")
async def test_load_export_load_again(enterprise: Enterprise, tmp_path: Path) -> None:
    count = sum(map(len, features().values()))
    first = twin("load", "demo")
    assert first.returncode == 0 and f"{count} new, 0 changed" in first.stdout, first.stdout + first.stderr
    async with unit_of_work(enterprise.id) as uow:
        document = await export_site(uow, "demo")
    assert {key: len(rows) for key, rows in document["layers"].items()} == {k: len(v) for k, v in features().items()}
    assert len(document["views"]) == 4
    file = tmp_path / "demo.json"
    file.write_text(json.dumps(document))
    async with unit_of_work(enterprise.id) as uow:
        assert await load_site(uow, *site_data(str(file))) == {"create": 0, "update": 0, "unchanged": count}
        with pytest.raises(SiteNotFound):
            await export_site(uow, "nowhere")


@pytest.mark.parametrize("content", [None, "{", "[]", '{"layers": {"site": [{}]}, "views": []}', '{"layers": []}'])
def test_what_is_no_site_is_said_in_words(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SiteDataNotFound) as caught:
        site_data(str(file))
    assert "没有名为" in describe(caught.value) and "no site data" in describe(caught.value)
