"""The big screen's address names the person that is chosen: a link that is sent opens the same card, and the camera follows again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from gis_assets.sites.demo.frame import ring, to_lonlat
from PIL import Image
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


#: Puts the densest cell of the heat map into the middle of the picture.
HOTTEST = """() => {
  const { cells, size, box } = __twin.view.live.heat
  const at = cells.indexOf(255) < 0 ? cells.indexOf(Math.max(...cells)) : cells.indexOf(255)
  const cell = (box.maxX - box.minX) / size
  __twin.view.put(box.minX + ((at % size) + 0.5) * cell, box.minY + (Math.floor(at / size) + 0.5) * cell, 6)
}"""
#: Two frames are drawn: the picture shows what was switched.
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def _pixels(page: Page, *places: tuple[float, float] | None) -> list[tuple[int, ...]]:
    """Colours of the picture at places (local metres), or in its middle."""
    page.evaluate(SETTLED)
    spots = []
    for place in places:
        lonlat = place and to_lonlat(*place)
        spots.append(
            page.evaluate(
                """at => {
                  if (!at) return [innerWidth / 2, innerHeight / 2]
                  const { view } = __twin
                  return view.toPixel(...view.frame.toLocal(at[0], at[1], view.frame.height).slice(0, 2))
                }""",
                lonlat,
            )
        )
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    return [picture.getpixel((int(spot[0]), int(spot[1]))) for spot in spots]  # type: ignore[misc]


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


@contextmanager
def _screen(plant: Plant, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="zh-CN")
    try:
        context.add_init_script(NO_WEBGL)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        plant.login(page)
        yield page
    finally:
        context.close()


@pytest.mark.req("M10.3")
def test_a_link_to_somebody_without_a_position_opens_a_card_that_says_so(plant: Plant, browser: Browser) -> None:
    mark = uuid4().hex[:6].upper()
    given = {"code": f"L-{mark}", "name": f"未定位{mark}", "class": "visitor"}
    person = plant.call("POST", "/api/people", given, cookie=plant.token("manager"))
    with _screen(plant, browser) as page:
        page.goto(f"{plant.url}/screen/?view=2d#sel=people:{person['id']}")
        _opens(page, person)
        card = page.locator("[data-person-card]")
        expect(card.locator("[data-unplaced]")).to_have_text("没有已知位置")
        expect(card.locator("[data-test=follow]")).to_have_count(0)


def test_a_fence_is_drawn_without_its_hole_and_people_as_heat(plant: Plant, browser: Browser) -> None:
    """Pixels of the picture: a fence colours its own ground and not that of its hole; the heat map colours where most people are."""
    x, y = 110.0, 165.0
    cookie, code = plant.token("manager"), f"GH-{uuid4().hex[:6]}"
    outer, hole = ([(x + dx * r, y + dy * r) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))] for r in (30.0, 15.0))
    body = {
        "geometry": {"type": "Polygon", "coordinates": [ring(outer, 0.0), ring(hole[::-1], 0.0)]},
        "properties": {"code": code, "name": f"环形{code}", "kind": "count", "enabled": True},
    }
    with _screen(plant, browser) as page:
        page.goto(f"{plant.url}/screen/?view=2d#layers=zone,geofence")
        page.wait_for_function("() => window.__twin?.ready && __twin.zones > 0", polling=200)
        page.evaluate("at => __twin.view.put(...__twin.view.frame.toLocal(...at, 4).slice(0, 2), 5)", to_lonlat(x, y))
        page.wait_for_function("() => __twin.view.model.layer('geofence').size > 0", polling=200)
        middle, side = _pixels(page, (x, y), (x + 22.0, y))
        fence = plant.call("POST", "/api/spatial/geofence", body, cookie=cookie)
        try:
            page.wait_for_function("code => __twin.screenOf('geofence', code)", arg=code, polling=200)
            now, ground = _pixels(page, (x, y), (x + 22.0, y))
            assert now == middle and ground != side
        finally:
            plant.call("DELETE", f"/api/spatial/geofence/{fence['id']}", cookie=cookie, headers={"If-Match": '"1"'})
        page.wait_for_function("() => __twin.view.live.motions.layers.get('people')?.things.size > 50", polling=200)
        page.click(".tree .head")
        page.click("[data-layer=heat]")
        page.wait_for_function("() => __twin.view.live.heat?.peak > 0.4", polling=200)
        page.evaluate(HOTTEST)
        (hot,) = _pixels(page, None)
        page.click("[data-layer=heat]")
        page.wait_for_function("() => !__twin.view.live.heat", polling=200)
        (cold,) = _pixels(page, None)
        assert sum(hot) > sum(cold) + 60, "the densest place is bright"


@pytest.mark.req("M10.3")
def test_a_link_opens_the_same_person_and_following_survives_a_reload(plant: Plant, browser: Browser) -> None:
    with _screen(plant, browser) as page:
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
