"""Persons, departments, badges in their hands, search by department, name and area, import."""

from __future__ import annotations

import io

import httpx
import pytest
from openpyxl import Workbook

from tests.conftest import Enterprise, SignIn
from tests.people.support import badge, give, person, place


async def found(http: httpx.AsyncClient, **params: object) -> list[str]:
    answer = await http.get("/api/people", params={k: str(v) for k, v in params.items()})
    assert answer.status_code == 200, answer.text
    return sorted(row["code"] for row in answer.json()["items"])


@pytest.mark.req("M10.3")
async def test_people_are_found_by_department_name_and_area_with_their_live_position(
    manager: httpx.AsyncClient, site: Enterprise
) -> None:
    for code, name, parent in (("Q1", "生产部", None), ("Q11", "甲班", "Q1"), ("Q2", "安全环保部", None)):
        made = await manager.put(f"/api/people/departments/{code}", json={"name": name, "parent_code": parent})
        assert made.status_code == 200, made.text
    one = await person(manager, "S1", name="赵一鸣", department="Q11", sex="male", duty="外操", phone="13800000001")
    two = await person(manager, "S2", name="钱多多", department="Q2", **{"class": "contractor"}, employer="宏业检修")
    await person(manager, "S3", name="孙小圣", **{"class": "visitor"})
    await badge(manager, "B-S1")
    assert (await give(manager, one["id"], "B-S1")).status_code == 200
    await place(site.id, one["id"], "Z-211")
    await place(site.id, two["id"], "Z-62")

    assert await found(manager, department="Q1") == ["S1"], "a department includes those below it"
    assert await found(manager, q="一鸣") == ["S1"] and await found(manager, q="宏业") == ["S2"]
    assert await found(manager, q="B-S1") == ["S1"] and await found(manager, q="%") == []
    assert await found(manager, zone="Z-21") == ["S1"], "an area includes the places in it"
    assert (
        await found(manager, zone="Z-00") == ["S1", "S2"] and await found(manager, zone="Z-21", department="Q2") == []
    )
    assert await found(manager, **{"class": "visitor"}) == ["S3"]
    card = (await manager.get(f"/api/people/{one['id']}")).json()
    assert (card["name"], card["sex"], card["class"], card["department_name"]) == ("赵一鸣", "male", "employee", "甲班")
    assert card["badge"] == "B-S1" and card["position"]["zone"] == "Z-211" and card["position"]["zone_name"]
    assert 0 <= card["position"]["age"] < 60 and card["position"]["t"]


async def test_pages_give_everybody_once_by_name(manager: httpx.AsyncClient) -> None:
    for n in range(5):
        await person(manager, f"PG{n}", name="同名", employer="分页公司")
    seen, after = [], None
    while True:
        params = {"q": "分页公司", "limit": "2"} | ({"after": after} if after else {})
        page = (await manager.get("/api/people", params=params)).json()
        seen += [row["code"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [f"PG{n}" for n in range(5)]
    assert (await manager.get("/api/people", params={"after": "nonsense"})).status_code == 422


async def test_posts_are_counted(manager: httpx.AsyncClient) -> None:
    for n, who in enumerate(("employee", "contractor", "visitor")):
        await person(manager, f"DU{n}", duty="吊装指挥", **{"class": who})
    rows = (await manager.get("/api/people/duties")).json()
    assert [row["people"] for row in rows if row["duty"] == "吊装指挥"] == [2]


async def test_one_person_one_badge(manager: httpx.AsyncClient) -> None:
    a, b = await person(manager, "BA"), await person(manager, "BB")
    await badge(manager, "B-1")
    await badge(manager, "B-2")
    assert (await give(manager, a["id"], "B-1")).json()["badge"] == "B-1"
    taken = await give(manager, b["id"], "B-1")
    assert taken.status_code == 409 and taken.json()["code"] == "badge_taken" and a["name"] in taken.json()["message"]
    second = await give(manager, a["id"], "B-2")
    assert second.status_code == 409 and second.json()["code"] == "has_badge"
    assert (await give(manager, b["id"], "nowhere")).json()["code"] == "badge_not_found"
    assert (await manager.delete(f"/api/people/{a['id']}/badge")).json()["badge"] is None
    assert (await manager.delete(f"/api/people/{a['id']}/badge")).json()["code"] == "no_badge"
    assert (await give(manager, b["id"], "B-1")).status_code == 200
    history = (await manager.get(f"/api/people/{a['id']}/badges")).json()
    assert [(row["badge"], row["until"] is not None) for row in history] == [("B-1", True)]
    carriers = (await manager.get("/api/people/terminals/B-1/carriers")).json()
    assert [(row["subject_name"], row["until"] is None) for row in carriers] == [(b["name"], True), (a["name"], False)]


async def test_a_person_changes_with_a_version_and_the_binding_follows(manager: httpx.AsyncClient) -> None:
    made = await person(manager, "CH")
    await badge(manager, "B-CH")
    await give(manager, made["id"], "B-CH")
    changed = await manager.patch(f"/api/people/{made['id']}", json={"version": 1, "name": "改名"})
    assert changed.status_code == 200 and changed.json()["version"] == 2
    stale = await manager.patch(f"/api/people/{made['id']}", json={"version": 1, "name": "又改"})
    assert stale.status_code == 409 and stale.json()["code"] == "conflict"
    carriers = (await manager.get("/api/people/terminals/B-CH/carriers")).json()
    assert carriers[0]["subject_name"] == "改名"
    again = await manager.post("/api/people", json={"code": "CH", "name": "别人", "class": "visitor"})
    assert again.status_code == 409 and again.json()["code"] == "person_code_taken"
    nowhere = await manager.post(
        "/api/people", json={"code": "CX", "name": "无门", "class": "visitor", "department": "X"}
    )
    assert nowhere.status_code == 422 and nowhere.json()["code"] == "department_unknown"


async def test_departments_form_no_loop(manager: httpx.AsyncClient) -> None:
    await manager.put("/api/people/departments/L1", json={"name": "上级"})
    await manager.put("/api/people/departments/L2", json={"name": "下级", "parent_code": "L1"})
    looped = await manager.put("/api/people/departments/L1", json={"name": "上级", "parent_code": "L2"})
    assert looped.status_code == 422 and looped.json()["code"] == "department_loop"


def book(*rows: tuple[object, ...]) -> bytes:
    made, out = Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(list(row))
    made.save(out)
    return out.getvalue()


async def send(http: httpx.AsyncClient, name: str, content: bytes, **params: str) -> httpx.Response:
    return await http.post("/api/people/import", files={"file": (name, content)}, params=params)


async def test_import_names_every_fault_and_writes_all_or_nothing(manager: httpx.AsyncClient) -> None:
    head = ("工号", "姓名", "性别", "人员类别", "部门", "联系电话")
    bad = book(
        head,
        ("I1", "甲", "男", "员工", "", 13900000001),
        ("", "乙", "男", "员工", "", ""),
        ("I3", "丙", "不详", "老板", "查无此部", ""),
        ("I1", "甲二", "女", "访客", "", ""),
    )
    answer = (await send(manager, "people.xlsx", bad)).json()
    assert [(e["row"], e["where"].split(": ")[1]) for e in answer["errors"]] == [
        (3, "code"), (4, "sex"), (4, "class"), (4, "department"), (5, "code"),
    ]  # fmt: skip
    assert await found(manager, q="I1") == []
    good = book(head, ("I1", "甲", "男", "员工", "", 13900000001), ("I2", "乙", "", "承包商", "", ""))
    dry = (await send(manager, "people.xlsx", good, dry="true")).json()
    assert (dry["created"], dry["errors"]) == (2, []) and await found(manager, q="I1") == []
    assert (await send(manager, "people.xlsx", good)).json()["created"] == 2
    (row,) = (await manager.get("/api/people", params={"q": "I1"})).json()["items"]
    assert (row["phone"], row["sex"], row["class"]) == ("13900000001", "male", "employee")
    csv = "code,name,class\nI1,甲甲,employee\nI2,乙,contractor\n".encode("gb18030")
    again = (await send(manager, "people.csv", csv)).json()
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 1)
    (row,) = (await manager.get("/api/people", params={"q": "I1"})).json()["items"]
    assert row["name"] == "甲甲" and row["phone"] == "13900000001", "a column that is not there changes nothing"
    broken = await send(manager, "people.xlsx", b"no workbook")
    assert broken.status_code == 422
    template = await manager.get("/api/people/import/template")
    assert template.status_code == 200 and template.content[:2] == b"PK"


async def test_rights(sign_in: SignIn, site: Enterprise) -> None:
    for role, status in (("employee", 403), ("visitor", 403), ("regulator", 403), ("control", 200), ("leader", 200)):
        http = await sign_in(role)
        assert (await http.get("/api/people")).status_code == status, role
        made = await http.post("/api/people", json={"code": f"R-{role}", "name": "x", "class": "visitor"})
        assert made.status_code == 403, role
