"""The ledger: queries, statistics, illustrated report and workbook, a print whose codes prove it, and who is told."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.hazards.support import Crew, accept
from twin.signature import token


@pytest.mark.req("M4.4")
async def test_the_ledger_is_asked_counted_and_printed(crew: Crew, tmp_path: Path) -> None:
    manager = crew.people["manager"]
    first = await crew.to_accept()
    await crew.step("manager", first, "accept", accept())
    closed = await crew.step("leader", first, "accept", accept("同意销号"))
    again = await crew.report(title="同处再次渗漏")  # same zone, same class: a repeat
    other = await crew.report(title="灭火器过期", hazard_type=5, department="安全环保部", source=2)
    await crew.step("manager", other, "dismiss", {"reason": "未过期"})

    async def ask(**query: Any) -> list[str]:
        items = (await manager.get("/api/hazards", params=query)).json()["items"]
        return [item["code"] for item in items]

    assert await ask() == [other["code"], again["code"], closed["code"]]
    assert await ask(status="closed") == [closed["code"]] == await ask(status="closed", zone=closed["zone_code"])
    assert await ask(hazard_type=5) == [other["code"]] == await ask(q="灭火器") == await ask(department="安全环保部")
    page = (await manager.get("/api/hazards", params={"limit": 2})).json()
    assert await ask(before=page["next"]) == [closed["code"]]

    counts = (await manager.get("/api/hazards/statistics")).json()
    assert (counts["total"], counts["open"], counts["by_status"]) == (
        3,
        1,
        {"closed": 1, "reported": 1, "dismissed": 1},
    )
    assert counts["by_source"] == {"1": 2, "2": 1} and counts["by_type"] == {"7": 2, "5": 1}
    assert (counts["on_time_rate"], counts["closed_rate"], counts["repeat_rate"]) == (1.0, 0.5, 0.5)

    book = load_workbook(io.BytesIO((await manager.get("/api/hazards/export.xlsx")).content))
    sheet = book.active
    assert sheet is not None and sheet.max_row == 4
    assert len(sheet._images) == 2 + 1 + 1  # report and rectification, then one of each report
    report = (await manager.get("/api/hazards/report.pdf")).content
    assert report.startswith(b"%PDF")

    answer = await manager.get(f"/api/hazards/{closed['id']}/print.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    words = _text(answer.content)
    for part in (closed["code"], "球罐法兰渗漏", "垫片老化", "DH-1", "同意销号"):
        assert part in words
    tokens = token.find(answer.content.decode("latin-1"))
    assert len(tokens) == 2 and all((found := token.check(t)) and found.holds for t in tokens)


def _text(pdf: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range() for page in document).split())


@pytest.mark.req("M4.3")
async def test_who_is_told_is_a_rule_by_class_and_grade(crew: Crew) -> None:
    manager, leader = crew.people["manager"], crew.people["leader"]
    rules = [{"hazard_type": 5, "level": None, "role": "leader"}, {"hazard_type": None, "level": 1, "role": "manager"}]
    assert (await manager.put("/api/hazards/notices", json=rules)).status_code == 204
    assert (await manager.get("/api/hazards/notices")).json() == rules
    assert (await crew.people["employee"].put("/api/hazards/notices", json=[])).status_code == 403
    fire, plain = await crew.report(hazard_type=5), await crew.report(hazard_type=7)

    async def told(http: Any) -> set[str]:
        rows = (await http.get("/api/inbox", params={"limit": 100})).json()["items"]
        return {row["params"].get("number") for row in rows if row["kind"] == "hazard_reported"}

    assert fire["code"] in await told(leader) and fire["code"] not in await told(manager)
    assert plain["code"] not in await told(leader) | await told(manager)


async def test_numbers_are_given_out_once(crew: Crew) -> None:
    http = crew.people["employee"]
    made = await crew.report()
    body = {"number": made["code"], "title": "x", "lon": 117.778, "lat": 38.359, "photos": made["photos"]}
    assert (await http.post("/api/hazards", json=body)).status_code in (404, 409)
    wild = await http.post("/api/hazards", json={**body, "number": "YH-20200101-0009"})
    assert wild.json()["code"] == "hazard_number_taken"
    people = (await crew.people["manager"].get("/api/hazards/people")).json()
    assert {"manager", "employee"} <= {p["name"] for p in people}
    assert len((await http.get("/api/hazards/criteria")).json()["items"]) == 20
