"""Replay of tracks in the console."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Plant, console_page

expect.set_options(timeout=60_000)


@pytest.mark.req("M10.4")
def test_where_somebody_was_is_replayed(browser: Browser, plant: Plant) -> None:
    people = plant.call("GET", "/api/people?badge=true&limit=500", cookie=plant.token("leader"))["items"]
    person = next(p for p in people if p["position"] and p["position"]["floor"])
    with console_page(browser, plant, "leader", 1440, 860) as page:
        page.goto(f"{plant.url}/console/people?person={person['id']}")
        page.click("[data-test=to-tracks]")
        line = page.locator("[data-test=line]")
        expect(line).to_have_attribute("data-points", re.compile(r"^[1-9]"))
        expect(page.locator("[data-test=track-dot]")).to_have_count(1)
        before = page.get_attribute("[data-test=at]", "data-at")
        page.click("[data-speed='64']")
        page.click("[data-test=play]")
        page.wait_for_function(f"Number(document.querySelector('[data-test=at]').dataset.at) > {before}")
        page.click("[data-test=play]")
        # What is shown stands in the address, and in the export.
        page.select_option("select[name=zone]", person["position"]["zone"])
        page.wait_for_url("**zone=*")
        expect(line).to_have_attribute("data-points", re.compile(r"^[1-9]"))
        answer = page.request.get(plant.url + (page.get_attribute("[data-export=csv]", "href") or ""))
        assert answer.status == 200 and answer.text().count("\n") > 2
