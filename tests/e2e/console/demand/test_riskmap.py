"""The console's zone desk, cards on paper and layouts of the big screens, as people use them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.bigscreen.demand.test_address import NO_WEBGL
from tests.e2e.conftest import PATIENCE, Plant, console_page
from tests.e2e.console.test_riskmap import sign

expect.set_options(timeout=PATIENCE)
#: A zone that no other test decides on.
ZONE = "Z-63"


def why(plant: Plant) -> dict[str, Any]:
    return dict(plant.call("GET", f"/api/zones/{ZONE}/why", cookie=plant.token("manager")))


@pytest.mark.req("M8.3")
def test_a_decision_at_the_zone_desk_comes_and_goes_on_the_map(browser: Browser, plant: Plant) -> None:
    """Level, reason and hours are signed; the zone has the colour at once, says who decided, and returns when that is taken back."""
    before = why(plant)["level"]
    with console_page(browser, plant) as page:
        page.set_default_timeout(PATIENCE)
        page.goto(f"{plant.url}/console/risk/zones")
        row, desk = page.locator(f"[data-zone={ZONE}].row"), page.locator("[data-test=zone-desk]")
        row.click()
        expect(desk).to_have_attribute("data-zone", ZONE)
        desk.locator("[data-test=level]").select_option("1")
        desk.locator("[name=reason]").fill("消防车库检修，门前禁停")
        sign(page, plant.password("manager"))
        try:
            expect(desk.locator("[data-test=in-force]")).to_contain_text("消防车库检修，门前禁停")
            expect(row).to_have_attribute("data-level", "1")
            (signed,) = [
                made
                for made in plant.call("GET", "/api/risk/overrides", cookie=plant.token("manager"))
                if made["zone"] == ZONE
            ]
            assert (signed["level"], signed["reason"]) == (1, "消防车库检修，门前禁停")
            assert why(plant)["override"]
            desk.locator("[data-test=in-force] button").click()
            expect(desk.locator("[data-test=in-force]")).to_have_count(0)
            expect(row).to_have_attribute("data-level", str(before))
        finally:
            if why(plant)["override"]:
                plant.call("DELETE", f"/api/zones/{ZONE}/override", cookie=plant.token("manager"))


@pytest.mark.req("M8.4")
def test_a_card_on_paper_has_its_lines_and_a_code_that_opens_it(browser: Browser, plant: Plant) -> None:
    """Written from the registers' draft; on paper nothing but the card, with a QR code that a phone could read."""
    with console_page(browser, plant) as page:
        page.set_default_timeout(PATIENCE)
        page.goto(f"{plant.url}/console/risk/cards")
        page.locator("[data-test=card-zone]").select_option(ZONE)
        page.locator("[data-test=card-kind]").select_option("knowledge")
        card = page.locator("[data-test=card]")
        expect(card).to_be_visible()
        if card.get_attribute("data-version") == "0":
            page.click("[data-test=card-begin]")
            expect(card.locator("[name=heading]")).to_have_count(4)
        card.locator("[name=title]").fill("消防机修区应知卡")
        lines = card.locator("textarea")
        for n in range(lines.count()):
            if n == 0 or not lines.nth(n).input_value():
                lines.nth(n).fill("起重作业下方禁止站人")
        page.click("[data-test=card-keep]")
        expect(card).not_to_have_attribute("data-version", "0")
        page.emulate_media(media="print")
        sheet = page.locator("[data-test=card-sheet]").first
        expect(sheet).to_be_visible()
        expect(sheet).to_contain_text("起重作业下方禁止站人")
        expect(page.locator("[data-test=card-keep]")).to_be_hidden()
        code = sheet.locator("[data-test=card-qr]")
        size = code.evaluate(
            "async image => { await image.decode(); return [image.naturalWidth, image.getBoundingClientRect().width] }"
        )
        assert size[0] > 0 and size[1] >= 90, "32 mm of paper are some 120 CSS pixels"


def _panels(page: Page, side: str) -> list[str | None]:
    found = page.locator(f"aside.{side} [data-panel]")
    return [found.nth(n).get_attribute("data-panel") for n in range(found.count())]


@pytest.mark.req("M8.2")
def test_the_big_screen_obeys_the_layout_that_an_administrator_edits(browser: Browser, plant: Plant) -> None:
    """One panel is moved to the other side, one is put away; the screen of that room follows without being touched."""
    cookie, path = plant.token("admin"), "/api/screens/gatehouse"
    before = plant.call("GET", path, cookie=cookie)
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(NO_WEBGL)
    wall = context.new_page()
    plant.login(wall)
    try:
        wall.goto(f"{plant.url}/screen/?view=2d&scene=gatehouse")
        expect(wall.locator("aside [data-panel=people]")).to_have_count(1)
        expect(wall.locator("aside [data-panel=index]")).to_have_count(1)
        with console_page(browser, plant, "admin") as page:
            page.set_default_timeout(PATIENCE)
            page.goto(f"{plant.url}/console/screens/gatehouse")
            page.locator("tr[data-panel=people] select").select_option("right")
            page.locator("tr[data-panel=index] [data-test=shown]").uncheck()
            page.click("[data-test=save]")
            expect(page.locator("[data-test=saved]")).to_be_visible()
        version = plant.call("GET", path, cookie=cookie)["version"]
        expect(wall.locator(".screen")).to_have_attribute("data-layout", str(version))
        expect(wall.locator("aside.right [data-panel=people]")).to_have_count(1)
        expect(wall.locator("aside [data-panel=index]")).to_have_count(0)
        assert "people" not in _panels(wall, "left")
    finally:
        context.close()
        now = plant.call("GET", path, cookie=cookie)
        body = {"version": now["version"], "panels": before["panels"], "carousel": before["carousel"]}
        plant.call("PUT", path, body, cookie=cookie)
