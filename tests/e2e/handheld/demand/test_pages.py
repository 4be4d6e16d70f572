"""Pages of the handheld's risk map on a phone: open alarms near me, the early-warning index, risk cards of posts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant

expect.set_options(timeout=PATIENCE)
ZONE = "Z-21"
POST = "装置外操"


@pytest.fixture
def page(browser: Browser, plant: Plant) -> Iterator[Page]:
    """A phone of a process operator."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.set_default_timeout(PATIENCE)
    made = context.new_page()
    plant.login(made, "employee")
    yield made
    context.close()


def fits(page: Page) -> bool:
    """Whether nothing is wider than the phone."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.req("M8.1")
def test_the_index_opens_to_what_each_indicator_costs(page: Page, plant: Plant) -> None:
    now = plant.call("GET", "/api/index", cookie=plant.token("employee"))
    page.goto(f"{plant.url}/m/index")
    expect(page.locator("[data-test=index]")).to_have_attribute("data-level", re.compile("^[1-4]$"))
    expect(page.locator("[data-test=index-value]")).to_have_text(re.compile(r"^\d+(\.\d)?$"))
    expect(page.locator("[data-aspect]")).to_have_count(len(now["aspects"]))
    aspect = page.locator("[data-aspect=hazards]")
    aspect.locator("button").click()
    hazards = next(a for a in now["aspects"] if a["key"] == "hazards")
    expect(aspect.locator("[data-indicator]")).to_have_count(len(hazards["indicators"]))
    assert fits(page)


@pytest.mark.req("M8.4")
def test_ones_own_posts_card_comes_first_and_opens(page: Page, plant: Plant) -> None:
    cookie, path = plant.token("manager"), f"/api/zones/{ZONE}/cards/post?post={quote(POST)}"
    cards = plant.call("GET", f"/api/zones/{ZONE}", cookie=cookie)["cards"]
    version = next((c["version"] for c in cards if (c["kind"], c["post"]) == ("post", POST)), 0)
    line = f"开阀前确认流程 {uuid4().hex[:6]}"
    body = {"title": "岗位风险卡", "sections": [{"heading": "控制措施", "lines": [line]}], "version": version}
    plant.call("PUT", path, body, cookie=cookie)
    page.goto(f"{plant.url}/m/cards")
    row = page.locator(f"[data-card='{ZONE}/{POST}']").first
    expect(row).to_be_visible()
    expect(page.locator("[data-test=post-cards] h2").first).to_contain_text(POST)
    row.click()
    expect(page.locator("[data-test=post-card]")).to_contain_text(line)
    assert fits(page)


@pytest.mark.req("M8.5")
def test_open_alarms_are_sorted_by_their_distance_from_the_phone(page: Page, plant: Plant) -> None:
    """The phone knows where it is: the nearest comes first, those without a place last; a tap opens the alarm's zone."""
    site = plant.call("GET", "/api/config")["site"]
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": site["center"][0], "latitude": site["center"][1], "accuracy": 3})
    page.goto(f"{plant.url}/m/alarms")
    near = page.locator("[data-test=near]")
    expect(near).to_have_attribute("data-from", "phone")
    expect(near.locator("[data-alarm]").first).to_be_visible()  # the demo begins with badges that are not fit for use
    far = near.locator("[data-alarm]").evaluate_all("rows => rows.map(r => Number(r.dataset.metres ?? Infinity))")
    assert far == sorted(far)
    assert fits(page)
    row = near.locator("a[data-alarm]").first
    if row.count():
        row.click()
        expect(page.locator("[data-test=zone-sheet]")).to_be_visible()
