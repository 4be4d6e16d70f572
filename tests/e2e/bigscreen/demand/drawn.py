"""Reading the drawn picture of the 3D model: a bare page, things that a test brings, and what is drawn where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from uuid import uuid4

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.e2e.bigscreen.test_bigscreen import READY, new_context, wait
from tests.e2e.conftest import Plant
from tiles.tiles3d.georef import enu_frame, geodetic

WIDTH, HEIGHT = 720, 420
#: Nothing but the drawn model: no panels, names or live overlays.
BARE = "* { visibility: hidden !important } .scene-canvas canvas { visibility: visible !important }"
#: Nobody walks through the picture, and no alarm flies the camera away.
ALONE = """() => {
  const { view } = __twin
  view.setVisible(new Set(['building']))
  window.__fly = view.flyTo.bind(view)
  view.flyTo = () => undefined
}"""
_PLACES = "pixels => pixels.map(([x, y]) => __twin.view.engine.pickModel(x, y) ?? null)"
PIXELS = """places => places.map(place => {
  const { frame, engine } = __twin.view
  const [x, y, z] = frame.toEcef(place)
  const at = engine.scene.cartesianToCanvasCoordinates({ x, y, z })
  return [at.x, at.y]
})"""

Picture = NDArray[np.int16]


@contextmanager
def still_page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The big screen of a manager with its model; nothing moves by itself."""
    context = new_context(browser)
    made = context.new_page()
    made.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    plant.login(made, "manager")
    made.goto(f"{plant.url}/screen/#layers=building")
    wait(made, READY)
    made.evaluate(ALONE)
    yield made
    context.close()


@contextmanager
def bare_page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """Without all that lies over the model, too."""
    with still_page(plant, browser) as made:
        made.add_style_tag(content=BARE)
        yield made


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


def look(page: Page, plant: Plant, at: tuple[float, float, float], pitch: float) -> None:
    """North up from a place in local metres."""
    lon, lat, h = degrees(plant, [at])[0]
    view = {"lon": lon, "lat": lat, "height": h, "heading": 0, "pitch": pitch}
    page.evaluate("view => __fly(view, { instant: true })", view)


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
