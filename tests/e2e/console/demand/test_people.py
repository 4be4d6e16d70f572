"""The console's registers in a real browser: people from Excel, vehicles with their units, calls with receipts, terminals, cameras."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from math import cos, radians, sin
from typing import Any
from uuid import uuid4

import pytest
from gis_assets.sites.demo.frame import ring, to_local, to_lonlat
from openpyxl import Workbook
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.e2e.conftest import Plant, console_page
from tests.e2e.console.crew import PLACE, Crew, crew_of
from twin import clock

expect.set_options(timeout=90_000)


@pytest.fixture(scope="module")
def crew(plant: Plant) -> Iterator[Crew]:
    """People of this file alone."""
    with crew_of(plant) as made:
        yield made


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, width=1440, height=860) as made:
        yield made


def _book(*rows: tuple[str, ...]) -> FilePayload:
    made, content = Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(content)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return {"name": "people.xlsx", "mimeType": kind, "buffer": content.getvalue()}


@pytest.mark.req("M11.3")
def test_people_come_from_excel_whole_or_not_at_all(page: Page, plant: Plant) -> None:
    mark = uuid4().hex[:6].upper()
    head = ("工号", "姓名", "性别", "人员类别", "部门", "联系电话")
    first, second = (f"X{mark}1", f"导入{mark}甲", "男", "员工", "", "13900000001"), (f"X{mark}2", f"导入{mark}乙")
    page.goto(f"{plant.url}/console/people?q={mark}")
    page.click("[data-test=import]")
    side = page.locator("[data-test=import-side]")
    side.locator("[data-test=file]").set_input_files(_book(head, first, (*second, "女", "老板", "", "")))
    side.locator("[data-test=preview]").click()
    expect(side.locator("[data-test=plan]")).to_contain_text("错误 1")
    expect(side.locator("tbody tr")).to_have_count(1)
    expect(side.locator("tbody tr")).to_contain_text("row 3: class")
    expect(side.locator("[data-test=apply]")).to_be_disabled()
    expect(page.locator("[data-test=none]")).to_be_visible()
    side.locator("[data-test=file]").set_input_files(_book(head, first, (*second, "女", "承包商", "", "")))
    side.locator("[data-test=preview]").click()
    expect(side.locator("[data-test=plan]")).to_contain_text("将新增 2")
    side.locator("[data-test=apply]").click()
    expect(side.locator("[data-test=plan]")).to_contain_text("已新增 2")
    expect(page.locator("[data-test=person]")).to_have_count(2)


@pytest.mark.req("M11.3")
def test_a_vehicle_is_entered_given_a_unit_and_seen_where_it_is(page: Page, plant: Plant, crew: Crew) -> None:
    plate, unit = f"冀J{crew.mark}", f"VU-{crew.mark}"
    plant.call("PUT", f"/api/people/terminals/{unit}", {"kind": "vehicle_unit"}, cookie=plant.token("manager"))
    page.goto(f"{plant.url}/console/vehicles")
    page.click("[data-test=new]")
    page.fill("aside [name=plate]", plate)
    page.fill("aside [name=driver]", "周师傅")
    page.locator("aside form button[type=submit]").click()
    expect(page.locator("aside h2")).to_have_text(plate)
    page.locator("aside").get_by_label("车载终端").fill(unit)
    page.get_by_role("button", name="发放").click()
    expect(page.get_by_role("button", name="收回")).to_be_visible()
    page.get_by_label("车牌、驾驶员、单位").fill(plate)
    row = page.locator("[data-test=vehicle]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(unit)
    crew.others.append(unit)
    try:
        expect(row).to_contain_text("km/h")
        name = plant.call("GET", f"/ogc/collections/zone/items?code={crew.zone}", cookie=plant.token("manager"))
        expect(row).to_contain_text(name["features"][0]["properties"]["name"])
    finally:
        crew.others.remove(unit)
        page.get_by_role("button", name="收回").click()
        expect(page.get_by_role("button", name="发放")).to_be_visible()


def test_a_call_to_a_zone_shows_who_was_told_and_whose_badge_is_to_vibrate(
    page: Page, plant: Plant, crew: Crew
) -> None:
    page.goto(f"{plant.url}/console/calls")
    page.select_option("[data-test=scope]", "zone")
    page.select_option("[data-test=target]", crew.zone)
    page.get_by_label("内容").fill(f"请到门口 {crew.mark}")
    page.click("[data-test=send]")
    receipts = page.locator("[data-test=receipts]")
    expect(receipts).to_contain_text(f"请到门口 {crew.mark}")
    for person in crew.people:
        expect(receipts.locator("[data-test=receipt]", has_text=person["name"])).to_contain_text("等待震动")
    expect(page.locator("[data-test=call]").first).to_contain_text(crew.mark)


def test_a_call_to_a_person_shows_when_it_was_read(page: Page, plant: Plant) -> None:
    reader = plant.token("employee")
    me = plant.call("GET", "/api/people/me", cookie=reader)
    page.goto(f"{plant.url}/console/calls")
    page.select_option("[data-test=scope]", "person")
    page.locator("[data-test=call-form]").get_by_label("姓名").fill(me["code"])
    page.locator("[data-test=call-form] select").nth(2).select_option(me["id"])
    page.click("[data-test=send]")
    receipt = page.locator("[data-test=receipt]", has_text=me["name"])
    expect(receipt).to_contain_text("已送达")
    plant.call("POST", "/api/inbox/mark", {"read": True}, cookie=reader)
    expect(receipt).to_contain_text(":")


@pytest.mark.req("S1")
def test_a_certificate_that_expires_is_flagged_until_it_is_renewed(page: Page, plant: Plant) -> None:
    code = f"E2E-T-{uuid4().hex[:6].upper()}"
    soon, later = ((clock.now() + timedelta(days=days)).date().isoformat() for days in (10, 800))
    body = {
        "kind": "badge",
        "ex_mark": "Ex ia IIC T4 Ga",
        "ex_certificate": "CNEx 24.1",
        "temp_limit_c": 80,
        "battery": 90,
    }
    plant.call("PUT", f"/api/people/terminals/{code}", {**body, "ex_expiry": soon}, cookie=plant.token("manager"))
    page.goto(f"{plant.url}/console/terminals")
    page.get_by_label("编号、持有人").fill(code)
    page.click("[data-flag=expiring]")
    row = page.locator("[data-test=terminal]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("防爆证将到期")
    row.click()
    page.locator("aside").get_by_label("防爆证有效期").fill(later)
    page.locator("aside form button[type=submit]").click()
    expect(row).to_have_count(0)
    page.click("[data-flag=expiring]")
    expect(row).to_have_attribute("data-flags", "")
    expect(row).to_contain_text(later)


def _watched(plant: Plant, cookie: str) -> tuple[float, float]:
    """A place (local metres) that a camera of the demo sees: some metres before one."""
    for camera in plant.call("GET", "/ogc/collections/camera/items?limit=500", cookie=cookie)["features"]:
        lon, lat = camera["geometry"]["coordinates"][:2]
        heading = radians(camera["properties"]["heading_deg"] or 0.0)
        x, y, _ = to_local(lon, lat)
        x, y = x + 15.0 * sin(heading), y + 15.0 * cos(heading)
        if _seeing(plant, cookie, x, y):
            return x, y
    raise AssertionError("no camera sees the ground before it")


def _seeing(plant: Plant, cookie: str, x: float, y: float) -> list[dict[str, Any]]:
    lon, lat = to_lonlat(x, y)
    site = plant.call("GET", "/api/config")["site"]
    query = f"lon={lon}&lat={lat}&h={site['center'][2] + 1.2}"
    found: list[dict[str, Any]] = plant.call("GET", f"/tiles3d/{site['code']}/cameras/seeing?{query}", cookie=cookie)
    return found


@pytest.mark.req("M10.5")
def test_person_and_fence_name_the_cameras_that_see_them(page: Page, plant: Plant, crew: Crew) -> None:
    cookie, code = plant.token("manager"), f"GC-{crew.mark}"
    x, y = crew.place = _watched(plant, cookie)
    try:
        page.goto(f"{plant.url}/console/people?person={crew.people[0]['id']}")
        nearest = _seeing(plant, cookie, x, y)[0]["name"]
        expect(page.locator("[data-test=person-side] [data-test=camera]").first).to_contain_text(nearest)
    finally:
        crew.place = PLACE
    corners = [(x - 6, y - 6), (x + 6, y - 6), (x + 6, y + 6), (x - 6, y + 6)]
    fence = plant.call(
        "POST",
        "/api/spatial/geofence",
        {
            "geometry": {"type": "Polygon", "coordinates": [ring(corners, 0.0)]},
            "properties": {"code": code, "name": f"围栏{code}", "kind": "count", "enabled": True},
        },
        cookie=cookie,
    )
    try:
        page.goto(f"{plant.url}/console/fences")
        page.locator(f"[data-test=fence][data-code='{code}']").click()
        expect(page.locator("[data-test=fence-side] [data-test=camera]").first).to_contain_text(nearest)
    finally:
        plant.call("DELETE", f"/api/spatial/geofence/{fence['id']}", cookie=cookie, headers={"If-Match": '"1"'})
