"""The big screen in a real browser: what is really drawn, live recolouring, and what happens when things break.

One page serves most tests. Waits are on conditions that the page states itself (``window.__twin``); nothing is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FloatRect, Page, ViewportSize

from tests.e2e.conftest import PATIENCE, Plant

SIZE: ViewportSize = {"width": 1024, "height": 576}
READY = "() => window.__twin && __twin.ready && __twin.zones > 0 && (__twin.kind === '2d' || __twin.tilesLoaded)"
RED, BLUE = 1, 4
#: A zone of lowest risk without tall things in it, and its neighbour.
ZONE, OTHER = "Z-54", "Z-43"


def wait(page: Page, condition: str, arg: Any = None) -> None:
    """Until the page says so. Polled by time: without a graphics processor frames are too rare to poll by."""
    page.wait_for_function(condition, arg=arg, timeout=PATIENCE, polling=100)


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport=SIZE, locale="zh-CN", timezone_id="Asia/Shanghai")
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    """The control room's screen, signed in, model loaded."""
    context = new_context(browser)
    made = context.new_page()
    plant.login(made)
    made.goto(f"{plant.url}/screen/")
    wait(made, READY)
    made.evaluate("window.__same = true")
    yield made
    context.close()


@pytest.fixture(scope="module")
def manager(plant: Plant) -> str:
    """Session cookie of an account that may change zones."""
    return plant.token("manager")


def zone(page: Page, code: str) -> dict[str, Any]:
    found = page.evaluate("code => __twin.zone(code)", code)
    assert found, f"the screen does not know {code}"
    return dict(found)


def set_level(plant: Plant, cookie: str, code: str, level: int) -> None:
    """Through the API, as the console does."""
    feature = plant.call("GET", f"/ogc/collections/zone/items?code={code}", cookie=cookie)["features"][0]
    version = feature["properties"]["version"]
    body = {"properties": {"static_risk": level}}  # the level now follows it
    plant.call("PATCH", f"/api/spatial/zone/{feature['id']}", body, cookie=cookie, headers={"If-Match": f'"{version}"'})


def patch_below_label(page: Page, code: str) -> np.ndarray[Any, Any]:
    """Pixels of the zone just below its label, as drawn: rows x columns x RGB."""
    at = zone(page, code)["screen"]
    clip: FloatRect = {"x": at["x"] - 40, "y": at["y"] + 12, "width": 80, "height": 40}
    png = page.screenshot(clip=clip)
    return np.asarray(Image.open(BytesIO(png)).convert("RGB"), dtype=float)


def redness(pixels: np.ndarray[Any, Any]) -> float:
    return float(pixels[..., 0].mean() - pixels[..., 2].mean())


def test_shows_the_model_and_counts_zones_by_level(page: Page, plant: Plant, manager: str) -> None:
    assert page.evaluate("__twin.kind") == "3d"
    assert page.evaluate("__twin.stats.tileset")
    zones = plant.call("GET", "/ogc/collections/zone/items?limit=1000", cookie=manager)["features"]
    for level in (1, 2, 3, 4):
        expected = sum(z["properties"]["risk"] == level for z in zones)
        assert page.inner_text(f"[data-count='{level}']") == str(expected)
    middle = page.screenshot(clip={"x": 304, "y": 160, "width": 416, "height": 240})
    spread = np.asarray(Image.open(BytesIO(middle)).convert("L"), dtype=float).std()
    assert spread > 12, "the middle of the picture is empty"


@pytest.mark.req("M8.2")
def test_a_level_changed_by_the_api_recolours_the_mesh(page: Page, plant: Plant, manager: str) -> None:
    page.evaluate("code => __twin.flyTo('zone', code)", ZONE)
    wait(page, READY)
    assert zone(page, ZONE)["colour"] == "#2f80f0"
    before = patch_below_label(page, ZONE)
    set_level(plant, manager, ZONE, RED)
    try:
        wait(page, "code => __twin.zone(code).level === 1 && __twin.recolouredAt[code]", ZONE)
        wait(page, READY)
        assert zone(page, ZONE)["colour"] == "#e5372e"
        after = patch_below_label(page, ZONE)
        assert redness(after) - redness(before) > 25, (redness(before), redness(after))
    finally:
        set_level(plant, manager, ZONE, BLUE)
    wait(page, "code => __twin.zone(code).colour === '#2f80f0'", ZONE)


def test_search_card_address_floor_and_back(page: Page) -> None:
    page.fill("input[name=search]", "CAM-001")
    page.keyboard.press("Enter")
    wait(page, "() => __twin.selected?.code === 'CAM-001'")
    assert "CAM-001" in page.inner_text("[data-card]")
    assert "sel=camera:CAM-001" in page.url
    page.go_back()
    wait(page, "() => !__twin.selected")
    page.click("[data-tool=floors]")
    page.wait_for_selector("[data-floor='BD-04-F2']")
    wait(page, "() => location.hash.includes('floor=BD-04-F1')")
    page.click("[data-tool=close-floor]")
    page.click("[data-tool=home]")
    # At once: while the view flies its labels move away from under the pointer. Who walks over a name would be clicked on instead of it.
    page.evaluate("code => { __twin.view.setVisible(new Set(['zone'])); __twin.flyTo('zone', code) }", OTHER)
    wait(page, READY)
    known = zone(page, OTHER)
    at = page.locator(f".scene-label.on[data-key='zone:{known['id']}']").bounding_box()
    assert at, "its name is not shown"
    page.mouse.click(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    wait(page, "code => __twin.selected?.code === code", OTHER)
    page.wait_for_selector(f"[data-card-level='{known['level']}']")
    page.click("[data-card-close]")


def test_recovers_from_a_lost_context(page: Page) -> None:
    page.evaluate("__twin.loseContext()")
    wait(page, "() => __twin.stats.recoveries === 1 && __twin.ready && __twin.stats.tileset")
    assert zone(page, ZONE)["colour"] == "#2f80f0"


def test_survives_a_restart_of_the_hub_without_a_reload(page: Page, plant: Plant, manager: str) -> None:
    if plant.process is None:
        pytest.skip("the plant was started by somebody else")
    children = psutil.Process(plant.process.pid).children(recursive=True)
    hubs = [p for p in children if "realtime.hub.server" in p.cmdline()]
    assert hubs, "no hub process"
    lost = page.evaluate_handle(  # promised before the kill, so that the shortest loss is seen
        "() => ({ seen: new Promise(done => { const t = setInterval(() => {"
        " if (__twin.connection.status !== 'live') { clearInterval(t); done(true) } }, 20) }) })"
    )
    hubs[0].kill()
    assert page.evaluate("h => h.seen", lost)
    set_level(plant, manager, OTHER, RED)
    try:
        wait(page, "() => __twin.connection.status === 'live'")
        wait(page, "code => __twin.zone(code).level === 1", OTHER)
    finally:
        set_level(plant, manager, OTHER, BLUE)
    wait(page, "code => __twin.zone(code).level === 4", OTHER)
    assert page.evaluate("window.__same"), "the page was loaded anew"


@pytest.mark.parametrize("webgl", [True, False], ids=["by choice", "without WebGL"])
def test_falls_back_to_the_2d_map(plant: Plant, browser: Browser, webgl: bool) -> None:
    context = new_context(browser)
    try:
        if not webgl:
            context.add_init_script(
                "const get = HTMLCanvasElement.prototype.getContext;"
                "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
                " return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest) }"
            )
        page = context.new_page()
        plant.login(page)
        answers: list[int] = []
        page.on("response", lambda r: answers.append(r.status) if "/ogc/tiles/" in r.url else None)
        page.goto(f"{plant.url}/screen/" + ("?view=2d" if webgl else ""))
        wait(page, READY)
        assert page.evaluate("__twin.kind") == "2d"
        assert zone(page, ZONE)["colour"] == "#2f80f0"
        if webgl:
            wait(page, "() => __twin.tilesLoaded")
            assert answers and set(answers) <= {200, 204, 304}
        page.evaluate("code => __twin.flyTo('zone', code)", ZONE)
        wait(page, READY)
        pixels = patch_below_label(page, ZONE)
        assert redness(pixels) < -15, "the zone is not painted blue"
    finally:
        context.close()


@pytest.mark.req("M9.3")
def test_a_measuring_points_card_shows_its_live_value(page: Page, plant: Plant) -> None:
    """From the field (a simulated control system on a real OPC UA socket) through gateway and hub to the card."""
    cookie = plant.token("manager")
    device = plant.call("GET", "/ogc/collections/device/items?kind=pressure&limit=1", cookie=cookie)["features"][0]
    page.goto(f"{plant.url}/screen/?view=2d#sel=device:{device['properties']['code']}")
    wait(page, READY)
    wait(page, "() => document.querySelector('[data-live]')?.dataset.quality === 'good'")
    shown = float(page.inner_text("[data-live] .figure"))
    latest = plant.call("GET", f"/api/points/{device['id']}/latest", cookie=cookie)
    low, high = device["properties"]["range_low"], device["properties"]["range_high"]
    assert low <= shown <= high and low <= latest["value"] <= high
    first = page.inner_text("[data-live]")
    wait(page, "before => document.querySelector('[data-live]').innerText !== before", first)
