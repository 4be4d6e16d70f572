"""Meshes made of charts: pieces of surface with texture coordinates in metres, to be painted and packed into atlases.

A *chart* is a rectangle of texture in metres that belongs to one piece of geometry and so can hold baked light. Thin
things (rails, posts) have no chart: their vertices point into a *swatch*, their material's strip of brightnesses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]


@dataclass
class Chart:
    """A texture rectangle: ``width`` x ``height`` metres at ``texel`` metres per pixel (may be given per axis).

    ``decor`` names a painter in :mod:`.decor` applied over the material, with ``args``.
    """

    width: float
    height: float
    material: str
    texel: tuple[float, float] = (0.1, 0.1)
    decor: str = ""
    args: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    @property
    def pixels(self) -> tuple[int, int]:
        """Pixel columns and rows, at least 2 each."""
        return max(2, round(self.width / self.texel[0])), max(2, round(self.height / self.texel[1]))


@dataclass
class Part:
    """Geometry with one chart (``uv`` in 0..1 of the chart) or swatches (``chart`` None, ``swatch`` per triangle).

    positions (n, 3) local metres; normals (n, 3); uv (n, 2), v up; triangles (m, 3); detail 0 coarse .. 2 fine.
    """

    positions: F32
    normals: F32
    uv: F32
    triangles: I32
    detail: int
    chart: Chart | None = None
    material: str = ""

    @property
    def center(self) -> tuple[float, float]:
        low, high = self.positions[:, :2].min(0), self.positions[:, :2].max(0)
        return float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2


class Scene:
    """Collects parts. Every chart gets a running seed, so the result depends on the order of calls only."""

    def __init__(self) -> None:
        self.parts: list[Part] = []

    def add(self, positions: Any, normals: Any, uv: Any, triangles: Any, chart: Chart, detail: int = 0) -> None:
        chart.seed = len(self.parts)
        p, n = np.asarray(positions, np.float32), np.asarray(normals, np.float32)
        self.parts.append(Part(p, n, np.asarray(uv, np.float32), outward(p, n, triangles), detail, chart))

    def add_swatch(self, positions: F32, normals: F32, triangles: I32, material: str, detail: int) -> None:
        uv = np.zeros((len(positions), 2), np.float32)
        self.parts.append(Part(positions, normals, uv, outward(positions, normals, triangles), detail, None, material))

    def triangle_count(self) -> int:
        return sum(len(p.triangles) for p in self.parts)


def outward(positions: F32, normals: F32, triangles: Any) -> I32:
    """Triangles turned so that they wind counter-clockwise seen from where their vertex normals point."""
    t = np.array(triangles, np.int32)
    face = np.cross(positions[t[:, 1]] - positions[t[:, 0]], positions[t[:, 2]] - positions[t[:, 0]])
    wrong = np.einsum("ij,ij->i", face, normals[t].sum(1)) < 0
    t[wrong] = t[wrong][:, [0, 2, 1]]
    return t


def grid_triangles(columns: int, rows: int) -> I32:
    """Triangles (2 * columns * rows, 3) of a grid of (columns + 1) * (rows + 1) points, row by row, facing u x v."""
    i = np.arange(columns * rows, dtype=np.int32)
    a = i // columns * (columns + 1) + i % columns
    b, c, d = a + 1, a + columns + 2, a + columns + 1
    return np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)


def grid_uv(columns: int, rows: int) -> F32:
    """Texture coordinates of such a grid, (n, 2) in 0..1."""
    u, v = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    return np.stack([u.ravel(), v.ravel()], 1).astype(np.float32)
