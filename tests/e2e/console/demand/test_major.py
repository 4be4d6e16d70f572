"""Major-hazard units and chemicals in the console, on demand: a unit is entered with its level live, a table comes in whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant, console_page
from tests.e2e.console.demand.test_dual import book


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, width=1920, height=1080) as made:
        made.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield made


@pytest.mark.req("M1.7")
def test_a_unit_is_entered_with_its_level_live_and_a_refusal_loses_nothing(page: Page, plant: Plant) -> None:
    mark, cookie = uuid4().hex[:8], plant.token("manager")
    body = {"name": f"溶剂 {mark}", "roles": ["raw"], "own_q": 100, "own_beta": 1, "basis": "论证", "density": 0.5}
    solvent = plant.call("POST", "/api/chemicals", body, cookie=cookie)
    tank = next(
        f["properties"]
        for f in plant.call("GET", "/ogc/collections/tank/items?limit=100", cookie=cookie)["features"]
        if f["properties"]["volume_m3"]
    )
    taken = plant.call("GET", "/api/major-hazards", cookie=cookie)[0]["name"]
    page.goto(f"{plant.url}/console/major-hazards")
    page.click("[data-test=add-unit]")
    form = page.locator("[data-test=form-unit]")
    live = form.locator("[data-test=unit-preview]")
    form.locator("[name=name]").fill(taken)
    form.locator("[name=zone_code]").select_option("Z-11")
    form.locator("[name=residents]").fill("12")
    form.locator("[data-test=add-tank]").click()
    line = form.locator("[data-test=line]").nth(0)
    line.locator("[name=chemical_id]").select_option(solvent["id"])
    line.locator("[name=tank_code]").select_option(tank["code"])
    line.locator("[name=filling]").fill("0.8")
    share = tank["volume_m3"] * 0.8 * 0.5 / 100
    expect(live).to_have_attribute("data-s", str(round(share, 4)).removesuffix(".0"))
    form.locator("[data-test=add-goods]").click()
    goods = form.locator("[data-test=line]").nth(1)
    goods.locator("[name=chemical_id]").select_option(solvent["id"])
    expect(live.get_by_role("status")).to_contain_text("1 行未填完整")
    goods.locator("[name=design_t]").fill("1000")  # ten times Q
    expect(live).to_have_attribute("data-s", str(round(share + 10, 4)).removesuffix(".0"))
    form.locator("[data-test=save-unit]").click()
    expect(form.locator("[data-test=general]")).to_contain_text("已被使用")
    expect(goods.locator("[name=design_t]")).to_have_value("1000")
    form.locator("[name=name]").fill(f"单元 {mark}")
    form.locator("[data-test=save-unit]").click()
    expect(page.locator("[data-test=formula-design]")).to_contain_text("S = Σ q/Q")
    unit = page.url.rsplit("/", 1)[1].split("?")[0]
    found = plant.call("GET", f"/api/major-hazards/{unit}", cookie=cookie)
    assert abs(found["result"]["design"]["s"] - share - 10) < 1e-6
    page.click("[data-test=edit-unit]")
    form.locator("[name=residents]").fill("60")
    form.locator("[data-test=save-unit]").click()
    expect(page.locator("[data-test=formula-design]")).to_contain_text("1.5 ×")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("[data-test=remove-unit]")
    expect(page.locator(f"[data-test=unit][data-name='单元 {mark}']")).to_have_count(0)
    plant.call("DELETE", f"/api/chemicals/{solvent['id']}", cookie=cookie)


@pytest.mark.req("M1.7")
def test_a_table_of_chemicals_is_checked_and_comes_in(page: Page, plant: Plant) -> None:
    mark, cookie = uuid4().hex[:8], plant.token("manager")
    head = ["名称", "用途", "自定临界量 Q（t）", "自定校正系数 β", "依据"]
    page.goto(f"{plant.url}/console/chemicals")
    page.click("[data-test=show-import]")
    panel = page.locator("[data-test=chemical-import]")
    panel.locator("[name=file]").set_input_files(book([head, [f"甲 {mark}", "原料", 5, 1, ""]]))
    panel.locator("[data-test=check]").click()
    expect(panel.locator("[data-test=row-fault]")).to_contain_text("须写明依据")
    expect(panel.locator("[data-test=apply]")).to_be_disabled()
    panel.locator("[name=file]").set_input_files(book([head, [f"甲 {mark}", "原料；产品", 5, 1, "论证"]]))
    panel.locator("[data-test=check]").click()
    expect(panel.locator("[data-test=report]")).to_contain_text("新增 1")
    assert plant.call("GET", f"/api/chemicals?q={mark}", cookie=cookie)["items"] == []
    panel.locator("[data-test=apply]").click()
    expect(page.locator(f"[data-test=chemical][data-name='甲 {mark}']")).to_be_visible()
    (row,) = plant.call("GET", f"/api/chemicals?q={mark}", cookie=cookie)["items"]
    assert (row["roles"], row["q"]) == (["raw", "product"], 5)
    plant.call("DELETE", f"/api/chemicals/{row['id']}", cookie=cookie)
