"""Colours per vertex: sources give them as a screen has them (sRGB), glTF takes them as light (linear; glTF 2.0, 3.7.2.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tiles.tiles3d.mesh import U8


def _light(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1, shares of 1."""
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


#: 16 bits: with 8 the dark tones would run into one another.
_TABLE = np.rint(65535 * _light(np.arange(256) / 255.0)).astype(np.uint16)


def to_light(rgba: U8) -> NDArray[np.uint16]:
    """(N, 4) sRGB with alpha, 0..255, as glTF's COLOR_0, 0..65535; alpha stays in proportion."""
    light = _TABLE[rgba]
    light[:, 3] = rgba[:, 3].astype(np.uint16) * 257
    return light


def to_screen(rgba: NDArray[np.float64]) -> U8:
    """(N, 4) linear with alpha, 0..1 (beyond is cut off), as sRGB, 0..255."""
    share = np.clip(rgba, 0.0, 1.0)
    screen = np.where(share <= 0.0031308, share * 12.92, 1.055 * share ** (1 / 2.4) - 0.055)
    screen[:, 3] = share[:, 3]
    return np.asarray(np.rint(255 * screen), np.uint8)
