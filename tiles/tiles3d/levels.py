"""One coarser node from its children: merge, drop fine details, simplify once for all materials, halve the texels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tiles.tiles3d import atlas, meshopt
from tiles.tiles3d.mesh import FREE, Mesh, Part, Texture, keys, mesh_area, texel_size

#: A tile is swapped for its children when its error exceeds 16 px (the engines' usual limit); an error of 16
#: texels therefore means "until a texel is wider than a pixel".
TEXELS_PER_ERROR = 16.0


@dataclass
class Limits:
    """Sizes that a node aims at."""

    triangles: int = 30_000
    texture: int = 1024


def merge(children: list[Mesh]) -> Mesh:
    """All parts of some meshes in one, textures renumbered (identical encoded pictures once)."""
    out = Mesh()
    seen: dict[bytes, int] = {}
    for child in children:
        numbers = []
        for texture in child.textures:
            key = texture.data if texture.pixels is None else b""
            if key and key in seen:
                numbers.append(seen[key])
                continue
            numbers.append(len(out.textures))
            out.textures.append(texture)
            if key:
                seen[key] = numbers[-1]
        out.double_sided |= child.double_sided
        for p in child.parts:
            texture_index = numbers[p.texture] if p.texture >= 0 else -1
            out.parts.append(
                Part(p.positions, p.indices, p.uvs, p.colors, texture_index, p.detail, p.repeat, p.free_depth)
            )
    return out


def mark_shared(pieces: list[list[Part]], depth: int) -> None:
    """Vertices whose position occurs in more than one piece may be moved only at ``depth`` and above, where the
    pieces are one.
    """
    found = []
    for number, parts in enumerate(pieces):
        own = np.unique(np.concatenate([keys(p.positions) for p in parts])) if parts else np.zeros(0, np.int64)
        found.append((own, np.full(len(own), number)))
    every = np.concatenate([f[0] for f in found])
    values, counts = np.unique(every, return_counts=True)
    shared = values[counts > 1]
    if not len(shared):
        return
    for parts in pieces:
        for part in parts:
            free = part.depth()
            free[np.isin(keys(part.positions), shared)] = np.minimum(free, depth)[np.isin(keys(part.positions), shared)]


def coarser(children: list[Mesh], depth: int, limits: Limits, allowed: float, drop_detail: int) -> tuple[Mesh, float]:
    """A node one level up.

    Args:
        children: their meshes at their own level.
        depth: the new node's depth in the tree (root 0); vertices with ``free_depth`` < depth stay.
        allowed: metres that simplification may move the surface.
        drop_detail: parts with a detail of this or more go.

    Returns:
        The mesh and the geometric error of simplification in metres.
    """
    merged = merge(children)
    kept = [p for p in merged.parts if p.detail < drop_detail and p.triangles]
    if kept:
        merged.parts = kept
    before = merged.triangles
    target = min(max(before // 4, 200), limits.triangles)
    error = 0.0
    if before > target:
        simpler, error = _simplify(merged, depth, target, allowed)
        if simpler.triangles > max(0.7 * before, 1.3 * target) and _edge(merged) < 2.5 * allowed:
            # Charts so torn that hardly an edge can collapse (usual in the coarsest supplied levels). A
            # triangle is about a pixel there, so a colour per vertex shows as much as a texture does,
            # and the surface is whole again.
            simpler, error = _simplify(_coloured(merged), depth, target, allowed)
        merged = simpler
        if merged.triangles > 2 * limits.triangles:
            merged, more = _simplify(merged, depth, limits.triangles, 1e9)
            error += more
    return atlas.rebuild(merged, scale=0.5, limit=limits.texture), error


def _simplify(mesh: Mesh, depth: int, target: int, limit: float) -> tuple[Mesh, float]:
    """All materials in one run: borders between materials collapse on both sides together, so none comes apart."""
    offsets = np.cumsum([0, *(len(p.positions) for p in mesh.parts)])
    positions = np.concatenate([p.positions for p in mesh.parts])
    indices = np.concatenate([p.indices + np.uint32(o) for p, o in zip(mesh.parts, offsets[:-1], strict=True)])
    owner = np.repeat(np.arange(len(mesh.parts)), [len(p.positions) for p in mesh.parts])
    locked = np.concatenate([p.depth() for p in mesh.parts]) < depth
    texel = max(texel_size(mesh), 1e-4)
    attributes = np.concatenate([_attributes(p, mesh.textures, texel) for p in mesh.parts])
    indices, owner_of = weld(indices, positions, attributes, owner)
    out, error = meshopt.simplify(indices, positions, attributes, locked, target * 3, limit, prune=True)
    triangle_owner = owner_of[out].reshape(-1, 3)
    whole = (triangle_owner == triangle_owner[:, :1]).all(axis=1)
    triangles = out.reshape(-1, 3)
    result = Mesh([], mesh.textures, mesh.double_sided)
    for number, part in enumerate(mesh.parts):
        mine = triangles[whole & (triangle_owner[:, 0] == number)] - np.uint32(offsets[number])
        if len(mine):
            everything = Part(
                part.positions,
                mine.ravel(),
                part.uvs,
                part.colors,
                part.texture,
                part.detail,
                part.repeat,
                part.free_depth,
            )
            result.parts.append(everything.take(np.ones(len(mine), bool)))
    return result, error


def _edge(mesh: Mesh) -> float:
    """Typical edge of a triangle in metres."""
    return float(np.sqrt(2 * mesh_area(mesh.parts) / max(mesh.triangles, 1)))


def _coloured(mesh: Mesh) -> Mesh:
    """The mesh with a colour per vertex instead of textures; vertices of one position become one."""
    positions = np.concatenate([p.positions for p in mesh.parts])
    depth = np.concatenate([p.depth() for p in mesh.parts])
    rgb = np.concatenate([_vertex_colors(p, mesh) for p in mesh.parts])
    offsets = np.cumsum([0, *(len(p.positions) for p in mesh.parts[:-1])])
    indices = np.concatenate([p.indices + np.uint32(o) for p, o in zip(mesh.parts, offsets, strict=True)])
    _, first, inverse = np.unique(keys(positions), return_index=True, return_inverse=True)
    count = np.bincount(inverse)[:, None]
    mean = np.stack([np.bincount(inverse, rgb[:, k]) for k in range(3)], axis=1) / count
    colors = np.full((len(first), 4), 255, np.uint8)
    colors[:, :3] = np.rint(mean).astype(np.uint8)
    free = np.full(len(first), FREE, np.int8)
    np.minimum.at(free, inverse, depth)
    triangles = inverse[indices].reshape(-1, 3).astype(np.uint32)
    real = (
        (triangles[:, 0] != triangles[:, 1])
        & (triangles[:, 1] != triangles[:, 2])
        & (triangles[:, 0] != triangles[:, 2])
    )
    part = Part(positions[first], triangles[real].ravel(), colors=colors, free_depth=free)
    return Mesh([part], [], mesh.double_sided)


def _vertex_colors(part: Part, mesh: Mesh) -> NDArray[np.float64]:
    """(N, 3) 0..255, textures averaged over about an edge's length."""
    if part.uvs is None or part.texture < 0:
        return (
            np.full((len(part.positions), 3), 200.0) if part.colors is None else part.colors[:, :3].astype(np.float64)
        )
    pixels = mesh.textures[part.texture].array()[..., :3]
    height, width = pixels.shape[:2]
    coarse = int(np.clip(_edge(mesh) / max(texel_size(mesh), 1e-6), 1, 32))
    small = np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).reduce(coarse)) if coarse > 1 else pixels
    # Drawn a little towards the middle of its triangle, a vertex at a chart's rim does not pick up what lies
    # beside the chart.
    middle = part.uvs[part.indices].reshape(-1, 3, 2).mean(axis=1)
    inner = np.zeros((len(part.positions), 2))
    times = np.bincount(part.indices, minlength=len(part.positions))
    for k in range(2):
        inner[:, k] = np.bincount(part.indices, np.repeat(middle[:, k], 3), minlength=len(part.positions))
    uv = 0.5 * part.uvs + 0.5 * inner / np.maximum(times, 1)[:, None]
    x = np.floor(uv[:, 0] % 1.0001 * width / coarse).astype(np.int64)
    y = np.floor(uv[:, 1] % 1.0001 * height / coarse).astype(np.int64)
    picked = small[np.clip(y, 0, small.shape[0] - 1), np.clip(x, 0, small.shape[1] - 1)]
    return np.asarray(picked, np.float64)


def weld(
    indices: NDArray[np.uint32],
    positions: NDArray[np.float32],
    attributes: NDArray[np.float32],
    owner: NDArray[np.int64],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Point the indices at one vertex for each distinct (position, attributes, part): unindexed input would not
    simplify.
    """
    rows = np.concatenate([positions, attributes, owner[:, None].astype(np.float32)], axis=1)
    packed = np.ascontiguousarray(rows + np.float32(0)).view(np.dtype((np.void, rows.shape[1] * 4))).ravel()
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return first[inverse.ravel()].astype(np.uint32)[indices], owner


def _attributes(part: Part, textures: list[Texture], texel: float) -> NDArray[np.float32]:
    """Texture coordinates in metres on the surface and colour (a full swing costs 20 texels)."""
    out = np.zeros((len(part.positions), 3), np.float32)
    if part.uvs is not None and part.texture >= 0:
        out[:, :2] = part.uvs * np.array(textures[part.texture].size, np.float32) * np.float32(texel)
    elif part.colors is not None:
        out[:, 2] = (
            part.colors[:, :3].astype(np.float32)
            @ np.array([0.3, 0.59, 0.11], np.float32)
            / 255
            * np.float32(20 * texel)
        )
    return out


def geometric_error(own_texel: float, simplify_error: float, child_errors: list[float]) -> float:
    """Error of a node: 16 texels, or 8 times what simplification moved, and always clearly above its children's."""
    return max(TEXELS_PER_ERROR * own_texel, 8 * simplify_error, 1.5 * max(child_errors, default=0.0), 1e-3)


def split(mesh: Mesh, center: NDArray[np.float64], depth: int) -> list[Mesh]:
    """The quadrants of a mesh by triangle centroid (up to 4), shared vertices marked for ``depth``; no triangle is
    cut.
    """
    quads: list[Mesh] = [Mesh([], mesh.textures, mesh.double_sided) for _ in range(4)]
    for part in mesh.parts:
        part.depth()
        middle = part.positions[part.indices].reshape(-1, 3, 3)[..., :2].mean(axis=1)
        quadrant = (middle[:, 0] >= center[0]).astype(int) + 2 * (middle[:, 1] >= center[1]).astype(int)
        for k in range(4):
            mine = quadrant == k
            if mine.any():
                quads[k].parts.append(part.take(mine))
    pieces = [q for q in quads if q.parts]
    mark_shared([q.parts for q in pieces], depth)
    return pieces


__all__ = ["FREE", "Limits", "coarser", "geometric_error", "mark_shared", "merge", "split", "weld"]
