"""Hazards on the big screen's plan (2D): every open one is a sign, what is overdue stands first and is marked, and a press leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.bigscreen.test_bigscreen import new_context, wait
from tests.e2e.conftest import PATIENCE, Plant

DRAWN = "() => [...(__twin.view.live.motions.layers.get('hazard')?.things.keys() ?? [])].sort()"


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The plan, for whoever may read hazards."""
    context = new_context(browser)
    made = context.new_page()
    plant.login(made, "manager")
    made.goto(f"{plant.url}/screen/?view=2d")
    wait(made, "window.__twin && __twin.ready && document.querySelector('[data-panel-hazards][data-open]')")
    yield made
    context.close()


@pytest.mark.req("M4.4")
def test_open_hazards_are_signs_and_the_overdue_one_comes_first(page: Page, plant: Plant) -> None:
    cookie = plant.token("manager")
    rows = plant.call("GET", "/api/hazards?limit=500", cookie=cookie)["items"]
    opened = sorted(row["id"] for row in rows if row["status"] not in ("closed", "dismissed"))
    overdue = [row for row in rows if row["overdue"]]
    assert opened and overdue, "the demo has open hazards and one that is late"
    wait(page, f"ids => JSON.stringify(({DRAWN})()) === JSON.stringify(ids)", opened)
    panel = page.locator("[data-panel-hazards]")
    expect(panel.locator("a[href$='overdue=true'] b")).to_have_text(str(len(overdue)), timeout=PATIENCE)
    first = panel.locator("[data-hazard]").first
    expect(first).to_have_attribute("data-overdue", "true")
    name = first.locator(".name").inner_text()
    late = next(row for row in overdue if row["name"] == name)
    first.click()
    detail = panel.locator(f"a[href='/console/hazards/{late['id']}']")
    expect(detail).to_be_visible(timeout=PATIENCE)
