"""Chemicals from Excel or CSV by a template: all or nothing, each fault by row and column, and what it would do beforehand."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from domain.chemicals import gb18218, repository, service
from domain.chemicals.models import Chemical
from domain.chemicals.roles import WRITE
from domain.chemicals.schemas import ChemicalImport, ChemicalIn, ChemicalRowFault
from twin.auth.principal import Principal
from twin.db.uow import UnitOfWork
from twin.documents import grid, workbook
from twin.errors import TwinError
from twin.i18n import LANGUAGES, t

MOST = 2000
COLUMNS = (
    "name", "name_en", "cas", "roles", "entry", "category", "own_q", "own_beta", "basis", "density", "flash_point",
    "lel", "uel", "oel", "hazards", "first_aid", "fire_fighting", "leak",
)  # fmt: skip
_NEEDED = ("name", "roles")
_NUMBERS = ("own_q", "own_beta", "density", "flash_point", "lel", "uel")
_ROLES = ("raw", "intermediate", "product")


class _NothingKept(Exception):
    """Takes back what a preview, or a file with faults, has done."""


def heading(column: str, language: str) -> str:
    """A column's name."""
    return t(f"chemicals.column.{column}", language)


def template(language: str) -> bytes:
    """The empty template with one example (XLSX)."""
    example = {
        "name": "液氨", "name_en": "Ammonia", "cas": "7664-41-7", "roles": t("chemicals.role.raw", language), "entry": "氨",
        "category": "J3", "density": 0.61, "lel": 15, "uel": 28, "oel": "20 mg/m3 PC-TWA", "hazards": "有毒，易燃",
    }  # fmt: skip
    rows = [[example.get(column, "") for column in COLUMNS]]
    return workbook.table(
        t("chemicals.column.title", language), [heading(c, language) for c in COLUMNS], rows, [16.0] * len(COLUMNS)
    )


def _rows(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """Cells by column, with the row number that Excel shows."""
    lines = grid.read(content, MOST)
    names = {heading(column, language).lower(): column for column in COLUMNS for language in LANGUAGES}
    keys = [names.get(cell.rstrip("*").lower()) for cell in lines[0]] if lines else []
    if not set(_NEEDED) <= set(keys):
        raise grid.TableUnreadable
    made = [(n, {k: c for k, c in zip(keys, line, strict=False) if k}) for n, line in enumerate(lines[1:], 2)]
    return [(n, row) for n, row in made if any(row.values())]


def _values(row: dict[str, str]) -> dict[str, Any]:
    """What a chemical's body takes: names of uses and of substances as codes, numbers as numbers; what is no number stays as it is."""
    roles = {t(f"chemicals.role.{role}", language).lower(): role for role in _ROLES for language in LANGUAGES}
    named = {str(d[name]).lower(): d["key"] for d in gb18218.dictionary()["named"] for name in ("zh", "en", "key")}
    parts = row.get("roles", "").replace("、", ";").replace("；", ";").replace(",", ";").replace("，", ";").split(";")
    entry = row.get("entry", "")
    values: dict[str, Any] = {k: v for k, v in row.items() if k not in _NUMBERS}
    values["roles"] = [roles.get(p.strip().lower(), p.strip()) for p in parts if p.strip()]
    values["entry"] = named.get(entry.lower(), entry)
    return values | {name: row[name] for name in _NUMBERS if row.get(name)}


async def load(uow: UnitOfWork, principal: Principal, content: bytes, language: str, *, dry: bool) -> ChemicalImport:
    """Take a file in; with ``dry``, or with a fault, nothing is kept. Rows are known by their name; what a row has no cell for stays.

    It is done for certain in either case and taken back, so that the preview finds what only the doing finds: a unit that could no
    longer be computed.

    Raises:
        TableUnreadable, TooLarge, Forbidden.
    """
    principal.require(WRITE)
    rows = _rows(content)
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    faults: list[ChemicalRowFault] = []
    seen: set[str] = set()
    try:
        async with uow.session.begin_nested():
            for number, row in rows:
                name = row.get("name", "")
                if name and name in seen:
                    faults.append(_fault(number, "name", t("chemicals.twice", language, value=name), language))
                    continue
                seen.add(name)
                try:
                    async with uow.session.begin_nested():
                        counts[await _one(uow, principal, row)] += 1
                except ValidationError as error:
                    faults += [
                        _fault(
                            number,
                            str(e["loc"][0]),
                            t("chemicals.cell", language, value=str(e["input"])[:60]),
                            language,
                        )
                        for e in error.errors()
                    ]
                except TwinError as error:
                    faults += _told(number, error, language)
            if dry or faults:
                raise _NothingKept
    except _NothingKept:
        uow.session.expire_all()
    return ChemicalImport(rows=len(rows), **counts, errors=faults, applied=not dry and not faults)


async def _one(uow: UnitOfWork, principal: Principal, row: dict[str, str]) -> str:
    values = _values(row)
    known = await repository.chemical_named(uow.session, str(values.get("name", "")))
    before = _body(known).model_dump() if known else {}
    body = ChemicalIn.model_validate({**before, **{k: v for k, v in values.items() if k in COLUMNS}, **_emptied(row)})
    if known is None:
        await service.add_chemical(uow, principal, body)
        return "created"
    if body.model_dump() == before:
        return "unchanged"
    await service.change_chemical(uow, principal, known.id, known.version, body)
    return "updated"


def _body(row: Chemical) -> ChemicalIn:
    return ChemicalIn.model_validate({name: getattr(row, name) for name in ChemicalIn.model_fields})


def _emptied(row: dict[str, str]) -> dict[str, None]:
    """Numbers whose cell is there and empty."""
    return {name: None for name in _NUMBERS if name in row and not row[name]}


def _told(number: int, error: TwinError, language: str) -> list[ChemicalRowFault]:
    if not error.errors:
        return [_fault(number, "name", t(f"error.{error.code}", language, **error.params), language)]
    return [
        _fault(number, str(e.get("where", "")), t(f"error.{e.get('code', 'invalid')}", language, **e), language)
        for e in error.errors
    ]


def _fault(number: int, column: str, message: str, language: str) -> ChemicalRowFault:
    at = heading(column, language) if column in COLUMNS else ""
    return ChemicalRowFault(row=number, column=at, message=message)
