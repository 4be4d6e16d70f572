"""The rasters that the viewer's tests read are the ones that the server cuts: bytes as they go over the wire.

``python -m tests.unit.tiles3d.test_viewer_fixture`` writes them anew.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np

from tiles.tiles3d.raster import REACH, Area, Raster
from tiles.tiles3d.raster_endpoints import RasterOut
from tiles.tiles3d.rasters import pack

FIXTURE = Path(__file__).parents[3] / "viewer/packages/scene/test/fixtures/rasters.json"
#: Ellipsoidal height of the site's ground in the fixture, metres.
GROUND = 4.0


def _area(id: str, layer: str, rings: list[tuple[float, float, float]], low: float, high: float) -> Area:
    """From squares (west, south, side)."""
    corners = [np.array([(x, y), (x + s, y), (x + s, y + s), (x, y + s)]) for x, y, s in rings]
    return Area.of(id, layer, corners, low + GROUND, high + GROUND)


AREAS = {
    "zone": [
        _area("z-area", "zone", [(0, 0, 60)], 0, 50),
        _area("z-unit", "zone", [(9, 9, 30), (18, 18, 6)], 0, 5),
    ],
    "object": [
        _area("o-unit", "unit", [(0, 0, 40)], 0, 20),
        _area("o-tank", "tank", [(10, 10, 12)], 0, 8),
    ],
}


def fixture() -> dict[str, Any]:
    """By kind: the answer of ``/tiles3d/{site}/rasters/{kind}`` and its texels, packed as they are sent."""
    found = {}
    for kind, areas in AREAS.items():
        raster = Raster(64, edges=kind == "zone")
        raster.update({a.id: a for a in areas})
        assert raster.box is not None
        base = f"/tiles3d/demo/rasters/{kind}/v-{raster.version}"
        card = RasterOut(
            version=raster.version, origin=(117.78, 38.36, GROUND), box=raster.box, size=raster.texels,
            metres_per_texel=(raster.box[2] - raster.box[0]) / raster.texels, ids=[a.id for a in raster.order],
            layers=[a.layer for a in raster.order], ranges=[(a.z_min, a.z_max) for a in raster.order],
            reach=REACH if raster.reach else 0.0, url=f"{base}/ids", edges=f"{base}/edges" if raster.reach else None, png=None,
        )  # fmt: skip
        parts = ("ids", "edges") if card.edges else ("ids",)
        texels = {f"{base}/{what}": base64.b64encode(pack(raster, what)).decode() for what in parts}
        found[kind] = {"card": card.model_dump(mode="json"), "texels": texels}
    return found


def test_the_viewers_fixture_is_what_the_server_cuts() -> None:
    kept = json.loads(FIXTURE.read_text())
    now = json.loads(json.dumps(fixture()))
    assert {k: v["card"] for k, v in kept.items()} == {k: v["card"] for k, v in now.items()}
    assert _plain(kept) == _plain(now)


def _plain(fixtures: dict[str, Any]) -> dict[str, bytes]:
    """Without the packing, which may differ between versions of zlib."""
    import gzip

    return {url: gzip.decompress(base64.b64decode(t)) for f in fixtures.values() for url, t in f["texels"].items()}


if __name__ == "__main__":
    FIXTURE.write_text(json.dumps(fixture(), indent=2) + "\n")
