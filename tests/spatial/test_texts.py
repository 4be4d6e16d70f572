"""Every fault and error of the spatial core has its text in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import twin.spatial
from twin.i18n import LANGUAGES, catalogue

FOLDER = Path(twin.spatial.__file__).parent
CODES = re.compile(r"""(?:fault\(|_vertex\(|code = |"code": )f?"([a-z_{}]+)\"""")
TEXTS = re.compile(r"""\bt\("([a-z._]+)",""")


def test_no_text_is_missing() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.py"))
    codes = {code for code in CODES.findall(source) if "{" not in code}
    assert len(codes) > 50
    wanted = {f"error.{code}" for code in codes} | set(TEXTS.findall(source))
    wanted |= {f"error.geometry_{edge}outside_{what}" for edge in ("", "edge_") for what in ("site", "container")}
    for language in LANGUAGES:
        assert wanted - catalogue(language).keys() == set()
