"""The handheld's risk map in a real browser: a zone's sheet says why, follows the engine, and stays readable without a network."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.conftest import PATIENCE, Plant

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


def open_zone(page: Page, plant: Plant) -> None:
    """As its QR code does."""
    page.goto(f"{plant.url}/m/zone/{ZONE}")
    page.wait_for_selector(f"{SHEET} [data-loaded='{ZONE}']")


@pytest.mark.req("M8.5", "C2")
def test_a_zone_says_whom_to_call_follows_a_decision_and_returns(context: BrowserContext, plant: Plant) -> None:
    page, cookie = context.new_page(), plant.token("manager")
    plant.login(page, "leader")
    open_zone(page, plant)
    page.wait_for_selector(f"{SHEET}[data-level='4']")
    assert page.locator("[data-test=responsible][href^='tel:']").count() >= 1
    assert page.locator("[data-test=strip] li").count() >= 1
    plant.call(
        "PUT", f"/api/zones/{ZONE}/override",
        {
            "level": 2, "reason": "e2e", "until": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "confirmation": {"password": plant.password("manager"), "strokes": [[[0.1, 0.2], [0.8, 0.7]]]},
        },
        cookie=cookie,
    )  # fmt: skip
    try:
        page.wait_for_selector(f"{SHEET}[data-level='2'] [data-test=by-person]", state="attached")
        page.click("[data-level-count='2']")
        page.wait_for_selector(f"[data-zone-row='{ZONE}']")
    finally:
        plant.call("DELETE", f"/api/zones/{ZONE}/override", cookie=cookie)
    page.wait_for_selector(f"{SHEET}[data-level='4']")


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
