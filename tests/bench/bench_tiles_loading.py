"""What Chromium loads until a picture stands: our tileset of a survey delivery beside its plain conversion, at one screen-space error.

The plain conversion is what converters of OSGB write: one glb for every cell of the source, its JPEG kept, geometry as it is, nothing
above the delivery's tiles. 3d-tiles-renderer (``scripts/judges.sh``) draws both in Chromium, which counts; without it there are no rows.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import orjson

from tests.bench.bench_tiles3d import REAL
from tests.bench.harness import Row
from tests.unit.tiles3d.engines import Camera, judge, missing
from tiles.tiles3d import paged
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.job import Options

#: Metres above the model and screen-space error in pixels.
_VIEWS = (
    ("first picture, far away", 12000.0, 16.0),
    ("from 600 m", 600.0, 16.0),
    ("everything at its finest", 250.0, 1.0),
)


def _plain(source: Path, folder: Path) -> None:
    with patch.object(paged, "_JOIN", 0):
        import_delivery(source, folder, options=Options(textures="keep", compress=False, workers=1))
    document = orjson.loads((folder / "tileset.json").read_bytes())
    root = document["root"]
    root["children"] = _delivered(root)
    del root["content"]
    # An empty root is never the picture, however far away.
    document["geometricError"] = root["geometricError"] = 1e6
    (folder / "tileset.json").write_bytes(orjson.dumps(document))


def _delivered(tile: dict[str, Any]) -> list[dict[str, Any]]:
    """The tops of the delivery's own tiles, without the levels that we build above them."""
    ours = tile["content"]["uri"].startswith("tiles/u")
    return [top for child in tile["children"] for top in _delivered(child)] if ours else [tile]


def rows() -> list[Row]:
    """Requests and bytes of each view; the issue asks for fewer of both."""
    if not REAL.is_dir() or missing("three"):
        return []
    found = []
    with tempfile.TemporaryDirectory(prefix="bench-tiles-loading-") as name:
        folder = Path(name)
        ours, plain = folder / "ours", folder / "plain"
        card = import_delivery(REAL, ours, options=Options())
        _plain(REAL, plain)
        x, y = (np.array(card.frame_low) + np.array(card.frame_high))[:2] / 2
        top = card.frame_high[2]
        with judge("three", folder / "page") as chromium:
            for label, above, error in _VIEWS:
                camera = Camera((x, y - 0.1, top + above), (x, y, top), 0.5)
                a, b = chromium.draw(ours, camera, error), chromium.draw(plain, camera, error)
                found += [
                    Row(f"{label}: requests", "", a.requests, b.requests, "plain conversion", "lower", 1.0),
                    Row(f"{label}: bytes", "kB", a.bytes / 1e3, b.bytes / 1e3, "plain conversion", "lower", 1.0),
                ]
    return found
