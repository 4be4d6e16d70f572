"""Import of the register from the Excel template, with a preview and faults by row."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.risks import dictionaries, repository
from domain.risks.columns import CATEGORIES, COLUMNS, CONTROLS, SOURCES
from domain.risks.methods import assess, check_control
from domain.risks.models import RiskEvent, RiskMeasure, RiskObject, RiskUnit
from domain.risks.schemas import ImportReport, RiskRowFault
from domain.risks.service import roll_up
from twin import clock
from twin.auth.principal import Principal
from twin.db import register
from twin.db.uow import UnitOfWork
from twin.errors import Invalid, TwinError
from twin.i18n import t
from twin.ids import uuid7

MAX_ROWS = 60_000
_MAX_TEXT = 2000
_FAULTS_SHOWN = 500
_NEEDED = ("object_code", "object_name", "unit_code", "unit_name", "event_name", "method", "factors")
_INVERSE: dict[str, dict[str, Any]] = {
    "category": {v: k for k, v in CATEGORIES.items()},
    "control_level": {v: k for k, v in CONTROLS.items()},
    "data_src": {v: k for k, v in SOURCES.items()},
}


class WorkbookUnreadable(Invalid):
    """No workbook, or without the template's headings."""

    code = "workbook_unreadable"


@dataclass
class _Plan:
    """New rows by table, changes by id, and faults."""

    new: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"object": [], "unit": [], "event": [], "measure": []}
    )
    changed: dict[str, dict[UUID, dict[str, Any]]] = field(
        default_factory=lambda: {"object": {}, "unit": {}, "event": {}}
    )
    faults: list[tuple[int, str, str, dict[str, Any]]] = field(default_factory=list)
    units: set[UUID] = field(default_factory=set)
    unchanged: int = 0


def read(data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Rows of the first sheet by column key, with their numbers.

    Raises:
        WorkbookUnreadable.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        cells = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        raise WorkbookUnreadable from error
    names = {name: key for key, zh, en, _ in COLUMNS for name in (zh, en)}
    keys = [names.get(str(cell).strip().rstrip("*")) for cell in cells[0]] if cells else []
    if not set(_NEEDED) <= set(keys):
        raise WorkbookUnreadable(missing=", ".join(sorted(set(_NEEDED) - {k for k in keys if k})))
    if len(cells) - 1 > MAX_ROWS:
        raise WorkbookUnreadable(missing=str(MAX_ROWS))
    rows = []
    for number, line in enumerate(cells[1:], 2):
        row = {key: _text(cell) for key, cell in zip(keys, line, strict=False) if key}
        if any(row.values()):
            rows.append((number, row))
    return rows


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).replace("\x00", "").strip()[:_MAX_TEXT]


async def run(uow: UnitOfWork, principal: Principal, data: bytes, language: str, *, apply: bool) -> ImportReport:
    """Check a workbook and, with ``apply`` and without a fault, take it in.

    Rows are known by object code, unit code, event name and measure text; what is there already is changed.

    Raises:
        WorkbookUnreadable, Forbidden.
    """
    principal.require("risk:write")
    rows = read(data)
    plan = await _plan(uow, principal, rows)
    applied = apply and not plan.faults
    if applied:
        await _apply(uow, principal, plan)
    faults = [
        RiskRowFault(
            where=f"{number} {_heading(column, language)}".strip(), message=t(f"error.{code}", language, **params)
        )
        for number, column, code, params in plan.faults[:_FAULTS_SHOWN]
    ]
    return ImportReport(
        rows=len(rows),
        created={name: len(new) for name, new in plan.new.items()},
        updated={name: len(changed) for name, changed in plan.changed.items()},
        unchanged=plan.unchanged,
        errors=faults,
        applied=applied,
    )


def _heading(column: str, language: str) -> str:
    return next(((en if language == "en" else zh) for key, zh, en, _ in COLUMNS if key == column), column)


async def _plan(uow: UnitOfWork, principal: Principal, rows: list[tuple[int, dict[str, str]]]) -> _Plan:
    session, plan = uow.session, _Plan()
    objects = {o.code: o for o in await repository.all_of(session, RiskObject)}
    units = {u.code: u for u in await repository.all_of(session, RiskUnit)}
    known_events = await repository.all_of(session, RiskEvent, 200_000)
    events = {(e.unit_id, e.name): e for e in known_events}
    measures = await _measures(session, known_events)
    zones = await repository.known_zones(session, {z for _, row in rows for z in _many(row.get("zones", ""))})
    current = next(d for d in await dictionaries.versions(uow) if d.name == "accident_types" and d.in_force)
    types = {name: item[0] for item in current.items for name in item[:2]}
    ids: dict[Any, UUID] = {}
    seen: dict[Any, Any] = {}
    now = clock.now()
    base = {
        "enterprise_id": uow.enterprise_id, "version": 1, "deleted": False, "created_at": now, "updated_at": now,
        "created_by": principal.name, "updated_by": principal.name,
    }  # fmt: skip

    def place(kind: str, key: Any, values: dict[str, Any], old: Any) -> UUID:
        """The id of a row: seen above in the workbook, known to the register, or new."""
        if (kind, key) in ids:
            return ids[kind, key]
        if old is not None:
            ids[kind, key] = old.id
            if any(getattr(old, name) != value for name, value in values.items()):
                plan.changed[kind][old.id] = values
            else:
                plan.unchanged += 1
        else:
            ids[kind, key] = uuid7()
            plan.new[kind].append({**base, "id": ids[kind, key], **values})
        return ids[kind, key]

    for number, row in rows:
        faults = list(_faults(row, types, zones))
        plan.faults += [(number, column, code, params) for column, code, params in faults]
        for kind, key, told in (
            ("object", row.get("object_code"), row.get("object_name")),
            ("unit", row.get("unit_code"), (row.get("unit_name"), row.get("object_code"))),
        ):
            if seen.setdefault((kind, key), told) != told:
                plan.faults.append((number, f"{kind}_code", "risk_row_differs", {"value": key}))
        if faults:
            continue
        object_id = place("object", row["object_code"], _object(row), objects.get(row["object_code"]))
        unit_id = place("unit", row["unit_code"], _unit(row, object_id), units.get(row["unit_code"]))
        values = _event(row, unit_id, types, current.version)
        event_id = place("event", (unit_id, row["event_name"]), values, events.get((unit_id, row["event_name"])))
        plan.units.add(unit_id)
        text = row.get("description", "")
        if text and (event_id, text) not in measures:
            measures.add((event_id, text))
            plan.new["measure"].append({**base, "id": uuid7(), **_measure(row, event_id)})
    return plan


async def _measures(session: AsyncSession, events: list[RiskEvent]) -> set[tuple[UUID, str]]:
    if not events:
        return set()
    return {(m.event_id, m.description) for m in await repository.all_of(session, RiskMeasure, 500_000)}


def _many(text: str) -> list[str]:
    return [
        part.strip() for part in text.replace("；", ";").replace("、", ";").replace(",", ";").split(";") if part.strip()
    ]


def _factors(text: str) -> dict[str, float]:
    found = {}
    for part in _many(text):
        key, _, value = part.replace("＝", "=").partition("=")
        found[key.strip().upper()] = float(value)
    return found


def _code_of(column: str, text: str, default: Any) -> Any:
    if not text:
        return default
    table = _INVERSE[column]
    if text in table:
        return table[text]
    return int(text) if text.isdigit() and int(text) in table.values() else (text if text in table.values() else None)


def _faults(row: dict[str, str], types: dict[str, str], zones: set[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for key in _NEEDED:
        if not row.get(key):
            yield key, "risk_cell_empty", {}
    for column in _INVERSE:
        if _code_of(column, row.get(column, ""), 1) is None:
            yield column, "risk_cell_unknown", {"value": row[column][:40]}
    for name in _many(row.get("accident_types", "")):
        if name not in types:
            yield "accident_types", "risk_cell_unknown", {"value": name[:40]}
    for code in _many(row.get("zones", "")):
        if code not in zones:
            yield "zones", "risk_zone_unknown", {"value": code[:40]}
    if row.get("description"):
        known = {item[0] for item in dictionaries.shipped()["measure_classes"][-1]["items"]}
        if row.get("classify2", "").split(" ")[0] not in known:
            yield "classify2", "risk_cell_unknown", {"value": row.get("classify2", "")[:40]}
    if row.get("method") and row.get("factors"):
        yield from _assessment_faults(row)


def _assessment_faults(row: dict[str, str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    try:
        level = assess(row["method"].upper(), _factors(row["factors"])).level
    except ValueError:
        yield "factors", "risk_cell_unknown", {"value": row["factors"][:40]}
        return
    except Invalid as error:
        for fault in error.errors:
            yield "factors", str(fault["code"]), {k: v for k, v in fault.items() if k != "code"}
        return
    control = _code_of("control_level", row.get("control_level", ""), level)
    if control is not None:
        try:
            check_control(level, control)
        except TwinError as error:
            yield "control_level", "control_too_low", dict(error.errors[0])


def _object(row: dict[str, str]) -> dict[str, Any]:
    names = ("hazard_code", "main_person", "technical_person", "operation_person")
    kind = "major_hazard" if row.get("hazard_code") else "other"
    return {
        "code": row["object_code"], "name": row["object_name"], "kind": kind, "department": row.get("unit_department", ""),
        **{n: row.get(n, "") for n in names},
    }  # fmt: skip


def _unit(row: dict[str, str], object_id: UUID) -> dict[str, Any]:
    return {
        "object_id": object_id,
        "code": row["unit_code"],
        "name": row["unit_name"],
        "department": row.get("unit_department", ""),
        "liable_person": row.get("liable_person", ""),
        "zone_codes": _many(row.get("zones", "")),
    }


def _event(row: dict[str, str], unit_id: UUID, types: dict[str, str], version: str) -> dict[str, Any]:
    method, factors = row["method"].upper(), _factors(row["factors"])
    found = assess(method, factors)
    return {
        "unit_id": unit_id,
        "name": row["event_name"],
        "category": _code_of("category", row.get("category", ""), "equipment"),
        "subject": row.get("subject", ""),
        "content": row.get("content", ""),
        "accident_types": [types[name] for name in _many(row.get("accident_types", ""))],
        "dictionary_version": version,
        "method": method,
        "factors": factors,
        "score": found.score,
        "computed_level": found.level,
        "level": found.level,
        "override_reason": "",
        "override_id": None,
        "control_level": _code_of("control_level", row.get("control_level", ""), found.level),
        "department": row.get("department", ""),
        "owner": row.get("owner", ""),
    }


def _measure(row: dict[str, str], event_id: UUID) -> dict[str, Any]:
    code = row["classify2"].split(" ")[0]
    return {
        "event_id": event_id,
        "data_src": _code_of("data_src", row.get("data_src", ""), 2),
        "description": row["description"],
        "classify1": int(code[0]),
        "classify2": code,
        "classify3": "",
        "check_content": row.get("check_content", ""),
        "owner": row.get("owner", ""),
    }


async def _apply(uow: UnitOfWork, principal: Principal, plan: _Plan) -> None:
    models: dict[str, Any] = {"object": RiskObject, "unit": RiskUnit, "event": RiskEvent, "measure": RiskMeasure}
    for name, model in models.items():
        for row in plan.new[name]:
            if name == "unit":
                row.update(level=None, control_level=None)
        await repository.add_many(uow.session, model, plan.new[name])
        for id_, values in plan.changed.get(name, {}).items():
            known = await uow.session.get_one(model, id_)
            await register.write(uow.session, model, id_, known.version, principal.name, values)
    counts = {name: len(new) for name, new in plan.new.items()}
    await uow.audit("import", "risk_event", "import", after={"created": counts})
    await uow.emit("risks", "import", "import", counts)
    if plan.units:
        await roll_up(uow, principal, sorted(plan.units))
