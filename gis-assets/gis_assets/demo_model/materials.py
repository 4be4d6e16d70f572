"""Procedural materials: tileable pictures (512 x 512, sRGB 0..1) that charts cut their surface from."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from gis_assets.demo_model.mesh import F32

SIZE = 512


def noise(seed: int, roughness: float, size: int = SIZE, low: float = 0.0) -> F32:
    """Tileable noise with spectrum 1/f**roughness, mean 0, deviation 1, without waves longer than 1/low pixels."""
    rng = np.random.default_rng(seed)
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    f[0, 0] = 1.0
    gain = f**-roughness * (f >= low)
    gain[0, 0] = 0.0
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * gain
    picture = np.fft.irfft2(spectrum, (size, size))
    return np.asarray(picture / picture.std(), np.float32)


@cache
def _n(kind: str) -> F32:
    spec = {
        "cloud": (1, 1.9, 0.0),
        "patch": (2, 1.5, 0.006),
        "grain": (3, 0.6, 0.02),
        "white": (4, 0.0, 0.0),
        "fine": (5, 1.0, 0.03),
        "mottle": (6, 1.3, 0.02),
    }
    seed, rough, low = spec[kind]
    return noise(seed, rough, SIZE, low)


@cache
def streaks() -> F32:
    """Dirt running down a wall: noise that is long in v and short in u; 0 clean .. 1 dirty."""
    rng = np.random.default_rng(7)
    f = np.hypot(np.fft.fftfreq(SIZE)[:, None] * 14, np.fft.rfftfreq(SIZE)[None] * 1.0)
    f[0, 0] = 1.0
    gain = f**-1.1
    gain[0, 0] = 0.0
    picture = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((SIZE, SIZE))) * gain, (SIZE, SIZE))
    return np.asarray(np.clip(picture / picture.std() * 0.35 + 0.15, 0, 1), np.float32)


def _flat(rgb: tuple[float, float, float], cloud: float = 0.02, grain: float = 0.02, patch: float = 0.0) -> F32:
    tone = 1 + cloud * _n("cloud") + grain * _n("grain") + patch * _n("patch")
    return np.asarray(np.array(rgb, np.float32) * tone[..., None], np.float32)


def _mix(a: F32, b: F32, amount: F32) -> F32:
    return np.asarray(a + (b - a) * np.clip(amount, 0, 1)[..., None], np.float32)


def _rusty(base: F32, share: float) -> F32:
    """Rust blooms over paint: ``share`` shifts the threshold (0 none .. 1 all)."""
    rust = _mix(_flat((0.33, 0.245, 0.19), 0.1, 0.08), _flat((0.45, 0.345, 0.265), 0.1, 0.08), _n("fine") * 0.5 + 0.5)
    return _mix(base, rust, (_n("mottle") * 0.65 + _n("fine") * 0.45 + _n("patch") * 0.3 - 2.1 + 3.2 * share) * 1.1)


def _concrete() -> F32:
    base = _flat((0.62, 0.605, 0.575), 0.035, 0.03, 0.02)
    return _mix(base, _flat((0.42, 0.41, 0.39), 0.02, 0.03), (_n("patch") - 1.3) * 0.5)


def _ribs(base: F32, period: int, depth: float) -> F32:
    """Corrugated sheet: ribs along v every ``period`` pixels."""
    x = np.arange(SIZE) % period / period
    wave = np.where(x < 0.25, 1 + depth, np.where(x > 0.82, 1 - depth * 1.2, 1.0)).astype(np.float32)
    return np.asarray(base * wave[None, :, None], np.float32)


def _sheet(rgb: tuple[float, float, float], rust: float = 0.2) -> F32:
    base = _ribs(_flat(rgb, 0.025, 0.015), 8, 0.05)
    laps = (np.arange(SIZE) % 128 < 1).astype(np.float32)[:, None] * 0.5
    base = _mix(base, base * 0.72, np.broadcast_to(laps, (SIZE, SIZE)))
    return _rusty(_mix(base, base * 0.8, (_n("mottle") - 0.9) * 0.4), rust)


def _cladding() -> F32:
    """Aluminium jacket over insulation: bands every 1 m round the pipe, slight dents."""
    base = _flat((0.66, 0.67, 0.68), 0.05, 0.03, 0.03)
    x = np.arange(SIZE) % 10
    seam = np.broadcast_to((x == 0).astype(np.float32)[None] * 0.35, (SIZE, SIZE))
    return _mix(base, base * 0.55, seam)


def _brick() -> F32:
    y, x = np.mgrid[:SIZE, :SIZE]
    base = _flat((0.52, 0.33, 0.26), 0.06, 0.09, 0.03)
    joint = ((y % 4 == 0) | ((x + (y // 4 % 2) * 3) % 6 == 0)).astype(np.float32) * 0.22
    return _mix(base, _flat((0.62, 0.58, 0.53)), joint)


def _tiles() -> F32:
    y, x = np.mgrid[:SIZE, :SIZE]
    base = _flat((0.73, 0.69, 0.62), 0.02, 0.03, 0.012)
    return _mix(base, base * 0.86, ((y % 8 == 0) | (x % 8 == 0)).astype(np.float32) * 0.6)


def _bitumen() -> F32:
    """Flat roof of bitumen sheets in 1 m strips with puddle marks."""
    base = _flat((0.47, 0.465, 0.45), 0.05, 0.05, 0.03)
    seam = np.broadcast_to((np.arange(SIZE) % 10 == 0).astype(np.float32)[None] * 0.3, (SIZE, SIZE))
    base = _mix(base, base * 0.75, seam)
    return _mix(base, _flat((0.6, 0.585, 0.55), 0.03, 0.03), (_n("cloud") - 0.6) * 0.6)


def _grating() -> F32:
    y, x = np.mgrid[:SIZE, :SIZE]
    base = _flat((0.47, 0.475, 0.47), 0.06, 0.1)
    bars = ((x % 10 == 0) | (y % 60 == 0)).astype(np.float32)
    return _rusty(_mix(base, base * 0.6, bars * 0.5), 0.16)


def _leaves(rgb: tuple[float, float, float]) -> F32:
    tone = np.clip(1 + 0.32 * _n("grain") + 0.22 * _n("fine") + 0.12 * _n("white"), 0.25, 1.9)
    base = np.array(rgb, np.float32) * tone[..., None]
    return _mix(np.asarray(base, np.float32), _flat((0.34, 0.36, 0.16), 0.1, 0.2), (_n("mottle") - 0.8) * 0.4)


_RECIPES: dict[str, Callable[[], F32]] = {
    "concrete": _concrete,
    "concrete_dark": lambda: _concrete() * np.float32(0.8),
    "render": lambda: _flat((0.71, 0.69, 0.645), 0.03, 0.02, 0.015),
    "tank_white": lambda: _rusty(_flat((0.77, 0.77, 0.745), 0.018, 0.012, 0.01), 0.08),
    "tank_grey": lambda: _rusty(_flat((0.66, 0.675, 0.68), 0.02, 0.012, 0.012), 0.1),
    "tank_old": lambda: _rusty(_flat((0.69, 0.68, 0.645), 0.04, 0.02, 0.03), 0.24),
    "roof_float": lambda: _rusty(_flat((0.56, 0.565, 0.55), 0.06, 0.03, 0.05), 0.34),
    "steel": lambda: _rusty(_flat((0.52, 0.54, 0.545), 0.03, 0.03), 0.22),
    "steel_dark": lambda: _rusty(_flat((0.36, 0.375, 0.38), 0.04, 0.04), 0.25),
    "rust": lambda: _rusty(_flat((0.45, 0.36, 0.3), 0.05, 0.06), 0.62),
    "cladding": _cladding,
    "pipe_grey": lambda: _rusty(_flat((0.6, 0.61, 0.61), 0.04, 0.03), 0.15),
    "pipe_white": lambda: _flat((0.74, 0.735, 0.71), 0.03, 0.02),
    "pipe_green": lambda: _flat((0.3, 0.43, 0.36), 0.04, 0.03),
    "pipe_red": lambda: _rusty(_flat((0.56, 0.22, 0.19), 0.05, 0.03), 0.15),
    "pipe_yellow": lambda: _rusty(_flat((0.7, 0.57, 0.26), 0.05, 0.03), 0.15),
    "pipe_brown": lambda: _rusty(_flat((0.43, 0.33, 0.27), 0.05, 0.05), 0.35),
    "grating": _grating,
    "brick": _brick,
    "tile": _tiles,
    "panel": lambda: _sheet((0.67, 0.69, 0.7), 0.12),
    "roof_blue": lambda: _sheet((0.39, 0.48, 0.56), 0.16),
    "roof_grey": lambda: _sheet((0.61, 0.62, 0.615), 0.2),
    "roof_rust": lambda: _sheet((0.52, 0.5, 0.47), 0.36),
    "bitumen": _bitumen,
    "green": lambda: _flat((0.25, 0.38, 0.31), 0.04, 0.04),
    "blue": lambda: _flat((0.24, 0.35, 0.47), 0.04, 0.03),
    "red": lambda: _flat((0.6, 0.19, 0.16), 0.04, 0.02),
    "yellow": lambda: _rusty(_flat((0.72, 0.58, 0.22), 0.05, 0.04), 0.12),
    "white": lambda: _flat((0.8, 0.795, 0.78), 0.02, 0.015),
    "silver": lambda: _flat((0.68, 0.69, 0.7), 0.06, 0.03),
    "black": lambda: _flat((0.14, 0.14, 0.145), 0.06, 0.08),
    "glass": lambda: _flat((0.2, 0.25, 0.29), 0.2, 0.04),
    "water": lambda: _flat((0.27, 0.35, 0.35), 0.06, 0.03),
    "sludge": lambda: _mix(
        _flat((0.3, 0.25, 0.18), 0.1, 0.06), _flat((0.55, 0.5, 0.4), 0.05, 0.08), _n("mottle") * 0.8
    ),
    "louvre": lambda: _ribs(_flat((0.47, 0.49, 0.5), 0.03, 0.03), 4, 0.2),
    "leaf_dark": lambda: _leaves((0.21, 0.275, 0.135)),
    "leaf_mid": lambda: _leaves((0.27, 0.335, 0.155)),
    "leaf_light": lambda: _leaves((0.345, 0.385, 0.19)),
    "leaf_dry": lambda: _leaves((0.4, 0.37, 0.21)),
    "riprap": lambda: _mix(
        _flat((0.33, 0.32, 0.3), 0.04, 0.1), _flat((0.62, 0.6, 0.565), 0.04, 0.1), _n("fine") * 0.8 + 0.4
    ),
}


@cache
def material(name: str) -> F32:
    """Picture of a material, (512, 512, 3) float32 sRGB 0..1. ``KeyError`` for an unknown name."""
    return np.clip(_RECIPES[name](), 0.02, 0.98)


def names() -> list[str]:
    """All material names, in a stable order (the swatch atlas is laid out by it)."""
    return list(_RECIPES)


def cut(name: str, columns: int, rows: int, rng: np.random.Generator) -> F32:
    """A piece (rows, columns, 3) of a material from a random spot, repeated where it is larger than the picture."""
    picture = material(name)
    x, y = rng.integers(0, SIZE, 2)
    ix = (x + np.arange(columns)) % SIZE
    iy = (y + np.arange(rows)) % SIZE
    piece: F32 = picture[iy[:, None], ix[None, :]]
    return piece.copy()
