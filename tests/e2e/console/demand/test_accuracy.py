"""The console's page of accuracy in a real browser: anchors, what installers may expect of a floor, radio maps."""

from __future__ import annotations

import json
from uuid import uuid4

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


def test_a_radio_map_is_refused_in_words_loaded_and_taken_away(plant: Plant, browser: Browser) -> None:
    code = f"E2E-{uuid4().hex[:6]}"
    receiver = {"mean_dbm": [-60.0] * 6, "spread_db": [3.0] * 6}
    given = {
        "format": "twin.ble-calibration.1",
        "origin": [0, 0],
        "cell": 1.0,
        "shape": [2, 3],
        "sensors": {code: receiver},
    }

    def file(content: object) -> list[dict[str, object]]:
        return [{"name": f"{code}.json", "mimeType": "application/json", "buffer": json.dumps(content).encode()}]

    with console_page(browser, plant, "admin", width=1440, height=860) as page:
        page.goto(f"{plant.url}/console/accuracy")
        page.click("[data-tab=maps]")
        page.set_input_files("[data-test=radio-file]", file({**given, "shape": [2, 4]}))
        expect(page.locator("[name=radio-code]")).to_have_value(code)
        page.click("[data-test=radio-load]")
        expect(page.locator("[data-test=radio-fault]")).to_be_visible()
        expect(page.get_by_text("各有 8 个数值")).to_be_visible()
        page.set_input_files("[data-test=radio-file]", file(given))
        page.click("[data-test=radio-load]")
        row = page.locator(f"[data-test=radio-map][data-code='{code}']")
        expect(row).to_contain_text("1 个不在厂内台账")
        row.locator("[data-test=radio-remove]").click()
        row.locator("[data-test=radio-remove]").click()
        expect(row).to_have_count(0)
