"""The Chinese fonts that come with the product (Noto Sans SC and Noto Serif SC, OFL), from their package."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from PIL import ImageFont


@cache
def folder() -> Path:
    """The folder of the font files."""
    return Path(str(files("pylopdf_fonts_zh_cn")))


@lru_cache(maxsize=16)
def sans(size: int) -> ImageFont.FreeTypeFont:
    """Noto Sans SC for drawing on pictures; ``size`` in pixels."""
    return ImageFont.truetype(str(folder() / "NotoSansSC-Regular.otf"), size)
