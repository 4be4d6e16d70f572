"""Dual prevention in the console, on demand: code lists in versions, routes drawn on the plan, risks that no zone shows, a phone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from openpyxl import Workbook
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant, console_page

#: A day on which nobody looks at the demo any more: a version that begins then changes nothing now.
LATER = f"{datetime.now(UTC) + timedelta(days=3000):%Y-%m-%d}"
PASTE = """(input, text) => {
  const data = new DataTransfer()
  data.setData('text/plain', text)
  input.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
}"""


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, width=1920, height=1080) as made:
        made.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield made


def book(rows: list[list[Any]]) -> dict[str, Any]:
    """A workbook as a file that is chosen."""
    made, out = Workbook(), io.BytesIO()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    made.save(out)
    return {"name": "rows.xlsx", "mimeType": "application/octet-stream", "buffer": out.getvalue()}


@pytest.mark.req("M4.1")
def test_a_new_version_of_the_accident_types_from_a_copy_and_pasted_cells(page: Page, plant: Plant) -> None:
    name = f"GB 6441-2025 {uuid4().hex[:6]}"
    page.goto(f"{plant.url}/console/risks")
    page.click("[data-test=show-types]")
    page.click("[data-test=new-version]")
    rows = page.locator("[data-test=code-row]")
    count = rows.count()
    assert count >= 20, "a copy of what is in force"
    page.fill("[data-test=form-version] [name=version]", name)
    page.fill("[data-test=form-version] [name=effective_from]", LATER)
    page.click("[data-test=add-row]")
    rows.last.locator("[name=code]").evaluate(PASTE, "01\t重复\tTwice\n77\t新增类型\tNew type\n")
    expect(rows).to_have_count(count + 2)
    fault = page.locator("[data-test=code-row][data-fault=twice]")
    expect(fault).to_have_count(1)
    expect(fault.get_by_role("alert")).to_contain_text(f"第 {count + 1} 行：编号重复")
    expect(page.locator("[data-test=save-version]")).to_be_disabled()
    page.click("[data-test=show-types]")
    page.click("[data-test=show-types]")  # the form was closed: what was typed is there
    fault.locator("[name=code]").fill("76")
    page.click("[data-test=save-version]")
    expect(page.locator("[data-test=version]", has_text=name)).to_have_attribute("data-in-force", "false")
    expect(page.locator("[data-test=version-rows]")).to_contain_text("新增类型")
    found = plant.call("GET", "/api/risks/dictionaries", cookie=plant.token("manager"))
    made = next(d for d in found if d["version"] == name)
    assert made["items"][-2:] == [["76", "重复", "Twice"], ["77", "新增类型", "New type"]]


@pytest.mark.req("M4.3")
def test_new_criteria_from_a_workbook_and_the_servers_refusal_loses_nothing(page: Page, plant: Plant) -> None:
    name = f"AQ 3067-2026 {uuid4().hex[:6]}"
    page.goto(f"{plant.url}/console/hazards?view=criteria")
    taken = page.locator("[data-test=version] a").last.inner_text()
    page.click("[data-test=new-version]")
    rows = [["编号", "中文内容", "英文内容"], ["A-1", "第一条", "First"], ["A-2", "", "Second"]]
    page.set_input_files("[data-test=form-version] [name=file]", book(rows))
    expect(page.locator("[data-test=code-row]")).to_have_count(2)
    fault = page.locator("[data-test=code-row][data-fault=empty]")
    fault.locator("[name=zh]").fill("第二条")
    page.fill("[data-test=form-version] [name=version]", taken)
    page.fill("[data-test=form-version] [name=effective_from]", LATER)
    page.click("[data-test=save-version]")
    expect(page.locator("[data-test=code-lists] > [role=alert]")).to_contain_text("已被使用")
    expect(page.locator("[data-test=code-row]").last.locator("[name=zh]")).to_have_value("第二条")
    page.fill("[data-test=form-version] [name=version]", name)
    page.click("[data-test=save-version]")
    expect(page.locator("[data-test=version]", has_text=name)).to_be_visible()
    found = plant.call("GET", "/api/hazards/criteria/versions", cookie=plant.token("manager"))
    assert next(d for d in found if d["version"] == name)["items"] == [
        ["A-1", "第一条", "First"],
        ["A-2", "第二条", "Second"],
    ]


@pytest.mark.req("M4.2")
def test_a_route_is_pressed_dragged_and_put_at_equipment(page: Page, plant: Plant) -> None:
    mark, cookie = uuid4().hex[:8], plant.token("manager")
    page.goto(f"{plant.url}/console/inspections")
    page.click("[data-test=add-plan]")
    form = page.locator("[data-test=form-plan]")
    form.locator("[name=code]").fill(f"R-{mark}")
    form.locator("[name=name]").fill(f"路线 {mark}")
    form.locator("[name=who]").select_option("p:leader")
    form.locator("[name=active]").uncheck()
    plan = form.locator("[data-test=route-map] svg")
    plan.scroll_into_view_if_needed()
    box = plan.bounding_box()
    assert box
    middle = (box["width"] / 2, box["height"] / 2)
    plan.click(position={"x": middle[0] - 60, "y": middle[1]})
    plan.click(position={"x": middle[0] + 60, "y": middle[1]})
    points = form.locator("[data-test=point]")
    expect(points).to_have_count(2)
    before = points.nth(1).locator("[data-test=at]").inner_text()
    circle = form.locator("[data-test=mark]").nth(1).locator("circle").last.bounding_box()
    assert circle
    x, y = circle["x"] + circle["width"] / 2, circle["y"] + circle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 40, steps=4)
    page.mouse.up()
    expect(points).to_have_count(2)  # a drag is no press
    expect(points.nth(1).locator("[data-test=at]")).not_to_have_text(before)
    tank = plant.call("GET", "/ogc/collections/tank/items?limit=1", cookie=cookie)["features"][0]
    label = f"{tank['properties']['code']} {tank['properties']['name']}"
    expect(form.locator(f"#route-things option[value='{label}']")).to_have_count(1)
    at = points.nth(0).locator("[data-test=at-thing]")
    at.fill(label)
    at.press("Tab")
    for number in (0, 1):
        inputs = points.nth(number).locator("input")
        inputs.nth(1).fill(f"点 {number + 1}")
    form.locator("[type=submit]").click()
    side = page.locator("[data-test=plan-side]")
    expect(side).to_contain_text(f"路线 {mark}")
    made = page.url.split("/inspections/")[1].split("?")[0]
    row = plant.call("GET", f"/api/inspections/plans/{made}", cookie=cookie)
    ring = tank["geometry"]["coordinates"][0][:-1]
    for axis, name in ((0, "lon"), (1, "lat")):
        assert abs(row["route"][0][name] - sum(corner[axis] for corner in ring) / len(ring)) < 1e-6
    assert [p["tag"] for p in row["route"]] == [f"R-{mark}-P1", f"R-{mark}-P2"]
    assert row["route"][1]["lat"] < row["route"][0]["lat"] or row["route"][1]["lon"] != row["route"][0]["lon"]
    labels = page.request.get(f"{plant.url}{side.locator('[data-test=tags]').get_attribute('href')}")
    assert labels.ok and labels.body().startswith(b"%PDF")
    plant.call("DELETE", f"/api/inspections/plans/{made}?version={row['version']}", cookie=cookie)


@pytest.mark.req("M4.1")
def test_the_distribution_map_hides_no_unit(page: Page, plant: Plant) -> None:
    mark, cookie = uuid4().hex[:8], plant.token("manager")
    parent = plant.call("GET", "/api/risks/objects", cookie=cookie)[0]["id"]
    body = {"object_id": parent, "code": f"OFF-{mark}", "name": f"无区域 {mark}"}
    unit = plant.call("POST", "/api/risks/units", body, cookie=cookie)
    try:
        page.goto(f"{plant.url}/console/risks")
        page.click("[data-test=show-map]")
        expect(page.locator("[data-test=off-map]", has_text=mark)).to_be_visible()
        units = plant.call("GET", "/api/risks/units", cookie=cookie)
        level = min(u["level"] for u in units if u["level"] and "Z-11" in u["zone_codes"])
        expect(page.locator("[data-zone-code=Z-11]")).to_have_attribute("data-level", str(level))
        zones = plant.call("GET", "/ogc/collections/zone/items?limit=500", cookie=cookie)["features"]
        area = next(z["properties"]["parent_code"] for z in zones if z["properties"]["code"] == "Z-11")
        page.select_option("[name=workshop]", area)
        inside = {z["properties"]["code"] for z in zones if z["properties"]["parent_code"] == area}
        page.wait_for_function(
            "codes => [...document.querySelectorAll('[data-zone-code]')].every(e => codes.includes(e.dataset.zoneCode))",
            arg=[*inside, area],
        )
        expect(page.locator("[data-zone-code=Z-11]")).to_be_visible()
    finally:
        plant.call("DELETE", f"/api/risks/units/{unit['id']}?version={unit['version']}", cookie=cookie)


@pytest.mark.req("M4.3")
def test_an_alarm_becomes_a_hazard_by_its_button(page: Page, plant: Plant) -> None:
    cookie = plant.token("manager")
    alarms = plant.call("GET", "/api/alarms?limit=200", cookie=cookie)["items"]
    alarm = next(a for a in alarms if plant.call("GET", f"/api/hazards/from-alarm/{a['id']}", cookie=cookie) is None)
    page.goto(f"{plant.url}/console/alarms/{alarm['id']}")
    page.click("[data-test=make-hazard]")
    link = page.locator("[data-test=alarm-hazard] a")
    made = plant.call("GET", f"/api/hazards/from-alarm/{alarm['id']}", cookie=cookie) if link.inner_text() else None
    assert made and made["code"] == link.inner_text() and made["status"] == "reported"
    link.click()
    page.wait_for_url(f"**/hazards/{made['id']}*")
    expect(page.locator("main, .dual").first).to_contain_text(made["code"])
    plant.call("POST", f"/api/hazards/{made['id']}/dismiss", {"reason": "浏览器测试"}, cookie=cookie)


@pytest.mark.req("M4.1")
@pytest.mark.parametrize("path", ["risks?panel=drawings", "inspections?tab=rates"])
def test_what_lies_on_the_plan_fits_a_phone(plant: Plant, browser: Browser, path: str) -> None:
    cookie, out, drawing = plant.token("manager"), io.BytesIO(), None
    Image.new("RGB", (64, 48), (200, 120, 40)).save(out, "PNG")
    with console_page(browser, plant, width=390, height=844) as page:
        page.set_default_timeout(PATIENCE)
        page.goto(f"{plant.url}/console/{path.split('?panel')[0]}")
        if "drawings" in path:
            title = f"手机 {uuid4().hex[:6]}"
            page.click("[data-test=show-drawings]")
            page.fill("[name=drawing-title]", title)
            page.set_input_files(
                "[name=drawing-file]", {"name": "r.png", "mimeType": "image/png", "buffer": out.getvalue()}
            )
            plan = page.locator("[data-test=drawing-plan]")
            plan.scroll_into_view_if_needed()
            box = plan.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390
            for n, (x, y) in enumerate(((0, 0), (120, 0), (120, 90), (0, 90)), 1):
                plan.click(position={"x": box["width"] / 2 - 60 + x, "y": box["height"] / 2 - 45 + y})
                expect(page.locator("[data-test=corner]")).to_have_count(n)
            page.click("[data-test=lay-drawing]")
            expect(page.locator("[data-test=drawing]", has_text=title)).to_be_visible()
            drawing = next(d for d in plant.call("GET", "/api/risks/drawings", cookie=cookie) if d["title"] == title)
        else:
            plan = page.locator(".heat svg.plan, [data-test] svg.plan").first
            plan.scroll_into_view_if_needed()
            box = plan.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] > 200
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=f"/tmp/b/phone-{'drawing' if drawing else 'heat'}.png")
    if drawing:
        plant.call("DELETE", f"/api/risks/drawings/{drawing['id']}?version={drawing['version']}", cookie=cookie)
