"""The handheld's risk map in a real browser: zones in their live colours, a tap opens a zone, its sheet follows the engine and stays readable
without a network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import PATIENCE, Plant

expect.set_options(timeout=PATIENCE)

#: A zone of lowest risk that no other test uses.
ZONE = "Z-62"
SHEET = f"[data-test=zone-sheet][data-zone='{ZONE}']"


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A phone."""
    made = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", timezone_id="Asia/Shanghai")
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


#: Of the marks on the map: red, orange, yellow, blue.
COLOURS = {1: "#e5372e", 2: "#f58a1f", 3: "#f2d023", 4: "#2f80f0"}


def open_zone(page: Page, plant: Plant) -> None:
    """As its QR code does."""
    page.goto(f"{plant.url}/m/zone/{ZONE}")
    page.wait_for_selector(f"{SHEET} [data-loaded='{ZONE}']")


def decide(plant: Plant, cookie: str, level: int) -> None:
    """A person gives the zone a level."""
    body = {
        "level": level, "reason": "e2e", "until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
        "confirmation": {"password": plant.password("manager"), "strokes": [[[0.1, 0.2], [0.8, 0.7]]]},
    }  # fmt: skip
    plant.call("PUT", f"/api/zones/{ZONE}/override", body, cookie=cookie)


@pytest.mark.req("M8.5", "C2")
def test_zones_have_their_live_colours_and_a_tap_says_why_and_whom_to_call(
    context: BrowserContext, plant: Plant
) -> None:
    page, cookie = context.new_page(), plant.token("manager")
    plant.login(page, "leader")
    whole: dict[str, Any] = plant.call("GET", f"/api/zones/{ZONE}", cookie=cookie)
    open_zone(page, plant)
    page.wait_for_selector(f"{SHEET}[data-level='4']")
    page.wait_for_selector(".map[data-ready=true]")
    mark = page.locator(".zone-mark", has_text=whole["name"])
    expect(mark.locator("path")).to_have_attribute("fill", COLOURS[4])
    assert page.locator("[data-test=responsible][href^='tel:']").count() >= 1
    assert page.locator("[data-test=strip] li").count() >= 1
    decide(plant, cookie, 2)
    try:
        page.wait_for_selector(f"{SHEET}[data-level='2'] [data-test=by-person]", state="attached")
        expect(mark.locator("path")).to_have_attribute("fill", COLOURS[2])
        page.click("[data-level-count='2']")
        page.click(f"[data-zone-row='{ZONE}']")
    finally:
        plant.call("DELETE", f"/api/zones/{ZONE}/override", cookie=cookie)
    page.wait_for_selector(f"{SHEET}[data-level='4']")
    expect(mark.locator("path")).to_have_attribute("fill", COLOURS[4])
    page.click("[data-test=zone-close]")
    page.wait_for_selector(SHEET, state="detached")
    box = mark.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector(SHEET)


@pytest.mark.req("C2")
def test_without_a_network_the_kept_state_is_shown_and_said(context: BrowserContext, plant: Plant) -> None:
    page = context.new_page()
    plant.login(page, "leader")
    open_zone(page, plant)
    page.wait_for_function("() => navigator.serviceWorker.controller !== null", polling=200)
    page.reload()  # now through the service worker, which keeps what it sees
    page.wait_for_selector(f"{SHEET} [data-loaded='{ZONE}']")
    context.set_offline(True)
    page.reload()
    page.wait_for_selector(f"{SHEET} [data-test=kept]")
    assert page.locator("[data-test=responsible]").count() >= 1
