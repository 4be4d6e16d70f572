"""Texture atlases: keep the parts of pictures that triangles use, scale them, pack them into one picture.

Used texels are found on a block grid: a block is used when a triangle's texture box touches it; connected blocks form
    a region.
Triangles that share a vertex always fall into one region, so no chart is ever torn; overlapping charts (one facade
picture used by many walls) count once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d.mesh import U8, Mesh, Part, Texture

_BLOCKS = 64
#: Edge texels repeated around each region, so that filtering at its rim meets no neighbour.
_GUTTER = 2


@dataclass
class _Region:
    texture: int
    box: tuple[int, int, int, int]  # x0, y0, x1, y1 in source pixels
    size: tuple[int, int] = (0, 0)
    at: tuple[int, int] = (0, 0)

    @property
    def area(self) -> int:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


def _block_size(size: tuple[int, int]) -> int:
    return max(16, -(-max(size) // _BLOCKS))


def _regions(parts: list[Part], size: tuple[int, int], texture: int) -> tuple[list[_Region], NDArray[np.int32]]:
    """Regions of one texture and the block grid's labels (rows x columns, -1 unused)."""
    block = _block_size(size)
    cols, rows = -(-size[0] // block), -(-size[1] // block)
    diff = np.zeros((rows + 1, cols + 1), np.int64)
    for part in parts:
        assert part.uvs is not None
        uv = part.uvs[part.indices].reshape(-1, 3, 2).astype(np.float64) * size
        low, high = uv.min(axis=1) - 0.5, uv.max(axis=1) + 0.5
        x0, y0 = (np.clip(low[:, k] // block, 0, n - 1).astype(np.int64) for k, n in ((0, cols), (1, rows)))
        x1, y1 = (np.clip(high[:, k] // block, 0, n - 1).astype(np.int64) + 1 for k, n in ((0, cols), (1, rows)))
        for y, x, sign in ((y0, x0, 1), (y0, x1, -1), (y1, x0, -1), (y1, x1, 1)):
            np.add.at(diff, (y, x), sign)
    used = diff.cumsum(axis=0).cumsum(axis=1)[:rows, :cols] > 0
    labels = _label(used)
    regions = []
    for k in range(int(labels.max()) + 1):
        ys, xs = np.nonzero(labels == k)
        box = (
            int(xs.min()) * block,
            int(ys.min()) * block,
            min((int(xs.max()) + 1) * block, size[0]),
            min((int(ys.max()) + 1) * block, size[1]),
        )
        regions.append(_Region(texture, box))
    return regions, labels


def _label(used: NDArray[np.bool_]) -> NDArray[np.int32]:
    """4-connected components by flood fill; grids are at most 64 x 64."""
    labels = np.full(used.shape, -1, np.int32)
    rows, cols = used.shape
    count = 0
    for start in zip(*np.nonzero(used), strict=True):
        if labels[start] >= 0:
            continue
        labels[start] = count
        stack = [start]
        while stack:
            y, x = stack.pop()
            for ny, nx in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if 0 <= ny < rows and 0 <= nx < cols and used[ny, nx] and labels[ny, nx] < 0:
                    labels[ny, nx] = count
                    stack.append((ny, nx))
        count += 1
    return labels


def used_texels(mesh: Mesh) -> int:
    """Texels that triangles use, by regions; tiling textures count whole."""
    total = 0
    for index, parts in _by_texture(mesh).items():
        if parts[0].repeat:
            total += mesh.textures[index].size[0] * mesh.textures[index].size[1]
        else:
            total += sum(r.area for r in _regions(parts, mesh.textures[index].size, index)[0])
    return total


def _by_texture(mesh: Mesh) -> dict[int, list[Part]]:
    """Textured parts by texture; a texture that tiles anywhere counts as tiling everywhere."""
    found: dict[int, list[Part]] = {}
    for part in mesh.parts:
        if part.texture >= 0 and part.uvs is not None and part.triangles:
            found.setdefault(part.texture, []).append(part)
    for parts in found.values():
        if any(p.repeat for p in parts):
            for p in parts:
                p.repeat = True
    return found


def _shelves(regions: list[_Region], width: int) -> int:
    """Place regions on shelves of a given width, tallest first; returns the height."""
    x = y = shelf = 0
    for region in sorted(regions, key=lambda r: (-r.size[1], -r.size[0])):
        w, h = region.size[0] + 2 * _GUTTER, region.size[1] + 2 * _GUTTER
        if x + w > width and x:
            x, y, shelf = 0, y + shelf, 0
        region.at = (x + _GUTTER, y + _GUTTER)
        x += w
        shelf = max(shelf, h)
    return y + shelf


def _place(regions: list[_Region], scale: float, limit: int) -> tuple[int, int, float]:
    """Scale and pack; shrinks the scale until the picture fits ``limit``. Returns width, height, scale."""
    while True:
        for r in regions:
            r.size = (max(4, round((r.box[2] - r.box[0]) * scale)), max(4, round((r.box[3] - r.box[1]) * scale)))
        area = sum((r.size[0] + 2 * _GUTTER) * (r.size[1] + 2 * _GUTTER) for r in regions)
        widest = max(r.size[0] for r in regions) + 2 * _GUTTER
        best: tuple[int, int] | None = None
        for stretch in (1.0, 1.1, 1.25, 1.5):
            width = max(widest, min(limit, int(np.sqrt(area) * stretch)))
            height = _shelves(regions, width)
            if best is None or width * height < best[0] * best[1]:
                best = (width, height)
        assert best is not None
        if best[0] <= limit and best[1] <= limit:
            _shelves(regions, best[0])
            width = max(r.at[0] + r.size[0] for r in regions) + _GUTTER
            return -(-width // 4) * 4, -(-best[1] // 4) * 4, scale
        scale *= 0.95


def rebuild(mesh: Mesh, *, scale: float, limit: int) -> Mesh:
    """The mesh with one atlas for all its ordinary textures; tiling textures are scaled on their own.

    Args:
        scale: texels of the result per texel of the sources (<= 1).
        limit: largest width and height of the atlas in pixels.
    """
    groups = _by_texture(mesh)
    if scale >= 1.0 and _keeps(mesh, groups, limit):
        return mesh
    out = Mesh([], [], mesh.double_sided)
    regions: list[_Region] = []
    labels: dict[int, tuple[int, NDArray[np.int32]]] = {}
    for index, parts in groups.items():
        if not parts[0].repeat:
            found, grid = _regions(parts, mesh.textures[index].size, index)
            labels[index] = (len(regions), grid)
            regions += found
    if regions:
        width, height, _ = _place(regions, min(scale, 1.0), limit)
        out.textures.append(Texture(pixels=_paint(mesh, regions, width, height)))
    numbers: dict[int, int] = {}
    for part in mesh.parts:
        if not part.triangles:
            continue
        if part.texture < 0 or part.uvs is None:
            out.parts.append(part)
        elif part.texture in labels:
            first, grid = labels[part.texture]
            out.parts.append(_moved(part, mesh.textures[part.texture].size, regions, first, grid, (width, height)))
        else:
            if part.texture not in numbers:
                numbers[part.texture] = len(out.textures)
                out.textures.append(_scaled(mesh.textures[part.texture], scale, limit))
            out.parts.append(_with(part, part.uvs, numbers[part.texture]))
    return out


def _keeps(mesh: Mesh, groups: dict[int, list[Part]], limit: int) -> bool:
    """One picture, small enough and mostly used: stays as it is, byte for byte."""
    if len(groups) != 1 or len(mesh.textures) != 1:
        return False
    size = mesh.textures[0].size
    return max(size) <= limit and used_texels(mesh) >= 0.7 * size[0] * size[1]


def _with(part: Part, uvs: NDArray[np.float32], texture: int) -> Part:
    return Part(part.positions, part.indices, uvs, part.colors, texture, part.detail, part.repeat, part.free_depth)


def _moved(
    part: Part,
    size: tuple[int, int],
    regions: list[_Region],
    first: int,
    grid: NDArray[np.int32],
    atlas: tuple[int, int],
) -> Part:
    assert part.uvs is not None
    block = _block_size(size)
    px = part.uvs.astype(np.float64) * size
    cell = (px // block).astype(np.int64)
    label = grid[np.clip(cell[:, 1], 0, grid.shape[0] - 1), np.clip(cell[:, 0], 0, grid.shape[1] - 1)]
    # Vertices that no triangle uses may sit on an unused block; where they go does not matter.
    chosen = np.maximum(label, 0) + first
    box = np.array([r.box for r in regions], np.float64)[chosen]
    at = np.array([r.at for r in regions], np.float64)[chosen]
    target = np.array([r.size for r in regions], np.float64)[chosen]
    uv = (at + (px - box[:, :2]) / (box[:, 2:] - box[:, :2]) * target) / atlas
    return _with(part, uv.astype(np.float32), 0)


def _paint(mesh: Mesh, regions: list[_Region], width: int, height: int) -> U8:
    pictures: dict[int, U8] = {}
    channels = 3
    for region in regions:
        if region.texture not in pictures:
            pictures[region.texture] = mesh.textures[region.texture].array()
            channels = max(channels, pictures[region.texture].shape[2])
    atlas = np.zeros((height, width, channels), np.uint8)
    atlas[..., :3] = 96  # what shows through a gap at the coarsest mip level is a neutral grey
    for region in regions:
        source = pictures[region.texture]
        x0, y0, x1, y1 = region.box
        piece = source[y0:y1, x0:x1]
        if region.size != (x1 - x0, y1 - y0):
            piece = _resize(piece, region.size)
        g = _GUTTER
        piece = np.pad(piece, ((g, g), (g, g), (0, 0)), mode="edge")
        x, y = region.at[0] - g, region.at[1] - g
        atlas[y : y + piece.shape[0], x : x + piece.shape[1], : piece.shape[2]] = piece
        if piece.shape[2] < channels:
            atlas[y : y + piece.shape[0], x : x + piece.shape[1], 3] = 255
    return atlas


def _resize(pixels: U8, size: tuple[int, int]) -> U8:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return cast(
        U8,
        np.asarray(
            image.resize(size, Image.Resampling.BOX if size[0] * 2 <= pixels.shape[1] else Image.Resampling.BILINEAR)
        ),
    )


def _scaled(texture: Texture, scale: float, limit: int) -> Texture:
    w, h = texture.size
    factor = min(scale, limit / max(w, h), 1.0)
    size = (max(4, round(w * factor)), max(4, round(h * factor)))
    if size == (w, h):
        return texture
    return Texture(pixels=_resize(texture.array(), size))
