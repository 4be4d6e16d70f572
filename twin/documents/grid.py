"""Tables that people hand in: the first sheet of an Excel workbook, or CSV or tab-separated text, as rows of plain text."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from twin.errors import Invalid, TooLarge

LARGEST = 10 * 2**20


class TableUnreadable(Invalid):
    """Neither a workbook nor text with rows, or a heading that is needed is missing."""

    code = "table_unreadable"


def read(content: bytes, most: int) -> list[list[str]]:
    """Rows of trimmed cells, the heading first; numbers as a spreadsheet keeps them (``7.0``) read as people typed them.

    Raises:
        TooLarge: more bytes, or more rows below the heading than ``most``.
        TableUnreadable.
    """
    if len(content) > LARGEST:
        raise TooLarge(limit=f"{LARGEST // 2**20} MB")
    rows = [[_text(cell) for cell in row] for row in (_workbook(content) if content[:2] == b"PK" else _csv(content))]
    if len(rows) - 1 > most:
        raise TooLarge(limit=str(most))
    return rows


def _workbook(content: bytes) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    from twin.spatial.transfer.archive import check_archive

    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        check_archive(Path(file.name))
        try:
            return list(CalamineWorkbook.from_path(file.name).get_sheet_by_index(0).to_python(skip_empty_area=False))
        except (CalamineError, OSError, ValueError, IndexError) as error:
            raise TableUnreadable from error


def _csv(content: bytes) -> list[list[Any]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            return list(csv.reader(io.StringIO(text), delimiter="\t" if "\t" in text.partition("\n")[0] else ","))
        except (UnicodeDecodeError, csv.Error):
            continue
    raise TableUnreadable


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "".join(c for c in str(cell).strip() if c >= " ")
