"""The console's measuring points in a real browser: the live list, its filters, and the trend of one point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant

expect.set_options(timeout=60_000)
ROW = "[data-test=point]"


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console, on a computer that does not stand in the plant's time zone."""
    context = browser.new_context(viewport={"width": 1440, "height": 860}, locale="zh-CN", timezone_id="Europe/Berlin")
    made = context.new_page()
    made.set_default_timeout(60_000)
    yield made
    context.close()


def inside(zones: list[dict[str, Any]], code: str) -> set[str]:
    """The codes of a zone and of all that lie in it."""
    found = {code}
    while True:
        more = {z["properties"]["code"] for z in zones if z["properties"]["parent_code"] in found} - found
        if not more:
            return found
        found |= more


@pytest.mark.req("M9.5")
def test_points_are_listed_live_filtered_by_zone_and_opened_to_their_trend(page: Page, plant: Plant) -> None:
    cookie = plant.token("manager")
    devices = plant.call("GET", "/ogc/collections/device/items?limit=1000", cookie=cookie)["features"]
    zones = plant.call("GET", "/ogc/collections/zone/items?limit=1000", cookie=cookie)["features"]
    plant.login(page, "manager")
    page.goto(f"{plant.url}/console/points")
    expect(page.locator("[data-test=counts]")).to_contain_text(f"共 {len(devices)} 个")
    expect(page.locator(ROW)).to_have_count(min(50, len(devices)))
    expect(page.locator(f"{ROW}[data-quality=good]")).not_to_have_count(0)

    code = next(d["properties"]["zone_code"] for d in devices if d["properties"]["zone_code"])
    within = inside(zones, code)
    expected = {d["properties"]["tag"] for d in devices if d["properties"]["zone_code"] in within}
    page.select_option("[data-test=zone]", code)
    expect(page.locator("[data-test=counts]")).to_contain_text(f"共 {len(expected)} 个")
    expect(page.locator(ROW)).to_have_count(min(50, len(expected)))
    shown = {str(row.get_attribute("data-tag")) for row in page.locator(ROW).all()}
    assert shown <= expected and f"zone={code}" in page.url

    row = page.locator(f"{ROW}[data-quality=good]").first
    tag = str(row.get_attribute("data-tag"))
    row.click()
    expect(page.locator("[data-test=trend] h2")).to_contain_text(tag)
    page.click("[data-test=period-1h]")
    page.wait_for_function("Number(document.querySelector('[data-test=chart]')?.dataset.drawn) > 0", polling=300)
    of = next(d["properties"] for d in devices if d["properties"]["tag"] == tag)
    letters = [k.upper() for k in ("ll", "l", "h", "hh") if of[f"limit_{k}"] is not None]
    assert page.locator("[data-test=chart]").get_attribute("data-limits") == " ".join(letters)

    page.reload()  # the address alone brings filter, point and period back
    expect(page.locator("[data-test=trend] h2")).to_contain_text(tag)
    expect(page.locator("[data-test=period-1h]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-test=counts]")).to_contain_text(f"共 {len(expected)} 个")


def test_the_page_is_english_throughout_and_says_what_it_lacks(page: Page, plant: Plant) -> None:
    plant.login(page, "manager")
    page.goto(f"{plant.url}/console/points?q=no-such-point")
    expect(page.locator("[data-test=state]")).to_contain_text("没有符合条件的监测点")
    page.get_by_role("button", name="English").click()
    expect(page.locator("[data-test=state]")).to_contain_text("No measuring point meets these conditions")
    assert not [c for c in page.inner_text("main") if "一" <= c <= "鿿"]
    page.get_by_role("button", name="中文").click()
