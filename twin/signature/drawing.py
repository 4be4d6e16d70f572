"""The handwriting: a PNG as the screen drew it, or strokes that are drawn here."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import AsyncIterator, Sequence

from PIL import Image, ImageDraw, UnidentifiedImageError

from twin.errors import Invalid
from twin.files.store import Stored

_MAX_BYTES = 512 * 1024
_MAX_SIDE = 2400
#: Pixels of ink below which nothing was written.
_LEAST_INK = 40
_SIZE = (600, 240)


class SignatureEmpty(Invalid):
    """Nothing was written, or it is no picture."""

    code = "signature_empty"


def png(drawing: str | None, strokes: Sequence[Sequence[Sequence[float]]] | None) -> bytes:
    """The handwriting as PNG bytes.

    Args:
        drawing: PNG in base64, with or without ``data:image/png;base64,``.
        strokes: lines of [x, y] in 0..1 of the field's width and height.

    Raises:
        SignatureEmpty: no ink, or not a PNG of reasonable size.
    """
    if strokes:
        made = _draw(strokes)
    elif drawing:
        try:
            made = base64.b64decode(drawing.partition("base64,")[2] or drawing, validate=True)
        except (binascii.Error, ValueError) as error:
            raise SignatureEmpty from error
    else:
        raise SignatureEmpty
    if len(made) > _MAX_BYTES or _ink(made) < _LEAST_INK:
        raise SignatureEmpty
    return made


def _draw(strokes: Sequence[Sequence[Sequence[float]]]) -> bytes:
    picture = Image.new("RGBA", _SIZE, (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        points = [
            (min(max(p[0], 0.0), 1.0) * _SIZE[0], min(max(p[1], 0.0), 1.0) * _SIZE[1]) for p in stroke if len(p) == 2
        ]
        if len(points) > 1:
            pen.line(points, fill=(20, 24, 40, 255), width=5, joint="curve")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _ink(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.format != "PNG" or max(picture.size) > _MAX_SIDE:
                raise SignatureEmpty
            flat = Image.new("RGBA", picture.size, (255, 255, 255, 255))
            flat.alpha_composite(picture.convert("RGBA"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise SignatureEmpty from error
    return sum(flat.convert("L").histogram()[:160])


async def keep(data: bytes) -> Stored:
    """Put the picture into the store of files."""
    from twin.files.service import store

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    return await store().put(chunks())
