"""Small survey deliveries made on the spot, so that the suite never depends on outside data."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d.gltf_write import write_glb
from tiles.tiles3d.mesh import Mesh, Part, Texture

ORIGIN = (512000.0, 4310000.0, 20.0)
METADATA = """<?xml version="1.0" encoding="utf-8"?>
<ModelMetadata version="1">
  <SRS>{srs}</SRS>
  <SRSOrigin>{x},{y},{z}</SRSOrigin>
</ModelMetadata>
"""


def write_metadata(folder: Path, srs: str = "EPSG:4548", origin: tuple[float, float, float] = ORIGIN) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    x, y, z = origin
    (folder / "metadata.xml").write_text(METADATA.format(srs=srs, x=x, y=y, z=z), encoding="utf-8")


def ground(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Height of the test terrain in metres at local x, y."""
    return 3.0 * np.sin(x / 17.0) + 2.0 * np.cos(y / 13.0) + 0.02 * x


def picture(size: int, seed: int, mime: str = "JPEG") -> bytes:
    """A picture with soft structure (noise at two scales), so that codecs and atlases have something to keep."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(60, 200, (8, 8, 3), dtype=np.uint8)).resize(
        (size, size), Image.Resampling.BICUBIC
    )
    fine = rng.integers(-12, 12, (size, size, 1))
    pixels = np.clip(np.asarray(coarse).astype(int) + fine, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, mime, quality=90)
    return out.getvalue()


def terrain(x0: float, y0: float, size: float, n: int, uv_range: tuple[float, float] = (0.0, 1.0)) -> Part:
    """An n x n cell height field at (x0, y0), texture coordinates over the tile."""
    t = np.arange(n + 1) / n
    gx, gy = np.meshgrid(x0 + t * size, y0 + t * size, indexing="ij")
    positions = np.stack([gx, gy, ground(gx, gy)], axis=-1).reshape(-1, 3)
    u, v = np.meshgrid(t, 1 - t, indexing="ij")
    low, high = uv_range
    uvs = (low + np.stack([u, v], axis=-1).reshape(-1, 2) * (high - low)).astype(np.float32)
    i, j = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    a = (i * (n + 1) + j).ravel()
    b, c, d = a + n + 1, a + n + 2, a + 1
    indices = np.stack([a, b, c, a, c, d], axis=1).ravel().astype(np.uint32)
    return Part(positions.astype(np.float32), indices, uvs, texture=0)


def block(x: float, y: float, z: float, size: tuple[float, float, float], detail: int = 0) -> Part:
    """A closed box standing at its centre (x, y), foot at z; every face shows one corner of the picture."""
    corners = np.array([[i, j, k] for i in (-0.5, 0.5) for j in (-0.5, 0.5) for k in (0, 1)]) * size + (x, y, z)
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (1, 5, 7, 3), (0, 2, 6, 4)]
    positions = np.concatenate([corners[list(f)] for f in faces]).astype(np.float32)
    uvs = np.tile(np.array([[0.02, 0.02], [0.2, 0.02], [0.2, 0.2], [0.02, 0.2]], np.float32), (6, 1))
    quads = np.arange(24).reshape(6, 4)
    indices = quads[:, [0, 1, 2, 0, 2, 3]].ravel().astype(np.uint32)
    return Part(positions, indices, uvs, texture=0, detail=detail)


def tile_mesh(x0: float, y0: float, size: float, n: int, texture: int, seed: int) -> Mesh:
    """Terrain with a house and a thin rod (fine detail) on it."""
    cx, cy = x0 + size / 2, y0 + size / 2
    z = float(ground(np.array(cx), np.array(cy)))
    parts = [terrain(x0, y0, size, n), block(cx, cy, z - 1, (size / 4, size / 5, 9.0))]
    parts.append(block(cx - size / 4, cy, z, (0.2, 0.2, 4.0), detail=2))
    return Mesh(parts, [Texture(picture(texture, seed), "image/jpeg")])


def with_detail(glb: bytes, details: list[int]) -> bytes:
    """Put ``extras.detail`` on the primitives of a glb."""
    from tiles.tiles3d.gltf_read import split_glb
    from tiles.tiles3d.gltf_write import pack

    doc, blob = split_glb(glb, "made")
    for prim, detail in zip(doc["meshes"][0]["primitives"], details, strict=False):
        prim["extras"] = {"detail": detail}
    return pack(doc, blob)


def glb_delivery(
    folder: Path,
    columns: int = 2,
    rows: int = 2,
    *,
    size: float = 60.0,
    n: int = 24,
    texture: int = 256,
    srs: str = "EPSG:4548",
) -> Path:
    """A delivery of GLB tiles: Data/Tile_+00i_+00j/Tile_+00i_+00j.glb with metadata.xml."""
    write_metadata(folder, srs)
    for i in range(columns):
        for j in range(rows):
            name = f"Tile_+{i:03d}_+{j:03d}"
            target = folder / "Data" / name
            target.mkdir(parents=True)
            mesh = tile_mesh(i * size, j * size, size, n, texture, 10 * i + j)
            # One primitive per part, as modelling tools write: textures repeated per part keep the grouping apart.
            mesh.textures = mesh.textures * len(mesh.parts)
            for k, part in enumerate(mesh.parts):
                part.texture = k
            data = write_glb(mesh, compress=False, pictures="keep")
            (target / f"{name}.glb").write_bytes(with_detail(data, [p.detail for p in mesh.parts]))
    return folder
