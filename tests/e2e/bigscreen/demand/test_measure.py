"""Measuring on the mesh as a user does, by clicks, against the sizes that the demo plant is generated with."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from gis_assets.sites.demo import layout
from gis_assets.sites.demo.frame import to_position
from playwright.sync_api import Browser, Page

from tests.e2e.bigscreen.test_bigscreen import READY, new_context, wait
from tests.e2e.conftest import Plant

#: A flat roof with a parapet of 0.9 m around it.
HOUSE = next(b for b in layout.BUILDINGS if b.code == "BD-16")
ROOF = HOUSE.height - 0.9
#: Nothing lies over the model, and no alarm flies the camera away.
ALONE = """() => {
  window.__fly = __twin.view.flyTo.bind(__twin.view)
  __twin.view.flyTo = () => undefined
  __twin.view.setVisible(new Set())
}"""
CLEAR = ".panel, .t-button { pointer-events: none !important }"
_PIXEL = """([lon, lat, h]) => {
  const { frame, engine } = __twin.view
  const [x, y, z] = frame.toEcef(frame.toLocal(lon, lat, h))
  const at = engine.scene.cartesianToCanvasCoordinates({ x, y, z })
  return [at.x, at.y]
}"""


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The house from straight above, north up, in full detail."""
    context = new_context(browser)
    made = context.new_page()
    plant.login(made, "manager")
    made.goto(f"{plant.url}/screen/?quality=high#layers=")
    wait(made, READY)
    made.evaluate(ALONE)
    made.add_style_tag(content=CLEAR)
    lon, lat, h = to_position(*HOUSE.rect.center, 110.0)
    made.evaluate(
        "view => __fly(view, { instant: true })", {"lon": lon, "lat": lat, "height": h, "heading": 0, "pitch": -90}
    )
    wait(made, READY)
    yield made
    context.close()


def begin(page: Page, mode: str) -> None:
    page.dispatch_event("[data-tool=measure]", "click")
    page.dispatch_event(f"[data-measure={mode}]", "click")
    page.wait_for_selector(".readout", state="attached")


def click(page: Page, x: float, y: float, z: float, twice: bool = False) -> None:
    """On what is drawn at a place of the plant, local metres."""
    at = page.evaluate(_PIXEL, to_position(x, y, z))
    (page.mouse.dblclick if twice else page.mouse.click)(*at)


def measured(page: Page) -> float:
    """What the screen says, in its unit, once it says a number."""
    wait(page, "() => /\\d/.test(document.querySelector('[data-measured]')?.textContent ?? '')")
    text = page.inner_text("[data-measured]").replace(",", "")
    found = re.match(r"[\d.]+", text)
    assert found, text
    return float(found[0])


def test_a_distance_along_a_roof(page: Page) -> None:
    r = HOUSE.rect.inset(0.6)
    begin(page, "distance")
    click(page, r.x0, r.center[1], ROOF)
    click(page, r.x1, r.center[1], ROOF, twice=True)
    assert measured(page) == pytest.approx(r.width, abs=0.4)


def test_the_height_of_a_roof_over_the_ground(page: Page) -> None:
    r = HOUSE.rect
    begin(page, "height")
    click(page, r.x1 + 3.0, r.center[1] - 2.0, 0.0)
    click(page, r.x1 - 1.0, r.center[1] - 2.0, ROOF)
    assert measured(page) == pytest.approx(ROOF, abs=0.35)


def corners(page: Page, out: float, z: float) -> None:
    r = HOUSE.rect.inset(-out)
    *first, last = r.outline()
    for x, y in first:
        click(page, x, y, z)
    click(page, *last, z, twice=True)


def test_the_area_of_a_roof(page: Page) -> None:
    begin(page, "area")
    corners(page, -0.6, ROOF)
    inner = HOUSE.rect.inset(0.6)
    assert measured(page) == pytest.approx(inner.width * inner.depth, rel=0.03)


def test_the_volume_of_a_house(page: Page) -> None:
    """From the ground around it; parapet and what stands on the roof are a few percent."""
    begin(page, "volume")
    corners(page, 2.5, 0.0)
    r = HOUSE.rect
    body = r.width * r.depth * ROOF
    assert body < measured(page) < 1.08 * body
