"""The console's people in a real browser: somebody is found by department and area, and their card says where they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    context = browser.new_context(viewport={"width": 1440, "height": 860}, locale="zh-CN")
    made = context.new_page()
    made.set_default_timeout(60_000)
    plant.login(made, "manager")
    yield made
    context.close()


@pytest.mark.req("M10.3")
def test_a_person_is_found_by_department_and_area(page: Page, plant: Plant) -> None:
    people = plant.call("GET", "/api/people?badge=true&limit=500", cookie=plant.token("manager"))["items"]
    # those inside a building stay in its zone while one looks
    person = next(p for p in people if p["position"] and p["position"]["floor"] and p["department"])
    page.goto(f"{plant.url}/console/people")
    page.select_option("[data-test=department]", person["department"])
    page.select_option("[data-test=zone]", person["position"]["zone"])
    page.fill("input[name=search]", person["name"])
    row = page.locator(f"[data-test=person][data-id='{person['id']}']")
    expect(row).to_contain_text(person["position"]["zone_name"])
    row.click()
    side = page.locator("[data-test=person-side]")
    expect(side).to_contain_text(person["code"])
    expect(side.locator("[data-test=area]")).to_contain_text(person["position"]["zone_name"])
    assert f"department={person['department']}" in page.url


def test_accuracy_and_the_map_for_installers_are_shown(page: Page, plant: Plant) -> None:
    page.goto(f"{plant.url}/console/accuracy")
    page.click("[data-tab=anchors]")
    expect(page.locator("[data-test=anchor]")).not_to_have_count(0)
    page.click("[data-tab=plan]")
    expect(page.locator("[data-test=plan]")).to_be_visible()
    expect(page.locator("[data-test=plan-within]")).to_contain_text("%")
