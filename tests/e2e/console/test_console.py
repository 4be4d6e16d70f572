"""The console in a real browser: signing in, drawing and changing zones, history, conflicts, import and export."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    context = browser.new_context(viewport={"width": 1440, "height": 860}, locale="zh-CN", timezone_id="Asia/Shanghai")
    made = context.new_page()
    made.set_default_timeout(60_000)
    yield made
    context.close()


@pytest.fixture(scope="module")
def cookie(plant: Plant) -> str:
    return plant.token("manager")


def open_editor(page: Page, plant: Plant, path: str = "zone") -> None:
    plant.login(page, "manager")
    page.goto(f"{plant.url}/console/editor/{path}")
    page.wait_for_function("window.__editor && window.__editor.idle()")


def zone(plant: Plant, cookie: str, code: str) -> dict[str, Any] | None:
    found = plant.call("GET", f"/ogc/collections/zone/items?code={code}", cookie=cookie)["features"]
    return found[0] if found else None


def test_sign_in_says_what_is_wrong_and_leads_on(page: Page, plant: Plant) -> None:
    page.goto(f"{plant.url}/console/editor/zone")
    page.fill("input[name=username]", "manager")
    page.fill("input[name=password]", "wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码")
    page.fill("input[name=password]", plant.password("manager"))
    page.keyboard.press("Enter")
    page.wait_for_function("window.__editor && window.__editor.idle()")
    expect(page.locator(".list li")).not_to_have_count(0)


def test_a_zone_is_changed_kept_in_history_and_restored(page: Page, plant: Plant, cookie: str) -> None:
    before = zone(plant, cookie, "Z-62")
    assert before is not None
    open_editor(page, plant, f"zone/{before['id']}")
    page.fill("input[name=owner]", "王测试")
    page.click("[data-test=save]")
    expect(page.get_by_text(f"已保存，版本 {before['properties']['version'] + 1}")).to_be_visible()
    after = zone(plant, cookie, "Z-62")
    assert after is not None and after["properties"]["owner"] == "王测试"
    page.get_by_role("tab", name="历史").click()
    entries = page.locator("[data-test=history-entry]")
    expect(entries.first).to_contain_text("改动：责任人")
    entries.nth(1).get_by_role("button", name="恢复到此版本").click()
    page.get_by_role("dialog").get_by_role("button", name="确定").click()
    expect(page.locator("[data-test=history-entry]")).to_have_count(before["properties"]["version"] + 2)
    restored = zone(plant, cookie, "Z-62")
    assert restored is not None and restored["properties"]["owner"] == before["properties"]["owner"]


def test_somebody_elses_change_is_a_conflict_that_loses_nothing(page: Page, plant: Plant, cookie: str) -> None:
    before = zone(plant, cookie, "Z-61")
    assert before is not None
    mine = f"我的修改{before['properties']['version']}"
    open_editor(page, plant, f"zone/{before['id']}")
    page.fill("input[name=owner]", mine)
    plant.call(
        "PATCH", f"/api/spatial/zone/{before['id']}", {"properties": {"hazards": "他人修改"}, "version": before["properties"]["version"]},
        cookie=cookie,
    )  # fmt: skip
    page.click("[data-test=save]")
    expect(page.locator("[data-test=conflict]")).to_be_visible()
    assert page.input_value("input[name=owner]") == mine
    page.click("[data-test=save]")
    expect(page.locator("[data-test=conflict]")).to_have_count(0)
    after = zone(plant, cookie, "Z-61")
    assert after is not None
    assert (after["properties"]["owner"], after["properties"]["hazards"]) == (mine, "他人修改")


def fit(page: Page) -> None:
    """The whole site into view; the map has become narrower beside the form."""
    page.get_by_role("button", name="全图").click()
    page.wait_for_function("window.__editor.idle()", polling=300)


def click_at(page: Page, lon: float, lat: float, *, double: bool = False) -> None:
    at = page.evaluate("at => { const p = window.__editor.project(at); return [p.x, p.y] }", [lon, lat])
    box = page.locator("[data-test=map]").bounding_box()
    assert box is not None
    x, y = box["x"] + at[0], box["y"] + at[1]
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y)
    (page.mouse.dblclick if double else page.mouse.click)(x, y)


def test_a_new_zone_is_drawn_undone_redone_saved_and_deleted(page: Page, plant: Plant, cookie: str) -> None:
    open_editor(page, plant)
    page.click("[data-test=snap]")  # free drawing
    page.click("[data-test=create]")
    fit(page)
    west, south, east, north = plant.call("GET", "/api/config")["site"]["bounds"]
    lon, lat, step = west + 0.45 * (east - west), south + 0.48 * (north - south), 0.0006
    corners = [(lon, lat), (lon + step, lat), (lon + step, lat + step), (lon, lat + step)]
    for corner in corners:
        click_at(page, *corner)
    click_at(page, *corners[0])
    expect(page.locator(".bench p").first).to_contain_text("4 个顶点")
    page.click("[data-test=undo]")
    expect(page.locator(".bench p").first).to_be_empty()
    page.click("[data-test=redo]")
    expect(page.locator(".bench p").first).to_contain_text("4 个顶点")
    page.fill("input[name=code]", "E2E-01")
    page.fill("input[name=name]", "测试区域")
    page.click("[data-test=save]")
    expect(page.get_by_text("已保存，版本 1")).to_be_visible()
    made = zone(plant, cookie, "E2E-01")
    assert made is not None and len(made["geometry"]["coordinates"][0]) == 5
    drawn = {(round(p[0], 4), round(p[1], 4)) for p in made["geometry"]["coordinates"][0]}
    assert drawn == {(round(x, 4), round(y, 4)) for x, y in corners}
    page.click("[data-test=remove]")
    page.get_by_role("dialog").get_by_role("button", name="确定").click()
    expect(page.get_by_text("已删除“测试区域”")).to_be_visible()
    assert zone(plant, cookie, "E2E-01") is None


def test_a_shape_outside_the_site_is_refused_with_its_vertex(page: Page, plant: Plant, cookie: str) -> None:
    open_editor(page, plant, "assembly_point")
    page.click("[data-test=create]")
    fit(page)
    west, south, _, north = plant.call("GET", "/api/config")["site"]["bounds"]
    click_at(page, west - 0.0002, (south + north) / 2)
    expect(page.locator(".bench p").first).to_contain_text("1 个顶点")
    page.fill("input[name=code]", "E2E-02")
    page.fill("input[name=name]", "厂外集合点")
    page.click("[data-test=save]")
    expect(page.locator("[data-test=fault]")).to_contain_text("厂区边界之外")
    assert page.input_value("input[name=name]") == "厂外集合点"  # nothing typed is lost
    page.get_by_role("button", name="取消").click()


def test_import_previews_refuses_whole_and_then_applies(page: Page, plant: Plant, cookie: str, tmp_path: Path) -> None:
    sample = zone(plant, cookie, "Z-62")
    assert sample is not None
    shape = {"type": "Point", "coordinates": sample["geometry"]["coordinates"][0][0][:2]}

    def point(code: str, capacity: Any) -> dict[str, Any]:
        return {
            "type": "Feature",
            "geometry": shape,
            "properties": {"code": code, "name": f"点{code}", "capacity": capacity},
        }

    good, bad = tmp_path / "good.geojson", tmp_path / "bad.geojson"
    good.write_text(json.dumps({"type": "FeatureCollection", "features": [point("E2E-P1", 50)]}))
    bad.write_text(json.dumps({"type": "FeatureCollection", "features": [point("E2E-P2", 10), point("E2E-P3", -5)]}))
    plant.login(page, "manager")
    page.goto(f"{plant.url}/console/transfer")
    page.locator("[data-test=layer]").click()
    page.get_by_role("option", name="集合点").click()
    page.set_input_files("[data-test=file]", bad)
    page.click("[data-test=preview]")
    expect(page.locator("[data-test=plan]")).to_contain_text("没有写入任何数据")
    expect(page.locator("[data-test=apply]")).to_be_disabled()
    page.set_input_files("[data-test=file]", good)
    page.click("[data-test=preview]")
    expect(page.locator("[data-test=plan]")).to_contain_text("新增 1")
    page.click("[data-test=apply]")
    expect(page.locator("[data-test=done]")).to_contain_text("新增 1")
    codes = {
        f["properties"]["code"]
        for f in plant.call("GET", "/ogc/collections/assembly_point/items", cookie=cookie)["features"]
    }
    assert "E2E-P1" in codes and not codes & {"E2E-P2", "E2E-P3"}


def test_english_is_complete(page: Page, plant: Plant) -> None:
    plant.login(page, "manager")
    page.goto(f"{plant.url}/console/transfer")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Import and export")).to_be_visible()
    text = page.inner_text("nav") + page.inner_text("main")
    assert not [c for c in text if "一" <= c <= "鿿"]
    page.get_by_role("button", name="中文").click()
