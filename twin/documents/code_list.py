"""A version of a code list (rows of code, Chinese, English): its template, how it is read back, and what may be wrong in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from twin.documents import grid, workbook
from twin.i18n import LANGUAGES, t

_COLUMNS = ("code", "zh", "en")
_MOST = 300


class CodeRows(BaseModel):
    """Rows of code, Chinese, English as a file has them; nothing is checked yet."""

    items: list[list[str]]


def template(title: str, items: Sequence[Sequence[str]], language: str) -> bytes:
    """A workbook (XLSX) with these rows, ready to be changed and handed in."""
    return workbook.table(title, [t(f"code_list.{name}", language) for name in _COLUMNS], items, [12.0, 60.0, 60.0])


def rows(content: bytes) -> CodeRows:
    """Of an Excel or CSV file in the form of the template; cells that are missing are empty, empty rows are left out.

    Raises:
        TooLarge, TableUnreadable.
    """
    lines = [[*line, "", "", ""][:3] for line in grid.read(content, _MOST)]
    headings = {t("code_list.code", language).lower() for language in LANGUAGES}
    if lines and lines[0][0].lower() in headings:
        lines = lines[1:]
    return CodeRows(items=[line for line in lines if any(line)])


def faults(items: Sequence[Sequence[str]], form: re.Pattern[str]) -> list[dict[str, Any]]:
    """What is wrong, by row: a code that nothing can be filed under, or that stands twice."""
    found, seen = [], set[str]()
    for number, (code, *_) in enumerate(items, 1):
        if not form.fullmatch(code):
            found.append({"where": f"items.{number - 1}", "code": "code_list_form", "row": number, "value": code})
        elif code in seen:
            found.append({"where": f"items.{number - 1}", "code": "code_list_twice", "row": number, "value": code})
        seen.add(code)
    return found
