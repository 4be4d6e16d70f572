"""The model that answers: what lights up and what is cut away, read from the drawn picture.

Where a pixel lies on the mesh comes from the picture's depth; what should have happened there comes from outlines, never from the rasters that
the picture is made with. Each test brings the thing that it looks at.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.e2e.bigscreen.test_bigscreen import READY, new_context, wait
from tests.e2e.conftest import Plant
from tiles.tiles3d.georef import enu_frame, geodetic

#: Nothing but the drawn model: no panels, names or live overlays.
BARE = "* { visibility: hidden !important } .scene-canvas canvas { visibility: visible !important }"
HOUSE = "BD-04"
#: Nobody walks through the picture, and no alarm flies the camera away.
ALONE = """() => {
  const { view } = __twin
  view.setVisible(new Set(['building']))
  window.__fly = view.flyTo.bind(view)
  view.flyTo = () => undefined
}"""
SAND = (217, 192, 143)
_PLACES = "pixels => pixels.map(([x, y]) => __twin.view.engine.pickModel(x, y) ?? null)"
_PIXELS = """places => places.map(place => {
  const { frame, engine } = __twin.view
  const [x, y, z] = frame.toEcef(place)
  const at = engine.scene.cartesianToCanvasCoordinates({ x, y, z })
  return [at.x, at.y]
})"""

Picture = NDArray[np.int16]


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    made = context.new_page()
    made.set_viewport_size({"width": 720, "height": 420})
    plant.login(made, "manager")
    made.goto(f"{plant.url}/screen/#layers=building")
    wait(made, READY)
    made.add_style_tag(content=BARE)
    made.evaluate(ALONE)
    yield made
    context.close()


@contextmanager
def thing(plant: Plant, layer: str, geometry: dict[str, Any], **properties: Any) -> Iterator[dict[str, Any]]:
    """A feature of the site for as long as a test looks at it."""
    cookie = plant.token("manager")
    code = f"E2E-{uuid4().hex[:6].upper()}"
    body = {"geometry": geometry, "properties": {"code": code, "name": code, **properties}}
    made = plant.call("POST", f"/api/spatial/{layer}", body, cookie=cookie)
    try:
        yield made
    finally:
        headers = {"If-Match": f'"{made["properties"]["version"]}"'}
        plant.call("DELETE", f"/api/spatial/{layer}/{made['id']}", cookie=cookie, headers=headers)


def degrees(plant: Plant, places: list[tuple[float, float, float]]) -> list[list[float]]:
    """Local metres to degrees and ellipsoidal metres."""
    lon, lat, h = plant.call("GET", "/api/config")["site"]["center"]
    frame = enu_frame(lon, lat, h)
    return [[float(v) for v in geodetic(frame[:3, :3] @ np.array(p) + frame[:3, 3])] for p in places]


def fly(page: Page, layer: str, code: str) -> None:
    """So that a feature fills a good part of the picture."""
    page.evaluate(
        "([layer, code]) => { const things = [...__twin.view.model.layer(layer).values()];"
        " __fly(things.find(p => p.feature.properties.code === code).ref, { instant: true }) }",
        [layer, code],
    )


def known(page: Page, feature: dict[str, Any], layer: str) -> None:
    wait(page, "([layer, id]) => __twin.view.model.get({ layer, id })", [layer, feature["id"]])


def picture(page: Page) -> Picture:
    """As it is once all is drawn, rows x columns x RGB."""
    before = page.evaluate("() => { __twin.view.engine.draw(); return __twin.frames }")
    wait(page, f"n => __twin.frames > n && ({READY})()", before)
    return np.asarray(Image.open(BytesIO(page.screenshot())).convert("RGB"), dtype=np.int16)


def grid(page: Page, columns: int = 40, rows: int = 24) -> list[tuple[int, int]]:
    size = page.viewport_size or {"width": 0, "height": 0}
    xs, ys = np.linspace(10, size["width"] - 10, columns), np.linspace(10, size["height"] - 10, rows)
    return [(int(x), int(y)) for y in ys for x in xs]


def on_mesh(page: Page, pixels: list[tuple[int, int]]) -> list[tuple[float, float, float] | None]:
    """Local metres of what is drawn at each pixel."""
    return [tuple(p) if p else None for p in page.evaluate(_PLACES, pixels)]


def differs(a: Picture, b: Picture, pixels: list[tuple[int, int]], by: int = 6) -> list[bool]:
    return [int(np.abs(a[y, x] - b[y, x]).max()) > by for x, y in pixels]


def near(colour: tuple[int, int, int], seen: Picture, pixel: tuple[float, float], reach: int) -> float:
    """How far the most alike pixel around is from a colour."""
    x, y = round(pixel[0]), round(pixel[1])
    patch = seen[y - reach : y + reach + 1, x - reach : x + reach + 1].reshape(-1, 3)
    return float(np.linalg.norm(patch - np.array(colour), axis=1).min())


def aside(page: Page) -> None:
    """The pointer is nowhere on the picture."""
    page.dispatch_event(".stage", "pointerleave")
    wait(page, "() => !__twin.hovered")


def share(of: list[bool]) -> float:
    assert len(of) >= 10, f"only {len(of)} places to look at"
    return sum(of) / len(of)


def outline(page: Page, layer: str, code: str) -> tuple[shapely.Polygon, float, float]:
    """Local outline and heights of a feature."""
    placed = page.evaluate(
        "([layer, code]) => { const p = [...__twin.view.model.layer(layer).values()].find(p => p.feature.properties.code === code);"
        " return [p.rings[0], p.zMin, p.zMax] }",
        [layer, code],
    )
    return shapely.Polygon(placed[0]), placed[1], placed[2]


def test_hover_and_click_light_up_that_thing_and_nothing_else(page: Page, plant: Plant) -> None:
    """A triangle of a roof: the light follows the outline, not the shape of the mesh."""
    house, low, high = outline(page, "building", HOUSE)
    west, south, east, north = house.bounds
    corners = [(west + 6, south + 3), (east - 6, south + 3), ((west + east) / 2, north - 3)]
    triangle = shapely.Polygon(corners)
    ring = degrees(plant, [(x, y, low) for x, y in [*corners, corners[0]]])
    heights = {"z_min": ring[0][2], "z_max": ring[0][2] + high - low + 2}
    with thing(plant, "building", {"type": "Polygon", "coordinates": [ring]}, kind="control", **heights) as made:
        wait(page, "id => __twin.view.feeds.object?.refs.some(ref => ref.id === id)", made["id"])
        code = made["properties"]["code"]
        fly(page, "building", code)
        aside(page)
        dark = picture(page)
        pixels = grid(page)
        places = on_mesh(page, pixels)
        inside = [
            i for i, p in enumerate(places) if p and p[2] > 1 and triangle.buffer(-1).contains(shapely.Point(p[:2]))
        ]
        outside = [i for i, p in enumerate(places) if p and not triangle.buffer(2).contains(shapely.Point(p[:2]))]
        middle = min(inside, key=lambda i: shapely.Point(places[i][:2]).distance(triangle.centroid))  # type: ignore[index]
        page.mouse.move(*pixels[middle])
        wait(page, "code => __twin.hovered === code", code)
        lit = differs(dark, picture(page), pixels)
        assert share([lit[i] for i in inside]) > 0.95 and share([lit[i] for i in outside]) < 0.02
        page.mouse.click(*pixels[middle])
        wait(page, "code => __twin.selected?.code === code", code)
        aside(page)
        chosen = differs(dark, picture(page), pixels)  # its edges are drawn too
        assert share([chosen[i] for i in inside]) > 0.95 and share([chosen[i] for i in outside]) < 0.08
    wait(page, "() => !__twin.selected")


def test_a_section_takes_away_what_stands_above_it(page: Page) -> None:
    fly(page, "building", HOUSE)
    whole = picture(page)
    pixels = grid(page)
    before = on_mesh(page, pixels)
    assert max(p[2] for p in before if p) > 11
    page.dispatch_event("[data-tool=model]", "click")
    page.dispatch_event("[data-tool=section]", "click")
    page.dispatch_event("[data-axis=up]", "click")
    page.evaluate(
        "() => { const at = document.querySelector('[data-section-at]'); at.value = '6'; at.dispatchEvent(new Event('input')) }"
    )
    cut = picture(page)
    after = on_mesh(page, pixels)
    assert max(p[2] for p in after if p) < 6.2
    changed = differs(whole, cut, pixels)
    assert share([c for c, p in zip(changed, before, strict=True) if p and p[2] > 7]) > 0.9
    assert share([c for c, p in zip(changed, before, strict=True) if p and p[2] < 4]) < 0.02
    page.evaluate("() => document.querySelector('.section button:last-child').click()")
    assert share(differs(whole, picture(page), pixels)) < 0.02, "the end of a section brings everything back"


def test_a_cut_out_of_the_ground_shows_what_is_buried(page: Page, plant: Plant) -> None:
    """A pipe two metres below a car park."""
    park, _, _ = outline(page, "zone", "Z-54")
    x, y = park.centroid.coords[0]
    pipe: list[tuple[float, float, float]] = [(x + d, y, -2.0) for d in range(-24, 25, 6)]
    line = {"type": "LineString", "coordinates": degrees(plant, pipe)}
    with thing(plant, "road", line, kind="secondary", width_m=1) as made:
        known(page, made, "road")
        lon, lat, h = degrees(plant, [(x, y - 25.0, 60.0)])[0]
        view = {"lon": lon, "lat": lat, "height": h, "heading": 0, "pitch": -67}
        page.evaluate("view => __fly(view, { instant: true })", view)
        closed = picture(page)
        page.dispatch_event("[data-tool=model]", "click")
        page.dispatch_event("[data-tool=underground]", "click")
        opened = picture(page)
        at = page.evaluate(_PIXELS, pipe)
        assert np.median([near(SAND, opened, p, 3) for p in at]) < 30
        assert np.median([near(SAND, closed, p, 3) for p in at]) > 60
        page.dispatch_event("[data-tool=model]", "click")
        page.dispatch_event("[data-tool=underground]", "click")
        again = picture(page)
        assert np.median([near(SAND, again, p, 3) for p in at]) > 60
