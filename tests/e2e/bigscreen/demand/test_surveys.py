"""Two surveys of the demo plant: the earlier one has no tank farm. Switch and swipe change the drawn picture where they should."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.frame import to_lonlat
from playwright.sync_api import Browser, Page

from tests.e2e.bigscreen.demand import drawn
from tests.e2e.bigscreen.demand.drawn import BARE, HEIGHT, WIDTH, Picture, still_page
from tests.e2e.conftest import Plant

EARLIER = "[data-survey='oblique-2023']"


@pytest.fixture
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The big screen straight above the tank farm, north up."""
    with still_page(plant, browser) as made:
        dike = next(d.rect for d in layout.DIKES if d.code == "DK-1")
        lon, lat = to_lonlat(*dike.center)
        view = {"lon": lon, "lat": lat, "height": 190, "heading": 0, "pitch": -90}
        made.evaluate("view => __fly(view, { instant: true })", view)
        yield made


def picture(page: Page) -> Picture:
    """The model alone; afterwards the page has its panels again."""
    style = page.add_style_tag(content=BARE)
    shot = drawn.picture(page)
    style.evaluate("node => node.remove()")
    return shot


def changed(before: Picture, after: Picture, left: float, right: float) -> float:
    """Share of the pixels between two shares of the width, at the height of the tanks, that look otherwise."""
    part = (slice(HEIGHT // 3, HEIGHT * 2 // 3), slice(int(WIDTH * left), int(WIDTH * right)))
    return float((np.abs(before[part] - after[part]).max(axis=2) > 24).mean())


def press(page: Page, selector: str) -> None:
    page.locator(selector).dispatch_event("click")


def test_switch_and_swipe_show_the_difference(page: Page) -> None:
    """Compared, only what lies right of the handle is of the other survey, and it follows the handle; shown, all is."""
    today = picture(page)
    press(page, "[data-tool=model]")
    press(page, "[data-tool=surveys]")
    cards = page.locator("[data-survey]")
    cards.nth(1).wait_for(state="attached")
    assert "2023-04-18" in page.locator(EARLIER).inner_text()
    assert "0.08" in page.locator(EARLIER).inner_text()

    press(page, f"{EARLIER} button:nth-of-type(2)")
    handle = page.locator("[data-swipe]")
    handle.wait_for(state="attached")
    assert handle.get_attribute("aria-valuenow") == "50"
    half = picture(page)
    assert changed(today, half, 0.25, 0.48) < 0.05
    assert changed(today, half, 0.52, 0.75) > 0.25

    handle.focus()
    for _ in range(10):
        handle.press("ArrowLeft")
    assert handle.get_attribute("aria-valuenow") == "30"
    more = picture(page)
    assert changed(today, more, 0.2, 0.28) < 0.05
    assert changed(half, more, 0.32, 0.48) > 0.25, "the other survey where today's was"
    assert changed(half, more, 0.52, 0.75) < 0.05

    press(page, f"{EARLIER} button:nth-of-type(1)")
    handle.wait_for(state="detached")
    earlier = picture(page)
    assert changed(more, earlier, 0.32, 0.75) < 0.05
    assert changed(today, earlier, 0.25, 0.48) > 0.25
