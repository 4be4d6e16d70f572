"""Excel workbooks: a row per feature; points by columns x, y, z, other shapes as WKT; code lists as drop-downs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.i18n import t
from twin.registry.layer import Field, Layer
from twin.spatial.repository import Feature
from twin.spatial.transfer import wkt
from twin.spatial.transfer.archive import check_archive
from twin.spatial.transfer.columns import column, matcher
from twin.spatial.transfer.model import (
    ColumnMissing,
    ExportImpossible,
    FileUnreadable,
    Options,
    Raw,
    Read,
    check_rows,
)
from twin.spatial.transfer.systems import System, label
from twin.spatial.validate import fault

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

#: Characters of a cell.
_CELL = 32_767
_HEADER_WITHIN = 10
_MAX_COLUMNS = 500
_TEMPLATE_ROWS = 2000


def read(path: Path, layer: Layer, options: Options) -> Read:
    """Rows of the first sheet; the header is the first row with a column for the code.

    Raises:
        FileUnreadable, FileTooLarge, ColumnMissing: as their names say.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    check_archive(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        cells = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise FileUnreadable(detail=str(error)[:200]) from error
    check_rows(len(cells) - 1)
    names = matcher(layer)
    for at, line in enumerate(cells[:_HEADER_WITHIN]):
        keys = [column(cell, names) for cell in line[:_MAX_COLUMNS]]
        if "code" in keys:
            rows = enumerate(cells[at + 1 :], at + 2)
            return Read([_row(n, values, keys, line, layer) for n, values in rows if any(v != "" for v in values)])
    raise ColumnMissing(name=layer.all_fields[0].title.zh, name_en="code")


def _row(number: int, values: list[Any], keys: list[str | None], header: list[Any], layer: Layer) -> Raw:
    properties: dict[str, Any] = {}
    place: dict[str, Any] = {}
    for key, title, value in zip(keys, header, values, strict=False):
        if key in ("x", "y", "z", "wkt"):
            place.setdefault(key, None if value == "" else value)
        elif key or (title != "" and value != ""):
            properties.setdefault(key or str(title), None if value == "" else value)
    made = Raw(number, {k: _cell(v) for k, v in properties.items()}, None)
    try:
        made.geometry = _geometry(place, layer)
    except ValueError:
        made.faults.append(fault("geometry_text", "geometry"))
    return made


def _cell(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def _geometry(place: dict[str, Any], layer: Layer) -> dict[str, Any] | None:
    if place.get("wkt"):
        return wkt.parse(str(place["wkt"]))
    given = [place.get(axis) for axis in ("x", "y", "z")]
    if layer.geometry != "Point" or (given[0] is None and given[1] is None):
        return None
    numbers = [float(v) for v in (given if given[2] is not None else given[:2]) if v is not None]
    return {"type": "Point", "coordinates": numbers}


def write(layer: Layer, features: list[Feature], system: System, language: str) -> bytes:
    """A workbook with the features, and sheets that say what the columns mean.

    Raises:
        ExportImpossible: a shape is too long for a cell.
    """
    faults = [
        fault("too_long_for_format", f"{f['properties']['code']}: wkt", limit=_CELL)
        for f in features
        if layer.geometry != "Point" and len(wkt.dump(f["geometry"])) > _CELL
    ]
    if faults:
        raise ExportImpossible(errors=faults[:50])
    return _workbook(layer, features, system, language)


def template(layer: Layer, language: str) -> bytes:
    """An empty workbook to fill in: headers, drop-downs of the code lists, and what each column means."""
    return _workbook(layer, [], System("4326", "4326"), language)


def _workbook(layer: Layer, features: list[Feature], system: System, language: str) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    sheet.title = layer.title.get(language)[:31]
    fields = [f for f in layer.all_fields if f.writable]
    axes = ("x", "y", "z") if layer.geometry == "Point" else ("wkt",)
    names = [_header(f, language) for f in fields]
    names += [f"{t(f'transfer.column.{axis}', language)} ({axis})" for axis in axes]
    sheet.append([name + (" *" if n < len(fields) and fields[n].required else "") for n, name in enumerate(names)])
    for row, feature in enumerate(features, 2):
        values = [_shown(f, feature["properties"][f.name], language) for f in fields]
        values += feature["geometry"]["coordinates"] if axes[0] == "x" else [wkt.dump(feature["geometry"])]
        for n, value in enumerate(values, 1):
            cell = sheet.cell(row, n, value)
            if isinstance(value, str):
                cell.data_type = "s"  # text that begins with "=" is text, not a formula
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "B2"
    for n, name in enumerate(names, 1):
        sheet.column_dimensions[get_column_letter(n)].width = max(12, 2 * len(name.split(" (")[0]) + 4)
    _lists(book, sheet, fields, language, len(features))
    _explain(book, layer, fields, system, language)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _header(field: Field, language: str) -> str:
    return f"{field.title.get(language)} ({field.name})"


def _shown(field: Field, value: Any, language: str) -> Any:
    if isinstance(value, bool):
        return t("transfer.yes" if value else "transfer.no", language)
    return next((text.get(language) for code, text in field.codes if code == value), value)


def _choices(field: Field, language: str) -> list[str]:
    if field.kind == "boolean":
        return [t("transfer.yes", language), t("transfer.no", language)]
    return [text.get(language) for _, text in field.codes]


def _lists(book: Workbook, sheet: Worksheet, fields: list[Field], language: str, rows: int) -> None:
    """A sheet with the code lists, and drop-downs that use it."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    lists = book.create_sheet(t("transfer.sheet.lists", language))
    at = 0
    for number, field in enumerate(fields, 1):
        choices = _choices(field, language)
        if not choices:
            continue
        at += 1
        for row, text in enumerate([_header(field, language), *choices], 1):
            lists.cell(row, at, text)
        letter = get_column_letter(at)
        rule = DataValidation("list", f"'{lists.title}'!${letter}$2:${letter}${len(choices) + 1}", allow_blank=True)
        column_letter = get_column_letter(number)
        rule.add(f"{column_letter}2:{column_letter}{max(rows + 1, 1) + _TEMPLATE_ROWS}")
        sheet.add_data_validation(rule)


def _explain(book: Workbook, layer: Layer, fields: list[Field], system: System, language: str) -> None:
    """A sheet with a line per column: name, whether needed, unit and limits, allowed values."""
    sheet = book.create_sheet(t("transfer.sheet.columns", language))
    sheet.append([t(f"transfer.about.{key}", language) for key in ("column", "needed", "kind", "limits", "values")])
    for line in _about(fields, language):
        sheet.append(line)
    sheet.append([])
    sheet.append([t("transfer.about.crs", language), label(system.name)])
    sheet.append([t("transfer.about.shape", language), layer.geometry])


def _about(fields: list[Field], language: str) -> Iterator[list[str]]:
    for field in fields:
        limits = [
            f"{'≥' if n == 0 else '≤'} {v:g}" for n, v in enumerate((field.minimum, field.maximum)) if v is not None
        ]
        yield [
            _header(field, language),
            t("transfer.yes" if field.required else "transfer.no", language),
            t(f"transfer.kind.{field.kind}", language),
            " ".join([*limits, field.unit]).strip(),
            " / ".join(_choices(field, language)),
        ]
