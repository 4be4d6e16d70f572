"""The big screen's address names the person that is chosen: a link that is sent opens the same card, and the camera follows again."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant

expect.set_options(timeout=90_000)
#: The plan without any graphics processor: drawing in software what the test does not look at takes a minute.
NO_WEBGL = """
const getContext = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith('webgl') ? null : getContext.call(this, kind, ...more)
}
"""


def _somebody(plant: Plant) -> dict[str, Any]:
    """A person whom the plant has located; a fresh one has nobody in the first seconds."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        found = plant.call("GET", "/api/people?badge=true&limit=500", cookie=plant.token("control"))["items"]
        if located := [person for person in found if person["position"]]:
            return located[0]
        time.sleep(0.5)
    raise AssertionError("nobody was located")


def _opens(page: Page, person: dict[str, Any]) -> None:
    card = page.locator("[data-person-card]")
    expect(card).to_have_attribute("data-subject", person["id"])
    expect(card).to_contain_text(person["name"])


@pytest.mark.req("M10.3")
def test_a_link_opens_the_same_person_and_following_survives_a_reload(plant: Plant, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="zh-CN")
    try:
        context.add_init_script(NO_WEBGL)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        plant.login(page)
        person = _somebody(plant)
        page.goto(f"{plant.url}/screen/?view=2d#sel=people:{person['id']}")
        _opens(page, person)
        page.click("[data-person-card] [data-test=follow]")
        expect(page).to_have_url(re.compile(f"sel=people:{person['id']}&follow=1"))
        page.reload()
        _opens(page, person)
        expect(page.locator("[data-person-card] [data-test=follow]")).to_contain_text("跟随中")
        page.click("[data-person-close]")
        expect(page).not_to_have_url(re.compile("sel=|follow="))
    finally:
        context.close()
