"""Writes the survey delivery: metadata.xml and one glb per tile, as a survey firm hands them over."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gis_assets.demo_model.bake import Batch, bake_tile, develop
from gis_assets.demo_model.build_details import add_details
from gis_assets.demo_model.build_houses import add_houses
from gis_assets.demo_model.build_process import add_process
from gis_assets.demo_model.build_tanks import add_tanks
from gis_assets.demo_model.build_works import add_works
from gis_assets.demo_model.build_yard import add_yard
from gis_assets.demo_model.ground import ground_tile
from gis_assets.demo_model.light import Lights, make_lights
from gis_assets.demo_model.mesh import Part, Scene
from gis_assets.sites.demo.frame import CRS_EPSG, ORIGIN_E, ORIGIN_H, ORIGIN_N
from gis_assets.sites.demo.layout import DIKES, MODEL
from gis_assets.sites.demo.shapes import Rect

TILE = 150.0
GROUND_PIXELS = 1536
_QUALITY = 86
_Z_UP_TO_Y_UP = [1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1]

U8 = NDArray[np.uint8]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Extent:
    """What a survey of the plant sees.

    Attributes:
        columns, rows: its tiles, counted from the south-west.
        not_yet: where nothing stood yet.
        ground_pixels: of the ground's picture of one tile, a side.
        detail: resolution of the pictures of what stands on it, as a share of the usual one.
    """

    columns: range
    rows: range
    not_yet: tuple[Rect, ...] = ()
    ground_pixels: int = GROUND_PIXELS
    detail: float = 1.0

    def at(self, detail: float) -> Extent:
        """The same with coarser pictures."""
        return replace(self, ground_pixels=round(self.ground_pixels * detail), detail=self.detail * detail)

    def shows(self, part: Part) -> bool:
        """Whether the part stands in one of the tiles and was built already."""
        x, y = part.center
        column, row = tile_of(x, y)
        built = not any(r.x0 <= x <= r.x1 and r.y0 <= y <= r.y1 for r in self.not_yet)
        return column in self.columns and row in self.rows and built


#: Today's plant.
WHOLE = Extent(range(round(MODEL.width / TILE)), range(round(MODEL.depth / TILE)))
#: An earlier flight over the shore in the north: the tank farm behind its dike was not there yet. Small and coarse: quickly made.
EARLIER = Extent(range(1, 3), range(3, 4), (next(d.rect for d in DIKES if d.code == "DK-1").inset(-1.0),), 768)


def build_scene() -> Scene:
    """All geometry of the plant except the ground."""
    scene = Scene()
    add_tanks(scene)
    add_houses(scene)
    add_works(scene)
    add_process(scene)
    add_yard(scene)
    add_details(scene)
    return scene


def tile_of(x: float, y: float) -> tuple[int, int]:
    """Column and row of the tile that a point falls in, from the south-west; clamped to the survey's edge."""
    columns, rows = round(MODEL.width / TILE), round(MODEL.depth / TILE)
    i, j = int((x - MODEL.x0) // TILE), int((y - MODEL.y0) // TILE)
    return min(max(i, 0), columns - 1), min(max(j, 0), rows - 1)


def _jpeg(picture: U8, subsampling: int) -> bytes:
    out = BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=_QUALITY, subsampling=subsampling)
    return out.getvalue()


def write_glb(path: Path, batches: Sequence[Batch], pictures: Sequence[bytes]) -> None:
    """glTF binary: unlit, one mesh, one primitive per batch with ``extras.detail``; the node turns z up to y up."""
    blob = bytearray()
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    primitives = []

    def view(data: bytes, target: int | None = None) -> int:
        blob.extend(b"\0" * (-len(blob) % 4))
        views.append(
            {"buffer": 0, "byteOffset": len(blob), "byteLength": len(data)} | ({"target": target} if target else {})
        )
        blob.extend(data)
        return len(views) - 1

    for b in batches:
        p = b.positions.astype("<f4")
        accessors.append(
            {"bufferView": view(p.tobytes(), 34962), "componentType": 5126, "count": len(p), "type": "VEC3"}
        )
        accessors[-1] |= {"min": p.min(0).tolist(), "max": p.max(0).tolist()}
        accessors.append(
            {
                "bufferView": view(b.uv.astype("<f4").tobytes(), 34962),
                "componentType": 5126,
                "count": len(p),
                "type": "VEC2",
            }
        )
        accessors.append(
            {
                "bufferView": view(b.triangles.astype("<u4").tobytes(), 34963),
                "componentType": 5125,
                "count": b.triangles.size,
                "type": "SCALAR",
            }
        )
        k = len(accessors)
        primitives.append(
            {
                "attributes": {"POSITION": k - 3, "TEXCOORD_0": k - 2},
                "indices": k - 1,
                "material": b.atlas,
                "mode": 4,
                "extras": {"detail": b.detail},
            }
        )
    images = [{"bufferView": view(data), "mimeType": "image/jpeg"} for data in pictures]
    unlit: dict[str, Any] = {"KHR_materials_unlit": {}}
    doc = {
        "asset": {"version": "2.0", "generator": "plant twin demo model"},
        "extensionsUsed": ["KHR_materials_unlit"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": path.stem, "matrix": _Z_UP_TO_Y_UP}],
        "meshes": [{"primitives": primitives}],
        "materials": [
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": i}, "metallicFactor": 0}, "extensions": unlit}
            for i in range(len(images))
        ],
        "textures": [{"source": i, "sampler": 0} for i in range(len(images))],
        "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
        "images": images,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(blob)}],
    }
    text = json.dumps(doc, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    blob.extend(b"\0" * (-len(blob) % 4))
    head = struct.pack("<4sII", b"glTF", 2, 28 + len(text) + len(blob))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob
    )


def metadata() -> str:
    """Text of metadata.xml in the ContextCapture form."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<ModelMetadata version="1">\n'
        f"\t<SRS>EPSG:{CRS_EPSG}</SRS>\n\t<SRSOrigin>{ORIGIN_E:g},{ORIGIN_N:.0f},{ORIGIN_H:g}</SRSOrigin>\n"
        "\t<Texture>\n\t\t<ColorSource>Visible</ColorSource>\n\t</Texture>\n</ModelMetadata>\n"
    ).replace(f"{ORIGIN_E:g}", f"{ORIGIN_E:.0f}")


def make_tile(
    out: Path,
    column: int,
    row: int,
    parts: Sequence[Part],
    lights: Lights,
    ground_pixels: int = GROUND_PIXELS,
    detail: float = 1.0,
) -> Path:
    """Bakes and writes one tile; ``ground_pixels`` and ``detail`` as in :class:`Extent`."""
    x0, y0 = MODEL.x0 + TILE * column, MODEL.y0 + TILE * row
    name = f"Tile_+{column:03d}_+{row:03d}"
    ground, albedo, lit = ground_tile(x0, y0, TILE, ground_pixels, lights)
    seed = column * 100 + row * 10 + 1
    pictures = [_jpeg(develop(albedo, lit, seed), 2)]
    batches = [Batch(ground.positions, ground.uv, ground.triangles, 0, 0)]
    if parts:
        more, atlases = bake_tile(parts, lights, seed, detail)
        batches += [Batch(b.positions, b.uv, b.triangles, b.atlas + 1, b.detail) for b in more]
        pictures += [_jpeg(a, 1) for a in atlases]
    path = out / "Data" / name / f"{name}.glb"
    write_glb(path, batches, pictures)
    return path


def generate(
    out_dir: Path,
    progress: Progress | None = None,
    workers: int = 2,
    extent: Extent = WHOLE,
    scene: Scene | None = None,
) -> None:
    """Writes a survey delivery of the demo plant into ``out_dir``: metadata.xml and Data/Tile_*/Tile_*.glb.

    Deterministic. Local coordinates are metres in EPSG:4548 minus SRSOrigin, heights ellipsoidal; the glb is y up.

    Args:
        progress: called with the share done (0..1) and a word on what is being done.
        workers: threads; the heavy parts release the interpreter lock.
        scene: ``build_scene()``, for those who make several surveys of it.
    """
    tell = progress or (lambda share, what: None)
    tell(0.0, "geometry")
    parts = [p for p in (scene or build_scene()).parts if extent.shows(p)]
    by_tile: dict[tuple[int, int], list[Part]] = {}
    for part in parts:
        by_tile.setdefault(tile_of(*part.center), []).append(part)
    tell(0.05, "light")
    out_dir.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max(1, workers)) as pool:
        lights = make_lights(parts, pool)
        tell(0.2, "tiles")
        spots = [(i, j) for j in extent.rows for i in extent.columns]
        fine = extent.ground_pixels, extent.detail
        jobs = [pool.submit(make_tile, out_dir, i, j, by_tile.get((i, j), []), lights, *fine) for i, j in spots]
        for done, job in enumerate(jobs, 1):
            tell(0.2 + 0.8 * done / len(jobs), job.result().stem)
    (out_dir / "metadata.xml").write_text(metadata(), encoding="utf-8")
