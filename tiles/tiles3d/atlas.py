"""Texture atlases: keep the parts of pictures that triangles use, scale them, pack them into one picture.

What is used is found as islands (``islands``): triangles that share a vertex fall into one rectangle, so no chart
is ever torn; overlapping charts (one facade picture used by many walls) count once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d.islands import islands
from tiles.tiles3d.mesh import U8, Mesh, Part, Texture

#: Edge texels repeated around each rectangle, so that filtering at its rim meets no neighbour.
_GUTTER = 1


@dataclass
class _Region:
    texture: int
    box: tuple[int, int, int, int]  # x0, y0, x1, y1 in source pixels
    size: tuple[int, int] = (0, 0)
    at: tuple[int, int] = (0, 0)

    @property
    def area(self) -> int:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


def _regions(parts: list[Part], size: tuple[int, int], texture: int) -> tuple[list[_Region], list[NDArray[np.int64]]]:
    """Rectangles of one texture, and per part the number of the rectangle of each vertex."""
    offsets = np.cumsum([0, *(len(p.positions) for p in parts)])
    uv = np.concatenate([p.uvs for p in parts if p.uvs is not None]).astype(np.float64) * size
    indices = np.concatenate([p.indices + np.uint32(o) for p, o in zip(parts, offsets[:-1], strict=True)])
    boxes, vertex = islands(uv, indices)
    limit = np.array([size[0], size[1]])
    low = np.clip(boxes[:, :2], 0, limit - 1)
    high = np.clip(boxes[:, 2:], low + 1, limit)
    regions = [_Region(texture, (int(a), int(b), int(c), int(d))) for (a, b), (c, d) in zip(low, high, strict=True)]
    return regions, [vertex[i:j] for i, j in itertools.pairwise(offsets)]


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


def _shrunk(length: int, scale: float) -> int:
    """A scaled length in whole texels, never below two unless the source is."""
    return max(min(length, 2), round(length * scale))


def _place(regions: list[_Region], scale: float, limit: int) -> tuple[int, int, float]:
    """Scale and pack; shrinks the scale until the picture fits ``limit``. Returns width, height, scale."""
    while True:
        for r in regions:
            r.size = (_shrunk(r.box[2] - r.box[0], scale), _shrunk(r.box[3] - r.box[1], scale))
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
    places: dict[int, NDArray[np.int64]] = {}
    for index, parts in groups.items():
        if not parts[0].repeat:
            found, vertices = _regions(parts, mesh.textures[index].size, index)
            places |= {id(p): v + len(regions) for p, v in zip(parts, vertices, strict=True)}
            regions += found
    width = height = 0
    if regions:
        width, height, _ = _place(regions, min(scale, 1.0), limit)
        out.textures.append(Texture(pixels=_paint(mesh, regions, width, height)))
    table = np.array([[*r.box, *r.at, *r.size] for r in regions], np.float64).reshape(-1, 8)
    numbers: dict[int, int] = {}
    for part in mesh.parts:
        if not part.triangles:
            continue
        if part.texture < 0 or part.uvs is None:
            out.parts.append(part)
        elif id(part) in places:
            size = mesh.textures[part.texture].size
            out.parts.append(_moved(part, size, table, places[id(part)], (width, height)))
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
    part: Part, size: tuple[int, int], table: NDArray[np.float64], place: NDArray[np.int64], atlas: tuple[int, int]
) -> Part:
    """Texture coordinates in the atlas; ``table`` has box, place and size of each rectangle."""
    assert part.uvs is not None
    # Vertices that no triangle uses have no rectangle; where they go does not matter.
    row = table[np.maximum(place, 0)]
    share = (part.uvs.astype(np.float64) * size - row[:, :2]) / (row[:, 2:4] - row[:, :2])
    uv = (row[:, 4:6] + np.clip(share, 0, 1) * row[:, 6:8]) / atlas
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
        _put(atlas, piece, *region.at)
    return atlas


def _put(atlas: U8, piece: U8, x: int, y: int) -> None:
    """Copy a piece and repeat its edge texels once around it (``np.pad`` takes longer than everything else here)."""
    h, w, channels = piece.shape
    for rows, line in ((slice(y, y + h), slice(0, h)), (y - 1, 0), (y + h, h - 1)):
        atlas[rows, x : x + w, :channels] = piece[line]
        atlas[rows, x - 1, :channels] = piece[line, 0]
        atlas[rows, x + w, :channels] = piece[line, w - 1]
    if channels < atlas.shape[2]:
        atlas[y - 1 : y + h + 1, x - 1 : x + w + 1, 3] = 255


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
