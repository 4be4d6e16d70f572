"""The register as workbook and as PDF: the same rows, made once."""

from __future__ import annotations

from domain.risks import dictionaries, repository
from domain.risks.columns import CATEGORIES, COLUMNS, CONTROLS, LEVELS, SOURCES, headings
from domain.risks.models import RiskMeasure, RiskObject
from domain.risks.repository import Asked
from twin import clock
from twin.auth.principal import Principal
from twin.auth.repository import enterprise
from twin.db.uow import UnitOfWork
from twin.documents import pdf, workbook

#: Rows that one document takes; beyond it, filter.
MAX_ROWS = 5000
_COLOURS = {"重大": "#f4b6b0", "较大": "#f9d2a4", "一般": "#fbf0a8", "低": "#b9d4f3"}
_TITLE = {"zh-CN": "安全风险分级管控清单", "en": "Risk register"}


async def rows(uow: UnitOfWork, asked: Asked) -> list[list[str]]:
    """Cells in the order of the columns, one row a measure; both documents show exactly these."""
    events = await repository.register(uow.session, asked, None, MAX_ROWS)
    objects = {o.code: o for o in await repository.all_of(uow.session, RiskObject)}
    measures: dict[object, list[RiskMeasure]] = {}
    for measure in await repository.measures(uow.session, [event["id"] for event in events]):
        measures.setdefault(measure.event_id, []).append(measure)
    names = {
        (d.version, item[0]): item[1]
        for d in await dictionaries.versions(uow)
        if d.name == "accident_types"
        for item in d.items
    }
    made = []
    for event in events:
        owner = objects[event["object_code"]]
        types = [names.get((event["dictionary_version"], c), c) for c in event["accident_types"]]
        shown: list[RiskMeasure | None] = [*measures.get(event["id"], [])]
        for each in shown or [None]:
            cells = {
                **{k: str(event[k]) for k in ("object_code", "object_name", "unit_code", "unit_name", "liable_person",
                                              "subject", "content", "method", "department", "owner")},
                "hazard_code": owner.hazard_code,
                "main_person": owner.main_person,
                "technical_person": owner.technical_person,
                "operation_person": owner.operation_person,
                "unit_department": owner.department,
                "zones": ";".join(event["zone_codes"]),
                "event_name": event["name"],
                "category": CATEGORIES[event["category"]],
                "accident_types": ";".join(types),
                "factors": ";".join(f"{k}={v:g}" for k, v in event["factors"].items()),
                "level": LEVELS[event["level"]],
                "control_level": CONTROLS[event["control_level"]],
            }  # fmt: skip
            if each is not None:
                cells |= {
                    "data_src": SOURCES[each.data_src],
                    "classify2": each.classify2,
                    "description": each.description,
                    "check_content": each.check_content,
                }
            made.append([cells.get(key, "") for key, _, _, _ in COLUMNS])
    return made


async def as_workbook(uow: UnitOfWork, asked: Asked, language: str) -> bytes:
    """XLSX, in the form of the import template: what was exported can be imported."""
    widths = [min(40, 4 + 4 * width) for _, _, _, width in COLUMNS]
    return workbook.table(_TITLE[language], headings(language), await rows(uow, asked), widths)


async def as_pdf(uow: UnitOfWork, principal: Principal, asked: Asked, language: str) -> bytes:
    """PDF of the same rows."""
    owner = await enterprise(uow.session, principal.enterprise_id)
    facts = [owner.name if owner else "", clock.now().date().isoformat()]
    level = next(n for n, column in enumerate(COLUMNS) if column[0] == "level")
    return await pdf.table(
        _TITLE[language], headings(language), await rows(uow, asked), [width for _, _, _, width in COLUMNS],
        facts=facts, colours={level: _COLOURS},
    )  # fmt: skip


def template(language: str) -> bytes:
    """The empty template with one example row."""
    example = [
        "OBJ-01", "液化烃罐区", "110000001", "王立新", "林海燕", "刘洋", "U-01", "1号丙烷球罐", "储运部", "周建国", "Z-11",
        "球罐法兰泄漏", "设备设施", "V-101 法兰", "密封失效，液化烃泄漏遇火源爆炸", "火灾;其他爆炸", "LS", "L=3;S=5",
        "较大", "部门", "储运部", "周建国", "隐患排查", "2-2", "每班巡检法兰并测漏", "法兰、螺栓、测漏仪读数",
    ]  # fmt: skip
    return workbook.table(_TITLE[language], headings(language), [example], [16.0] * len(COLUMNS))
