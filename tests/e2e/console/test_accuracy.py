"""The console's page of accuracy in a real browser: anchors, and what installers may expect of a floor."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Plant, console_page

expect.set_options(timeout=60_000)


def test_accuracy_and_the_map_for_installers_are_shown(plant: Plant, browser: Browser) -> None:
    with console_page(browser, plant, width=1440, height=860) as page:
        page.goto(f"{plant.url}/console/accuracy")
        page.click("[data-tab=anchors]")
        expect(page.locator("[data-test=anchor]")).not_to_have_count(0)
        page.click("[data-tab=plan]")
        expect(page.locator("[data-test=plan]")).to_be_visible()
        expect(page.locator("[data-test=plan-within]")).to_contain_text("%")
