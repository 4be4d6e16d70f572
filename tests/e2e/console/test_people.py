"""The console's people in a real browser: somebody is found by department and area, and their card says where they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import PATIENCE, Plant

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


def _located(plant: Plant) -> list[dict[str, Any]]:
    """People with a department who are inside a building: they stay in its zone while one looks. A fresh plant has
    nobody in the first seconds."""
    deadline = time.monotonic() + PATIENCE / 1000
    while True:
        people = plant.call("GET", "/api/people?badge=true&limit=500", cookie=plant.token("manager"))["items"]
        found = [p for p in people if p["department"] and (p["position"] or {}).get("floor")]
        if found:
            return found
        assert time.monotonic() < deadline, "nobody was located"
        time.sleep(0.5)


def _search(page: Page, plant: Plant, person: dict[str, Any]) -> None:
    zone = person["position"]["zone_name"]
    page.goto(f"{plant.url}/console/people")
    page.select_option("[data-test=department]", person["department"])
    page.select_option("[data-test=zone]", person["position"]["zone"])
    page.fill("input[name=search]", person["name"])
    row = page.locator(f"[data-test=person][data-id='{person['id']}']")
    expect(row).to_contain_text(zone)
    row.click()
    side = page.locator("[data-test=person-side]")
    expect(side).to_contain_text(person["code"])
    expect(side.locator("[data-test=area]")).to_contain_text(zone)


@pytest.mark.req("M10.3")
def test_a_person_is_found_by_department_and_area(page: Page, plant: Plant) -> None:
    person = _located(plant)[0]
    try:
        _search(page, plant, person)
    except AssertionError:  # whoever walked off in these seconds is rightly not in that area any more
        person = _located(plant)[-1]
        _search(page, plant, person)
    assert f"department={person['department']}" in page.url


def test_accuracy_and_the_map_for_installers_are_shown(page: Page, plant: Plant) -> None:
    page.goto(f"{plant.url}/console/accuracy")
    page.click("[data-tab=anchors]")
    expect(page.locator("[data-test=anchor]")).not_to_have_count(0)
    page.click("[data-tab=plan]")
    expect(page.locator("[data-test=plan]")).to_be_visible()
    expect(page.locator("[data-test=plan-within]")).to_contain_text("%")
