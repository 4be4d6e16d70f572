"""Reading a picture and drawing the watermark onto it."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from twin.documents.fonts import sans
from twin.errors import Invalid

_MAX_PIXELS = 40_000_000
_THUMB = (32, 32)
#: Grey levels by which a picture and its re-encoding differ at most, in the worst of the 1,024 cells.
_SAME = 4
#: EXIF tags that cameras and galleries write, and a browser's canvas never does: maker, model, software, time.
_CAMERA_TAGS = (0x010F, 0x0110, 0x0131, 0x0132, 0x8769)


class PhotoUnusable(Invalid):
    """No JPEG or PNG that can be read, or one that comes from an album (it carries a camera's notes)."""

    code = "photo_unusable"


def read(data: bytes) -> Image.Image:
    """The picture.

    Raises:
        PhotoUnusable: see there.
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
        if picture.width * picture.height > _MAX_PIXELS or min(picture.size) < 64:
            raise PhotoUnusable(reason="size")
        if any(tag in picture.getexif() for tag in _CAMERA_TAGS):
            raise PhotoUnusable(reason="album")
        return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PhotoUnusable(reason="format") from error


def thumb(picture: Image.Image) -> bytes:
    """Grey values of the picture as 32 x 32 cells."""
    return ImageOps.grayscale(picture).resize(_THUMB, Image.Resampling.BOX).tobytes()


def same(one: bytes, two: bytes) -> bool:
    """Whether two pictures are one, re-encoded."""
    return all(abs(a - b) <= _SAME for a, b in zip(one, two, strict=True))


def stamp(picture: Image.Image, lines: Sequence[str]) -> bytes:
    """The picture with the lines at its lower left, as JPEG bytes."""
    out = picture.copy()
    size = max(14, min(out.size) // 28)
    font, pen = sans(size), ImageDraw.Draw(out, "RGBA")
    pad, step = size // 2, round(size * 1.45)
    width = max(pen.textlength(line, font=font) for line in lines)
    top = out.height - step * len(lines) - pad
    pen.rectangle((0, top - pad // 2, width + 3 * pad, out.height), fill=(0, 0, 0, 140))
    for n, line in enumerate(lines):
        pen.text((pad, top + n * step), line, font=font, fill=(255, 255, 255, 255))
    kept = io.BytesIO()
    out.save(kept, "JPEG", quality=88)
    return kept.getvalue()
