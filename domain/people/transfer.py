"""People from Excel and CSV files: rows matched by number; every fault is named by row and column; all or nothing."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

from domain.people import repository, service
from domain.people.errors import FileNotReadable
from domain.people.schemas import Imported
from twin.db.uow import UnitOfWork
from twin.errors import TooLarge
from twin.i18n import t

LARGEST = 10 * 1024 * 1024
MOST_ROWS = 20_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

COLUMNS = ("code", "name", "sex", "class", "department", "employer", "duty", "trade", "phone")
_NEEDED = ("code", "name", "class")
_LONGEST = {"code": 60, "name": 120}
_LANGUAGES = ("zh-CN", "en")
#: Code lists: what may stand in a cell beside the code itself.
_VALUES = {"sex": ("male", "female"), "class": ("employee", "contractor", "visitor")}


def _headings() -> dict[str, str]:
    known = {key: key for key in COLUMNS}
    for language in _LANGUAGES:
        known |= {t(f"people.column.{key}", language).lower(): key for key in COLUMNS}
    return known


def _codes(column: str) -> dict[str, str]:
    known = {"": ""} | {value: value for value in _VALUES[column]}
    for language in _LANGUAGES:
        known |= {t(f"people.{column}.{value}", language).lower(): value for value in _VALUES[column]}
    return known


def _cells(name: str, content: bytes) -> list[list[Any]]:
    if name.lower().endswith(".csv"):
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return [list(row) for row in csv.reader(io.StringIO(content.decode(encoding)))]
            except (UnicodeDecodeError, csv.Error):
                continue
        raise FileNotReadable(errors=[{"where": "file", "code": "file_unreadable"}])
    from python_calamine import CalamineError, CalamineWorkbook

    from twin.spatial.transfer.archive import check_archive

    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        file.write(content)
        file.flush()
        check_archive(Path(file.name))
        try:
            book = CalamineWorkbook.from_path(file.name)
            return list(book.get_sheet_by_index(0).to_python(skip_empty_area=False))
        except (CalamineError, OSError, ValueError, IndexError) as error:
            raise FileNotReadable(errors=[{"where": "file", "message": str(error)[:200]}]) from error


def _text(value: Any) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))  # a spreadsheet's idea of a number like 00123 or a phone
    return "".join(c for c in str(value).strip() if c >= " ")


def read(name: str, content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Rows of a file as line number and cells by column; the header is within the first ten lines.

    Raises:
        TooLarge: more bytes or rows than allowed.
        FileNotReadable: no table, or a needed column is missing.
    """
    if len(content) > LARGEST:
        raise TooLarge(limit=f"{LARGEST // 2**20} MB")
    lines, headings = _cells(name, content), _headings()
    if len(lines) > MOST_ROWS + 10:
        raise TooLarge(limit=f"{MOST_ROWS}")
    for at, line in enumerate(lines[:10]):
        keys = [headings.get(_text(cell).lower()) for cell in line]
        if "code" in keys:
            missing = [key for key in _NEEDED if key not in keys]
            if missing:
                raise FileNotReadable(errors=[{"where": key, "code": "column_missing"} for key in missing])
            rows = enumerate(lines[at + 1 :], at + 2)
            made = [(n, {k: _text(v) for k, v in zip(keys, row, strict=False) if k}) for n, row in rows]
            return [(n, row) for n, row in made if any(row.values())]
    raise FileNotReadable(errors=[{"where": "code", "code": "column_missing"}])


async def load(uow: UnitOfWork, name: str, content: bytes, language: str, *, dry: bool) -> Imported:
    """Import a file; with faults, or ``dry``, nothing is written."""
    rows = read(name, content)
    departments: dict[str, str] = {}
    for row, _ in await repository.departments(uow.session):
        departments |= {row.code: row.code, row.name: row.code}
    faults: list[dict[str, Any]] = []
    clean: dict[str, dict[str, Any]] = {}
    for line, cells in rows:
        values, wrong = _values(cells, departments)
        if values["code"] in clean:
            wrong.append(("code", "repeated"))
        clean[values["code"]] = values
        faults += [
            {
                "where": f"row {line}: {column}",
                "row": line,
                "code": code,
                "message": t(f"people.fault.{code}", language),
            }
            for column, code in wrong
        ]
    known = await repository.people_by_code(uow.session, list(clean))
    told = {
        code: {key: value for key, value in values.items() if code not in known or getattr(known[code], key) != value}
        for code, values in clean.items()
    }
    created = sum(code not in known for code in told)
    updated = sum(code in known and bool(changes) for code, changes in told.items())
    if not faults and not dry:
        for code, changes in told.items():
            if code not in known:
                await service.create(uow, clean[code])
            elif changes:
                await service.change(uow, known[code].id, known[code].version, changes)
    return Imported(
        rows=len(rows), created=created, updated=updated, unchanged=len(told) - created - updated, errors=faults[:500]
    )


def _values(cells: dict[str, str], departments: dict[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Clean values of a row, and its faults as column and code."""
    wrong: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    for column in COLUMNS:
        if column not in cells and column not in _NEEDED:
            continue  # a column that is not there changes nothing
        given = cells.get(column, "")
        if column in _NEEDED and not given:
            wrong.append((column, "required"))
        if len(given) > _LONGEST.get(column, 200):
            wrong.append((column, "too_long"))
        if column in _VALUES:
            known = _codes(column)
            if given.lower() not in known:
                wrong.append((column, "not_in_list"))
            given = known.get(given.lower(), "")
        if column == "department":
            if given and given not in departments:
                wrong.append((column, "department_unknown"))
            values[column] = departments.get(given)
        else:
            values["klass" if column == "class" else column] = given
    return values, wrong


def template(language: str) -> bytes:
    """An empty workbook with the columns and drop-downs of the code lists."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = t("people.sheet", language)
    sheet.append([t(f"people.column.{key}", language) for key in COLUMNS])
    for number, key in enumerate(COLUMNS, 1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = 18
        if key in _VALUES:
            options = ",".join(t(f"people.{key}.{value}", language) for value in _VALUES[key])
            rule = DataValidation(type="list", formula1=f'"{options}"', allow_blank=True)
            rule.add(f"{letter}2:{letter}2000")
            sheet.add_data_validation(rule)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
