"""Two engines draw what we write: Cesium and, as the second, NASA-AMMOS' 3d-tiles-renderer (``scripts/judges.sh``).

Pixels are compared with the source: every tile and every roof of an OSGB delivery has a colour of its own, and where a
tileset lies the magenta ground must not be seen.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.unit.tiles3d.deliveries import block, glb_delivery, ground, terrain, write_metadata
from tests.unit.tiles3d.engines import Camera, Judge, is_ground, judge, missing
from tests.unit.tiles3d.osg_encoder import Geom, Lod, encode
from tests.unit.tiles3d.test_judges import validator_says
from tiles.tiles3d.build import import_delivery
from tiles.tiles3d.check import check
from tiles.tiles3d.errors import EncoderMissing
from tiles.tiles3d.job import Options
from tiles.tiles3d.ktx2 import encoder
from tiles.tiles3d.manifest import read_manifest
from tiles.tiles3d.mesh import Part

TILE, COLUMNS, ROWS, ROOF = 40.0, 3, 2, 9.0


def colour(i: int, j: int, *, roof: bool) -> tuple[int, int, int]:
    """Far apart from one another and from magenta."""
    return (40 + 80 * i, 200 - 70 * j, 60) if not roof else (230, 70 + 60 * i, 60 + 140 * j)


def painted(part: Part, rgb: tuple[int, int, int]) -> Geom:
    """A part of a model whose whole picture is of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (32, 32), rgb).save(out, "JPEG", quality=95, subsampling=0)
    assert part.uvs is not None
    uv = np.stack([part.uvs[:, 0], 1 - part.uvs[:, 1]], axis=1)
    return Geom(part.positions, uv, [(4, part.indices.astype(np.uint32))], out.getvalue())


def coloured_delivery(folder: Path) -> Path:
    """OSGB tiles of two levels, each with a ground and a block of their own colours."""
    write_metadata(folder)
    for i in range(COLUMNS):
        for j in range(ROWS):
            name = f"Tile_+{i:03d}_+{j:03d}"
            (folder / "Data" / name).mkdir(parents=True)
            x, y = TILE * i, TILE * j
            middle = (x + TILE / 2, y + TILE / 2)
            roof = painted(block(*middle, -8.0, (12.0, 12.0, 8.0 + ROOF)), colour(i, j, roof=True))
            levels = [painted(terrain(x, y, TILE, n), colour(i, j, roof=False)) for n in (4, 20)]
            top = Lod([levels[0], roof], f"{name}_L15.osgb", (*middle, 0.0), 30.0, 60.0)
            (folder / "Data" / name / f"{name}.osgb").write_bytes(encode(top))
            fine = Lod([levels[1], roof], "", (*middle, 0.0), 30.0, 200.0)
            (folder / "Data" / name / f"{name}_L15.osgb").write_bytes(encode([fine]))
    return folder


@pytest.fixture(scope="module", params=["cesium", "three"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    # Both or none: drawing in software would take CI, which does not install the second, half a minute.
    if gone := missing("cesium", "three"):
        pytest.skip(gone)
    with judge(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coloured")
    import_delivery(coloured_delivery(folder / "in"), folder / "out", options=Options(workers=1))
    return folder / "out"


@pytest.fixture(scope="module")
def with_ktx2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with KTX2 textures."""
    try:
        encoder()
    except EncoderMissing as absent:
        pytest.skip(str(absent))
    folder = tmp_path_factory.mktemp("ktx2")
    options = Options(workers=1, textures="ktx2", texture=128)
    import_delivery(coloured_delivery(folder / "in"), folder / "out", options=options)
    return folder / "out"


#: Straight from above, north is up.
ABOVE = Camera((60.0, 40.0, 300.0), (60.0, 40.0, 0.0), 0.45, (0.0, 1.0, 0.0))


def assert_colours(picture: NDArray[np.uint8], tolerance: int) -> None:
    """Every roof's middle and eight places on every ground, against the colours of the source."""
    for i in range(COLUMNS):
        for j in range(ROWS):
            x, y = TILE * (i + 0.5), TILE * (j + 0.5)
            column, row = ABOVE.pixel((x, y, ROOF))
            assert abs(picture[row, column].astype(int) - colour(i, j, roof=True)).max() <= tolerance, (i, j, "roof")
            for dx, dy in ((a, b) for a in (-15, 0, 15) for b in (-15, 0, 15) if a or b):
                column, row = ABOVE.pixel((x + dx, y + dy, float(ground(np.array(x + dx), np.array(y + dy)))))
                off = abs(picture[row, column].astype(int) - colour(i, j, roof=False)).max()
                assert off <= tolerance, (i, j, dx, dy, picture[row, column])


@pytest.mark.judge
@pytest.mark.parametrize(("error", "levels"), [(1.0, "finest"), (100.0, "supplied"), (200.0, "rebuilt")])
def test_colours_stand_where_the_source_says(engine: Judge, coloured: Path, error: float, levels: str) -> None:
    """At the delivery's finest level, at its coarse one and at the top that we rebuilt with an atlas."""
    drawn = engine.draw(coloured, ABOVE, error)
    assert [drawn.errors == [0.0], drawn.errors == [16.0], min(drawn.errors) > 16.0].index(True) == [
        "finest", "supplied", "rebuilt",
    ].index(levels)  # fmt: skip
    # in the rebuilt atlas a roof has a few texels, and WebP keeps colour at half of them; other roofs are 60 and more away
    assert_colours(drawn.picture, 16 if levels == "rebuilt" else 10)
    # The outer edge of the ground rises and falls by 8 m: inside of it by a pixel or two nothing may be open.
    (left, bottom), (right, top) = ABOVE.pixel((1.0, 1.0, -6.0)), ABOVE.pixel((119.0, 79.0, -6.0))
    assert not is_ground(drawn.picture)[top:bottom, left:right].any(), "a hole"


@pytest.mark.judge
@pytest.mark.parametrize("error", [1.0, 200.0])
def test_ktx2_textures_are_drawn(engine: Judge, with_ktx2: Path, error: float) -> None:
    """At the finest level and at the rebuilt top; ETC1S keeps 5 bits of a colour."""
    assert_colours(engine.draw(with_ktx2, ABOVE, error).picture, 24)


@pytest.mark.judge
def test_ktx2_is_valid_and_checked(with_ktx2: Path) -> None:
    """gltf-validator and our own check have nothing to say, but that the validator does not know the pictures' format."""
    files = sorted(with_ktx2.rglob("*.glb"))
    rest = [
        m
        for messages in validator_says(files).values()
        for m in messages
        if m["code"] not in ("VALUE_NOT_IN_LIST", "IMAGE_UNRECOGNIZED_FORMAT")
        or not m["pointer"].startswith("/images/")
    ]
    assert rest == []
    report = check(with_ktx2)
    assert not report.issues
    assert report.contents == len(files)
    assert read_manifest(with_ktx2).textures == "ktx2"


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wide ground with our own levels."""
    folder = tmp_path_factory.mktemp("pyramid")
    source = glb_delivery(folder / "in", 4, 4, n=24, texture=64)
    import_delivery(source, folder / "out", options=Options(workers=1, triangles=600))
    return folder / "out"


@pytest.mark.judge
@pytest.mark.parametrize("error", [250.0, 400.0])
def test_no_hole_where_levels_meet(engine: Judge, pyramid: Path, error: float) -> None:
    """Fine tiles near, coarse ones far: the picture is full of ground, and nowhere the magenta behind it is seen."""
    drawn = engine.draw(pyramid, Camera((120.0, 10.0, 60.0), (120.0, 110.0, 0.0), 0.5), error)
    assert drawn.errors[-1] > drawn.errors[0] + 20, "two levels side by side"
    assert not is_ground(drawn.picture).any()
