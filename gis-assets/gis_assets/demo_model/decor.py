"""Painters of charts: what a wall carries beyond its material. Each changes the picture (rows, columns, 3), v down.

``fit`` is pixels per metre (x, y). Chinese text needs a CJK font on the machine and is left out without one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gis_assets.demo_model.materials import SIZE, material, streaks
from gis_assets.demo_model.mesh import F32, Chart

Args = dict[str, Any]
Fit = tuple[float, float]
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | None:
    for path in _FONTS:
        if Path(path).is_file():
            return ImageFont.truetype(path, size)
    return None


def text(
    img: F32, words: str, x: float, y: float, height: float, rgb: tuple[float, float, float], wide: float = 1.0
) -> None:
    """Words centred at pixel (x, y), ``height`` pixels tall, in worn paint."""
    font = _font(48)
    if font is None:
        if not words.isascii():
            return
        face: Any = ImageFont.load_default(48)
    else:
        face = font
    box = face.getbbox(words)
    mask = Image.new("L", (int(box[2] - box[0]) + 8, int(box[3] - box[1]) + 8), 0)
    ImageDraw.Draw(mask).text((4 - box[0], 4 - box[1]), words, font=face, fill=255)
    w = max(2, round(mask.width * height / mask.height * wide))
    h = max(2, round(height))
    a = np.asarray(mask.resize((w, h), Image.Resampling.BOX), np.float32) / 255 * 0.9
    x0, y0 = round(x - w / 2), round(y - h / 2)
    x1, y1 = max(x0, 0), max(y0, 0)
    cut = img[y1 : max(y0 + h, 0), x1 : max(x0 + w, 0)]
    a = a[y1 - y0 : y1 - y0 + cut.shape[0], x1 - x0 : x1 - x0 + cut.shape[1], None]
    cut += (np.array(rgb, np.float32) - cut) * a


def _dirt(img: F32, rng: np.random.Generator, amount: float, top: float = 0.5) -> None:
    """Streaks running down from the upper edge, and splash at the foot."""
    h, w = img.shape[:2]
    x, y = rng.integers(0, SIZE, 2)
    s = streaks()[((y + np.arange(h)) % SIZE)[:, None], ((x + np.arange(w)) % SIZE)[None]]
    fade = (top + (1 - top) * np.linspace(1, 0, h, dtype=np.float32))[:, None]
    foot = np.clip(np.arange(h, dtype=np.float32) - h + 8, 0, 8)[:, None] / 8 * 0.16
    img *= (1 - amount * s * fade - foot)[..., None]


def _lines(img: F32, at: Any, width: int, gain: float, axis: int = 0) -> None:
    n = img.shape[axis]
    for p in np.round(np.atleast_1d(at)).astype(int):
        lo, hi = max(0, p), min(n, p + width)
        if lo < hi:
            if axis == 0:
                img[lo:hi] *= gain
            else:
                img[:, lo:hi] *= gain


def tank_shell(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Shell courses with weld seams, runs of rust from the rim, the tank number twice and its medium."""
    h, w = img.shape[:2]
    courses = np.arange(h, 0, -2.0 * fit[1])
    for i, y in enumerate(courses):
        y0, y1 = max(0, int(y - 2.0 * fit[1])), int(y)
        img[y0:y1] *= np.float32(1 + 0.025 * rng.standard_normal())
        plates = (np.arange(0, w, 8.0 * fit[0]) + (i % 2) * 4.0 * fit[0]).astype(int)
        for p in plates[plates < w]:
            img[y0:y1, p : p + int(8 * fit[0])] *= np.float32(1 + 0.012 * rng.standard_normal())
            img[y0:y1, p : p + 1] *= np.float32(0.9)
    _lines(img, courses, 1, 0.84)
    _dirt(img, rng, 0.34 * args.get("age", 1.0))
    rust = np.array([0.42, 0.27, 0.17], np.float32)
    for _ in range(int(w / fit[0] / 5 * args.get("age", 1.0))):
        x, length, half = int(rng.integers(w)), int(rng.uniform(0.1, 0.5) * h), int(rng.integers(1, 3))
        part = img[1:length, x : x + half]
        fade = (np.linspace(0.4, 0, part.shape[0], dtype=np.float32))[:, None, None]
        part += (rust - part) * fade
    if band := args.get("band"):
        y0, y1 = int(0.62 * h), int(0.62 * h + 0.45 * fit[1])
        img[y0:y1] += (np.array(band, np.float32) - img[y0:y1]) * 0.75
    for share in args.get("faces", (0.17, 0.36, 0.56)):
        text(img, args["code"], share * w, args.get("at", 0.3) * h, 2.6 * fit[1], (0.16, 0.2, 0.28))
        text(img, args["medium"], share * w, args.get("at", 0.3) * h + 2.7 * fit[1], 1.6 * fit[1], (0.16, 0.2, 0.28))


def tank_roof(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Radial plates, a ring of weld, stains round the nozzles, dirt washed outwards."""
    h, w = img.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    x, y = (x - w / 2) / (w / 2), (y - h / 2) / (h / 2)
    r, a = np.hypot(x, y), np.arctan2(y, x)
    n = args.get("plates", 20)
    sector = np.floor((a / (2 * np.pi) + 0.5) * n).astype(int) % n
    img *= np.asarray(1 + 0.022 * rng.standard_normal(n), np.float32)[sector][..., None]
    edge: NDArray[np.bool_] = np.abs(((a / (2 * np.pi) + 0.5) * n) % 1 - 0.5) > 0.5 - 0.06 / np.maximum(
        r * n / 6, 0.05
    ) / (w / 40)
    img *= np.where(edge & (r > 0.2), np.float32(0.87), np.float32(1))[..., None]
    img *= np.where(np.abs(r - 0.55) < 0.012, np.float32(0.88), np.float32(1))[..., None]
    for _ in range(args.get("stains", 6)):
        cx, cy = rng.uniform(-0.7, 0.7, 2)
        d = np.hypot(x - cx, y - cy) / rng.uniform(0.06, 0.3)
        img *= np.asarray(1 - rng.uniform(0.06, 0.22) * np.exp(-(d**2)), np.float32)[..., None]
    img *= (1 - 0.12 * np.clip((r - 0.8) * 5, 0, 1).astype(np.float32))[..., None]


def facade(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Rows of windows per storey, door in the front face, sill shade, dirt; ``sign`` over the door."""
    h, w = img.shape[:2]
    _dirt(img, rng, 0.3)
    storeys, pitch = args.get("storeys", 1), args.get("pitch", 3.6)
    high = h / storeys
    n = max(1, int(w / fit[0] / pitch))
    glass = material("glass")
    for level in range(storeys):
        top = h - (level + 1) * high
        y0, y1 = int(top + high * args.get("sill", 0.28)), int(top + high * args.get("head", 0.72))
        for i in range(n):
            x0 = int((i + 0.5) * w / n - args.get("pane", 1.8) * fit[0] / 2)
            x1 = int(x0 + args.get("pane", 1.8) * fit[0])
            if y1 - y0 < 3 or x1 - x0 < 3 or x0 < 1:
                continue
            img[y0 - 1 : y1 + 1, x0 - 1 : x1 + 1] *= 1.08
            g = int(rng.integers(0, SIZE - 128))
            pane = glass[g : g + y1 - y0, g : g + x1 - x0][:, : x1 - x0]
            img[y0 : y0 + pane.shape[0], x0 : x0 + pane.shape[1]] = pane * rng.uniform(0.7, 1.35)
            img[y0:y1, (x0 + x1) // 2] = 0.72
            img[y1 + 1 : y1 + 2, x0 - 1 : x1 + 1] *= 0.72
            drip = img[y1 + 2 : int(y1 + 0.35 * high), x0 : x0 + 2]
            drip *= 0.9
    _lines(img, np.arange(1, storeys) * high, 1, 0.85)
    if args.get("face", 0) == 0 and h > 2.4 * fit[1]:
        d0, d1 = int(w / 2 - 1.6 * fit[0]), int(w / 2 + 1.6 * fit[0])
        img[int(h - 2.5 * fit[1]) :, d0:d1] = 0.22
        img[int(h - 2.7 * fit[1]) : int(h - 2.5 * fit[1]), d0 - 3 : d1 + 3] = 0.6
    if (sign := args.get("sign")) and args.get("face", 0) in (0, 2):
        size = min(1.7 * fit[1], high * 0.27, 0.8 * w / max(len(sign), 1))
        text(img, sign, w / 2, size * 0.6, size, (0.6, 0.13, 0.1))


def shed_wall(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Sheet-metal wall: plinth, window band, roller doors on the long sides, number."""
    h, w = img.shape[:2]
    _dirt(img, rng, 0.34)
    plinth = int(h - 1.1 * fit[1])
    img[plinth:] = material("concrete")[: h - plinth, np.arange(w) % SIZE] * 0.9
    band0, band1 = int(h * 0.2), int(h * 0.2 + 1.0 * fit[1])
    for x in range(int(2 * fit[0]), int(w - 4 * fit[0]), max(1, int(4 * fit[0]))):
        img[band0:band1, x : x + int(2.6 * fit[0])] = material("glass")[: band1 - band0, : int(2.6 * fit[0])] * 1.2
    if w > 18 * fit[0]:
        for share in (0.25, 0.75):
            x0, x1 = int(share * w - 2.2 * fit[0]), int(share * w + 2.2 * fit[0])
            door = (
                np.array([0.5, 0.53, 0.55], np.float32)
                if args.get("face", 0) % 2 == 0
                else np.array([0.42, 0.36, 0.31], np.float32)
            )
            y0 = int(h - min(4.6 * fit[1], h * 0.7))
            img[y0:, x0:x1] = door
            _lines(img[y0:, x0:x1], np.arange(0, h - y0, 4), 1, 0.88)
    if sign := args.get("sign"):
        text(img, sign, w / 2, 1.1 * fit[1], min(1.5 * fit[1], 0.7 * w / len(sign)), (0.2, 0.25, 0.33))


def wall(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Plain weathered wall; ``sign`` in the middle."""
    _dirt(img, rng, args.get("dirt", 0.35))
    if sign := args.get("sign"):
        h, w = img.shape[:2]
        text(
            img,
            sign,
            w / 2,
            h * args.get("at", 0.4),
            args.get("size", 1.2) * fit[1],
            args.get("ink", (0.16, 0.2, 0.28)),
        )


def vessel(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Insulated upright vessel: cladding bands, streaks, tag number on two sides."""
    h, w = img.shape[:2]
    _lines(img, np.arange(0, h, max(2.0, 0.9 * fit[1])), 1, 0.8)
    for y in np.arange(0, h, max(2.0, 0.9 * fit[1])).astype(int):
        img[y : y + int(0.9 * fit[1])] *= np.float32(1 + 0.03 * rng.standard_normal())
    _dirt(img, rng, 0.4, 0.8)
    if code := args.get("code"):
        for share in (0.1, 0.6):
            text(img, code, share * w, args.get("at", 0.75) * h, 1.0 * fit[1], (0.55, 0.17, 0.14))


def bands(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Red and white obstruction bands of chimneys and flares over the upper part, sooty at the top."""
    h = img.shape[0]
    step = 6.0 * fit[1]
    for i in range(int(h * args.get("share", 0.5) / step) + 1):
        if i % 2 == 0:
            y0, y1 = int(i * step), int((i + 1) * step)
            img[y0:y1] = material("red")[np.arange(y0, min(y1, h)) % SIZE][:, np.arange(img.shape[1]) % SIZE]
    _dirt(img, rng, 0.4, 0.7)
    img[: int(3 * fit[1])] *= np.linspace(0.35, 1, int(3 * fit[1]), dtype=np.float32)[: img.shape[0], None, None]


def cab(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Vehicle side: dark window band in the upper half, dark sill."""
    h, w = img.shape[:2]
    img[int(h * 0.14) : int(h * 0.52), int(w * 0.08) : max(int(w * 0.92), 1)] = np.array([0.12, 0.14, 0.16], np.float32)
    img[int(h * 0.88) :] *= 0.4


def sheets(img: F32, fit: Fit, args: Args, rng: np.random.Generator) -> None:
    """Metal roof: skylight strips, a few replaced sheets, rust at the screws."""
    h, w = img.shape[:2]
    step = int(6 * fit[0])
    for x in range(step, w - 4, max(step, 1)):
        if rng.random() < 0.55:
            y0 = int(h * 0.2)
            img[y0 : int(h * 0.75), x : x + int(0.9 * fit[0])] = np.array([0.66, 0.68, 0.64], np.float32) * rng.uniform(
                0.85, 1.05
            )
    for _ in range(int(w * h / 18000) + 1):
        x, y = int(rng.integers(0, max(1, w - 8))), int(rng.integers(0, max(1, h - 20)))
        img[y : y + int(rng.integers(20, 90)), x : x + 8] *= np.float32(rng.uniform(0.82, 1.12))
    _dirt(img, rng, 0.3, 0.9)


PAINTERS: dict[str, Callable[[F32, Fit, Args, np.random.Generator], None]] = {
    f.__name__: f for f in (tank_shell, tank_roof, facade, shed_wall, wall, vessel, bands, cab, sheets)
}


def paint(chart: Chart, columns: int, rows: int, cut: Callable[[str, int, int, np.random.Generator], F32]) -> F32:
    """Albedo of a chart, (rows, columns, 3) sRGB 0..1, first row at v = 1."""
    rng = np.random.default_rng(chart.seed * 7919 + 17)
    img = cut(chart.material, columns, rows, rng)
    if chart.decor:
        PAINTERS[chart.decor](img, (columns / chart.width, rows / chart.height), chart.args, rng)
    return img
