"""The console's register of chemicals and its major hazards in a real browser: refusals lose nothing, figures open to their rows."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page

PATIENT = {"timeout": 60_000}


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, width=1600, height=900) as made:
        yield made


@pytest.mark.req("M1.7")
def test_a_chemical_is_entered_and_its_unit_opens_to_rows_and_formula(page: Page, plant: Plant) -> None:
    mark = uuid4().hex[:8]
    name = f"化学品 {mark}"
    cookie = plant.token("manager")
    page.goto(f"{plant.url}/console/chemicals/new")
    form = page.locator("[data-test=form-chemical]")
    form.locator("[name=name]").fill(name)
    form.locator("[name=cas]").fill("not a number")
    form.locator("[data-test=save]").click()
    expect(form.get_by_role("alert")).to_contain_text("CAS", **PATIENT)
    form.locator("[name=cas]").fill("7664-41-7")
    form.locator("[name=category]").select_option("J3")
    form.locator("[name=own_q]").fill("5")
    expect(form.locator("[data-test=follows]")).to_have_attribute("data-q", "5")
    expect(form.locator("[data-test=follows]")).to_have_attribute("data-beta", "2")
    form.locator("[data-test=save]").click()  # refused by the server (422), in the reader's language
    expect(form.get_by_role("alert")).to_contain_text("须写明依据", **PATIENT)
    expect(form.locator("[name=name]")).to_have_value(name)
    form.locator("[name=basis]").fill("专家论证")
    form.locator("[data-test=save]").click()
    side = page.locator("[data-test=chemical-side]")
    expect(side.locator("[data-test=q]")).to_contain_text("企业自定", **PATIENT)
    expect(side.locator("[data-test=beta]")).to_contain_text("J3")
    chemical = page.url.split("?")[0].rsplit("/", 1)[1]

    row = page.locator(f"[data-test=chemical][data-name='{name}']")
    page.goto(f"{plant.url}/console/chemicals?q={mark}&role=product")
    expect(page.locator("[data-test=empty]")).to_be_visible(**PATIENT)
    page.locator("[name=role]").select_option("raw")
    row.locator("a").click()

    side.locator("[data-test=edit]").click()
    form.locator("[name=oel]").fill("20 mg/m3")
    stored = plant.call("GET", f"/api/chemicals/{chemical}", cookie=cookie)
    taken_away = ("id", "updated_at", "q", "q_from", "beta", "beta_from")
    other = {key: value for key, value in stored.items() if key not in taken_away} | {"density": 0.6}
    plant.call("PUT", f"/api/chemicals/{chemical}", other, cookie=cookie)
    form.locator("[data-test=save]").click()
    expect(form.locator("[data-test=conflict]")).to_be_visible(**PATIENT)
    expect(form.locator("[name=oel]")).to_have_value("20 mg/m3")
    form.locator("[data-test=save-mine]").click()
    expect(side).to_contain_text("20 mg/m3", **PATIENT)

    line = {"chemical_id": chemical, "place": "东格", "design_t": 12, "current_t": 3}
    body = {"name": f"库 {mark}", "kind": "warehouse", "zone_code": "Z-52", "residents": 29, "lines": [line]}
    unit = plant.call("POST", "/api/major-hazards", body, cookie=cookie)
    try:
        page.goto(f"{plant.url}/console/major-hazards")
        listed = page.locator(f"[data-test=unit][data-name='库 {mark}']")
        # 12 t of Q 5 and beta 2: S = 2.4, R = 4.8, level 4; 3 t as it stands: S = 0.6, none
        expect(listed).to_have_attribute("data-level", "4", **PATIENT)
        expect(listed).to_have_attribute("data-now", "none")
        listed.locator("a").click()
        expect(page.locator("[data-test=formula-design]")).to_contain_text("1 × (2×12/5) = 4.8", **PATIENT)
        expect(page.locator("[data-test=formula-now]")).to_contain_text("3/5 = 0.6")
        expect(page.locator("[data-test=major-row]")).to_contain_text("专家论证")
        result = page.locator("[data-test=major-result]")
        expect(result).to_have_attribute("data-cause", "unit", **PATIENT)
        result.locator("[data-test=open-result]").click()
        expect(page.locator("[data-test=of-then]")).to_be_visible()

        page.locator("[data-test=major-row] a").click()  # the row leads to the chemical; a unit holds it
        side.locator("[data-test=remove]").click()
        side.locator("[data-test=remove-sure]").click()
        expect(side.locator("[data-test=refused]")).to_contain_text(name, **PATIENT)
    finally:
        plant.call("DELETE", f"/api/major-hazards/{unit['id']}?version={unit['version']}", cookie=cookie)
    side.locator("[data-test=remove]").click()
    side.locator("[data-test=remove-sure]").click()
    expect(side).to_have_count(0, **PATIENT)
    expect(row).to_have_count(0)
