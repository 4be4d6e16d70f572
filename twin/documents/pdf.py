"""PDF documents with Typst: tables and records in Chinese, offline, with a QR code for their signature."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import segno
import typst

from twin.documents.fonts import folder
from twin.errors import Unavailable

MEDIA_TYPE = "application/pdf"


class DocumentFailed(Unavailable):
    """The document could not be set."""

    code = "document_failed"


async def make(template: str, data: Mapping[str, Any], pictures: Mapping[str, bytes] | None = None) -> bytes:
    """Set a template of ``twin/documents/templates`` with ``data`` (JSON values), off the event loop.

    Args:
        pictures: files that the data names, e.g. ``{"p1.jpg": bytes}``.

    Raises:
        DocumentFailed.
    """
    return await asyncio.to_thread(_make, template, data, pictures or {})


def _make(template: str, data: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    source = files("twin.documents") / "templates" / f"{template}.typ"
    with tempfile.TemporaryDirectory(prefix="twin-pdf-") as name:
        place = Path(name)
        shutil.copy(str(source), place / "main.typ")
        (place / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        for file, content in pictures.items():
            (place / Path(file).name).write_bytes(content)
        try:
            made = typst.compile(
                str(place / "main.typ"), root=str(place), font_paths=[str(folder())], ignore_system_fonts=True
            )
        except (RuntimeError, typst.TypstError) as error:
            raise DocumentFailed(reason=str(error)[:200]) from error
    assert isinstance(made, bytes)
    return made


async def table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    facts: Sequence[str] = (),
    colours: Mapping[int, Mapping[str, str]] | None = None,
) -> bytes:
    """A table on A3 across, its heading on every page.

    Args:
        widths: shares of the page.
        facts: lines under the title, e.g. enterprise and date.
        colours: for a column, text -> fill (``#rrggbb``).
    """
    data = {
        "title": title, "headings": list(headings), "rows": [list(row) for row in rows], "widths": list(widths),
        "facts": list(facts), "colours": {str(k): dict(v) for k, v in (colours or {}).items()},
    }  # fmt: skip
    return await make("table", data)


def qr(text: str) -> bytes:
    """A QR code as PNG bytes."""
    out = io.BytesIO()
    segno.make_qr(text, error="l").save(out, kind="png", scale=4, border=2)
    return out.getvalue()
