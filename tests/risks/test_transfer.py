"""Import by the Excel template with preview, and workbook and PDF with the same content."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from tests.conftest import SignIn
from tests.risks.support import event, make_unit, post
from tests.signature.support import scene

HEAD = ("分析对象编码", "分析对象", "单元编码", "分析单元", "所属区域", "风险事件", "评价方法", "评价因子", "管控层级",
        "责任部门", "责任人", "措施分类", "管控措施", "事故类型", "重大危险源编码")  # fmt: skip


def _row(n: int, **change: Any) -> list[Any]:
    cells = {
        "分析对象编码": f"IO-{n % 5}", "分析对象": f"对象{n % 5}", "单元编码": f"IU-{n % 20}", "分析单元": f"单元{n % 20}",
        "所属区域": "Z-53", "风险事件": f"事件{n}", "评价方法": "LS", "评价因子": f"L={n % 3 + 1};S=3", "管控层级": "",
        "责任部门": "储运部", "责任人": "周建国", "措施分类": "1-3", "管控措施": f"检查安全附件{n}", "事故类型": "火灾;中毒和窒息",
        "重大危险源编码": "110000001", **change,
    }  # fmt: skip
    return [cells[name] for name in HEAD]


def _book(rows: list[list[Any]], head: tuple[str, ...] = HEAD) -> bytes:
    book, out = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(list(head))
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


async def _send(http: httpx.AsyncClient, data: bytes, path: str = "import", **headers: str) -> httpx.Response:
    return await http.post(f"/api/risks/{path}", files={"file": ("risks.xlsx", data)}, headers=headers)


@pytest.mark.req("M4.1")
async def test_a_thousand_rows_come_in_and_come_out_the_same(manager: httpx.AsyncClient) -> None:
    data = _book([_row(n) for n in range(1000)])
    seen = (await _send(manager, data, "import/preview")).json()
    assert (seen["rows"], seen["applied"], seen["errors"]) == (1000, False, [])
    assert (await manager.get("/api/risks/statistics")).json()["total"] == 0
    done = (await _send(manager, data)).json()
    assert done["applied"] and done["created"] == {"object": 5, "unit": 20, "event": 1000, "measure": 1000}
    again = (await _send(manager, data)).json()
    assert again["created"] == {"object": 0, "unit": 0, "event": 0, "measure": 0} and again["unchanged"] == 1025
    counts = (await manager.get("/api/risks/statistics")).json()
    assert counts["total"] == 1000 and counts["by_level"]["3"] == 333  # L=3, S=3
    zone = (await manager.get("/ogc/collections/zone/items", params={"filter": "code = 'Z-53'"})).json()
    assert zone["features"][0]["properties"]["static_risk"] == 3

    book = load_workbook(io.BytesIO((await manager.get("/api/risks/export.xlsx")).content))
    rows = [[c or "" for c in row] for row in book.active.iter_rows(values_only=True)]  # type: ignore[union-attr]
    head = rows[0]
    assert len(rows) == 1001 and head[0] == "分析对象编码"
    at = {name: head.index(name) for name in head}
    assert {row[at["事故类型"]] for row in rows[1:]} == {"火灾;中毒和窒息"}
    assert {row[at["风险等级"]] for row in rows[1:]} == {"一般", "低"}
    # What was exported can be imported and changes nothing.
    same = (await _send(manager, (await manager.get("/api/risks/export.xlsx")).content, "import/preview")).json()
    assert same["errors"] == [] and same["unchanged"] == 1025 and sum(same["created"].values()) == 0


@pytest.mark.req("M4.1")
async def test_the_pdf_has_what_the_workbook_has(manager: httpx.AsyncClient) -> None:
    await _send(manager, _book([_row(n, 责任人="张三") for n in range(2000, 2012)]))
    query = {"owner": "张三"}
    answer = await manager.get("/api/risks/export.pdf", params=query)
    assert answer.headers["content-type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    words = _words(answer.content)
    book = load_workbook(io.BytesIO((await manager.get("/api/risks/export.xlsx", params=query)).content))
    rows = list(book.active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert len(rows) == 13
    for row in rows:
        for cell in row:
            assert not cell or "".join(str(cell).split()) in words, cell


def _words(pdf: bytes) -> str:
    """All text of a PDF without blanks, as an independent reader (pdfium) finds it."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    text = "".join(page.get_textpage().get_text_range() for page in document)
    return "".join(text.split())


@pytest.mark.req("M4.1")
async def test_every_fault_has_its_row_and_nothing_comes_in(manager: httpx.AsyncClient) -> None:
    rows = [
        _row(3000),
        _row(3001, 评价因子="L=9;S=3"),
        _row(3002, 所属区域="Z-nowhere"),
        _row(3003, 评价因子="L=3;S=3", 管控层级="班组"),
        _row(3004, 风险事件=""),
        _row(3005, 事故类型="妖怪"),
        _row(3006, 措施分类="9-9"),
        _row(3007, 评价方法="XYZ"),
        _row(3008, 评价因子="三乘五"),
        _row(3010, 分析单元="另一个名字"),
    ]
    before = (await manager.get("/api/risks/statistics")).json()["total"]
    report = (await _send(manager, _book([*rows, _row(3030)]))).json()
    assert report["applied"] is False
    assert [fault["where"].split()[0] for fault in report["errors"]] == ["3", "4", "5", "6", "7", "8", "9", "10", "12"]
    assert "管控层级" in report["errors"][2]["where"] and "至少为 3 级" in report["errors"][2]["message"]
    assert (await manager.get("/api/risks/statistics")).json()["total"] == before
    english = (await _send(manager, _book(rows), "import/preview", **{"Accept-Language": "en"})).json()
    assert "Zones" in english["errors"][1]["where"] and "no zone" in english["errors"][1]["message"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no archive", _book([], ("甲", "乙")), b"%PDF-1.7"])
async def test_other_files_are_refused(manager: httpx.AsyncClient, data: bytes) -> None:
    answer = await _send(manager, data)
    assert answer.status_code == 422, answer.text
    assert (await manager.get("/api/risks/template")).status_code == 200


async def test_the_template_itself_can_be_imported(manager: httpx.AsyncClient) -> None:
    template = (await manager.get("/api/risks/template")).content
    report = (await _send(manager, template, "import/preview")).json()
    assert report["errors"] == [] and report["created"]["event"] == 1


async def test_a_formula_in_a_cell_stays_text(manager: httpx.AsyncClient) -> None:
    await post(manager, "/api/risks/events", event(await make_unit(manager, "U-formula"), owner="=1+1"))
    book = load_workbook(io.BytesIO((await manager.get("/api/risks/export.xlsx", params={"owner": "=1+1"})).content))
    cells = [c for row in book.active.iter_rows(min_row=2) for c in row]  # type: ignore[union-attr]
    assert any(c.value == "=1+1" for c in cells) and all(c.data_type != "f" for c in cells)


@pytest.mark.req("M4.1")
async def test_a_drawing_lies_on_the_map(manager: httpx.AsyncClient, sign_in: SignIn) -> None:
    picture = (await manager.post("/api/files", params={"name": "四色图.png"}, content=scene(77, "PNG"))).json()
    corners = [[117.77, 38.36], [117.78, 38.36], [117.78, 38.35], [117.77, 38.35]]
    body = {"title": "储运车间风险分布图", "zone_code": "Z-53", "attachment_id": picture["id"], "corners": corners}
    made = (await manager.post("/api/risks/drawings", json=body)).json()
    reader = await sign_in("employee")
    (shown,) = (await reader.get("/api/risks/drawings")).json()
    assert shown["corners"] == corners and shown["id"] == made["id"]
    assert (await reader.get(f"/api/files/{shown['attachment_id']}/content")).status_code == 200
    gone = await manager.delete(f"/api/risks/drawings/{made['id']}", params={"version": 1})
    assert gone.status_code == 204 and (await reader.get("/api/risks/drawings")).json() == []
    wrong = await manager.post("/api/risks/drawings", json={**body, "corners": corners[:3]})
    assert wrong.status_code == 422
