"""The index in the browser: an axis opens an aspect, an indicator its rows, and comparisons that contradict are refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1600, "height": 900}, locale="zh-CN", timezone_id="Europe/Berlin")
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    yield made
    context.close()


@pytest.mark.req("M8.1", "S6")
def test_the_index_opens_to_its_rows_and_its_weights(page: Page, plant: Plant) -> None:
    patient = {"timeout": PATIENCE}
    plant.login(page, "manager")
    page.goto(f"{plant.url}/console/index")
    expect(page.locator("[data-test=index]")).to_be_visible(**patient)
    # What no module measures is said and gets no weight.
    energy = page.locator("tr[data-state=no_module]", has_text="能源管理")
    expect(energy).to_contain_text("无数据")
    page.click("[data-axis=hazards] text")
    page.click("[data-indicator=inspections_completion]")
    rows = page.locator("[data-test=rows][data-indicator=inspections_completion]")
    expect(rows.locator("[data-test=row]").first).to_be_visible(**patient)
    cells = [
        [float(c) for c in row.locator(".figure").all_inner_texts()] for row in rows.locator("[data-test=row]").all()
    ]
    share = 100 * sum(value * weight for value, weight in cells) / sum(weight for _, weight in cells)
    assert share == pytest.approx(float(rows.get_attribute("data-value") or "nan"), abs=0.1)
    assert "indicator=inspections_completion" in page.url

    # Comparisons that contradict one another: said at once, and not to be saved.
    page.goto(f"{plant.url}/console/index/model")
    ratio = page.locator("[data-test=ratio]")
    expect(ratio).to_have_attribute("data-accepted", "true", **patient)
    for cell, step in (("0-1", "9"), ("1-2", "9"), ("0-2", "-9")):
        page.select_option(f"[data-cell='{cell}']", step)
    expect(ratio).to_have_attribute("data-accepted", "false", **patient)
    expect(page.locator("[data-test=save-model]")).to_be_disabled()
