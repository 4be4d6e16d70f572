"""Workbooks: a heading, rows of text and numbers, in the product's one look. Cells that begin like a formula stay text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# openpyxl is loaded with the first workbook: a process that writes none starts without it
_HEAD = "DCE6F1"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def table(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[float] = ()) -> bytes:
    """One sheet with a frozen heading and a filter, as XLSX bytes."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_sheet_name(title))
    for n, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(n)].width = width
    sheet.freeze_panes = "A2"
    head = []
    for text in headings:
        cell = WriteOnlyCell(sheet, text)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=_HEAD)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        head.append(cell)
    sheet.append(head)
    count = 1
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headings))}{count}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def illustrated(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[Any]], pictures: Mapping[int, Sequence[bytes]]
) -> bytes:
    """Like :func:`table`, with pictures (JPEG or PNG bytes) in the columns behind the row's last one."""
    from openpyxl import Workbook
    from openpyxl.drawing.image import Image as Picture
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = _sheet_name(title)
    sheet.append(list(headings))
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=_HEAD)
    for n, row in enumerate(rows):
        sheet.append([_safe(value) for value in row])
        for k, data in enumerate(pictures.get(n, ())):
            picture = Picture(io.BytesIO(data))
            scale = 90 / picture.height
            picture.height, picture.width = 90, round(picture.width * scale)
            sheet.add_image(picture, f"{get_column_letter(len(row) + 1 + k)}{n + 2}")
            sheet.row_dimensions[n + 2].height = 72
    for n in range(1, len(headings) + 1):
        sheet.column_dimensions[get_column_letter(n)].width = 16
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    if isinstance(value, str) and value[:1] in "=+-@" and value:
        try:
            cell = WriteOnlyCell(sheet, value)
        except IllegalCharacterError:
            return _safe(value)
        cell.data_type = "s"  # never a formula
        return cell
    return _safe(value)


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if c in "\n\t" or ord(c) >= 32)


def _sheet_name(title: str) -> str:
    return "".join(c for c in title if c not in "[]:*?/\\")[:31] or "Sheet"
