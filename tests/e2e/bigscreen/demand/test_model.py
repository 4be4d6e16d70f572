"""The model that answers: what lights up, what is cut away and what cameras see, read from the drawn picture.

Where a pixel lies on the mesh comes from the picture's depth; what should have happened there comes from outlines, never from the rasters that
the picture is made with. Each test brings the thing that it looks at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from playwright.sync_api import Browser, Page

from tests.e2e.bigscreen.demand.drawn import (
    PIXELS,
    aside,
    bare_page,
    degrees,
    differs,
    fly,
    grid,
    known,
    look,
    near,
    on_mesh,
    outline,
    picture,
    share,
    thing,
)
from tests.e2e.bigscreen.test_bigscreen import wait
from tests.e2e.conftest import Plant

HOUSE = "BD-04"
SAND, VIOLET, TEAL = (217, 192, 143), (168, 147, 240), (79, 195, 181)
#: Two people who stand still, one over the other.
STANDING = """([places, t]) => {
  const person = ([id, floor, [lon, lat, h]]) =>
    [id, { id, floor, lon, lat, h, t, glyph: 'worker', hue: 'teal', state: 'held' }]
  __twin.view.setVisible(new Set(['building', 'standing']))
  __twin.view.live.setMovers('standing', new Map(places.map(person)), { shape: 'circle' })
}"""


@pytest.fixture(scope="module")
def page(plant: Plant, browser: Browser) -> Iterator[Page]:
    with bare_page(plant, browser) as made:
        yield made


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


def test_a_zone_is_painted_on_its_own_roof_and_nowhere_else(page: Page, plant: Plant) -> None:
    """Half of a flat roof, and only from the roof's height up: neither the other half nor the ground beside the house takes its colour."""
    house, _, high = outline(page, "building", HOUSE)
    west, south, east, north = house.bounds
    half = shapely.box(west + 1, south + 1, (west + east) / 2, north - 1)
    ring = degrees(plant, [(x, y, high) for x, y in half.exterior.coords])
    heights = {"z_min": ring[0][2] - 3, "z_max": ring[0][2] + 15}
    shape = {"type": "Polygon", "coordinates": [ring]}
    page.evaluate("() => __twin.view.setVisible(new Set(['zone']))")
    look(page, plant, ((west + east) / 2, (south + north) / 2, high + 75), -89)
    before = picture(page)
    with thing(plant, "zone", shape, kind="place", control_level=1, static_risk=1, **heights) as made:
        wait(page, "id => __twin.view.feeds.zone?.refs.some(ref => ref.id === id)", made["id"])
        wait(page, "code => __twin.zone(code)?.colour === '#e5372e'", made["properties"]["code"])
        painted = picture(page)
        pixels = grid(page)
        places = [(i, shapely.Point(p[:2]), p[2]) for i, p in enumerate(on_mesh(page, pixels)) if p]
        redder = [
            int(painted[y, x, 0] - painted[y, x, 2]) > int(before[y, x, 0] - before[y, x, 2]) + 25 for x, y in pixels
        ]
        changed = differs(before, painted, pixels)
        assert share([redder[i] for i, p, z in places if half.buffer(-1.5).contains(p) and z > high - 2]) > 0.95
        assert share([changed[i] for i, p, _ in places if not half.buffer(1.5).contains(p)]) < 0.02
    wait(page, "id => !__twin.view.feeds.zone.refs.some(ref => ref.id === id)", made["id"])
    assert share(differs(before, picture(page), pixels)) < 0.02
    page.evaluate("() => __twin.view.setVisible(new Set(['building']))")


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
        look(page, plant, (x, y - 25.0, 60.0), -67)
        closed = picture(page)
        page.dispatch_event("[data-tool=model]", "click")
        page.dispatch_event("[data-tool=underground]", "click")
        opened = picture(page)
        at = page.evaluate(PIXELS, pipe)
        assert np.median([near(SAND, opened, p, 3) for p in at]) < 30
        assert np.median([near(SAND, closed, p, 3) for p in at]) > 60
        page.dispatch_event("[data-tool=model]", "click")
        page.dispatch_event("[data-tool=underground]", "click")
        again = picture(page)
        assert np.median([near(SAND, again, p, 3) for p in at]) > 60


def test_an_opened_storey_shows_its_own_devices_and_people(page: Page, plant: Plant) -> None:
    """A gas detector on the second storey and a person on each of the lower two; the roof is gone."""
    house, _, _ = outline(page, "building", HOUSE)
    floors = (f"{HOUSE}-F1", f"{HOUSE}-F2")
    lows, highs = zip(*(outline(page, "floor", floor)[1:] for floor in floors), strict=True)
    x, y = house.centroid.coords[0]
    sensor, *people = degrees(plant, [(x + 5.0, y + 3.0, lows[1] + 1.0), (x - 5.0, y, lows[0]), (x, y - 4.0, lows[1])])
    with thing(plant, "device", {"type": "Point", "coordinates": sensor}, kind="gas_combustible", tag="T-1") as made:
        known(page, made, "device")
        code = made["properties"]["code"]
        page.evaluate(STANDING, [list(zip(floors, floors, people, strict=True)), time.time() * 1000])
        page.dispatch_event("[data-tool=floors]", "click")
        for floor in reversed(floors):
            page.wait_for_selector(f"[data-floor='{floor}']", state="attached")
            page.dispatch_event(f"[data-floor='{floor}']", "click")
            wait(page, "floor => location.hash.includes(`floor=${floor}`)", floor)
            fly(page, "floor", floors[1])
            now = picture(page)
            over = [p for p in on_mesh(page, grid(page)) if p and house.buffer(-1).contains(shapely.Point(p[:2]))]
            assert len(over) > 20 and max(p[2] for p in over) < highs[floors.index(floor)], (
                "what is above is still there"
            )
            at = page.evaluate("code => __twin.screenOf('device', code)", code)
            assert (near(VIOLET, now, (at["x"], at["y"]), 15) < 30) == (floor == floors[1])
            for person in floors:
                at = page.evaluate("id => __twin.view.screenOf({ layer: 'standing', id })", person)
                assert (near(TEAL, now, (at["x"], at["y"]), 12) < 30) == (floor == person), (floor, person)
        page.dispatch_event("[data-tool=close-floor]", "click")
    page.evaluate("() => __twin.view.setVisible(new Set(['building']))")


def test_what_a_camera_sees_is_drawn_where_the_server_says(page: Page, plant: Plant) -> None:
    """A camera on a mast over a car park, looked at from above."""
    park, _, _ = outline(page, "zone", "Z-54")
    x, y = park.centroid.coords[0]
    mast = {"type": "Point", "coordinates": degrees(plant, [(x + 16.0, y - 2.0, 8.0)])[0]}
    looks = {"kind": "fixed", "heading_deg": 90, "tilt_deg": -25, "fov_deg": 60, "range_m": 35, "mount_m": 8}
    with thing(plant, "camera", mast, **looks) as made:
        known(page, made, "camera")
        look(page, plant, (x, y - 2.0, 90.0), -89)
        plain = picture(page)
        page.evaluate("code => { location.hash = `layers=building&sel=camera:${code}` }", made["properties"]["code"])
        page.wait_for_selector("[data-coverage][data-state=there]", state="attached")
        shown = picture(page)
        site = plant.call("GET", "/api/config")["site"]
        address = f"/tiles3d/{site['code']}/cameras/{made['id']}/coverage"
        rim = plant.call("GET", address, cookie=plant.token("manager"))["outline"]
        local = page.evaluate("rim => rim.map(p => __twin.view.frame.toLocal(...p))", rim)
        covered = shapely.Polygon([p[:2] for p in local]).buffer(0)
        assert covered.area > 100
        pixels = grid(page)
        changed = differs(plain, shown, pixels)
        fan = covered.union(shapely.Point(x + 16, y - 2)).convex_hull  # from the lens to the rim
        points = [
            (c, shapely.Point(p[:2])) for c, p in zip(changed, on_mesh(page, pixels), strict=True) if p and p[2] < 1
        ]
        assert share([c for c, p in points if covered.buffer(-1.5).contains(p)]) > 0.9
        assert share([c for c, p in points if not fan.buffer(4).contains(p)]) < 0.03
        page.dispatch_event("[data-card-close]", "click")
        wait(page, "() => !__twin.selected")
