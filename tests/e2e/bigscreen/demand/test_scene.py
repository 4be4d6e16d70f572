"""The big screen where something is missing: a site without a model, and no site at all."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, Route

from tests.e2e.bigscreen.test_bigscreen import READY, ZONE, new_context, patch_below_label, redness, wait
from tests.e2e.conftest import Plant


def test_without_a_model_zones_are_painted_on_the_ground(plant: Plant, browser: Browser) -> None:
    context = new_context(browser)
    try:
        page = context.new_page()
        page.route("**/tiles3d", lambda route: route.fulfill(json=[]))
        plant.login(page)
        page.goto(f"{plant.url}/screen/")
        wait(page, "() => window.__twin && __twin.ready && __twin.zones > 0")
        page.evaluate("code => __twin.flyTo('zone', code)", ZONE)
        before = page.evaluate("__twin.frames")
        wait(page, "n => __twin.frames > n + 2", before)
        assert redness(patch_below_label(page, ZONE)) < -15, "the zone is not painted blue"
    finally:
        context.close()


def test_says_what_to_do_without_a_site_and_shows_it_when_it_comes(plant: Plant, browser: Browser) -> None:
    context = new_context(browser)
    try:
        page = context.new_page()

        def empty(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, body=json.dumps({**answer.json(), "site": None}))

        page.route("**/api/config", empty)
        plant.login(page)
        page.goto(f"{plant.url}/screen/?view=2d")
        page.wait_for_selector("[data-no-site]")
        page.unroute("**/api/config")
        wait(page, READY)
    finally:
        context.close()
