"""The console's people and fences in a real browser, with a crew of their own: search and live card, counts at a fence, badges."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gis_assets.sites.demo.frame import ring
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Plant, console_page
from tests.e2e.console.crew import PLACE, Crew, crew_of, degrees

expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def crew(plant: Plant) -> Iterator[Crew]:
    """People of this file alone."""
    with crew_of(plant) as made:
        yield made


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """A manager's console."""
    with console_page(browser, plant, width=1440, height=860) as made:
        yield made


@pytest.mark.req("M10.3")
def test_a_person_is_found_by_department_area_and_name_and_the_card_is_live(
    page: Page, plant: Plant, crew: Crew
) -> None:
    person = crew.people[0]
    page.goto(f"{plant.url}/console/people")
    page.fill("input[name=search]", person["name"])
    row = page.locator(f"[data-test=person][data-id='{person['id']}']")
    expect(row).to_have_attribute("data-zone", crew.zone)
    page.select_option("[data-test=department]", crew.department)
    page.select_option("[data-test=zone]", crew.zone)
    expect(page.locator("[data-test=person]")).to_have_count(1)
    row.click()
    side = page.locator("[data-test=person-side]")
    for said in (person["name"], person["code"], "承包商", "女"):
        expect(side).to_contain_text(said)
    expect(side.locator("[data-test=position]")).to_contain_text(degrees(crew.place)[:7])
    crew.place = (PLACE[0] + 6.0, PLACE[1])
    before = side.locator("[data-test=position]").inner_text()
    expect(side.locator("[data-test=position]")).not_to_have_text(before)
    page.reload()  # the address says who is shown, and how was searched
    expect(side).to_contain_text(person["name"])
    expect(page.locator("input[name=search]")).to_have_value(person["name"])


@pytest.mark.req("M10.2")
def test_a_fence_counts_live_and_an_edited_limit_is_judged_at_once(page: Page, plant: Plant, crew: Crew) -> None:
    x, y = PLACE
    corners = [(x - 16, y - 8), (x + 16, y - 8), (x + 16, y + 8), (x - 16, y + 8)]
    cookie, code = plant.token("manager"), f"GF-{crew.mark}"
    fence = plant.call(
        "POST",
        "/api/spatial/geofence",
        {
            "geometry": {"type": "Polygon", "coordinates": [ring(corners, 0.0)]},
            "properties": {
                "code": code, "name": f"围栏{crew.mark}", "kind": "over_count", "limit_count": 2, "grade": 4, "enabled": True,
                "classes": "contractor", "allowed": f'{{"persons": ["{crew.people[0]["code"]}"]}}',
            },
        },
        cookie=cookie,
    )  # fmt: skip
    try:
        page.goto(f"{plant.url}/console/fences")
        row = page.locator(f"[data-test=fence][data-code='{code}']")
        expect(row.locator("[data-test=inside]")).to_have_text("2")
        expect(row).to_have_attribute("data-alarms", "")
        row.click()
        side = page.locator("[data-test=fence-side]")
        side.locator("[name=limit_count]").fill("1")
        side.locator("[data-test=save-rules]").click()
        expect(side.locator("[data-test=saved]")).to_be_visible()
        expect(row).to_have_attribute("data-alarms", "over_count")
        side.locator("[name=limit_count]").fill("2")
        side.locator("[data-test=save-rules]").click()
        expect(row).to_have_attribute("data-alarms", "")
    finally:
        now = plant.call("GET", f"/ogc/collections/geofence/items/{fence['id']}", cookie=cookie)["properties"][
            "version"
        ]
        plant.call("DELETE", f"/api/spatial/geofence/{fence['id']}", cookie=cookie, headers={"If-Match": f'"{now}"'})


def test_a_badge_is_issued_from_the_card_and_never_to_two(page: Page, plant: Plant, crew: Crew) -> None:
    name = f"新工{crew.mark}"
    page.goto(f"{plant.url}/console/people?q={name}")
    page.click("[data-test=new]")
    side = page.locator("[data-test=person-side]")
    side.locator("[name=code]").fill(f"{crew.mark}-NEW")
    side.locator("[name=name]").fill(name)
    side.locator("[data-test=save]").click()
    expect(side.locator("h2").first).to_have_text(name)
    side.locator("[name=badge]").fill(crew.badge(0))
    side.locator("[data-test=issue]").click()
    expect(side.locator("[data-test=fault]")).to_contain_text(crew.badge(0))
    side.locator("[name=badge]").fill(crew.badge(2))
    side.locator("[data-test=issue]").click()
    expect(side.locator("[data-test=held]")).to_contain_text(crew.badge(2))
    expect(page.locator("[data-test=person]", has_text=name)).to_contain_text(crew.badge(2))
    side.locator("[data-test=take-back]").click()
    expect(side.locator("[name=badge]")).to_be_visible()
    expect(side.locator("[data-test=badges] tr")).to_have_count(1)
